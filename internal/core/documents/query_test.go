package documents_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"moorfast/internal/core/documents"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// fruits makes rows a to f, one of them full of nulls.
func fruits(b *bench) documents.Ref {
	b.Helper()
	ref := b.table(documents.NewTable{
		Columns: []schema.Column{
			column("name:string"), column("n:integer"), column("x:float"), column("ok:boolean"), column("at:datetime"),
			column("tags:string", array), column("ints:integer", array), column("ats:datetime", array), column("oks:boolean", array),
		},
		Indexes: []schema.Index{
			{Key: "name", Type: schema.KeyIndex, Columns: []string{"name", "n"}},
			{Key: "n", Type: schema.KeyIndex, Columns: []string{"n"}, Orders: []string{"DESC"}},
		},
	})
	for i, data := range []string{
		`{"name":"Apple","n":1,"x":1.5,"ok":true,"at":"2026-01-01T00:00:00Z","tags":["red","Green"],"ints":[1,2],"ats":["2026-01-01"],"oks":[true]}`,
		`{"name":"apricot","n":2,"x":-1,"ok":false,"at":"2026-02-01T00:00:00Z","tags":["orange"],"ints":[2,3],"oks":[false]}`,
		`{"name":"BANANA","n":3,"x":0,"ok":true,"at":"2026-03-01T00:00:00Z","tags":[],"ints":[]}`,
		`{"name":"100%_pure","n":3,"x":2.5,"ok":false,"at":"2026-04-01T00:00:00Z","tags":["a\"b"],"ints":[5]}`,
		`{"name":"Éclair","n":-5,"x":1e10,"ok":true,"at":"1999-12-31T23:59:59.999Z","tags":["red","green","blue"],"ints":[1,2,3]}`,
		`{"name":null}`,
	} {
		b.now = start.Add(time.Duration(i) * time.Minute)
		if _, err := b.create(ref, server, string(rune('a'+i)), data, nil); err != nil {
			b.Fatal(err)
		}
	}
	return ref
}

func TestFilters(t *testing.T) {
	b := newBench(t)
	ref := fruits(b)
	for _, c := range []struct {
		query, want string
	}{
		{q("equal", "name", "APPLE"), "a"},
		{q("equal", "name", "apple", "banana", "none"), "a c"},
		{q("equal", "name", "éclair"), ""}, // only ASCII letters have no case
		{q("notEqual", "name", "apple"), "b c d e"},
		{q("equal", "n", 3), "c d"},
		{q("equal", "n", 1, 2), "a b"},
		{q("equal", "x", 0), "c"},
		{q("equal", "ok", true), "a c e"},
		{q("notEqual", "ok", true), "b d"},
		{q("equal", "at", "2026-02-01T01:00:00+01:00"), "b"},
		{q("lessThan", "n", 2), "a e"},
		{q("lessThanEqual", "n", 2), "a b e"},
		{q("greaterThan", "x", 1.5), "d e"},
		{q("greaterThanEqual", "x", 1.5), "a d e"},
		{q("greaterThan", "name", "apple"), "b c e"},
		{q("between", "n", 2, 3), "b c d"},
		{q("notBetween", "n", 2, 3), "a e"},
		{q("between", "at", "2026-01-01", "2026-03-01"), "a b c"},
		{q("isNull", "name"), "f"},
		{q("isNotNull", "tags"), "a b c d e"},
		{q("exists", "", "name", "n"), "a b c d e"},
		{q("notExists", "", "name"), "f"},
		{q("startsWith", "name", "AP"), "a b"},
		{q("notStartsWith", "name", "ap"), "c d e"},
		{q("startsWith", "name", "100%_"), "d"},
		{q("startsWith", "name", ""), "a b c d e"},
		{q("endsWith", "name", "AN"), ""},
		{q("endsWith", "name", "ana"), "c"},
		{q("notEndsWith", "name", "ana"), "a b d e"},
		{q("contains", "name", "AN"), "c"},
		{q("contains", "name", "%_", "pp"), "a d"},
		{q("containsAny", "name", "ric", "ana"), "b c"},
		{q("containsAll", "name", "a", "pp"), "a"},
		{q("notContains", "name", "a"), "d"},
		{q("contains", "name", "_"), "d"},

		{q("contains", "tags", "red"), "a e"},
		{q("contains", "tags", "RED"), ""},
		{q("containsAny", "tags", "orange", `a"b`), "b d"},
		{q("containsAll", "tags", "red", "blue"), "e"},
		{q("notContains", "tags", "red"), "b c d"},
		{q("contains", "ints", 3), "b e"},
		{q("containsAll", "ints", 1, 2), "a e"},
		{q("notContains", "ints", 1, 5), "b c"},
		{q("contains", "ats", "2026-01-01T00:00:00Z"), "a"},
		{q("contains", "oks", true), "a"},
		{q("isNull", "ints"), "f"},

		{q("equal", "$id", "c"), "c"},
		{q("equal", "$id", "C"), ""},
		{q("equal", "$sequence", "2", "3"), "b c"},
		{q("greaterThan", "$createdAt", "2026-11-23T10:03:00.000+00:00"), "e f"},
		{q("lessThanEqual", "$updatedAt", "2026-11-23T10:01:00.000+00:00"), "a b"},

		{q("or", "", map[string]any{"method": "equal", "attribute": "n", "values": []any{1}},
			map[string]any{"method": "and", "values": []any{
				map[string]any{"method": "equal", "attribute": "n", "values": []any{3}},
				map[string]any{"method": "equal", "attribute": "ok", "values": []any{false}},
			}}), "a d"},
	} {
		p, err := b.list(ref, server, c.query)
		if err != nil || p.ids() != c.want || p.Total != len(p.Rows) {
			t.Errorf("%s: got %q of %d, %v, want %q", c.query, p.ids(), p.Total, err, c.want)
		}
	}
	p, err := b.list(ref, server, q("equal", "ok", true), q("greaterThan", "n", 0))
	if err != nil || p.ids() != "a c" {
		t.Errorf("two filters: %q, %v", p.ids(), err)
	}
}

