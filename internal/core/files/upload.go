package files

import (
	"context"
	"errors"

	"github.com/gabriel-vasile/mimetype"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/identity"
	"moorfast/internal/perm"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/vault"
)

// part is where the bytes of a part of a file are. Its id names the file, its
// number and the object, so that a key that is moved to another does not open.
type part struct {
	ID          string       `col:"id"`
	File        int64        `col:"file_seq"`
	Number      int64        `col:"number"`
	Object      string       `col:"object"`
	Start       int64        `col:"start"`
	Size        int64        `col:"size"`
	Stored      int64        `col:"stored"`
	Compression string       `col:"compression"`
	Key         vault.Secret `col:"key"`
}

// NewFile is what a client says of a file that it uploads.
type NewFile struct {
	ID          string
	Folder      string
	Permissions perm.Set
}

// Upload makes what was received a file of the bucket, or a part of one. The
// status is that of the contract: 201, or 200 for a part of a file that is
// complete already.
func (f *Files) Upload(ctx context.Context, call *api.Call, bucketID string, in NewFile, r *Received) (*Bucket, *File, int, error) {
	if r.Span.Total > 0 && r.ID != "" {
		in.ID = r.ID
	}
	u := &upload{files: f, call: call, in: in, r: r}
	if r.Span.Total == 0 {
		if err := u.scanWhole(ctx, bucketID); err != nil {
			return nil, nil, 0, err
		}
	}
	call.Part(r.Span.Total > 0)
	status, err := api.Write(ctx, call, func(tx store.Tx) (int, error) { return u.write(ctx, tx, bucketID) })
	if err != nil {
		return nil, nil, 0, err
	}
	r.kept = u.kept
	f.drop(ctx, u.dropped)
	if u.file.Complete || u.file.Parts < u.file.Chunks {
		return u.bucket, u.file, status, nil
	}
	// A client that goes away has still sent everything.
	file, err := f.finish(context.WithoutCancel(ctx), call, u.bucket, u.file)
	return u.bucket, file, status, err
}

// upload is one call of [Files.Upload].
type upload struct {
	files *Files
	call  *api.Call
	in    NewFile
	r     *Received

	// What the last run of write has found and done.
	bucket  *Bucket
	file    *File
	kept    bool
	dropped []string // objects that nothing refers to any more
}

// scanWhole looks for viruses in a file that came in one piece, before it is one.
func (u *upload) scanWhole(ctx context.Context, bucketID string) error {
	b, err := api.Read(ctx, u.call, func(tx store.Tx) (*Bucket, error) { return GetBucket(ctx, tx, &u.call.Actor, bucketID) })
	if err != nil {
		return err
	}
	return u.files.scan(ctx, b, []part{u.part(0)})
}

// part is the row for what was received.
func (u *upload) part(file int64) part {
	number := max(u.r.Span.Number(), 1)
	return part{
		ID:   partID(file, number, u.r.object),
		File: file, Number: number, Object: u.r.object, Start: u.r.Span.Start, Size: u.r.size, Stored: u.r.stored,
		Compression: u.r.compression, Key: u.r.key,
	}
}

func (u *upload) write(ctx context.Context, tx store.Tx, bucketID string) (status int, err error) {
	u.kept, u.dropped = false, nil
	if u.bucket, err = GetBucket(ctx, tx, &u.call.Actor, bucketID); err != nil {
		return 0, err
	}
	if err := u.bucket.CheckUpload(&u.call.Actor, u.r.Name, max(u.r.size, u.r.Span.Total)); err != nil {
		return 0, err
	}
	u.file, err = find(ctx, tx, u.bucket, u.in.ID)
	switch {
	case errors.Is(err, apierr.FileNotFound):
		return 201, u.create(ctx, tx)
	case err != nil:
		return 0, err
	case u.file.Complete && u.r.Span.Total > 0 && u.file.Uploader == uploader(&u.call.Actor):
		return 200, nil
	case u.file.Complete || u.file.Uploader != uploader(&u.call.Actor):
		return 0, apierr.FileAlreadyExists.With(u.in.ID)
	case u.r.Span.Total == 0 || u.r.Span.Total != u.file.Size && u.r.Span.Start == 0 && u.r.ID == "":
		// The same client begins anew with what it did not finish.
		if u.dropped, err = remove(ctx, tx, u.file); err != nil {
			return 0, err
		}
		return 201, u.create(ctx, tx)
	case u.r.Span.Total != u.file.Size:
		return 0, apierr.ContentRangeInvalid
	}
	return 201, u.add(ctx, tx)
}

