package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"moorfast/internal/blob"
	"moorfast/internal/seal"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/vault"
)

// rekeyBatch is how many parts are looked up at once.
const rekeyBatch = 100

// SealedIn returns where the keys of parts are.
func (f *Files) SealedIn() (table, column string) { return partsTable, "key" }

// Rekey stores the parts of a project again, each under a new key, whose sealed
// keys begin with a prefix: that of one of the vault's. It tells of each that was
// stored, by the id of its row, and of each that does not open and is left as it
// is, with the reason; and it stops at the first error of tell. What is read meanwhile goes on with what is
// stored now. Interrupted, it goes on when it is called again: a part that was
// done names another key.
func (f *Files) Rekey(ctx context.Context, project, prefix string, tell func(row string, bytes int64, refused error) error) error {
	if project == store.Platform {
		return nil // the console has no files
	}
	named := sqlb.Raw(fmt.Sprintf(`substr(key, 1, %d) = ?`, vault.PrefixSize), prefix)
	order := []sqlb.Order{{Column: "file_seq"}, {Column: "number"}}
	for last := (part{File: -1}); ; {
		var list []part
		err := f.units.DB.View(ctx, project, func(tx store.Tx) (err error) {
			list, err = store.List[part](ctx, tx, sqlb.Select{
				Columns: []string{"id", "file_seq", "number"}, From: partsTable, Order: order, Limit: rekeyBatch,
				Where: sqlb.And(named, sqlb.After(order, last.File, last.Number)),
			})
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range list {
			bytes, refused, err := f.rekey(ctx, project, p)
			if err == nil && (bytes > 0 || refused != nil) {
				err = tell(p.ID, bytes, refused)
			}
			if err != nil {
				return err
			}
			last = p
		}
		if len(list) < rekeyBatch {
			return nil
		}
	}
}

// rekey stores one part again, and returns how many bytes that were: none, if the
// part is not there any more, or is another by now.
func (f *Files) rekey(ctx context.Context, project string, at part) (bytes int64, refused, err error) {
	var old *part
	err = f.units.DB.View(ctx, project, func(tx store.Tx) (err error) {
		old, err = findPart(ctx, tx, at)
		return err
	})
	switch {
	case errors.Is(err, vault.ErrRefused):
		return 0, err, nil
	case err != nil || old == nil || old.ID != at.ID:
		return 0, nil, err
	}
	fresh, err := f.copyPart(ctx, project, old)
	switch {
	case errors.Is(err, blob.ErrNotFound), errors.Is(err, seal.ErrRefused), errors.Is(err, seal.ErrKey), errors.Is(err, errShort):
		return 0, err, nil
	case err != nil:
		return 0, nil, fmt.Errorf("store part %d of file %d again: %w", at.Number, at.File, err)
	}
	changed := false
	err = f.units.DB.Update(ctx, project, func(tx store.Tx) error {
		changed = false
		n, err := store.DeleteWhere(ctx, tx, partsTable, sqlb.Eq("object", old.Object))
		if err != nil || n == 0 {
			return err
		}
		changed = true
		return store.Insert(ctx, tx, partsTable, fresh)
	})
	if err != nil {
		return 0, nil, err // the row may have changed over: a sweep finds which of the two nobody has
	}
	if !changed {
		f.drop(ctx, []string{fresh.Object})
		return 0, nil, nil
	}
	f.drop(ctx, []string{old.Object})
	return fresh.Stored, nil, nil
}

// findPart returns the part with the number of another, as it is now, or nil.
func findPart(ctx context.Context, tx store.Tx, p part) (*part, error) {
	list, err := store.List[part](ctx, tx, sqlb.Select{From: partsTable, Where: sqlb.And(sqlb.Eq("file_seq", p.File), sqlb.Eq("number", p.Number))})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// copyPart stores what a part has, as it is compressed, under a new key and name.
func (f *Files) copyPart(ctx context.Context, project string, old *part) (*part, error) {
	key, err := seal.ParseKey(old.Key)
	if err != nil {
		return nil, err
	}
	object, err := f.blobs.Open(ctx, old.Object)
	if err != nil {
		return nil, err
	}
	defer object.Close()
	if object.Size() != old.Stored {
		return nil, errShort
	}
	plain, err := seal.DecryptFrom(object, object.Size(), key, 0)
	if err != nil {
		return nil, err
	}
	p := newPipeline(plain, func([]byte) error { return nil })
	defer p.release()
	end, again, err := seal.Encrypt(&p.out)
	if err != nil {
		return nil, err
	}
	p.in, p.stages = end, []io.Closer{end}
	fresh := *old
	fresh.Object, fresh.Key = newObject(project), again.Secret()
	fresh.ID = partID(fresh.File, fresh.Number, fresh.Object)
	fresh.Stored, err = f.blobs.Put(ctx, fresh.Object, p)
	return &fresh, err
}

// partID is the id of a part's row: a key that is moved to another does not open.
func partID(file, number int64, object string) string {
	return strconv.FormatInt(file, 10) + "/" + strconv.FormatInt(number, 10) + "/" + object
}