func TestOrders(t *testing.T) {
	b := newBench(t)
	ref := fruits(b)
	for _, c := range []struct {
		want    string
		queries []string
	}{
		{"a b c d e f", nil},
		{"f e d c b a", []string{q("orderDesc", "")}},
		{"a b c d e f", []string{q("orderAsc", "$id")}},
		{"f e d c b a", []string{q("orderDesc", "$sequence")}},
		{"f e d c b a", []string{q("orderDesc", "$createdAt")}},
		{"f d a b c e", []string{q("orderAsc", "name")}},
		{"e c b a d f", []string{q("orderDesc", "name")}},
		{"f e a b c d", []string{q("orderAsc", "n")}},
		{"c d b a e f", []string{q("orderDesc", "n")}},
		{"d c b a e f", []string{q("orderDesc", "n"), q("orderDesc", "$sequence")}},
		{"f b d e a c", []string{q("orderAsc", "ok"), q("orderAsc", "n")}},
		{"b c", []string{q("limit", "", 2), q("offset", "", 1)}},
		{"e f", []string{q("offset", "", 4)}},
		{"", []string{q("offset", "", 40)}},
	} {
		p, err := b.list(ref, server, c.queries...)
		if err != nil || p.ids() != c.want || p.Total != 6 {
			t.Errorf("%v: got %q of %d, %v, want %q", c.queries, p.ids(), p.Total, err, c.want)
		}
	}
	p, err := b.list(ref, server, q("orderRandom", ""), q("limit", "", 4))
	if err != nil || len(p.Rows) != 4 {
		t.Errorf("random: %q, %v", p.ids(), err)
	}
}

func TestCursorErrors(t *testing.T) {
	b := newBench(t)
	ref := fruits(b)
	_, err := b.list(ref, server, q("cursorAfter", "", "nope"))
	wantKind(t, err, documents.NoCursor)
	_, err = b.list(ref, server, q("cursorAfter", "", "f"), q("orderAsc", "name"))
	wantKind(t, err, documents.NullInOrder)
}