// uploader is who may go on with an upload.
func uploader(actor *identity.Actor) string {
	if actor.Server() {
		return "server"
	}
	return "user:" + actor.UserID()
}

// create makes the file: a whole one, or one with its first part, whichever that
// is.
func (u *upload) create(ctx context.Context, tx store.Tx) error {
	now, r := u.call.Micros(), u.r
	u.file = &File{
		Key: fileKey(u.bucket.Seq, u.in.ID), ID: u.in.ID, BucketSeq: u.bucket.Seq, CreatedAt: now, UpdatedAt: now,
		Name: r.Name, Folder: u.in.Folder, Permissions: u.in.Permissions.JSON(), Uploader: uploader(&u.call.Actor),
		Size: max(r.size, r.Span.Total), Chunks: max(r.Span.Parts(), 1), Compression: r.compression, Encrypted: r.key.Set(),
	}
	if r.Span.Total == 0 {
		u.file.Uploaded, u.file.Parts, u.file.Stored = 1, 1, r.stored
		u.file.MIME = sniff(r.head)
		u.file.complete(signature(r.sum))
	}
	err := store.Insert(ctx, tx, filesTable, u.file)
	if errors.Is(err, store.ErrConflict) {
		return apierr.FileAlreadyExists.With(u.in.ID).Because(err)
	}
	if err != nil {
		return err
	}
	if err := u.file.setReaders(ctx, tx, u.in.Permissions); err != nil {
		return err
	}
	if r.Span.Total > 0 {
		return u.add(ctx, tx)
	}
	u.kept = true
	p := u.part(u.file.Seq)
	if err := store.Insert(ctx, tx, partsTable, &p); err != nil {
		return err
	}
	return grow(ctx, tx, u.file.BucketSeq, u.file.Seq, u.file.Stored)
}

// add makes what was received a part of the file, in place of an older one of
// the same number.
func (u *upload) add(ctx context.Context, tx store.Tx) error {
	f, p := u.file, u.part(u.file.Seq)
	old, err := store.List[part](ctx, tx, sqlb.Select{
		Columns: []string{"object", "stored"}, From: partsTable, Where: sqlb.And(sqlb.Eq("file_seq", f.Seq), sqlb.Eq("number", p.Number)),
	})
	if err != nil {
		return err
	}
	more := p.Stored
	for _, o := range old {
		more -= o.Stored
		f.Parts--
		u.dropped = append(u.dropped, o.Object)
		if _, err := store.DeleteWhere(ctx, tx, partsTable, sqlb.Eq("object", o.Object)); err != nil {
			return err
		}
	}
	if err := store.Insert(ctx, tx, partsTable, &p); err != nil {
		return err
	}
	u.kept = true
	f.Parts++
	f.Changes++
	f.Stored += more
	f.Uploaded = min(f.Parts, f.Chunks-1)
	f.Encrypted = f.Encrypted && p.Key.Set()
	f.UpdatedAt = u.call.Micros()
	if p.Number == 1 {
		f.MIME = sniff(u.r.head)
	}
	if err := f.hashed(p.Number, u.r); err != nil {
		return err
	}
	if err := store.UpdateColumns(ctx, tx, filesTable, f, "chunks_uploaded", "chunks_stored", "changes", "stored", "encrypted", "updated_at", "mime", "hashed", "hash"); err != nil {
		return err
	}
	return grow(ctx, tx, f.BucketSeq, f.Seq, more)
}

// hashed keeps the state of the hash where a part goes on from it, and gives it
// up where a part of it has changed.
func (f *File) hashed(number int64, r *Received) (err error) {
	switch {
	case number == f.Hashed+1 && r.sum != nil:
		f.Hashed = number
		f.Hash, err = hashState(r.sum)
	case number <= f.Hashed:
		f.Hashed, f.Hash = 0, vault.Secret{}
	}
	return err
}

// complete makes the file one that can be read.
func (f *File) complete(signature string) {
	f.Signature, f.Complete, f.Uploaded = signature, true, f.Chunks
	f.Hash, f.Hashed = vault.Secret{}, 0
}

// sniff tells the type of a file by what it begins with.
func sniff(head []byte) string {
	if len(head) == 0 {
		return "application/x-empty"
	}
	m := mimetype.Detect(head)
	base, _, _ := cutParams(m.String())
	return base
}
