package documents_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"moorfast/internal/core/documents"
	"moorfast/internal/identity"
	"moorfast/internal/schema"
)

// A model is a table in memory, which is asked the slow way: each row, one after
// the other.
type model struct {
	*rand.Rand
	columns []schema.Column
	rows    []modelRow
}

type modelRow struct {
	id      string
	seq     int
	values  map[string]any // nil, string, int, float64, bool, time.Time, or []any
	readers []string
}

// A filter is a query, and what the model makes of it.
type filter struct {
	query any
	holds func(modelRow) bool
}

var (
	modelTexts = []string{"a", "A", "ab", "AB", "b", "É", "é", "100%", "a_b", "Zz", "z", `q"\`}
	modelRoles = []string{"any", "users", "guests", "user:u0", "user:u1", "team:a", "label:x"}
	modelStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// value makes one of few values of a type, so that rows and queries meet.
func (m *model) value(t schema.Type) any {
	switch t {
	case schema.Integer:
		return pick(m.Rand, -9007199254740993, -2, -1, 0, 1, 2, 3, 9007199254740993)
	case schema.Float:
		return pick(m.Rand, -1.5, 0, 0.5, 2, 1e10)
	case schema.Boolean:
		return m.IntN(2) == 0
	case schema.Datetime:
		return modelStart.Add(time.Duration(m.IntN(5)) * time.Hour)
	}
	return pick(m.Rand, modelTexts...)
}

func (m *model) cell(c *schema.Column) any {
	if m.IntN(5) == 0 {
		return nil
	}
	if !c.Array {
		return m.value(c.Type)
	}
	list := []any{}
	for range m.IntN(4) {
		list = append(list, m.value(c.Type))
	}
	return list
}

// compareValues orders two values of a type as queries do: only ASCII has no case.
func compareValues(a, b any) int {
	switch a := a.(type) {
	case string:
		return cmp.Compare(asciiLower(a), asciiLower(b.(string)))
	case int:
		return cmp.Compare(a, b.(int))
	case float64:
		return cmp.Compare(a, b.(float64))
	case time.Time:
		return a.Compare(b.(time.Time))
	case bool:
		if a == b {
			return 0
		} else if a {
			return 1
		}
		return -1
	}
	panic(fmt.Sprintf("no order of %T", a))
}

func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// filter makes a query of any method that a column takes, or of several.
func (m *model) filter(depth int) filter {
	if depth > 0 && m.IntN(4) == 0 {
		a, b := m.filter(depth-1), m.filter(depth-1)
		if m.IntN(2) == 0 {
			return filter{object("or", "", a.query, b.query), func(r modelRow) bool { return a.holds(r) || b.holds(r) }}
		}
		return filter{object("and", "", a.query, b.query), func(r modelRow) bool { return a.holds(r) && b.holds(r) }}
	}
	c := &m.columns[m.IntN(len(m.columns))]
	methods := modelMethods(c)
	return m.method(c, methods[m.IntN(len(methods))])
}

// modelMethods are the methods of queries that a column takes.
func modelMethods(c *schema.Column) []string {
	if c.Encrypt {
		return []string{"equal", "notEqual"}
	}
	list := []string{"isNull", "isNotNull", "exists", "notExists"}
	switch {
	case c.Array:
		return append(list, "contains", "containsAny", "containsAll", "notContains")
	case c.Type == schema.Boolean:
		return append(list, "equal", "notEqual")
	}
	list = append(list, "equal", "notEqual", "lessThan", "lessThanEqual", "greaterThan", "greaterThanEqual", "between", "notBetween")
	if c.Type.IsText() {
		list = append(list, "startsWith", "notStartsWith", "endsWith", "notEndsWith", "contains", "notContains", "containsAny", "containsAll")
	}
	return list
}

func object(method, attribute string, values ...any) map[string]any {
	return map[string]any{"method": method, "attribute": attribute, "values": append([]any{}, values...)}
}

func (m *model) method(c *schema.Column, method string) filter {
	v, w := m.value(c.Type), m.value(c.Type)
	there := func(holds func(any) bool) func(modelRow) bool {
		return func(r modelRow) bool { return r.values[c.Key] != nil && holds(r.values[c.Key]) }
	}
	switch method {
	case "isNull":
		return filter{object(method, c.Key), func(r modelRow) bool { return r.values[c.Key] == nil }}
	case "isNotNull":
		return filter{object(method, c.Key), func(r modelRow) bool { return r.values[c.Key] != nil }}
	case "exists":
		return filter{object(method, "", c.Key), func(r modelRow) bool { return r.values[c.Key] != nil }}
	case "notExists":
		return filter{object(method, "", c.Key), func(r modelRow) bool { return r.values[c.Key] == nil }}
	case "equal":
		return filter{object(method, c.Key, v, w), there(func(x any) bool { return compareValues(x, v) == 0 || compareValues(x, w) == 0 })}
	case "between", "notBetween":
		inside := method == "between"
		return filter{object(method, c.Key, v, w), there(func(x any) bool { return (compareValues(x, v) >= 0 && compareValues(x, w) <= 0) == inside })}
	}
	if holds := modelCompares[method]; holds != nil {
		return filter{object(method, c.Key, v), there(func(x any) bool { return holds(compareValues(x, v)) })}
	}
	in := memberOf
	if !c.Array {
		in = partOf(method)
	}
	switch method {
	case "contains", "containsAny":
		return filter{object(method, c.Key, v, w), there(func(x any) bool { return in(x, v) || in(x, w) })}
	case "containsAll":
		return filter{object(method, c.Key, v, w), there(func(x any) bool { return in(x, v) && in(x, w) })}
	case "notContains":
		return filter{object(method, c.Key, v, w), there(func(x any) bool { return !in(x, v) && !in(x, w) })}
	case "notStartsWith", "notEndsWith":
		return filter{object(method, c.Key, v), there(func(x any) bool { return !in(x, v) })}
	}
	return filter{object(method, c.Key, v), there(func(x any) bool { return in(x, v) })}
}

var modelCompares = map[string]func(int) bool{
	"notEqual": func(n int) bool { return n != 0 }, "lessThan": func(n int) bool { return n < 0 }, "lessThanEqual": func(n int) bool { return n <= 0 },
	"greaterThan": func(n int) bool { return n > 0 }, "greaterThanEqual": func(n int) bool { return n >= 0 },
}

func memberOf(list, v any) bool { return slices.Contains(list.([]any), v) }

func partOf(method string) func(x, v any) bool {
	test := strings.Contains
	switch strings.ToLower(strings.TrimPrefix(method, "not")) {
	case "startswith":
		test = strings.HasPrefix
	case "endswith":
		test = strings.HasSuffix
	}
	return func(x, v any) bool { return test(asciiLower(x.(string)), asciiLower(v.(string))) }
}

// fill makes a table with random columns, indexes and rows, in the store and in
// the model.
func (m *model) fill(b *bench, rows int) documents.Ref {
	b.Helper()
	for i, kind := range []string{"string", "integer", "float", "boolean", "datetime", "string", "integer", "datetime", "boolean", "float"} {
		if i < 5 || m.IntN(2) == 0 {
			c := column(fmt.Sprintf("k%d:%s", i, kind))
			c.Array = i >= 5
			m.columns = append(m.columns, c)
		}
	}
	var indexes []schema.Index
	for i := range m.IntN(4) {
		first, second := m.IntN(5), m.IntN(5)
		ix := schema.Index{Key: fmt.Sprint("i", i), Type: schema.KeyIndex, Columns: []string{m.columns[first].Key}, Orders: []string{pick(m.Rand, "ASC", "DESC")}}
		if second != first {
			ix.Columns, ix.Orders = append(ix.Columns, m.columns[second].Key), append(ix.Orders, pick(m.Rand, "ASC", "DESC"))
		}
		indexes = append(indexes, ix)
	}
	sealed := column("sealed:string", func(c *schema.Column) { c.Encrypt = true })
	m.columns = append(m.columns, sealed)
	indexes = append(indexes, schema.Index{Key: "blind", Type: schema.KeyIndex, Columns: []string{"sealed", m.columns[m.IntN(5)].Key}})
	b.catalog.AllowBlindIndexes(true)
	ref := b.table(documents.NewTable{RowSecurity: true, Columns: m.columns, Indexes: indexes})
	for i := range rows {
		r := modelRow{id: fmt.Sprint("r", i), seq: i, values: map[string]any{}}
		for j := range m.columns {
			r.values[m.columns[j].Key] = m.cell(&m.columns[j])
		}
		var permissions []string
		for range m.IntN(3) {
			role := pick(m.Rand, modelRoles...)
			r.readers = append(r.readers, role)
			permissions = append(permissions, `read("`+role+`")`)
		}
		data, err := json.Marshal(r.values)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := b.create(ref, server, r.id, string(data), rowPermissions(permissions...)); err != nil {
			b.Fatalf("%s: %v", data, err)
		}
		m.rows = append(m.rows, r)
	}
	return ref
}

func (m *model) list(actor *identity.Actor, filters []filter, orders []string, descends []bool) (ids []string) {
	var found []modelRow
	for _, r := range m.rows {
		reads := actor.Server() || slices.ContainsFunc(r.readers, func(role string) bool { return slices.Contains(actor.Roles, role) })
		if reads && !slices.ContainsFunc(filters, func(f filter) bool { return !f.holds(r) }) {
			found = append(found, r)
		}
	}
	slices.SortStableFunc(found, func(a, b modelRow) int {
		for i, key := range orders {
			x, y, n := a.values[key], b.values[key], 0
			switch {
			case x == nil && y == nil:
			case x == nil:
				n = -1
			case y == nil:
				n = 1
			default:
				n = compareValues(x, y)
			}
			if descends[i] {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return a.seq - b.seq
	})
	for _, r := range found {
		ids = append(ids, r.id)
	}
	return ids
}

// TestTablesAgreeWithAModel asks random questions of random tables. Whoever
// changes the seed finds other ones.
func TestTablesAgreeWithAModel(t *testing.T) {
	tables, questions := uint64(4), 150
	if testing.Short() || onPostgres {
		tables, questions = 2, 100
	}
	for seed := range tables {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			m := &model{Rand: rand.New(rand.NewPCG(seed, 9))}
			b := newBench(t)
			ref := m.fill(b, 60)
			actors := []*identity.Actor{server, guest, user("u0"), user("u1", "team:a"), user("u2", "label:x", "team:a")}
			for range questions {
				var filters []filter
				var queries, orders []string
				var descends []bool
				for range m.IntN(3) {
					f := m.filter(2)
					text, err := json.Marshal(f.query)
					if err != nil {
						t.Fatal(err)
					}
					filters, queries = append(filters, f), append(queries, string(text))
				}
				for _, i := range m.Perm(5)[:m.IntN(3)] {
					desc := m.IntN(2) == 0
					orders, descends = append(orders, m.columns[i].Key), append(descends, desc)
					queries = append(queries, q(map[bool]string{true: "orderDesc", false: "orderAsc"}[desc], m.columns[i].Key))
				}
				actor := pick(m.Rand, actors...)
				want := m.list(actor, filters, orders, descends)
				limit, offset := 1+m.IntN(70), m.IntN(5)
				page := want[min(offset, len(want)):min(offset+limit, len(want))]
				p, err := b.list(ref, actor, append(queries, q("limit", "", limit), q("offset", "", offset))...)
				if err != nil || p.ids() != strings.Join(page, " ") || p.Total != len(want) {
					t.Fatalf("%v of %v, limit %d offset %d:\n got %s of %d, %v\nwant %s of %d", queries, actor.Roles, limit, offset, p.ids(), p.Total, err, strings.Join(page, " "), len(want))
				}
			}
		})
	}
}

// TestEveryMethodAgreesWithAModelOnEveryType goes through all methods of queries
// with all types of columns.
func TestEveryMethodAgreesWithAModelOnEveryType(t *testing.T) {
	m := &model{Rand: rand.New(rand.NewPCG(1, 9))}
	b := newBench(t)
	ref := m.fill(b, 80)
	for i := range m.columns {
		c := &m.columns[i]
		for _, method := range modelMethods(c) {
			for range 5 {
				f := m.method(c, method)
				text, err := json.Marshal(f.query)
				if err != nil {
					t.Fatal(err)
				}
				want := strings.Join(m.list(server, []filter{f}, nil, nil), " ")
				if p, err := b.list(ref, server, string(text), q("limit", "", 100)); err != nil || p.ids() != want {
					t.Errorf("%s (%s, array %v):\n got %s, %v\nwant %s", text, c.Type, c.Array, p.ids(), err, want)
				}
			}
		}
	}
}
