package query_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"moorfast/internal/query"
)

var attributes = func() query.Attributes {
	a := query.System().With(query.Text, "name", "title").With(query.Integer, "age").With(query.Float, "score").
		With(query.Boolean, "done").With(query.Datetime, "birthDay").With(query.Relationship, "author").With(query.Spatial, "place")
	a["actors"] = query.Attribute{Type: query.Text, Array: true}
	a["secret"] = query.Attribute{Type: query.Text, Encrypted: true}
	a["body"] = query.Attribute{Type: query.Text, Fulltext: true}
	a["books"] = query.Attribute{Type: query.Relationship, Virtual: true}
	return a
}()

var rows = query.Rules{Attributes: attributes, Select: true, Selects: []string{"$permissions"}}

func TestPlanRefuses(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat(`"x",`, query.MaxValues+1), ",")
	for _, c := range []struct{ query, want string }{
		{`{"method":`, `Invalid query: Syntax error`},
		{`equal("name", ["a"])`, `Invalid query: Syntax error`},
		{`"equal"`, `Invalid query. Must be an array, got string`},
		{`1`, `Invalid query. Must be an array, got integer`},
		{`1.5`, `Invalid query. Must be an array, got double`},
		{`null`, `Invalid query. Must be an array, got NULL`},
		{`true`, `Invalid query. Must be an array, got boolean`},
		{`[]`, `Invalid query method: `},
		{`{}`, `Invalid query method: `},
		{`{"method":"like","attribute":"name"}`, `Invalid query method: like`},
		{`{"method":"Equal","attribute":"name"}`, `Invalid query method: Equal`},
		{`{"Method":"equal","attribute":"name"}`, `Invalid query method: `},
		{`{"method":1}`, `Invalid query method. Must be a string, got integer`},
		{`{"method":"equal","attribute":["name"]}`, `Invalid query attribute. Must be a string, got array`},
		{`{"method":"equal","attribute":"name","values":"a"}`, `Invalid query values. Must be an array, got string`},
		{`{"method":"or","values":["a","b"]}`, `Invalid query. Must be an array, got string`},

		{`{"method":"equal","attribute":"name","values":[]}`, `Invalid query: Equal queries require at least one value.`},
		{`{"method":"equal","attribute":"name","values":[[]]}`, `Invalid query: Equal queries require at least one value.`},
		{`{"method":"containsAll","attribute":"actors"}`, `Invalid query: ContainsAll queries require at least one value.`},
		{`{"method":"search","attribute":"body","values":["a","b"]}`, `Invalid query: Search queries require exactly one value.`},
		{`{"method":"between","attribute":"age","values":[1]}`, `Invalid query: Between queries require exactly two values.`},
		{`{"method":"and","values":[{"method":"isNull","attribute":"name"}]}`, `Invalid query: And queries require at least two queries`},
		{`{"method":"or","values":[{"method":"isNull","attribute":"name"},{"method":"limit","values":[1]}]}`, `Invalid query: Or queries can only contain filter queries`},
		{`{"method":"or","values":[{"method":"isNull","attribute":"nope"},{"method":"isNull","attribute":"name"}]}`, `Invalid query: Attribute not found in schema: nope`},

		{`{"method":"equal","attribute":"name","values":[` + many + `]}`, `Invalid query: Query on attribute has greater than 500 values: name`},
		{`{"method":"equal","attribute":"nope","values":["a"]}`, `Invalid query: Attribute not found in schema: nope`},
		{`{"method":"equal","attribute":"","values":["a"]}`, `Invalid query: Attribute not found in schema: `},
		{`{"method":"equal","attribute":"secret","values":["a"]}`, `Invalid query: Cannot query encrypted attribute: secret`},
		{`{"method":"equal","attribute":"age","values":["1"]}`, `Invalid query: Query value is invalid for attribute "age"`},
		{`{"method":"equal","attribute":"age","values":[1.5]}`, `Invalid query: Query value is invalid for attribute "age"`},
		{`{"method":"equal","attribute":"name","values":[1]}`, `Invalid query: Query value is invalid for attribute "name"`},
		{`{"method":"equal","attribute":"name","values":[null]}`, `Invalid query: Query value is invalid for attribute "name"`},
		{`{"method":"equal","attribute":"name","values":[{"a":1}]}`, `Invalid query: Query value is invalid for attribute "name"`},
		{`{"method":"equal","attribute":"done","values":["true"]}`, `Invalid query: Query value is invalid for attribute "done"`},
		{`{"method":"equal","attribute":"score","values":[1e999]}`, `Invalid query: Query value is invalid for attribute "score"`},
		{`{"method":"greaterThan","attribute":"birthDay","values":["1960-01-01 10:10:10+02:30:00"]}`, `Invalid query: Query value is invalid for attribute "birthDay"`},
		{`{"method":"search","attribute":"actors","values":["x"]}`, `Invalid query: Cannot query search on attribute "actors" because it is an array.`},
		{`{"method":"equal","attribute":"actors","values":["x"]}`, `Invalid query: Cannot query equal on attribute "actors" because it is an array.`},
		{`{"method":"contains","attribute":"age","values":[1]}`, `Invalid query: Cannot query contains on attribute "age" because it is not an array, string, or object.`},
		{`{"method":"notContains","attribute":"age","values":[1]}`, `Invalid query: Cannot query notContains on attribute "age" because it is not an array, string, or object.`},
		{`{"method":"search","attribute":"name","values":["x"]}`, `Invalid query: Searching by attribute "name" requires a fulltext index.`},
		{`{"method":"crosses","attribute":"name","values":[[1,2]]}`, `Invalid query: Spatial query "crosses" cannot be applied on non-spatial attribute: name`},
		{`{"method":"distanceLessThan","attribute":"place","values":[[[1,2],3]]}`, `Invalid query: Distance query requires [[geometry, distance]] parameters`},
		{`{"method":"equal","attribute":"books","values":["x"]}`, `Invalid query: Cannot query on virtual relationship attribute`},

		{`{"method":"limit","values":[0]}`, `Invalid query: Invalid limit: Value must be a valid range between 1 and 9,223,372,036,854,775,807`},
		{`{"method":"limit","values":[-1]}`, `Invalid query: Invalid limit: Value must be a valid range between 1 and 9,223,372,036,854,775,807`},
		{`{"method":"limit","values":["a"]}`, `Invalid query: Invalid limit: Value must be a valid number`},
		{`{"method":"offset","values":[-1]}`, `Invalid query: Invalid offset: Value must be a valid range between 0 and 9,223,372,036,854,775,807`},
		{`{"method":"cursorAfter","values":["_x"]}`, `Invalid query: Invalid cursor: UID must contain at most 36 chars. Valid chars are a-z, A-Z, 0-9, and underscore. Can't start with a leading underscore`},
		{`{"method":"orderAsc","attribute":"nope"}`, `Invalid query: Attribute not found in schema: nope`},
		{`{"method":"select","values":[]}`, `Invalid query: No attributes selected`},
		{`{"method":"select","values":["name","name"]}`, `Invalid query: Duplicate attributes selected`},
		{`{"method":"select","values":["nope"]}`, `Invalid query: Attribute not found in schema: nope`},
		{`{"method":"select","values":["name.x"]}`, `Invalid query: Attribute not found in schema: name.x`},
	} {
		_, err := rows.Plan([]string{c.query})
		if err == nil || err.Error() != c.want {
			t.Errorf("%.90s\n got %v\nwant %s", c.query, err, c.want)
		}
	}
}

