package documents_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"moorfast/internal/core/documents"
	"moorfast/internal/query"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// library makes a table whose columns "title" and "text" can be searched.
func library(b *bench) documents.Ref {
	ref := b.table(documents.NewTable{
		Columns: []schema.Column{column("title:string"), column("text:string", func(c *schema.Column) { c.Size = 1 << 20 }), column("code:string"), column("tags:string", array)},
		Indexes: []schema.Index{{Key: "words", Type: schema.FulltextIndex, Columns: []string{"title", "text"}}},
	})
	for id, data := range map[string]string{
		"a": `{"title":"The Spice of Life","text":"arrakis, dune. desert-planet","code":"AB-12"}`,
		"b": `{"title":"Dune Messiah","text":"it's the second book: dune_2","code":"ab-99"}`,
		"c": `{"title":"Solaris","text":"ocean O'Brien 2001","code":"x\ny"}`,
		"d": `{"title":null,"text":null}`,
		"e": `{"title":"Фуко","text":"Маятник https://example.com/path?q=1"}`,
	} {
		if _, err := b.create(ref, server, id, data, nil); err != nil {
			b.Fatal(err)
		}
	}
	return ref
}

func TestSearch(t *testing.T) {
	b := newBench(t)
	ref := library(b)
	for _, c := range []struct{ method, column, text, want string }{
		{"search", "title", "dune", "b"},
		{"search", "title", "DUNE", "b"},
		{"search", "text", "dune", "a b"},
		{"search", "title", "dun", "b"},              // the last word may go on
		{"search", "title", "dun messiah", "b"},      // one of several is enough
		{"search", "title", "solaris mess", "b c"},   // and the last may go on
		{"search", "title", "sol messiah", "b"},      // but the others may not
		{"search", "title", `"dune messiah"`, "b"},   // in quotes, as they stand
		{"search", "title", `"messiah dune"`, ""},    //
		{"search", "title", `"dune mess"`, ""},       // to their ends
		{"search", "text", "planet", "a"},            // punctuation ends a word
		{"search", "text", "desert-planet", "a"},     //
		{"search", "text", "example.com", "e"},       //
		{"search", "text", "path", "e"},              //
		{"search", "text", "O'Brien", "c"},           //
		{"search", "text", "brien", "c"},             //
		{"search", "text", "2001", "c"},              //
		{"search", "text", "dune_2", "b"},            //
		{"search", "title", "фук", "e"},              // case, beyond ASCII
		{"search", "title", "+solaris -dune", "b c"}, // signs have no meaning
		{"search", "title", "", ""},                  //
		{"search", "title", "***", ""},               //
		{"search", "title", `"`, ""},                 //
		{"search", "title", `""`, ""},                //
		{"search", "title", "' OR 1=1 --", ""},       //
		{"search", "title", `title : *`, ""},         //
		{"search", "title", `NEAR(a b) AND ) | & ! :`, ""},
		{"search", "title", "the' & !x:*", "a"},
		{"notSearch", "title", "dune", "a c d e"},
		{"notSearch", "title", "", "a b c d e"},
	} {
		p, err := b.list(ref, server, q(c.method, c.column, c.text), q("orderAsc", "$id"))
		if err != nil || p.ids() != c.want || p.Total != len(p.Rows) {
			t.Errorf("%s %s %q: got %q of %d, %v, want %q", c.method, c.column, c.text, p.ids(), p.Total, err, c.want)
		}
	}
	_, err := b.list(ref, server, q("search", "code", "ab"))
	var wrong *query.Error
	if !errors.As(err, &wrong) || wrong.Message != `Invalid query: Searching by attribute "code" requires a fulltext index.` {
		t.Errorf("got %v", err)
	}
	owned := user("u1")
	if _, err := b.list(ref, owned, q("search", "title", "dune")); err == nil {
		t.Error("a search reads what its reader may not")
	}
}

