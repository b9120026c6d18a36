package documents

import (
	"context"
	"fmt"
	"math"

	"moorfast/internal/query"
	"moorfast/internal/store"
)

// shownRows is how many of the rows that were changed together are returned.
const shownRows = 100

// CreateMany adds rows, all or none, and returns them as a list in JSON.
func (t *Table) CreateMany(ctx context.Context, tx store.Tx, by By, rows []Row) ([]byte, error) {
	if len(t.links) > 0 { // other rows may change with these, and their lists be released
		return t.each(by, rows, func(row Row) ([]byte, error) { return t.Create(ctx, tx, by, row) })
	}
	var err error
	if by.lists, err = findLists(ctx, tx, by, rows); err != nil {
		return nil, err
	}
	made, err := t.each(by, rows, func(row Row) ([]byte, error) { return t.Create(ctx, tx, by, row) })
	if err != nil {
		return nil, err
	}
	return made, by.lists.settle(ctx, tx, t)
}

// UpsertMany changes rows or adds them, all or none, and returns them as a list
// in JSON.
func (t *Table) UpsertMany(ctx context.Context, tx store.Tx, by By, rows []Row) ([]byte, error) {
	return t.each(by, rows, func(row Row) ([]byte, error) { return t.Upsert(ctx, tx, by, row) })
}

// UpdateMany makes the same change to all rows that queries find, and returns
// the first of them as a list in JSON.
func (t *Table) UpdateMany(ctx context.Context, tx store.Tx, by By, queries []string, change Row) ([]byte, error) {
	rows, err := t.matching(ctx, tx, queries)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i].Data, rows[i].Permissions = change.Data, change.Permissions
	}
	return t.each(by, rows, func(row Row) ([]byte, error) { return t.Update(ctx, tx, by.one(t, row.ID), row) })
}

// DeleteMany removes all rows that queries find, and returns the first of them
// as a list in JSON.
func (t *Table) DeleteMany(ctx context.Context, tx store.Tx, by By, queries []string) ([]byte, error) {
	rows, err := t.matching(ctx, tx, queries)
	if err != nil {
		return nil, err
	}
	n := 0
	return t.each(by, rows, func(row Row) (gone []byte, err error) {
		if n++; n <= shownRows {
			if gone, err = t.Get(ctx, tx, by, row.ID, nil); err != nil {
				return nil, err
			}
		}
		return gone, t.Delete(ctx, tx, by.one(t, row.ID), row.ID)
	})
}

// each does something with rows, and lists what comes of the first of them.
func (t *Table) each(by By, rows []Row, do func(Row) ([]byte, error)) ([]byte, error) {
	out := make([]byte, headerSize, headerSize+t.sizes.guess(min(len(rows), shownRows)))
	for i, row := range rows {
		done, err := do(row)
		if err != nil {
			return nil, err
		}
		if i >= shownRows {
			continue
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, done...)
	}
	t.sizes.learn(len(out), int64(min(len(rows), shownRows)))
	return header(by.Form, int64(len(rows)), append(out, ']', '}')), nil
}

// matching returns the rows that queries find, by their ids. Without a limit
// that is all of them.
func (t *Table) matching(ctx context.Context, tx store.Tx, texts []string) (found []Row, err error) {
	queries, err := query.Parse(texts)
	if err != nil {
		return nil, err
	}
	if err := t.rules.Check(queries); err != nil {
		return nil, err
	}
	plan := query.Split(queries)
	if !limited(queries) {
		plan.Limit = math.MaxInt64
	}
	if err := t.resolveFilters(ctx, tx, plan.Filters); err != nil {
		return nil, err
	}
	where, err := t.where(tx.Dialect(), &plan, &reach{all: true})
	if err != nil {
		return nil, err
	}
	keys, _, err := t.keys(ctx, tx, &plan, where, idColumn)
	if err != nil {
		return nil, err
	}
	sql, args := keys.SQL(tx.Dialect())
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("find rows of %s: %w", t.name, err)
	}
	defer done(rows, &err)
	for rows.Next() {
		found = append(found, Row{ID: string(rows.Text(0))})
	}
	return found, rows.Err()
}

func limited(queries []query.Query) bool {
	for _, q := range queries {
		if q.Method == query.Limit {
			return true
		}
	}
	return false
}