func TestErrorsOfAParameter(t *testing.T) {
	users := query.Rules{Attributes: query.System().With(query.Text, "name")}
	for _, c := range []struct{ query, want string }{
		{`nope`, `Invalid query: Invalid query: Syntax error`},
		{`{"method":"nope"}`, `Invalid query: Invalid query method: nope`},
		{`{"method":"select","values":["name"]}`, `Invalid query method: select`},
		{`{"method":"equal","attribute":"invalidAttribute","values":["x"]}`, `Invalid query: Attribute not found in schema: invalidAttribute`},
	} {
		_, err := users.Plan([]string{c.query})
		var e *query.Error
		if !errors.As(err, &e) || e.InParam() != c.want {
			t.Errorf("%s: got %v, want %s", c.query, err, c.want)
		}
	}
}

func TestFromShorthand(t *testing.T) {
	deep := strings.Repeat(`{"method":"and","values":[`, 1000) + `{"method":"createdBefore","values":["x"]}` + strings.Repeat("]}", 1000)
	for _, c := range []struct{ text, want string }{
		{`{"method":"createdBefore","values":["2026-01-01"]}`, `{"method":"lessThan","attribute":"$createdAt","values":["2026-01-01"]}`},
		{`{"method":"updatedBetween","values":["a","b"]}`, `{"method":"between","attribute":"$updatedAt","values":["a","b"]}`},
		{
			`{"method":"or","values":[{"method":"updatedAfter","values":["a"]},{"method":"isNull","attribute":"created"}]}`,
			`{"method":"or","values":[{"method":"greaterThan","attribute":"$updatedAt","values":["a"]},{"method":"isNull","attribute":"created"}]}`,
		},
		{`{"method":"equal","attribute":"created","values":["createdBefore"]}`, ""},
		{`{"method":"createdBefore","values":"x"}`, ""},
		{`{"method":"createdBefore"`, ""},
		{`["createdBefore"]`, ""},
		{deep, deep},
	} {
		if c.want == "" {
			c.want = c.text
		}
		if got := query.FromShorthand(c.text); got != c.want {
			t.Errorf("%.80s\n got %.200s\nwant %.200s", c.text, got, c.want)
		}
	}
}