// TestPagesAreTheWholeList goes through a list in pages, forwards and back, and
// by offset, in many orders and with filters, and must meet every row once.
func TestPagesAreTheWholeList(t *testing.T) {
	b := newBench(t)
	ref := b.table(documents.NewTable{
		Columns: []schema.Column{column("name:string", required), column("n:integer", required)},
		Indexes: []schema.Index{{Key: "both", Type: schema.KeyIndex, Columns: []string{"n", "name"}, Orders: []string{"DESC", "ASC"}}},
	})
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 60 {
		b.now = start.Add(time.Duration(rnd.IntN(10)) * time.Second)
		data := fmt.Sprintf(`{"name":"%c%s","n":%d}`, 'a'+rnd.IntN(3), strings.Repeat("X", rnd.IntN(2)), rnd.IntN(5))
		if _, err := b.create(ref, server, fmt.Sprintf("id%02d", i), data, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, queries := range [][]string{
		nil,
		{q("orderDesc", "")},
		{q("orderAsc", "name")},
		{q("orderDesc", "n")},
		{q("orderDesc", "n"), q("orderAsc", "name")},
		{q("orderAsc", "name"), q("orderDesc", "$createdAt")},
		{q("orderDesc", "$updatedAt")},
		{q("orderDesc", "$id"), q("greaterThan", "n", 1)},
		{q("orderAsc", "n"), q("startsWith", "name", "A")},
	} {
		all, err := b.list(ref, server, append([]string{q("limit", "", 100)}, queries...)...)
		if err != nil {
			t.Fatal(err)
		}
		pages := map[string]string{
			"forwards":  b.pages(ref, queries, "cursorAfter"),
			"backwards": b.pages(ref, queries, "cursorBefore"),
		}
		for how, got := range pages {
			if got != all.ids() || all.Total != len(all.Rows) {
				t.Errorf("%v %s:\n got %s\nwant %s", queries, how, got, all.ids())
			}
		}
	}
}

// pages walks a list in pages of 7, from the first row or from the last.
func (b *bench) pages(ref documents.Ref, queries []string, method string) string {
	b.Helper()
	all, err := b.list(ref, server, append([]string{q("limit", "", 100)}, queries...)...)
	if err != nil {
		b.Fatal(err)
	}
	rows := all.Rows
	ids := []string{rows[0]["$id"].(string)}
	if method == "cursorBefore" {
		ids = []string{rows[len(rows)-1]["$id"].(string)}
	}
	for {
		last := ids[len(ids)-1]
		if method == "cursorBefore" {
			last = ids[0]
		}
		p, err := b.list(ref, server, append([]string{q("limit", "", 7), q(method, "", last)}, queries...)...)
		if err != nil {
			b.Fatal(err)
		}
		if len(p.Rows) == 0 {
			return strings.Join(ids, " ")
		}
		page := strings.Split(p.ids(), " ")
		if method == "cursorBefore" {
			ids = append(page, ids...)
		} else {
			ids = append(ids, page...)
		}
	}
}

func TestTotalStopsAt5000(t *testing.T) {
	b := newBench(t)
	ref := b.table(documents.NewTable{Columns: []schema.Column{column("n:integer")}})
	b.write(func(ctx context.Context, tx store.Tx) error {
		t, err := b.catalog.TableToChange(ctx, tx, ref)
		for i := 0; err == nil && i < 5002; i++ {
			_, err = t.Create(ctx, tx, b.by(server), documents.Row{ID: fmt.Sprint("r", i), Data: []byte(`{"n":1}`)})
		}
		return err
	})
	for _, queries := range [][]string{nil, {q("equal", "n", 1)}} {
		p, err := b.list(ref, server, queries...)
		if err != nil || p.Total != 5000 || len(p.Rows) != 25 {
			t.Errorf("%v: %d of %d, %v", queries, len(p.Rows), p.Total, err)
		}
	}
	b.view(func(ctx context.Context, tx store.Tx) error {
		table, err := b.catalog.Table(ctx, tx, ref)
		if err != nil {
			return err
		}
		out, err := table.List(ctx, tx, b.by(server), nil, false)
		if !strings.HasPrefix(string(out), `{"total":0,"rows":[{`) {
			t.Errorf("without a total: %.40s", out)
		}
		return err
	})
}

func sorted(s string) string {
	ids := strings.Fields(s)
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

// TestTotalsFollowChanges counts what a filter finds between changes: a total
// that is held must not outlive what it counted.
func TestTotalsFollowChanges(t *testing.T) {
	b := newBench(t)
	ref := fruits(b)
	filter := []string{q("equal", "ok", true), q("limit", "", 1)}
	want := func(total int) {
		t.Helper()
		for range 2 {
			if p, err := b.list(ref, server, filter...); err != nil || p.Total != total {
				t.Errorf("got a total of %d, %v, want %d", p.Total, err, total)
			}
		}
	}
	want(3)
	if _, err := b.update(ref, server, "a", `{"ok":false}`, nil); err != nil {
		t.Fatal(err)
	}
	want(2)
	if _, err := b.create(ref, server, "g", `{"ok":true}`, nil); err != nil {
		t.Fatal(err)
	}
	want(3)
	if err := b.delete(ref, server, "g"); err != nil {
		t.Fatal(err)
	}
	want(2)
	filter[0] = q("equal", "n", 3)
	want(2)
	filter[0] = q("equal", "n", 1)
	want(1)
}
