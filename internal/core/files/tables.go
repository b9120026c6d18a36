package files

import (
	"moorfast/internal/core/listing"
	"moorfast/internal/query"
	"moorfast/internal/store/sqlb"
)

const (
	bucketsTable = "buckets"
	sizesTable   = "bucket_sizes"
	madeTable    = "bucket_previews"
	filesTable   = "files"
	readersTable = "file_readers"
	partsTable   = "file_parts"
	tokensTable  = "file_tokens"
)

// A file's id is one of its bucket's only, so rows are found by a key of both.
// file_readers has the roles that may read a file, for lists. bucket_sizes has
// one row for each bucket and shard, so that uploads seldom wait for each other.
const ddl = `
CREATE TABLE buckets (
	seq $serial, id $text NOT NULL, created_at $int NOT NULL, updated_at $int NOT NULL,
	name $text NOT NULL, enabled $int NOT NULL, file_security $int NOT NULL, permissions $text NOT NULL,
	maximum_file_size $int NOT NULL, extensions $text NOT NULL, compression $text NOT NULL,
	encryption $int NOT NULL, antivirus $int NOT NULL, transformations $int NOT NULL
);
CREATE UNIQUE INDEX buckets_id ON buckets (id);

CREATE TABLE bucket_sizes (
	bucket_seq $int NOT NULL, shard $int NOT NULL, bytes $int NOT NULL,
	PRIMARY KEY (bucket_seq, shard)
);

CREATE TABLE bucket_previews (
	bucket_seq $int NOT NULL, hour $int NOT NULL, made $int NOT NULL,
	PRIMARY KEY (bucket_seq, hour)
);

CREATE TABLE files (
	seq $serial, id $text NOT NULL, file_id $text NOT NULL, bucket_seq $int NOT NULL, created_at $int NOT NULL, updated_at $int NOT NULL,
	name $text NOT NULL, folder $text NOT NULL, permissions $text NOT NULL, uploader $text NOT NULL,
	signature $text NOT NULL, mime $text NOT NULL, size $int NOT NULL, stored $int NOT NULL,
	chunks_total $int NOT NULL, chunks_uploaded $int NOT NULL, chunks_stored $int NOT NULL,
	compression $text NOT NULL, encrypted $int NOT NULL, complete $int NOT NULL, changes $int NOT NULL,
	hashed $int NOT NULL, hash $text
);
CREATE UNIQUE INDEX files_id ON files (id);
CREATE INDEX files_bucket ON files (bucket_seq, seq);
CREATE INDEX files_created ON files (bucket_seq, created_at, stored);
CREATE INDEX files_incomplete ON files (updated_at) WHERE complete = 0;

CREATE TABLE file_readers (
	bucket_seq $int NOT NULL, role $text NOT NULL, file_seq $int NOT NULL,
	PRIMARY KEY (bucket_seq, role, file_seq)
);
CREATE INDEX file_readers_file ON file_readers (file_seq);

CREATE TABLE file_parts (
	id $text NOT NULL, file_seq $int NOT NULL, number $int NOT NULL, object $text NOT NULL,
	start $int NOT NULL, size $int NOT NULL, stored $int NOT NULL,
	compression $text NOT NULL, key $text,
	PRIMARY KEY (file_seq, number)
);
CREATE UNIQUE INDEX file_parts_object ON file_parts (object);

CREATE TABLE file_tokens (
	seq $serial, id $text NOT NULL, created_at $int NOT NULL, updated_at $int NOT NULL,
	file_seq $int NOT NULL, resource_id $text NOT NULL, expire $int, accessed_at $int NOT NULL
);
CREATE UNIQUE INDEX file_tokens_id ON file_tokens (id);
CREATE INDEX file_tokens_file ON file_tokens (file_seq);
`

// Tables returns the statements that make the tables of this package.
func Tables(d sqlb.Dialect) []string { return d.Statements(ddl) }

// The tables that clients can list, with what they can filter and order by.
var (
	bucketList = listing.Table{
		Name: bucketsTable, Resource: "Bucket", Search: []string{"id", "name"},
		Columns: map[string]listing.Column{
			"enabled":         {Name: "enabled", Type: query.Boolean},
			"name":            {Name: "name", Type: query.Text},
			"fileSecurity":    {Name: "file_security", Type: query.Boolean},
			"maximumFileSize": {Name: "maximum_file_size", Type: query.Integer},
			"encryption":      {Name: "encryption", Type: query.Boolean},
			"antivirus":       {Name: "antivirus", Type: query.Boolean},
			"transformations": {Name: "transformations", Type: query.Boolean},
		},
	}
	fileList = listing.Table{
		Name: filesTable, ID: "file_id", Resource: "File", Search: []string{"file_id", "name"},
		Columns: map[string]listing.Column{
			"name":           {Name: "name", Type: query.Text},
			"folder":         {Name: "folder", Type: query.Text},
			"signature":      {Name: "signature", Type: query.Text},
			"mimeType":       {Name: "mime", Type: query.Text},
			"sizeOriginal":   {Name: "size", Type: query.Integer},
			"chunksTotal":    {Name: "chunks_total", Type: query.Integer},
			"chunksUploaded": {Name: "chunks_uploaded", Type: query.Integer},
		},
	}
	tokenList = listing.Table{
		Name: tokensTable, Resource: "Token",
		Columns: map[string]listing.Column{
			"expire": {Name: "expire", Type: query.Datetime, Nullable: true},
		},
	}
)