func TestWindow(t *testing.T) {
	plan, err := query.Window([]string{`{"method":"limit","values":[2]}`, `{"method":"offset","values":[3]}`})
	if err != nil || plan.Limit != 2 || plan.Offset != 3 {
		t.Errorf("window = %+v, %v", plan, err)
	}
	for _, c := range []struct{ query, want string }{
		{`{"method":"orderAsc","attribute":"name"}`, "Invalid query method: orderAsc"},
		{`{"method":"equal","attribute":"name","values":["a"]}`, "Invalid query method: equal"},
		{`{"method":"cursorAfter","values":["a"]}`, "Invalid query method: cursorAfter"},
		{`{"method":"offset","values":[-1]}`, "Invalid query: Invalid offset: Value must be a valid range between 0 and 9,223,372,036,854,775,807"},
	} {
		if _, err := query.Window([]string{c.query}); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.query, err, c.want)
		}
	}
}

func TestPlan(t *testing.T) {
	got, err := rows.Plan([]string{
		`{"method":"select","values":["name","author.name","$permissions","*"]}`,
		`{"method":"equal","attribute":"name","values":["a","b"]}`,
		`{"method":"or","values":[{"method":"greaterThan","attribute":"score","values":[1]},
			{"method":"and","values":[{"method":"isNull","attribute":"age"},{"method":"between","attribute":"birthDay","values":["2026-01-01","2026-02-01T00:00:00Z"]}]}]}`,
		`{"method":"equal","attribute":"$sequence","values":["7"]}`,
		`{"method":"orderDesc","attribute":"score"}`,
		`{"method":"orderDesc"}`,
		`{"method":"orderRandom"}`,
		`{"method":"limit","values":["10"]}`,
		`{"method":"limit","values":[99]}`,
		`{"method":"offset","values":[5]}`,
		`{"method":"cursorBefore","values":["abc"]}`,
		`{"method":"cursorAfter","values":["def"]}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	day := func(m time.Month) any { return time.Date(2026, m, 1, 0, 0, 0, 0, time.UTC) }
	want := query.Plan{
		Filters: []query.Query{
			{Method: query.Equal, Attribute: "name", Values: []any{"a", "b"}},
			{Method: query.Or, Queries: []query.Query{
				{Method: query.GreaterThan, Attribute: "score", Values: []any{1.0}},
				{Method: query.And, Queries: []query.Query{
					{Method: query.IsNull, Attribute: "age"},
					{Method: query.Between, Attribute: "birthDay", Values: []any{day(1), day(2)}},
				}},
			}},
			{Method: query.Equal, Attribute: "$sequence", Values: []any{int64(7)}},
		},
		Selects: []string{"name", "author.name", "$permissions", "*"},
		Orders:  []query.Order{{Attribute: "score", Desc: true}, {Desc: true}, {Random: true}},
		Limit:   10,
		Offset:  5,
		Cursor:  query.Cursor{ID: "abc", Before: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestPlanOfNothing(t *testing.T) {
	got, err := rows.Plan(nil)
	if err != nil || got.Limit != query.DefaultLimit || got.Offset != 0 || got.Filters != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestBounds(t *testing.T) {
	if _, err := query.Parse(make([]string, query.MaxQueries+1)); err == nil {
		t.Error("too many queries pass")
	}
	if _, err := query.Parse([]string{`{"method":"equal","attribute":"` + strings.Repeat("é", query.MaxLength) + `"}`}); err == nil {
		t.Error("a query that is too long passes")
	}
	nested := `{"method":"isNull","attribute":"name"}`
	for range query.MaxDepth {
		nested = fmt.Sprintf(`{"method":"or","values":[%s]}`, nested)
	}
	if _, err := query.Parse([]string{nested}); err != nil {
		t.Errorf("depth %d: %v", query.MaxDepth, err)
	}
	if _, err := query.Parse([]string{`{"method":"or","values":[` + nested + `]}`}); err == nil {
		t.Errorf("depth %d passes", query.MaxDepth+1)
	}
}

func TestFromLegacy(t *testing.T) {
	for in, want := range map[string]string{
		`equal("name", ["a", "b"])`:           `{"method":"equal","attribute":"name","values":["a","b"]}`,
		`equal("name", "a")`:                  `{"method":"equal","attribute":"name","values":["a"]}`,
		`equal('it\'s', [1, 2.5, true])`:      `{"method":"equal","attribute":"it's","values":[1,2.5,true]}`,
		`between("age", 1, 3)`:                `{"method":"between","attribute":"age","values":[1,3]}`,
		`isNull("name")`:                      `{"method":"isNull","attribute":"name","values":[]}`,
		`orderDesc("")`:                       `{"method":"orderDesc","attribute":"","values":[]}`,
		`orderAsc("$createdAt")`:              `{"method":"orderAsc","attribute":"$createdAt","values":[]}`,
		`limit(25)`:                           `{"method":"limit","values":[25]}`,
		` limit ( 25 )`:                       ` limit ( 25 )`,
		`limit( 25 )`:                         `{"method":"limit","values":[25]}`,
		`cursorAfter("abc")`:                  `{"method":"cursorAfter","values":["abc"]}`,
		`select(["a", "b"])`:                  `{"method":"select","values":["a","b"]}`,
		`search("body", "say \"hi\", (you)")`: `{"method":"search","attribute":"body","values":["say \"hi\", (you)"]}`,
		`nope("x")`:                           `{"method":"nope","values":["x"]}`,
		`{"method":"limit","values":[1]}`:     `{"method":"limit","values":[1]}`,
		`equal("name", [`:                     `equal("name", [`,
		`equal("a" "b")`:                      `equal("a" "b")`,
		`equal("a", b)`:                       `equal("a", b)`,
		``:                                    ``,
	} {
		if got := query.FromLegacy(in); got != want {
			t.Errorf("FromLegacy(%s)\n got %s\nwant %s", in, got, want)
		}
	}
}

// FuzzPlan: no text panics, and a plan that comes out keeps the rules' promises.
func FuzzPlan(f *testing.F) {
	for _, s := range []string{
		`{"method":"equal","attribute":"name","values":["a"]}`,
		`{"method":"or","values":[{"method":"isNull","attribute":"age"},{"method":"lessThan","attribute":"score","values":[1.5]}]}`,
		`{"method":"limit","values":["10"]}`, `{"method":"cursorAfter","values":["a"]}`, `{"method":"select","values":["*"]}`,
		`{"method":"between","attribute":"birthDay","values":["2026-01-01","2026-02-01"]}`, `{"method":1}`, `[`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := rows.Plan([]string{text})
		if err != nil {
			var e *query.Error
			if !errors.As(err, &e) || e.Message == "" {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		if p.Limit < 1 || p.Offset < 0 {
			t.Fatalf("%q: limit %d, offset %d", text, p.Limit, p.Offset)
		}
		for _, q := range p.Filters {
			checkTypes(t, q)
		}
	})
}

// checkTypes fails when a checked filter has a value that its attribute cannot
// be compared with.
func checkTypes(t *testing.T, q query.Query) {
	t.Helper()
	for _, child := range q.Queries {
		checkTypes(t, child)
	}
	a := attributes[q.Attribute]
	for _, v := range q.Values {
		ok := q.Method == query.Exists || q.Method == query.NotExists
		switch v.(type) {
		case string:
			ok = ok || a.Type == query.Text || a.Type == query.Relationship
		case int64:
			ok = a.Type == query.Integer || a.Type == query.Sequence
		case float64:
			ok = a.Type == query.Float
		case bool:
			ok = a.Type == query.Boolean
		case time.Time:
			ok = a.Type == query.Datetime
		case []any:
			ok = a.Type == query.Spatial
		}
		if !ok && !strings.Contains(q.Attribute, ".") {
			t.Fatalf("%s %s has the value %#v", q.Method, q.Attribute, v)
		}
	}
}

// FuzzFromLegacy: what it turns into JSON is JSON.
func FuzzFromLegacy(f *testing.F) {
	for _, s := range []string{`equal("a", ["b", 1, null])`, `limit(1)`, `x('\\')`, `equal("a", +.5)`, `a([[[`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := query.FromLegacy(text)
		if got == text {
			return
		}
		_, err := query.Parse([]string{got})
		if err != nil && strings.Contains(err.Error(), "Syntax error") {
			t.Fatalf("FromLegacy(%q) = %q: %v", text, got, err)
		}
	})
}

func BenchmarkPlan(b *testing.B) {
	texts := []string{
		`{"method":"equal","attribute":"name","values":["a"]}`,
		`{"method":"greaterThan","attribute":"score","values":[10]}`,
		`{"method":"orderDesc","attribute":"score"}`,
		`{"method":"limit","values":[30]}`,
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rows.Plan(texts); err != nil {
			b.Fatal(err)
		}
	}
}
