package files

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"moorfast/internal/apierr"
	"moorfast/internal/core/listing"
	"moorfast/internal/identity"
	"moorfast/internal/model"
	"moorfast/internal/perm"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/vault"
)

// File is a file, or as much of one as was uploaded. Moments are microseconds.
type File struct {
	Seq         int64  `col:"seq"`
	Key         string `col:"id"` // its bucket's seq and its own id
	ID          string `col:"file_id"`
	BucketSeq   int64  `col:"bucket_seq"`
	CreatedAt   int64  `col:"created_at"`
	UpdatedAt   int64  `col:"updated_at"`
	Name        string `col:"name"`
	Folder      string `col:"folder"`
	Permissions string `col:"permissions"` // as [perm.Set.JSON]
	Uploader    string `col:"uploader"`    // who may go on with the upload
	Signature   string `col:"signature"`   // MD5 of the content, in hex
	MIME        string `col:"mime"`
	Size        int64  `col:"size"`
	Stored      int64  `col:"stored"` // bytes, compressed and sealed
	Chunks      int64  `col:"chunks_total"`
	Uploaded    int64  `col:"chunks_uploaded"` // as clients see it: all only when it is complete
	Parts       int64  `col:"chunks_stored"`
	Compression string `col:"compression"`
	Encrypted   bool   `col:"encrypted"`
	Complete    bool   `col:"complete"`
	Changes     int64  `col:"changes"` // counts the parts that were stored, again too

	// What is kept of an upload until it is complete: the state of the MD5 of its
	// first parts, as many as Hashed. A state may have bytes of the file in it.
	Hashed int64        `col:"hashed"`
	Hash   vault.Secret `col:"hash"`
}

// fileKey is the key of a file among those of all buckets.
func fileKey(bucket int64, id string) string { return strconv.FormatInt(bucket, 10) + "/" + id }

// Model returns the file as answers show it.
func (f *File) Model(bucketID string) (model.File, error) {
	set, err := perm.Load(f.Permissions)
	m := model.File{
		ID: f.ID, BucketID: bucketID, CreatedAt: model.Time(f.CreatedAt), UpdatedAt: model.Time(f.UpdatedAt),
		Permissions: set.Strings(), Name: f.Name, Folder: f.Folder, Key: f.Folder + f.Name,
		SizeOriginal: f.Size, ChunksTotal: f.Chunks, ChunksUploaded: f.Uploaded,
		Encryption: f.Encrypted, Compression: f.Compression,
	}
	if f.Complete {
		m.Signature, m.MimeType, m.SizeActual = f.Signature, f.MIME, f.Stored
	}
	return m, err
}

func (f *File) allows(action perm.Actions, actor *identity.Actor) bool {
	return perm.TextAllows([]byte(f.Permissions), action, actor.Roles)
}

