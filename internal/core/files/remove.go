package files

import (
	"context"
	"errors"

	"moorfast/internal/api"
	"moorfast/internal/perm"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// remove deletes a file's rows, and returns the objects that have no row then.
func remove(ctx context.Context, tx store.Tx, file *File) ([]string, error) {
	rows, err := store.List[part](ctx, tx, sqlb.Select{Columns: []string{"object"}, From: partsTable, Where: sqlb.Eq("file_seq", file.Seq)})
	if err != nil {
		return nil, err
	}
	for _, table := range []string{partsTable, readersTable, tokensTable} {
		if _, err := store.DeleteWhere(ctx, tx, table, sqlb.Eq("file_seq", file.Seq)); err != nil {
			return nil, err
		}
	}
	if err := store.Delete(ctx, tx, filesTable, file.Key); err != nil {
		return nil, err
	}
	objects := make([]string, len(rows))
	for i := range rows {
		objects[i] = rows[i].Object
	}
	return objects, grow(ctx, tx, file.BucketSeq, file.Seq, -file.Stored)
}

// drop deletes objects that nothing refers to. What fails is left for a sweep.
func (f *Files) drop(ctx context.Context, objects []string) {
	if len(objects) == 0 {
		return
	}
	if err := f.blobs.Delete(context.WithoutCancel(ctx), objects...); err != nil {
		f.log.WarnContext(ctx, "delete what was stored of a file", "err", err, "project", objectProject(objects[0]), "objects", len(objects))
	}
}

// Delete removes a file that the actor may delete, or the part of one that was
// uploaded.
func (f *Files) Delete(ctx context.Context, call *api.Call, bucketID, id string) (*File, error) {
	var file *File
	objects, err := api.Write(ctx, call, func(tx store.Tx) (objects []string, err error) {
		if _, file, err = GetToChange(ctx, tx, &call.Actor, bucketID, id, perm.Delete); err != nil {
			return nil, err
		}
		return remove(ctx, tx, file)
	})
	if err == nil {
		f.drop(ctx, objects)
	}
	return file, err
}

// removeNow removes a file whatever its permissions.
func (f *Files) removeNow(ctx context.Context, project string, file *File) error {
	var objects []string
	err := f.units.DB.Update(ctx, project, func(tx store.Tx) (err error) {
		objects, err = remove(ctx, tx, file)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		f.drop(ctx, objects)
	}
	return err
}

// DeleteBucket removes a bucket. Its files are gone with it, and what is stored
// of them is deleted in the background.
func (f *Files) DeleteBucket(ctx context.Context, call *api.Call, id string) error {
	_, err := api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		b, err := GetBucket(ctx, tx, &call.Actor, id)
		if err != nil {
			return api.None{}, err
		}
		return api.None{}, deleteBucket(ctx, tx, b)
	})
	if err != nil {
		return err
	}
	project := call.Project.ID
	f.removals.Go(func() {
		if err := f.collect(f.stopping, project, orphaned); err != nil && f.stopping.Err() == nil {
			f.log.Warn("delete the files of a bucket", "err", err, "project", project)
		}
	})
	return nil
}

// orphaned holds for the files that have no bucket.
var orphaned = sqlb.Raw(`NOT EXISTS (SELECT 1 FROM buckets b WHERE b.seq = files.bucket_seq)`)

// collectBatch is how many files are removed in one transaction.
const collectBatch = 100

// collect removes the files of a project that a condition holds for.
func (f *Files) collect(ctx context.Context, project string, where sqlb.Cond) error {
	for ctx.Err() == nil {
		var objects []string
		found := 0
		err := f.units.DB.Update(ctx, project, func(tx store.Tx) error {
			objects = nil
			rows, err := store.List[File](ctx, tx, sqlb.Select{From: filesTable, Where: where, Limit: collectBatch})
			if err != nil {
				return err
			}
			found = len(rows)
			for i := range rows {
				gone, err := remove(ctx, tx, &rows[i])
				if err != nil {
					return err
				}
				objects = append(objects, gone...)
			}
			return nil
		})
		if err != nil {
			return err
		}
		f.drop(ctx, objects)
		if found < collectBatch {
			return nil
		}
	}
	return ctx.Err()
}
