package documents

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"moorfast/internal/identity"
	"moorfast/internal/perm"
	"moorfast/internal/query"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// By is who asks, and how.
type By struct {
	Actor *identity.Actor
	Form  Form
	Now   time.Time

	// Unchanged is a time since which a row must not have changed, for it to be
	// changed now. Zero is no condition.
	Unchanged time.Time

	replay *replay // of the transaction that the change is part of
	// NewID makes the ids of rows that come without one, inside of others.
	NewID func() string

	lists    *lists // of permissions, of rows that are made together
	changing bool   // the transaction does
	depth    int    // how many relations lead to the row at hand
	left     *int   // how many rows may still be written inside of others
	shapes   *int   // how many relationships the answer follows
}

// texts are the statements about rows of a table that are always the same.
type texts struct {
	byID, bySeq string // select everything of one row
	insert      string
}

func newTexts(d sqlb.Dialect, t *Table) texts {
	p := t.everything()
	insert := `INSERT INTO ` + d.Name(t.name) + ` (` + d.Name(idColumn) + `, ` + d.Name(createdColumn) + `, ` + d.Name(updatedColumn) + `, ` + d.Name(aclColumn)
	marks := `?, ?, ?, ?`
	for i := range t.fields {
		for _, name := range t.fields[i].columns() {
			insert += `, ` + d.Name(name)
			marks += `, ?`
		}
	}
	return texts{
		byID:   t.selectOne(d, &p, idColumn),
		bySeq:  t.selectOne(d, &p, seqColumn),
		insert: insert + `) VALUES (` + marks + `)`,
	}
}

// selectOne reads a projection of the row that has a value in a column.
func (t *Table) selectOne(d sqlb.Dialect, p *projection, column string) string {
	return `SELECT ` + p.terms(d) + ` FROM ` + d.Name(t.name) + ` AS r CROSS JOIN acl AS a WHERE r.` + d.Name(column) + ` = ? AND a.id = r.` + d.Name(aclColumn)
}

// Get returns a row as JSON. Of the queries only those that select count. A row
// that the actor may not read is not there for it.
func (t *Table) Get(ctx context.Context, tx store.Tx, by By, id string, queries []string) (row []byte, err error) {
	p, sql := t.everything(), t.texts.byID
	var shapes []*shape
	if len(queries) > 0 {
		if t, err = t.reaching(ctx, tx, by, queries); err != nil {
			return nil, err
		}
		plan, err := t.rules.Plan(queries)
		if err != nil {
			return nil, err
		}
		p = t.selected(plan.Selects)
		sql = t.selectOne(tx.Dialect(), &p, idColumn)
		if shapes, err = t.shapes(ctx, tx, by, plan.Selects, nil, 0); err != nil {
			return nil, err
		}
	}
	row, seq, err := t.getOne(ctx, tx, by, sql, id, &p)
	if err != nil {
		return nil, err
	}
	return t.expanded(ctx, tx, by, seq, row, shapes)
}

func (t *Table) getOne(ctx context.Context, tx store.Tx, by By, sql, id string, p *projection) (row []byte, seq int64, err error) {
	rows, err := tx.Query(ctx, sql, id)
	if err != nil {
		return nil, 0, fmt.Errorf("get a row of %s: %w", t.name, err)
	}
	defer done(rows, &err)
	if !rows.Next() {
		return nil, 0, absent(rows, id)
	}
	if !t.allows(by.Actor, perm.Read, rows.Text(permsAt)) {
		return nil, 0, &Error{Kind: NoRow, Name: id}
	}
	seq = rows.Int(seqAt)
	row, err = encoder{t, by.Form, tx}.row(nil, rows, p)
	return row, seq, err
}

// allows reports whether the actor may do something with a row that has the
// permissions.
func (t *Table) allows(actor *identity.Actor, action perm.Actions, perms []byte) bool {
	return actor.Server() || t.Permissions.Allows(action, actor.Roles) ||
		t.RowSecurity && perm.TextAllows(perms, action, actor.Roles)
}

// List returns a page of rows, and how many there are in all unless that was
// not asked for, as JSON.
func (t *Table) List(ctx context.Context, tx store.Tx, by By, queries []string, total bool) ([]byte, error) {
	defer t.watch(ctx, tx, queries)()
	t, err := t.reaching(ctx, tx, by, queries)
	if err != nil {
		return nil, err
	}
	plan, err := t.rules.Plan(queries)
	if err != nil {
		return nil, err
	}
	shapes, err := t.shapes(ctx, tx, by, plan.Selects, nil, 0)
	if err != nil {
		return nil, err
	}
	if err := t.resolveFilters(ctx, tx, plan.Filters); err != nil {
		return nil, err
	}
	within, err := t.readable(ctx, tx, by.Actor)
	if err != nil {
		return nil, err
	}
	if within.nothing() {
		return header(by.Form, 0, []byte(`]}`)), nil
	}
	where, err := t.where(tx.Dialect(), &plan, &within)
	if err != nil {
		return nil, err
	}
	out, n, err := t.page(ctx, tx, by, &plan, where, shapes)
	if err != nil {
		return nil, err
	}
	all := int64(0)
	if total {
		if all, err = t.total(ctx, tx, &plan, &within, where, n); err != nil {
			return nil, err
		}
	}
	return header(by.Form, all, append(out, ']', '}')), nil
}

// headerSize is room for what comes before the rows of a list.
const headerSize = 64

// header writes what comes before the rows of a list. list has room for it in
// front, if it has rows.
func header(as Form, total int64, list []byte) []byte {
	h := make([]byte, 0, headerSize)
	h = strconv.AppendInt(append(h, `{"total":`...), total, 10)
	h = append(append(append(h, `,"`...), as.Rows...), `":[`...)
	if len(list) < headerSize {
		return append(h, list...)
	}
	list = list[headerSize-len(h):]
	copy(list, h)
	return list
}

func (t *Table) where(d sqlb.Dialect, plan *query.Plan, within *reach) (sqlb.Cond, error) {
	acl := within.condition(d, t.name)
	if len(plan.Filters) == 0 {
		return acl, nil
	}
	filters, err := t.filters(d, plan.Filters)
	switch {
	case err != nil || acl == nil:
		return filters, err
	case within.few():
		// SQLite takes an index of the filters otherwise, and goes through all rows
		// that they let pass. It sees none behind two NOTs.
		filters = sqlb.Not(sqlb.Not(filters))
	}
	return sqlb.And(filters, acl), nil
}