// find returns a file of a bucket, or [apierr.FileNotFound].
func find(ctx context.Context, tx store.Tx, b *Bucket, id string) (*File, error) {
	f, err := store.Get[File](ctx, tx, filesTable, fileKey(b.Seq, id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, apierr.FileNotFound.With(id).Because(err)
	}
	return &f, err
}

// Get returns a file that the actor may read, and its bucket. A file that he may
// not is not there, unless nothing in the bucket is for him.
func Get(ctx context.Context, tx store.Tx, actor *identity.Actor, bucketID, id string) (*Bucket, *File, error) {
	b, err := GetBucket(ctx, tx, actor, bucketID)
	if err != nil {
		return nil, nil, err
	}
	all := b.Allows(perm.Read, actor)
	if !all && !b.FileSecurity {
		return nil, nil, apierr.UserUnauthorized
	}
	f, err := find(ctx, tx, b, id)
	if err == nil && !all && !f.allows(perm.Read, actor) {
		err = apierr.FileNotFound.With(id)
	}
	return b, f, err
}

// GetToChange is [Get] for a change, which the actor needs the permission of the
// bucket for, or of the file.
func GetToChange(ctx context.Context, tx store.Tx, actor *identity.Actor, bucketID, id string, action perm.Actions) (*Bucket, *File, error) {
	b, err := GetBucket(ctx, tx, actor, bucketID)
	if err != nil {
		return nil, nil, err
	}
	all := b.Allows(action, actor)
	if !all && !b.FileSecurity {
		return nil, nil, apierr.UserUnauthorized
	}
	f, err := find(ctx, tx, b, id)
	if err == nil && !all && !f.allows(action, actor) {
		err = apierr.UserUnauthorized
	}
	return b, f, err
}

// maxListed is how many files are named one by one in a list's statement.
const maxListed = 1000

// List reads a page of the files of a bucket that the actor may read.
func List(ctx context.Context, tx store.Tx, actor *identity.Actor, bucketID string, p listing.Page) (*Bucket, []File, int, error) {
	b, err := GetBucket(ctx, tx, actor, bucketID)
	if err != nil {
		return nil, nil, 0, err
	}
	p.Where = sqlb.Eq("bucket_seq", b.Seq)
	if !b.Allows(perm.Read, actor) {
		if !b.FileSecurity {
			return nil, nil, 0, apierr.UserUnauthorized
		}
		readable, err := b.readable(ctx, tx, actor)
		if err != nil {
			return nil, nil, 0, err
		}
		p.Where = sqlb.And(p.Where, readable)
	}
	rows, total, err := listing.Read[File](ctx, tx, fileList, p)
	return b, rows, total, err
}

// readable holds for the files that the actor may read: few are named, and among
// many each is asked.
func (b *Bucket) readable(ctx context.Context, tx store.Tx, actor *identity.Actor) (sqlb.Cond, error) {
	few := []int64{}
	sql, args := sqlb.Select{
		Columns: []string{"file_seq"}, From: readersTable, Limit: maxListed + 1,
		Where: sqlb.And(sqlb.Eq("bucket_seq", b.Seq), sqlb.In("role", actor.Roles...)),
	}.SQL(tx.Dialect())
	err := store.Each(ctx, tx, sql, args, func(rows store.Rows) error {
		few = append(few, rows.Int(0))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(few) <= maxListed {
		slices.Sort(few)
		return sqlb.In("seq", slices.Compact(few)...), nil
	}
	marks, roles := "", []any{b.Seq}
	for i, role := range actor.Roles {
		if i > 0 {
			marks += ", "
		}
		marks += "?"
		roles = append(roles, role)
	}
	return sqlb.Raw(`EXISTS (SELECT 1 FROM file_readers r WHERE r.bucket_seq = ? AND r.role IN (`+marks+`) AND r.file_seq = files.seq)`, roles...), nil
}

// setReaders writes who may read a file.
func (f *File) setReaders(ctx context.Context, tx store.Tx, set perm.Set) error {
	for _, p := range set.Permissions() {
		if p.Actions != perm.Read {
			continue
		}
		_, err := tx.Exec(ctx, `INSERT INTO file_readers (bucket_seq, role, file_seq) VALUES (?, ?, ?)`, f.BucketSeq, p.Role, f.Seq)
		if err != nil {
			return err
		}
	}
	return nil
}

// Update gives a file another name, and other permissions where set is not nil.
func (f *File) Update(ctx context.Context, tx store.Tx, name string, set *perm.Set, now int64) error {
	f.Name, f.UpdatedAt = name, now
	if set != nil {
		if _, err := store.DeleteWhere(ctx, tx, readersTable, sqlb.Eq("file_seq", f.Seq)); err != nil {
			return err
		}
		if err := f.setReaders(ctx, tx, *set); err != nil {
			return err
		}
		f.Permissions = set.JSON()
	}
	return store.UpdateColumns(ctx, tx, filesTable, f, "name", "permissions", "updated_at")
}
