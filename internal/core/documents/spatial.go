package documents

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"moorfast/internal/query"
	"moorfast/internal/schema"
	"moorfast/internal/spatial"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// Places are kept as JSON, with the box around each beside it. A query finds
// those whose boxes are near enough, and looks at their places one by one: no
// engine has to know what a place is, and every engine says the same.

// maxNear is how many places one query looks at.
const maxNear = 50000

// boxColumns are the store's columns with the box of a column's places: west,
// east, south, north.
func boxColumns(number int64) []string {
	name := columnName(number)
	return []string{name + "w", name + "e", name + "s", name + "n"}
}

// storeColumns are the store's columns of a column, with their types.
func storeColumns(d sqlb.Dialect, c *Column) []string {
	if c.Type == schema.Relationship {
		return nil
	}
	list := []string{columnDDL(d, c)}
	if c.Type.IsSpatial() {
		for _, name := range boxColumns(c.Number) {
			list = append(list, d.Name(name)+` `+d.Real())
		}
	}
	return list
}

// addStoreColumns makes the store's columns of a column that is new.
func (t *Table) addStoreColumns(ctx context.Context, tx store.Tx, c *Column) error {
	d := tx.Dialect()
	for _, ddl := range storeColumns(d, c) {
		if _, err := tx.Exec(ctx, `ALTER TABLE `+d.Name(t.name)+` ADD COLUMN `+ddl); err != nil {
			return err
		}
	}
	return nil
}

// dropStoreColumns removes the store's columns of a column.
func (t *Table) dropStoreColumns(ctx context.Context, tx store.Tx, c *Column) error {
	names := []string{columnName(c.Number)}
	if c.Type.IsSpatial() {
		names = append(names, boxColumns(c.Number)...)
	}
	d := tx.Dialect()
	for _, name := range names {
		if _, err := tx.Exec(ctx, `ALTER TABLE `+d.Name(t.name)+` DROP COLUMN `+d.Name(name)); err != nil {
			return err
		}
	}
	return nil
}

// columns are the store's columns of a field.
func (f *field) columns() []string {
	if f.form == asLinks {
		return nil
	}
	if f.hash != "" {
		return []string{f.name, f.hash}
	}
	return append([]string{f.name}, f.box...)
}

// store appends a checked value as the store's columns of the field have it.
func (f *field) store(args []any, v any) []any {
	if h, ok := v.(hashed); ok {
		return append(args, h.sealed, h.hash)
	}
	if f.box == nil {
		if args = append(args, v); f.hash != "" { // there is no text
			args = append(args, nil)
		}
		return args
	}
	s, ok := v.(spatial.Shape)
	if !ok {
		return append(args, nil, nil, nil, nil, nil)
	}
	return append(args, s.Text, s.Box.West, s.Box.East, s.Box.South, s.Box.North)
}

// assign is the change of a value, with what is kept beside it.
func (f *field) assign(set []sqlb.Assign, v any) []sqlb.Assign {
	if f.box == nil && f.hash == "" {
		return append(set, sqlb.Set(f.name, v))
	}
	names := f.columns()
	for i, stored := range f.store(nil, v) {
		set = append(set, sqlb.Set(names[i], stored))
	}
	return set
}

// boxTerms are the terms of the store's index for a spatial one.
func boxTerms(d sqlb.Dialect, t *Table, ix *Index) string {
	i, _ := t.Schema.Position(ix.Columns[0])
	names := append([]string(nil), t.fields[i].box...)
	for j, name := range names {
		names[j] = d.Name(name)
	}
	return `(` + strings.Join(names, `, `) + `, ` + d.Name(seqColumn) + `)`
}

// relations are the methods that compare places, with whether they hold where
// the relation does not.
var relations = map[query.Method]struct {
	is  spatial.Relation
	not bool
}{
	query.Equal: {spatial.Equals, false}, query.NotEqual: {spatial.Equals, true},
	query.Contains: {spatial.Contains, false}, query.NotContains: {spatial.Contains, true},
	query.Crosses: {spatial.Crosses, false}, query.NotCrosses: {spatial.Crosses, true},
	query.Intersects: {spatial.Intersects, false}, query.NotIntersects: {spatial.Intersects, true},
	query.Overlaps: {spatial.Overlaps, false}, query.NotOverlaps: {spatial.Overlaps, true},
	query.Touches: {spatial.Touches, false}, query.NotTouches: {spatial.Touches, true},
}

// A nearness is what a query asks of places: of those within a box whether they
// hold. The others do not.
type nearness struct {
	box   spatial.Box
	holds func(spatial.Place) (bool, error)
	not   bool
}

// located is the rows that a query about places was answered with. It stands in
// for the values of the query.
type located struct {
	rows string // their numbers, in JSON
	not  bool   // it is all others that have a place
}

