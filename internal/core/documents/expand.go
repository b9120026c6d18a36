package documents

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"moorfast/internal/perm"
	"moorfast/internal/query"
	"moorfast/internal/rawjson"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

const (
	// maxDepth is how many relations lead away from a row that is read or written;
	// what lies behind is left out, as in the contract.
	maxDepth = 3

	// maxExpanded is how many related rows an answer has, and maxExpansion how
	// long they are together: once as they are read, and as often as they are shown.
	maxExpanded  = 20000
	maxExpansion = 64 << 20

	// maxShapes is how many relationships one answer goes along, each of which is
	// a statement.
	maxShapes = 500
)

// everyRelation selects all related rows, as far as [maxDepth]. It stands for
// what older clients get without asking.
const everyRelation = "*.*"

// A shape is what of the rows behind one relationship goes out.
type shape struct {
	link   *link
	key    []byte
	table  *Table // nil where the actor cannot see it
	fields projection
	ids    bool // nothing but ids
	next   []*shape
}

// shapes finds what selects ask for of related rows. Nothing is asked for by
// none.
func (t *Table) shapes(ctx context.Context, tx store.Tx, by By, selects []string, from *link, depth int) (shapes []*shape, err error) {
	if len(t.links) == 0 || len(selects) == 0 {
		return nil, nil
	}
	if by.shapes == nil {
		by.shapes = new(int)
	}
	for i := range t.fields {
		f := &t.fields[i]
		if f.link == nil {
			continue
		}
		behind, asked := behind(selects, f.column.Key)
		// The way back is left out where everything is asked for: it leads to what is
		// shown already.
		back := from != nil && from.seq == f.link.seq && from.Side != f.link.Side
		if len(behind) == 0 && slices.Contains(selects, everyRelation) && !back {
			behind = []string{"*", everyRelation}
		}
		if len(behind) == 0 && !asked || depth == maxDepth {
			continue
		}
		s, err := t.shape(ctx, tx, by, f, behind, depth)
		if err != nil {
			return nil, err
		}
		shapes = append(shapes, s)
	}
	return shapes, nil
}

// behind returns what selects name behind a key, and whether the key itself is
// selected.
func behind(selects []string, key string) (names []string, itself bool) {
	for _, name := range selects {
		if rest, ok := strings.CutPrefix(name, key+"."); ok {
			names = append(names, rest)
		}
		itself = itself || name == key
	}
	return names, itself
}

func (t *Table) shape(ctx context.Context, tx store.Tx, by By, f *field, selects []string, depth int) (*shape, error) {
	s := &shape{link: f.link, key: f.key, ids: len(selects) == 0}
	if *by.shapes++; *by.shapes > maxShapes {
		return nil, &query.Error{Message: "Invalid query: An answer can follow at most " + strconv.Itoa(maxShapes) + " relationships. Select fewer."}
	}
	related, err := t.related(ctx, tx, by, f.link)
	if err != nil || related == nil {
		return s, err
	}
	for _, name := range selects {
		if !related.selectable(name) {
			return nil, &unknownSelect{f.column.Key + "." + name}
		}
	}
	s.table = related
	if !s.ids {
		s.fields = related.selected(selects)
	}
	s.next, err = related.shapes(ctx, tx, by, selects, f.link, depth+1)
	var wrong *unknownSelect
	if errors.As(err, &wrong) {
		return nil, &unknownSelect{f.column.Key + "." + wrong.path}
	}
	return s, err
}

// unknownSelect is a path in a select at whose end there is nothing.
type unknownSelect struct{ path string }

func (e *unknownSelect) Error() string {
	return "Invalid query: Attribute not found in schema: " + e.path
}

// Unwrap makes it an error of queries to who asks.
func (e *unknownSelect) Unwrap() error { return &query.Error{Message: e.Error()} }

// selectable reports whether a name, or what it begins with, can be selected.
func (t *Table) selectable(name string) bool {
	if _, ok := t.rules.Attributes[name]; ok || name == "*" || slices.Contains(t.rules.Selects, name) {
		return true
	}
	for i := range t.fields {
		if f := &t.fields[i]; f.link != nil && strings.HasPrefix(name, f.column.Key+".") {
			return true
		}
	}
	return false
}

// related returns the table at the other side of a link. It is nil for who it is
// switched off for.
func (t *Table) related(ctx context.Context, tx store.Tx, by By, l *link) (related *Table, err error) {
	if by.changing {
		related, err = t.catalog.TableToChange(ctx, tx, l.to)
	} else {
		related, err = t.catalog.Table(ctx, tx, l.to)
	}
	if err != nil {
		return nil, err
	}
	if _, off := related.VisibleTo(by.Actor); off != nil {
		return nil, nil //nolint:nilerr // for this actor there is no such table
	}
	return related, nil
}

// An item is a row on its way out: its JSON as far as it is known, without the
// bracket at its end.
type item struct {
	seq  int64
	json []byte
}

// An expansion adds related rows to rows, one statement for each relationship,
// whatever the number of rows.
type expansion struct {
	tx   store.Tx
	by   By
	rows int
	size int
}

// errTooMuch is the answer to who asks for more than an answer can hold.
func errTooMuch() error {
	return &query.Error{Message: "Invalid query: The related rows are too many for one answer. Select fewer, or set a lower limit."}
}

