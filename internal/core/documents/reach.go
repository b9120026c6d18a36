package documents

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"moorfast/internal/identity"
	"moorfast/internal/perm"
	"moorfast/internal/rawjson"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// A reach is which rows of a table an actor may read. It decides how a list
// finds them, because no statement is good at few and at many.
type reach struct {
	all   bool
	lists []int64 // otherwise: the lists of permissions that let the actor read, unless they are too many
	many  bool    // they are too many, and found by roles
	rows  int64   // that have one of lists
	roles []byte  // of the actor, as JSON
}

const (
	// maxLists is how many lists of permissions a statement names one by one.
	maxLists = 500

	// Where a reader of more lists than that still sees next to nothing of a large
	// table, so many are named: to ask of each row would go on for long.
	maxSparseLists = 10_000
	sparseRows     = 100 * maxLists // of a table that is large
	sampledRows    = 64             // of its newest, of which the reader sees few

	// fewRows is how many rows are read one by one, and then filtered and sorted,
	// rather than found in the index that the filter wants.
	fewRows = 1000
)

// readable finds what the actor may read.
func (t *Table) readable(ctx context.Context, tx store.Tx, actor *identity.Actor) (reach, error) {
	switch {
	case actor.Server() || t.Permissions.Allows(perm.Read, actor.Roles):
		return reach{all: true}, nil
	case !t.RowSecurity:
		return reach{}, &Error{Kind: Unauthorized}
	}
	r := reach{roles: jsonTexts(actor.Roles)}
	if err := t.readLists(ctx, tx, &r, maxLists); err != nil || !r.many {
		return r, err
	}
	sparse, err := t.sparse(ctx, tx, &r)
	if err == nil && sparse {
		err = t.readLists(ctx, tx, &r, maxSparseLists)
	}
	return r, err
}

// readLists finds the lists of the table that have a role of the actor as a
// reader, unless they are more than limit.
func (t *Table) readLists(ctx context.Context, tx store.Tx, r *reach, limit int) error {
	r.lists, r.rows, r.many = nil, 0, false
	// The number of the table stands in the text for the reason of [bounds].
	rows, err := tx.Query(ctx, `SELECT c.acl, c.n FROM `+eachText(tx.Dialect())+` CROSS JOIN acl_readers r CROSS JOIN acl_rows c `+
		`WHERE r.role = j.value AND c.table_seq = `+strconv.FormatInt(t.seq, 10)+` AND c.acl = r.acl`+bounds(limit+1, 0), string(r.roles))
	if err != nil {
		return fmt.Errorf("find readable rows: %w", err)
	}
	var found []listCount
	for rows.Next() {
		found = append(found, listCount{rows.Int(0), rows.Int(1)})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("find readable rows: %w", err)
	}
	if r.many = len(found) > limit; r.many {
		return nil
	}
	// Two roles of the actor may be on one list.
	slices.SortFunc(found, func(a, b listCount) int { return cmp.Compare(a.acl, b.acl) })
	r.lists = make([]int64, 0, len(found))
	for i, c := range found {
		if i == 0 || c.acl != found[i-1].acl {
			r.lists = append(r.lists, c.acl)
			r.rows += c.n
		}
	}
	return nil
}

// sparse tells whether the reader of many lists sees next to nothing of the
// table all the same. A reader of much costs it a look at two rows.
func (t *Table) sparse(ctx context.Context, tx store.Tx, r *reach) (bool, error) {
	d := tx.Dialect()
	last, _, err := one(ctx, tx, `SELECT coalesce(max(`+d.Name(seqColumn)+`), 0) FROM `+d.Name(t.name))
	if err != nil || last < sparseRows {
		return false, err
	}
	newest := `SELECT ` + d.Name(aclColumn) + ` AS acl FROM ` + d.Name(t.name) + ` ORDER BY ` + d.Name(createdColumn) + ` DESC` + bounds(sampledRows, 0)
	seen, _, err := one(ctx, tx, `SELECT count(*) FROM (SELECT 1 FROM (`+newest+`) AS s WHERE `+readers(d, `s.acl`)+bounds(2, 0)+`) AS seen`, string(r.roles))
	if err != nil {
		return false, fmt.Errorf("sample readable rows: %w", err)
	}
	return seen < 2, nil
}

// nothing reports whether no row is within reach.
func (r *reach) nothing() bool { return !r.all && !r.many && len(r.lists) == 0 }

// count returns how many rows of the table are within reach, as far as maxTotal.
// Every list has a row at least, so it need not look at more lists than that.
func (r *reach) count(ctx context.Context, tx store.Tx, table int64) (n int64, err error) {
	switch {
	case r.all:
		n, _, err = one(ctx, tx, `SELECT coalesce(sum(n), 0) FROM (SELECT n FROM acl_rows WHERE table_seq = ?`+bounds(maxTotal, 0)+`) AS lists`, table)
	case r.many:
		n, _, err = one(ctx, tx, `SELECT coalesce(sum(n), 0) FROM (SELECT n FROM acl_rows WHERE table_seq = ? AND `+
			readers(tx.Dialect(), `acl_rows.acl`)+bounds(maxTotal, 0)+`) AS lists`, table, string(r.roles))
	default:
		n = r.rows
	}
	if err != nil {
		return 0, fmt.Errorf("count readable rows: %w", err)
	}
	return n, nil
}

// readers holds where a list has one of the roles in a JSON array as a reader.
func readers(d sqlb.Dialect, acl string) string {
	return `EXISTS (SELECT 1 FROM acl_readers WHERE acl_readers.acl = ` + acl + ` AND acl_readers.role IN (SELECT j.value FROM ` + eachText(d) + `))`
}

// few reports whether the rows within reach are best read one by one.
func (r *reach) few() bool { return !r.all && !r.many && r.rows <= fewRows }

// condition holds for the rows within reach. It is nil where all are.
func (r *reach) condition(d sqlb.Dialect, table string) sqlb.Cond {
	acl := d.Name(aclColumn)
	switch {
	case r.all:
		return nil
	case r.many:
		// There is a row or more for every list, so the reader sees much of what is
		// there, and asking of each row does not go on for long.
		return sqlb.Raw(readers(d, d.Name(table)+`.`+acl), string(r.roles))
	case r.few() && len(r.lists) == 1:
		return sqlb.Eq(aclColumn, r.lists[0])
	case r.few():
		return sqlb.Raw(acl+` IN (SELECT j.value FROM `+eachInt(d)+`)`, r.listsJSON())
	case len(r.lists) == 1:
		// The sign keeps SQLite from an index that begins with the list: there are
		// too many rows in it to sort.
		return sqlb.Raw(`+`+acl+` = ?`, r.lists[0])
	}
	return sqlb.Raw(`+`+acl+` IN (SELECT j.value FROM `+eachInt(d)+`)`, r.listsJSON())
}

func (r *reach) listsJSON() string {
	text := []byte{'['}
	for i, acl := range r.lists {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, acl, 10)
	}
	return string(append(text, ']'))
}

func jsonTexts(list []string) []byte {
	text := []byte{'['}
	for i, s := range list {
		if i > 0 {
			text = append(text, ',')
		}
		text = rawjson.AppendString(text, s)
	}
	return append(text, ']')
}