func TestSearchFollowsTheRows(t *testing.T) {
	b := newBench(t)
	ref := library(b)
	want := func(text, ids string) {
		t.Helper()
		p, err := b.list(ref, server, q("search", "title", text), q("orderAsc", "$id"))
		if err != nil || p.ids() != ids {
			t.Errorf("%q: got %q, %v, want %q", text, p.ids(), err, ids)
		}
	}
	if _, err := b.update(ref, server, "b", `{"title":"Children"}`, nil); err != nil {
		t.Fatal(err)
	}
	want("dune", "")
	want("children", "b")
	if err := b.delete(ref, server, "b"); err != nil {
		t.Fatal(err)
	}
	want("children", "")
	row, err := b.create(ref, server, "f", `{"title":"Children of Time"}`, nil)
	if err != nil || row["$id"] != "f" || row["title"] != "Children of Time" {
		t.Errorf("got %v, %v", row, err)
	}
	want("children", "f")

	// What is searched cannot be removed, the index can; and made again it has the
	// words of rows that were there before.
	drop := func(fn func(ctx context.Context, tx store.Tx, t *documents.Table) error) error {
		return b.catalogChange(ref, fn)
	}
	wantKind(t, drop(func(ctx context.Context, tx store.Tx, t *documents.Table) error {
		return b.catalog.DeleteColumn(ctx, tx, t, "title", 1)
	}), documents.ColumnInUse)
	if err := drop(func(ctx context.Context, tx store.Tx, t *documents.Table) error {
		return b.catalog.DeleteIndex(ctx, tx, t, "words", 1)
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.list(ref, server, q("search", "title", "dune")); err == nil {
		t.Error("searched without an index")
	}
	if _, err := b.update(ref, server, "f", `{"title":"Children of Ruin"}`, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.addIndex(ref, schema.Index{Key: "again", Type: schema.FulltextIndex, Columns: []string{"title"}}); err != nil {
		t.Fatal(err)
	}
	want("ruin", "f")
	want("time", "")
	if err := drop(func(ctx context.Context, tx store.Tx, t *documents.Table) error {
		return b.catalog.DeleteTable(ctx, tx, ref, 1)
	}); err != nil {
		t.Fatal(err)
	}
}

func TestLongTextsCanBeSearched(t *testing.T) {
	b := newBench(t)
	ref := library(b)
	var long strings.Builder
	for i := range 60000 {
		fmt.Fprintf(&long, "w%d ", i*7919)
	}
	if _, err := b.create(ref, server, "long", data("text", long.String()), nil); err != nil {
		t.Fatal(err)
	}
	if p, err := b.list(ref, server, q("search", "text", "w7919")); err != nil || p.ids() != "long" {
		t.Errorf("got %q, %v", p.ids(), err)
	}
}

func TestRegex(t *testing.T) {
	b := newBench(t)
	ref := library(b)
	for _, c := range []struct{ pattern, want string }{
		{`^ab-\d+$`, "a b"},
		{`^AB`, "a b"},
		{`12|99`, "a b"},
		{`[^a-z0-9-]`, "c"},
		{`x.y`, ""},
		{`(?s)x.y`, "c"},
		{`(?m)^y$`, "c"},
		{`^y`, ""},
		{`\bab\b`, "a b"},
		{`a(b)(?:-)[19]{1,2}`, "a b"},
		{`(a|b){2}-`, "a b"},
		{`^[\w-]+$`, "a b"},
		{`\p{L}`, "a b c"},
		{`q*`, "a b c"},
		{`\'`, ""},
		{`^(?P<name>a)`, "a b"},
		{`^a.??b`, "a b"},
	} {
		p, err := b.list(ref, server, q("regex", "code", c.pattern), q("orderAsc", "$id"))
		if err != nil || p.ids() != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.pattern, p.ids(), err, c.want)
		}
	}
	for pattern, want := range map[string]string{
		`(`:               "Invalid query: Regex is not valid: error parsing regexp: missing closing ): `(`",
		`(a)\1`:           "Invalid query: Regex is not valid: error parsing regexp: invalid escape sequence: `\\1`",
		`(?=a)`:           "Invalid query: Regex is not valid: error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
		`a{300}`:          "Invalid query: Regex is too complex",
		`(?:^)*a`:         "Invalid query: Regex is too complex",
		`[^\s\S]`:         "Invalid query: Regex is too complex",
		`(a{1,200}){200}`: "Invalid query: Regex is not valid: error parsing regexp: invalid repeat count: `{200}`",
	} {
		_, err := b.list(ref, server, q("regex", "code", pattern))
		var wrong *query.Error
		if !errors.As(err, &wrong) || wrong.Message != want {
			t.Errorf("%s: got %v, want %s", pattern, err, want)
		}
	}
	if _, err := b.list(ref, server, q("regex", "tags", "a")); err == nil {
		t.Error("a pattern for an array: no error")
	}
}