// resolveFilters answers the filters about places, and hashes what those compare
// that ask for sealed texts, so that they are conditions like every other.
func (t *Table) resolveFilters(ctx context.Context, tx store.Tx, filters []query.Query) error {
	for i := range filters {
		q := &filters[i]
		if len(q.Queries) > 0 {
			if err := t.resolveFilters(ctx, tx, q.Queries); err != nil {
				return err
			}
			continue
		}
		at, key := t, q.Attribute
		for s, rest := at.stepOf(key); s != nil; s, rest = at.stepOf(key) {
			at, key = s.table, rest
		}
		position, ok := at.Schema.Position(key)
		if !ok {
			continue
		}
		switch f := &at.fields[position]; {
		case f.hash != "":
			if err := at.hashValues(tx, f, q); err != nil {
				return err
			}
		case f.box != nil && q.Method != query.IsNull && q.Method != query.IsNotNull:
			if err := at.locate(ctx, tx, f, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// locate answers a filter about places.
func (t *Table) locate(ctx context.Context, tx store.Tx, f *field, q *query.Query) error {
	n, err := ask(q)
	if err != nil {
		return err
	}
	rows, err := t.near(ctx, tx, f, n)
	if err != nil {
		return err
	}
	q.Values = []any{located{rows, n.not}}
	return nil
}

func refusePlace(q *query.Query, problem string) error {
	return &query.Error{Message: `Invalid query: Query value is invalid for attribute "` + q.Attribute + `": ` + problem}
}

// ask reads what a query asks.
func ask(q *query.Query) (n nearness, err error) {
	if r, ok := relations[q.Method]; ok {
		if len(q.Values) != 1 {
			return n, refusePlace(q, "it takes one place")
		}
		shape, to, err := readPlace(q, q.Values[0])
		n = nearness{shape.Box, func(p spatial.Place) (bool, error) { return p.Lies(r.is, to) }, r.not}
		return n, err
	}
	list, _ := first(q.Values).([]any)
	if len(list) != 3 {
		return n, &query.Error{Message: "Invalid query: The method " + string(q.Method) + " does not compare places."}
	}
	shape, to, err := readPlace(q, list[0])
	if err != nil {
		return n, err
	}
	limit, ok := list[1].(float64)
	if whole, isInt := list[1].(int64); isInt {
		limit, ok = float64(whole), true
	}
	meters, isBool := list[2].(bool)
	if !ok || !isBool || limit < 0 || math.IsInf(limit, 0) {
		return n, refusePlace(q, "a distance is a number that is not negative, and whether it is in meters")
	}
	n.box = shape.Within(limit, meters)
	compare := func(d float64) bool { return d == limit }
	switch q.Method {
	case query.DistanceNotEqual:
		n.not = true
	case query.DistanceLessThan:
		compare = func(d float64) bool { return d < limit }
	case query.DistanceGreaterThan:
		compare, n.not = func(d float64) bool { return d <= limit }, true
	}
	n.holds = func(p spatial.Place) (bool, error) {
		d, err := p.Distance(to, meters)
		return compare(d), err
	}
	return n, nil
}

func first(values []any) any {
	if len(values) == 0 {
		return nil
	}
	return values[0]
}

func readPlace(q *query.Query, v any) (spatial.Shape, spatial.Place, error) {
	raw, err := json.Marshal(v)
	if err != nil { // an infinite number
		return spatial.Shape{}, spatial.Place{}, refusePlace(q, "a number is too large")
	}
	shape, problem := spatial.ParseAny(raw)
	if problem != "" {
		return shape, spatial.Place{}, refusePlace(q, problem)
	}
	to, err := shape.Place()
	return shape, to, err
}

// near returns the numbers of the rows whose places are what is asked for, as
// JSON.
func (t *Table) near(ctx context.Context, tx store.Tx, f *field, n nearness) (string, error) {
	d := tx.Dialect()
	box := make([]string, len(f.box))
	for i, name := range f.box {
		box[i] = d.Name(name)
	}
	rows, err := tx.Query(ctx, `SELECT `+d.Name(seqColumn)+`, `+d.Name(f.name)+` FROM `+d.Name(t.name)+
		` WHERE `+box[0]+` <= ? AND `+box[1]+` >= ? AND `+box[2]+` <= ? AND `+box[3]+` >= ?`+bounds(maxNear+1, 0),
		n.box.East, n.box.West, n.box.North, n.box.South)
	if err != nil {
		return "", fmt.Errorf("find places of %s: %w", t.name, err)
	}
	list, err := n.among(rows, placeKinds[f.column.Type])
	if err = errors.Join(err, rows.Close()); errors.Is(err, spatial.ErrWinding) {
		err = &query.Error{Message: "Invalid query: " + spatial.ErrWinding.Error()}
	}
	return list, err
}

func (n nearness) among(rows store.Rows, kind spatial.Kind) (string, error) {
	list := []byte{'['}
	seen := 0
	for ; rows.Next(); seen++ {
		if seen == maxNear {
			return "", &query.Error{Message: "Invalid query: More than " + strconv.Itoa(maxNear) + " places are near enough to be looked at. Ask for a smaller area."}
		}
		p, err := spatial.Stored(string(rows.Text(1)), kind)
		if err != nil {
			return "", err
		}
		holds, err := n.holds(p)
		if err != nil {
			return "", err
		}
		if !holds {
			continue
		}
		if len(list) > 1 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, rows.Int(0), 10)
	}
	return string(append(list, ']')), rows.Err()
}

var placeKinds = map[schema.Type]spatial.Kind{schema.Point: spatial.Point, schema.Line: spatial.Line, schema.Polygon: spatial.Polygon}

// condition holds for the rows that were found.
func (l located) condition(d sqlb.Dialect, column string) sqlb.Cond {
	in := d.Name(seqColumn) + ` IN (SELECT j.value FROM ` + eachInt(d) + `)`
	if l.not {
		return sqlb.Raw(d.Name(column)+` IS NOT NULL AND NOT `+in, l.rows)
	}
	return sqlb.Raw(in, l.rows)
}
