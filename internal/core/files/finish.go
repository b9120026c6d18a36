package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// errChanged says that a part was sent again meanwhile.
var errChanged = errors.New("files: the upload has changed")

// finish makes a file of an upload that has all its parts: once it was hashed,
// and looked at for viruses. Parts that are sent again meanwhile make it start
// over.
func (f *Files) finish(ctx context.Context, call *api.Call, b *Bucket, file *File) (*File, error) {
	for range 10 {
		parts, err := api.Read(ctx, call, func(tx store.Tx) ([]part, error) {
			var err error
			if file, err = find(ctx, tx, b, file.ID); err != nil {
				return nil, err
			}
			return listParts(ctx, tx, file, 0, file.Size)
		})
		if err != nil || file.Complete || file.Parts < file.Chunks {
			return file, err
		}
		sum, err := f.signature(ctx, file, parts)
		if err != nil {
			return nil, err
		}
		if err := f.scan(ctx, b, parts); err != nil {
			if errors.Is(err, apierr.FileInvalid) {
				err = errors.Join(err, f.removeNow(ctx, call.Project.ID, file))
			}
			return nil, err
		}
		file, err = f.release(ctx, call, b, file, sum)
		if !errors.Is(err, errChanged) {
			return file, err
		}
	}
	return nil, apierr.RateLimitExceeded.Detail("File upload is busy. Try again.")
}

// release makes a file readable, if it is still the one that was looked at.
func (f *Files) release(ctx context.Context, call *api.Call, b *Bucket, seen *File, sum string) (*File, error) {
	call.Part(false)
	return api.Write(ctx, call, func(tx store.Tx) (*File, error) {
		file, err := find(ctx, tx, b, seen.ID)
		if err != nil || file.Complete {
			return file, err
		}
		if file.Seq != seen.Seq || file.Changes != seen.Changes {
			return nil, errChanged
		}
		file.complete(sum)
		file.UpdatedAt = call.Micros()
		return file, store.UpdateColumns(ctx, tx, filesTable, file,
			"signature", "complete", "chunks_uploaded", "hash", "hashed", "updated_at")
	})
}

// signature goes on with the hash of a file from where its parts have left it.
func (f *Files) signature(ctx context.Context, file *File, parts []part) (string, error) {
	sum, err := resumeHash(file.Hash)
	if err != nil {
		return "", err
	}
	for _, p := range parts {
		if p.Number <= file.Hashed {
			continue
		}
		r := f.read(ctx, []part{p}, p.Start, p.Start+p.Size)
		_, err := io.Copy(sum, r)
		if err := errors.Join(err, r.Close()); err != nil {
			return "", fmt.Errorf("hash a file: %w", err)
		}
	}
	return signature(sum), nil
}

// scan refuses a virus with [apierr.FileInvalid].
func (f *Files) scan(ctx context.Context, b *Bucket, parts []part) error {
	if f.scanner == nil || !b.Antivirus || len(parts) == 0 {
		return nil
	}
	last := parts[len(parts)-1]
	r := f.read(ctx, parts, 0, last.Start+last.Size)
	found, err := f.scanner.Scan(ctx, r)
	if err := errors.Join(err, r.Close()); err != nil {
		return apierr.Unavailable.Detail("The virus scanner could not look at the file, so it was not stored.").Because(err)
	}
	if found != "" {
		f.log.WarnContext(ctx, "a file was refused by the virus scanner", "signature", found, "bucket", b.ID)
		return apierr.FileInvalid
	}
	return nil
}

// listParts returns the parts that have bytes between two offsets, in order. An
// empty file has one, too.
func listParts(ctx context.Context, tx store.Tx, file *File, from, to int64) ([]part, error) {
	return store.List[part](ctx, tx, sqlb.Select{
		From:  partsTable,
		Where: sqlb.And(sqlb.Eq("file_seq", file.Seq), sqlb.Lt("start", max(to, 1)), sqlb.Raw(`start + size >= ?`, from)),
		Order: []sqlb.Order{{Column: "number"}},
	})
}

// cutParams takes the parameters from a media type.
func cutParams(mime string) (base, params string, found bool) {
	base, params, found = strings.Cut(mime, ";")
	return strings.TrimSpace(base), params, found
}
