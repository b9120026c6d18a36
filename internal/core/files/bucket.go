package files

import (
	"context"
	"errors"
	"slices"
	"strings"

	"moorfast/internal/apierr"
	"moorfast/internal/core/listing"
	"moorfast/internal/identity"
	"moorfast/internal/model"
	"moorfast/internal/perm"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// Bucket is a set of files, and what holds for them. Moments are microseconds.
type Bucket struct {
	Seq             int64    `col:"seq"`
	ID              string   `col:"id"`
	CreatedAt       int64    `col:"created_at"`
	UpdatedAt       int64    `col:"updated_at"`
	Name            string   `col:"name"`
	Enabled         bool     `col:"enabled"`       // for who is no server
	FileSecurity    bool     `col:"file_security"` // files have permissions of their own, beside the bucket's
	Permissions     string   `col:"permissions"`   // as [perm.Set.JSON]
	MaximumFileSize int64    `col:"maximum_file_size"`
	Extensions      []string `col:"extensions"` // that are allowed; none allows all
	Compression     string   `col:"compression"`
	Encryption      bool     `col:"encryption"`
	Antivirus       bool     `col:"antivirus"`
	Transformations bool     `col:"transformations"`
}

// InsertBucket adds a bucket, or returns [apierr.BucketAlreadyExists].
func InsertBucket(ctx context.Context, tx store.Tx, b *Bucket) error {
	err := store.Insert(ctx, tx, bucketsTable, b)
	if errors.Is(err, store.ErrConflict) {
		return apierr.BucketAlreadyExists.With(b.ID).Because(err)
	}
	return err
}

// GetBucket returns a bucket that the actor can see: one that is switched off is
// not there but for servers.
func GetBucket(ctx context.Context, tx store.Tx, actor *identity.Actor, id string) (*Bucket, error) {
	b, err := store.Get[Bucket](ctx, tx, bucketsTable, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, apierr.BucketNotFound.With(id).Because(err)
	case err != nil:
		return nil, err
	case !b.Enabled && !actor.Server():
		return nil, apierr.BucketNotFound.With(id)
	}
	return &b, nil
}

// UpdateBucket writes a changed bucket.
func UpdateBucket(ctx context.Context, tx store.Tx, b *Bucket) error {
	return store.Update(ctx, tx, bucketsTable, b)
}

// ListBuckets reads a page of buckets.
func ListBuckets(ctx context.Context, tx store.Tx, p listing.Page) ([]Bucket, int, error) {
	return listing.Read[Bucket](ctx, tx, bucketList, p)
}

// Size returns the bytes that the files of a bucket take where they are stored.
func (b *Bucket) Size(ctx context.Context, tx store.Tx) (n int64, err error) {
	err = store.Each(ctx, tx, `SELECT coalesce(sum(bytes), 0) FROM bucket_sizes WHERE bucket_seq = ?`, []any{b.Seq}, func(rows store.Rows) error {
		n = rows.Int(0)
		return nil
	})
	return n, err
}

// sizeShards is how many rows share the size of a bucket.
const sizeShards = 8

// grow adds to the size of a bucket, on behalf of one of its files.
func grow(ctx context.Context, tx store.Tx, bucket, file, by int64) error {
	if by == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO bucket_sizes (bucket_seq, shard, bytes) VALUES (?, ?, ?) `+
		`ON CONFLICT (bucket_seq, shard) DO UPDATE SET bytes = bucket_sizes.bytes + excluded.bytes`, bucket, file%sizeShards, by)
	return err
}

// Model returns the bucket as answers show it. Size is that of its files.
func (b *Bucket) Model(size int64) (model.Bucket, error) {
	set, err := perm.Load(b.Permissions)
	return model.Bucket{
		ID: b.ID, CreatedAt: model.Time(b.CreatedAt), UpdatedAt: model.Time(b.UpdatedAt), Permissions: set.Strings(),
		FileSecurity: b.FileSecurity, Name: b.Name, Enabled: b.Enabled, MaximumFileSize: b.MaximumFileSize,
		AllowedFileExtensions: b.Extensions, Compression: b.Compression, Encryption: b.Encryption, Antivirus: b.Antivirus,
		Transformations: b.Transformations, TotalSize: size,
	}, err
}

// Allows reports whether the actor may do something with every file of the bucket.
func (b *Bucket) Allows(action perm.Actions, actor *identity.Actor) bool {
	return actor.Server() || perm.TextAllows([]byte(b.Permissions), action, actor.Roles)
}

// CheckUpload refuses a file, by its name and size, that the actor cannot put
// into the bucket.
func (b *Bucket) CheckUpload(actor *identity.Actor, name string, size int64) error {
	switch {
	case !b.Allows(perm.Create, actor):
		return apierr.UserUnauthorized
	case len(b.Extensions) > 0 && !b.hasExtension(name):
		return apierr.FileTypeUnsupported.Detail("File extension not allowed")
	case size > b.MaximumFileSize:
		return apierr.FileSizeInvalid
	}
	return nil
}

func (b *Bucket) hasExtension(name string) bool {
	ext := Extension(name)
	return slices.ContainsFunc(b.Extensions, func(s string) bool { return strings.EqualFold(s, ext) })
}

// Extension returns what follows the last "." of a file's name, in lower case,
// or "".
func Extension(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return ""
	}
	return strings.ToLower(name[i+1:])
}

// deleteBucket removes the row of a bucket. Its files have no bucket then, and
// are collected; see [Files.DeleteBucket].
func deleteBucket(ctx context.Context, tx store.Tx, b *Bucket) error {
	for _, table := range []string{sizesTable, madeTable} {
		if _, err := store.DeleteWhere(ctx, tx, table, sqlb.Eq("bucket_seq", b.Seq)); err != nil {
			return err
		}
	}
	return store.Delete(ctx, tx, bucketsTable, b.ID)
}