// add appends to each of the items, which differ, what shapes show of its
// related rows.
func (e *expansion) add(ctx context.Context, items []*item, shapes []*shape) error {
	if len(items) == 0 {
		return nil
	}
	for _, s := range shapes {
		found, err := e.find(ctx, items, s)
		if err != nil {
			return err
		}
		for _, it := range items {
			before := len(it.json)
			it.json = s.append(append(it.json, s.key...), found[it.seq])
			if e.size += len(it.json) - before; e.size > maxExpansion {
				return errTooMuch()
			}
		}
	}
	return nil
}

func (s *shape) append(dst []byte, related []*item) []byte {
	if !s.link.Many() {
		if len(related) == 0 {
			return append(dst, "null"...)
		}
		return append(dst, related[0].json...)
	}
	dst = append(dst, '[')
	for i, r := range related {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, r.json...)
	}
	return append(dst, ']')
}

// find returns the rows that items are related to, complete, by the numbers of
// the items. What the actor may not read is not among them.
func (e *expansion) find(ctx context.Context, items []*item, s *shape) (map[int64][]*item, error) {
	if s.table == nil {
		return nil, nil
	}
	found, different, err := e.read(ctx, items, s)
	if err != nil {
		return nil, fmt.Errorf("read rows of %s: %w", s.link.name, err)
	}
	if s.ids {
		return found, nil
	}
	if err := e.add(ctx, different, s.next); err != nil {
		return nil, err
	}
	for _, it := range different {
		it.json = append(it.json, '}')
	}
	return found, nil
}

func (e *expansion) read(ctx context.Context, items []*item, s *shape) (found map[int64][]*item, different []*item, err error) {
	owners := []byte{'['}
	for i, it := range items {
		if i > 0 {
			owners = append(owners, ',')
		}
		owners = strconv.AppendInt(owners, it.seq, 10)
	}
	d, l := e.tx.Dialect(), s.link
	rows, err := e.tx.Query(ctx, `SELECT `+s.fields.terms(d)+`, l.`+l.own+` FROM `+eachInt(d)+` CROSS JOIN `+d.Name(l.name)+` AS l CROSS JOIN `+
		d.Name(s.table.name)+` AS r CROSS JOIN acl AS a WHERE l.`+l.own+` = j.value AND r.`+d.Name(seqColumn)+` = l.`+l.other+
		` AND a.id = r.`+d.Name(aclColumn)+` ORDER BY r.`+d.Name(seqColumn), string(append(owners, ']')))
	if err != nil {
		return nil, nil, err
	}
	defer done(rows, &err)
	found = make(map[int64][]*item, len(items))
	bySeq := map[int64]*item{}
	ownerAt := fieldsAt + len(s.fields.fields)
	for rows.Next() {
		if !s.table.allows(e.by.Actor, perm.Read, rows.Text(permsAt)) {
			continue
		}
		if e.rows++; e.rows > maxExpanded {
			return nil, nil, errTooMuch()
		}
		seq, owner := rows.Int(seqAt), rows.Int(ownerAt)
		it := bySeq[seq]
		if it == nil {
			if it, err = e.item(rows, s, seq); err != nil {
				return nil, nil, err
			}
			if e.size += len(it.json); e.size > maxExpansion {
				return nil, nil, errTooMuch()
			}
			bySeq[seq] = it
			different = append(different, it)
		}
		found[owner] = append(found[owner], it)
	}
	return found, different, rows.Err()
}

func (e *expansion) item(rows store.Rows, s *shape, seq int64) (*item, error) {
	if s.ids {
		return &item{seq, rawjson.AppendString(nil, rows.Text(idAt))}, nil
	}
	json, err := encoder{s.table, e.by.Form, e.tx}.row(nil, rows, &s.fields)
	if err != nil {
		return nil, err
	}
	return &item{seq, json[:len(json)-1]}, nil
}

// expanded is the row of an item with what shapes show.
func (t *Table) expanded(ctx context.Context, tx store.Tx, by By, seq int64, row []byte, shapes []*shape) ([]byte, error) {
	if len(shapes) == 0 {
		return row, nil
	}
	it := &item{seq, row[:len(row)-1]}
	e := expansion{tx: tx, by: by}
	if err := e.add(ctx, []*item{it}, shapes); err != nil {
		return nil, err
	}
	return append(it.json, '}'), nil
}

// expandedPage is the page of a list with what shapes show.
func (t *Table) expandedPage(ctx context.Context, tx store.Tx, by By, plan *query.Plan, where sqlb.Cond, shapes []*shape) (out []byte, n int64, err error) {
	keys, random, err := t.keys(ctx, tx, plan, where, seqColumn)
	if err != nil {
		return nil, 0, err
	}
	p := t.selected(plan.Selects)
	items, err := t.items(ctx, tx, by, &p, keys, random)
	if err != nil {
		return nil, 0, fmt.Errorf("list rows of %s: %w", t.name, err)
	}
	if plan.Cursor.Before && !random {
		slices.Reverse(items)
	}
	e := expansion{tx: tx, by: by}
	if err := e.add(ctx, items, shapes); err != nil {
		return nil, 0, err
	}
	out = make([]byte, headerSize, headerSize+e.size+256)
	for i, it := range items {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(out, it.json...), '}')
	}
	return out, int64(len(items)), nil
}

func (t *Table) items(ctx context.Context, tx store.Tx, by By, p *projection, keys sqlb.Select, random bool) (items []*item, err error) {
	sql, args := t.selectPage(tx.Dialect(), p, keys, random)
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	e := encoder{t, by.Form, tx}
	for rows.Next() {
		row, err := e.row(nil, rows, p)
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		items = append(items, &item{rows.Int(seqAt), row[:len(row)-1]})
	}
	return items, errors.Join(rows.Err(), rows.Close())
}
