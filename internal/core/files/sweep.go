package files

import (
	"context"
	"errors"
	"slices"
	"time"

	"moorfast/internal/blob"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

const (
	// abandonedAfter is how long nothing was added to an upload that nobody will
	// finish.
	abandonedAfter = 7 * 24 * time.Hour

	// strayAfter is how old an object without a row is that no upload is about to
	// make one for.
	strayAfter = 24 * time.Hour

	// sweepBatch is how many objects are looked up, or deleted, at once.
	sweepBatch = 500
)

// Sweep collects what was left by uploads and removals that were cut off:
// abandoned uploads, files without a bucket, and objects without a row.
func (f *Files) Sweep(ctx context.Context) error {
	projects, err := f.units.DB.Projects(ctx)
	if err != nil {
		return err
	}
	for _, project := range projects {
		if err := f.sweepRows(ctx, project); err != nil {
			return err
		}
	}
	old := map[string][]string{} // objects, by their project
	err = f.blobs.List(ctx, "", func(i blob.Info) error {
		if f.units.Now().Sub(i.ModifiedAt) < strayAfter {
			return nil
		}
		project := objectProject(i.Key)
		old[project] = append(old[project], i.Key)
		if len(old[project]) < sweepBatch {
			return nil
		}
		keys := old[project]
		old[project] = nil
		return f.sweepObjects(ctx, project, keys, slices.Contains(projects, project))
	})
	for project, keys := range old {
		if err == nil {
			err = f.sweepObjects(ctx, project, keys, slices.Contains(projects, project))
		}
	}
	return err
}

func (f *Files) sweepRows(ctx context.Context, project string) error {
	before := f.units.Now().Add(-abandonedAfter).UnixMicro()
	abandoned := sqlb.And(sqlb.Eq("complete", false), sqlb.Lt("updated_at", before))
	return errors.Join(f.collect(ctx, project, abandoned), f.collect(ctx, project, orphaned))
}

// sweepObjects deletes those of some old objects that no row has, which are all
// where the project is gone.
func (f *Files) sweepObjects(ctx context.Context, project string, keys []string, exists bool) error {
	if len(keys) == 0 {
		return nil
	}
	kept := map[string]bool{}
	if exists {
		err := f.units.DB.View(ctx, project, func(tx store.Tx) error {
			rows, err := store.List[part](ctx, tx, sqlb.Select{Columns: []string{"object"}, From: partsTable, Where: sqlb.In("object", keys...)})
			for _, r := range rows {
				kept[r.Object] = true
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	strays := slices.DeleteFunc(keys, func(key string) bool { return kept[key] })
	if len(strays) > 0 {
		f.log.InfoContext(ctx, "delete objects that no file has", "project", project, "objects", len(strays))
	}
	return f.blobs.Delete(ctx, strays...)
}

// DropProject deletes everything that is stored of a project's files.
func (f *Files) DropProject(ctx context.Context, project string) error {
	var keys []string
	err := f.blobs.List(ctx, project+"/", func(i blob.Info) error {
		keys = append(keys, i.Key)
		return nil
	})
	for batch := range slices.Chunk(keys, sweepBatch) {
		if err == nil {
			err = f.blobs.Delete(ctx, batch...)
		}
	}
	return err
}
