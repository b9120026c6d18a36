package documents

import (
	"context"
	"errors"
	"fmt"

	"moorfast/internal/perm"
	"moorfast/internal/spatial"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// Update changes what a client sends of a row, and returns the row as JSON.
func (t *Table) Update(ctx context.Context, tx store.Tx, by By, row Row) ([]byte, error) {
	c, err := t.compare(ctx, tx, by, row)
	if err != nil {
		return nil, err
	}
	return t.apply(ctx, tx, by, row.ID, c)
}

// Upsert changes a row, or makes it where it is not there.
func (t *Table) Upsert(ctx context.Context, tx store.Tx, by By, row Row) ([]byte, error) {
	c, err := t.compare(ctx, tx, by, row)
	var none *Error
	switch {
	case errors.As(err, &none) && none.Kind == NoRow:
		if row.Data, err = t.resolveNew(row.Data, by.Now.UnixMilli()); err != nil {
			return nil, err
		}
		return t.Create(ctx, tx, by, row)
	case err != nil:
		return nil, err
	}
	return t.apply(ctx, tx, by, row.ID, c)
}

// A change is what differs between a row and what a client sent for it.
type change struct {
	old  found
	set  []sqlb.Assign
	acl  *perm.Set // the row's new permissions
	at   *int64    // the time that a server sets for it
	same []byte    // the row as JSON, where nothing differs

	related []relating // what came for its relationships, whether or not it differs
}

// touch makes a change of what is none yet.
func (c *change) touch(by By) {
	if c.same != nil {
		c.same, c.set = nil, append(c.set, sqlb.Set(updatedColumn, or(c.at, by.Now.UnixMilli())))
	}
}

// compare finds the row, and what of it the client changes.
func (t *Table) compare(ctx context.Context, tx store.Tx, by By, row Row) (c change, err error) {
	rows, err := tx.Query(ctx, t.texts.byID+lock(tx.Dialect()), row.ID)
	if err != nil {
		return c, fmt.Errorf("find a row of %s: %w", t.name, err)
	}
	defer done(rows, &err)
	if !rows.Next() {
		return c, absent(rows, row.ID)
	}
	c.old = readFound(rows)
	if err := t.differ(tx, by, rows, row, &c); err != nil {
		// Who may not change the row is told that, and not what is wrong with the change.
		if refused := t.authorize(by, perm.Update, c.old); refused != nil {
			return c, refused
		}
		return c, err
	}
	if len(c.set) == 0 && c.acl == nil && (c.at == nil || *c.at == c.old.updated) {
		p := t.everything()
		c.same, err = encoder{t, by.Form, tx}.row(nil, rows, &p)
		return c, err
	}
	c.set = append(c.set, sqlb.Set(updatedColumn, or(c.at, by.Now.UnixMilli())))
	return c, nil
}

// differ finds what of the row differs from what the client sent.
func (t *Table) differ(tx store.Tx, by By, rows store.Rows, row Row, c *change) error {
	if row.Permissions != nil && row.Permissions.JSON() != string(c.old.perms) {
		c.acl = row.Permissions
		if err := checkGrant(by.Actor, *c.acl); err != nil {
			return err
		}
	}
	if row.Data == nil {
		return nil
	}
	return t.compareData(tx, by, rows, row, c)
}

func (t *Table) compareData(tx store.Tx, by By, rows store.Rows, row Row, c *change) error {
	data, err := t.resolve(row.Data, by.Now.UnixMilli(), func(i int) ([]byte, error) {
		return encoder{t, by.Form, tx}.value(nil, rows, fieldsAt+i, &t.fields[i])
	})
	if err != nil {
		return err
	}
	draft, err := t.Schema.DraftChange(data)
	if err != nil {
		return err
	}
	if c.related, err = t.relatings(by, &draft); err != nil {
		return err
	}
	at := fieldsAt - 1
	for i := range t.fields {
		f := &t.fields[i]
		if f.form == asLinks {
			continue
		}
		at++
		if !draft.Given[i] || t.same(tx, rows, at, f, row.ID, draft.Values[i]) {
			continue
		}
		v, err := t.kept(tx, f, row.ID, draft.Values[i])
		if err != nil {
			return err
		}
		c.set = f.assign(c.set, v)
	}
	created, updated, err := moments(by, &draft)
	if created != nil && *created != rows.Int(createdAt) {
		c.set = append(c.set, sqlb.Set(createdColumn, *created))
	}
	c.at = updated
	return err
}

// same tells whether a row has a checked value already.
func (t *Table) same(tx store.Tx, rows store.Rows, at int, f *field, row string, v any) bool {
	switch {
	case rows.Null(at) || v == nil:
		return rows.Null(at) && v == nil
	case f.column.Encrypt:
		text, err := t.open(tx, f, row, string(rows.Text(at)))
		return err == nil && text == v
	}
	switch v := v.(type) {
	case spatial.Shape:
		return string(rows.Text(at)) == v.Text
	case string:
		return string(rows.Text(at)) == v
	case int64:
		return rows.Int(at) == v
	case float64:
		return rows.Float(at) == v
	}
	return false
}

// applyOwn changes the row itself. Who changes nothing needs to be allowed to
// read only.
func (t *Table) applyOwn(ctx context.Context, tx store.Tx, by By, id string, c change) ([]byte, error) {
	if c.same != nil && t.allows(by.Actor, perm.Read, c.old.perms) {
		return c.same, nil
	}
	if err := t.authorize(by, perm.Update, c.old); err != nil || c.same != nil {
		return c.same, err
	}
	if c.acl != nil {
		acl, err := t.intern(ctx, tx, *c.acl)
		if err != nil {
			return nil, err
		}
		if err := t.release(ctx, tx, c.old.acl); err != nil {
			return nil, err
		}
		c.set = append(c.set, sqlb.Set(aclColumn, acl))
	}
	if _, err := store.Exec(ctx, tx, sqlb.Update{Table: t.name, Set: c.set, Where: sqlb.Eq(seqColumn, c.old.seq)}); err != nil {
		return nil, t.conflict(id, fmt.Errorf("update a row of %s: %w", t.name, err))
	}
	return t.reread(ctx, tx, by, c.old.seq)
}
