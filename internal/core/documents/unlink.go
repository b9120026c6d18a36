package documents

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"moorfast/internal/perm"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// maxCascade is how many rows go with one, at most.
const maxCascade = 10000

// A removal is a row that goes, with those that go with it.
type removal struct {
	tx   store.Tx
	by   By
	gone map[gone]bool
}

type gone struct{ table, row int64 }

// remove takes a row out of the store, after what its relations say was done.
func (r *removal) remove(ctx context.Context, t *Table, row found) error {
	key := gone{t.seq, row.seq}
	if r.gone[key] {
		return nil
	}
	if len(r.gone) >= maxCascade {
		return &Error{Kind: RowRestricted, Message: fmt.Sprintf("More than %d rows would be deleted with it.", maxCascade)}
	}
	r.gone[key] = true
	for i := range t.links {
		if l := &t.links[i]; l.Acts() {
			if err := r.follow(ctx, t, l, row); err != nil {
				return err
			}
		}
	}
	return t.erase(ctx, r.tx, row)
}

// erase takes one row out of the store.
func (t *Table) erase(ctx context.Context, tx store.Tx, row found) error {
	d := tx.Dialect()
	if _, err := tx.Exec(ctx, `DELETE FROM `+d.Name(t.name)+` WHERE `+d.Name(seqColumn)+` = ?`, row.seq); err != nil {
		return fmt.Errorf("delete a row of %s: %w", t.name, err)
	}
	return t.release(ctx, tx, row.acl)
}

// follow does with the rows at the other side of a link what the link says. The
// store itself forgets that they were related.
func (r *removal) follow(ctx context.Context, t *Table, l *link, row found) error {
	if l.OnDelete == schema.SetNull {
		return nil
	}
	d := r.tx.Dialect()
	linked, err := l.read(ctx, r.tx, d.Name(l.name)+` AS l CROSS JOIN `+d.Name(l.rows)+` AS r WHERE l.`+l.own+` = ? AND r.`+d.Name(seqColumn)+
		` = l.`+l.other+bounds(maxCascade+1, 0), row.seq)
	if err != nil || len(linked) == 0 {
		return err
	}
	// A table that is switched off keeps its rules.
	related, err := t.catalog.TableToChange(ctx, r.tx, l.to)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(linked)) {
		if r.gone[gone{related.seq, linked[id]}] {
			continue
		}
		if l.OnDelete == schema.Restrict {
			return &Error{Kind: RowRestricted}
		}
		other, err := related.find(ctx, r.tx, id)
		if isKind(err, NoRow) {
			continue // it went with one before it
		}
		if err != nil {
			return err
		}
		if err := related.authorize(r.by, perm.Delete, other); err != nil {
			return err
		}
		if err := r.remove(ctx, related, other); err != nil {
			return err
		}
	}
	return nil
}
