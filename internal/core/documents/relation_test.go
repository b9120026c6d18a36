package documents_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"moorfast/internal/core/documents"
	"moorfast/internal/core/listing"
	"moorfast/internal/identity"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// named makes a table that clients may do with what permissions say; without
// any, all may do everything.
func (b *bench) named(id string, n documents.NewTable) documents.Ref {
	b.Helper()
	n.ID, n.Name, n.Enabled = id, id, true
	if n.Columns == nil {
		n.Columns = []schema.Column{column("name:string")}
	}
	b.write(func(ctx context.Context, tx store.Tx) error {
		_, err := b.catalog.CreateTable(ctx, tx, "main", n, b.now.UnixMicro())
		return err
	})
	return documents.Ref{Database: "main", Table: id}
}

func (b *bench) relate(ref documents.Ref, n documents.NewRelation) (c documents.Column, err error) {
	if n.OnDelete == "" {
		n.OnDelete = schema.SetNull
	}
	err = b.try(func(ctx context.Context, tx store.Tx) error {
		t, err := b.catalog.TableToChange(ctx, tx, ref)
		if err != nil {
			return err
		}
		c, err = b.catalog.CreateRelation(ctx, tx, t, n, b.now.UnixMicro())
		return err
	})
	return c, err
}

func (b *bench) mustRelate(ref documents.Ref, n documents.NewRelation) documents.Column {
	b.Helper()
	c, err := b.relate(ref, n)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func (b *bench) mustCreate(ref documents.Ref, id, data string) map[string]any {
	b.Helper()
	row, err := b.create(ref, server, id, data, nil)
	if err != nil {
		b.Fatalf("create %s: %v", id, err)
	}
	return row
}

func (b *bench) mustUpdate(ref documents.Ref, id, data string) map[string]any {
	b.Helper()
	row, err := b.update(ref, server, id, data, nil)
	if err != nil {
		b.Fatalf("update %s: %v", id, err)
	}
	return row
}

// shows compares what a select shows of a row, without the system's columns
// but the id.
func (b *bench) shows(ref documents.Ref, actor *identity.Actor, id, want string, selects ...any) {
	b.Helper()
	row, err := b.get(ref, actor, id, q("select", "", selects...))
	if err != nil {
		b.Errorf("get %s: %v", id, err)
		return
	}
	got, _ := json.Marshal(bare(row))
	var w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		b.Fatal(err)
	}
	wanted, _ := json.Marshal(w)
	if string(got) != string(wanted) {
		b.Errorf("%s %v:\n got %s\nwant %s", id, selects, got, wanted)
	}
}

func bare(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if strings.HasPrefix(name, "$") && name != "$id" {
				delete(v, name)
			} else {
				v[name] = bare(inner)
			}
		}
	case []any:
		for i := range v {
			v[i] = bare(v[i])
		}
	}
	return v
}

func (b *bench) columns(ref documents.Ref) (columns []documents.Column) {
	b.view(func(ctx context.Context, tx store.Tx) error {
		t, err := b.catalog.Table(ctx, tx, ref)
		if err != nil {
			return err
		}
		columns, _, err = t.ListColumns(ctx, tx, listing.Page{})
		return err
	})
	return columns
}

func TestARelationHasAColumnOnEachSideThatItGoes(t *testing.T) {
	b := newBench(t)
	books, people := b.named("books", documents.NewTable{}), b.named("people", documents.NewTable{})
	c := b.mustRelate(books, documents.NewRelation{Related: "people", Key: "author", Type: schema.ManyToOne, TwoWay: true, TwoWayKey: "works"})
	want := schema.Relation{Table: "people", Type: schema.ManyToOne, TwoWay: true, TwoWayKey: "works", OnDelete: schema.SetNull, Side: schema.Parent}
	if *c.Relation != want || c.Status != documents.Available {
		t.Errorf("made %+v", c.Relation)
	}
	if all := b.columns(books); len(all) != 2 || *all[1].Relation != want {
		t.Errorf("parent lists %+v", all)
	}
	far := schema.Relation{Table: "books", Type: schema.ManyToOne, TwoWay: true, TwoWayKey: "author", OnDelete: schema.SetNull, Side: schema.Child}
	if all := b.columns(people); len(all) != 2 || all[1].Key != "works" || *all[1].Relation != far {
		t.Errorf("child lists %+v", all)
	}
	b.mustRelate(books, documents.NewRelation{Related: "people", Key: "editor", Type: schema.ManyToOne})
	if all := b.columns(people); len(all) != 2 {
		t.Errorf("a relation that goes one way shows at the other side: %+v", all)
	}
	b.mustRelate(books, documents.NewRelation{Related: "people", Type: schema.ManyToMany})
	for _, n := range []documents.NewRelation{
		{Related: "people", Key: "Author", Type: schema.OneToOne},
		{Related: "people", Key: "more", Type: schema.ManyToMany},
		{Related: "people", Key: "x", Type: schema.OneToOne, TwoWay: true, TwoWayKey: "name"},
		{Related: "books", Key: "x", Type: schema.OneToOne, TwoWay: true, TwoWayKey: "x"},
	} {
		_, err := b.relate(books, n)
		wantKind(t, err, documents.ColumnExists)
	}
	_, err := b.relate(books, documents.NewRelation{Related: "nope", Type: schema.OneToOne})
	wantKind(t, err, documents.NoTable)
}

func (b *bench) changeRelation(ref documents.Ref, key string, change documents.RelationChange) (c documents.Column, err error) {
	err = b.try(func(ctx context.Context, tx store.Tx) error {
		t, err := b.catalog.TableToChange(ctx, tx, ref)
		if err != nil {
			return err
		}
		c, err = b.catalog.UpdateRelation(ctx, tx, t, key, change, b.now.UnixMicro())
		return err
	})
	return c, err
}

func TestARelationIsRenamedOnOneSideAndKnownByTheOther(t *testing.T) {
	b := newBench(t)
	books, people := b.named("books", documents.NewTable{}), b.named("people", documents.NewTable{})
	b.mustRelate(books, documents.NewRelation{Related: "people", Key: "author", Type: schema.ManyToOne, TwoWay: true, TwoWayKey: "works"})
	b.mustCreate(books, "b1", `{"name":"B","author":{"$id":"p1","name":"P"}}`)
	c, err := b.changeRelation(books, "author", documents.RelationChange{NewKey: "writer", OnDelete: schema.Cascade})
	if err != nil || c.Key != "writer" || c.Relation.OnDelete != schema.Cascade {
		t.Fatalf("%+v, %v", c, err)
	}
	if far := b.columns(people)[1].Relation; far.TwoWayKey != "writer" || far.OnDelete != schema.Cascade {
		t.Errorf("the other side says %+v", far)
	}
	if _, err := b.changeRelation(people, "works", documents.RelationChange{NewKey: "books"}); err != nil {
		t.Fatal(err)
	}
	if near := b.columns(books)[1].Relation; near.TwoWayKey != "books" {
		t.Errorf("the first side says %+v", near)
	}
	b.shows(books, server, "b1", `{"$id":"b1","writer":{"$id":"p1","name":"P","books":["b1"]}}`, "writer.*", "writer.books")
	_, err = b.changeRelation(books, "writer", documents.RelationChange{NewKey: "name"})
	wantKind(t, err, documents.ColumnExists)
	_, err = b.changeRelation(books, "name", documents.RelationChange{OnDelete: schema.Cascade})
	wantKind(t, err, documents.ColumnOther)
}

func TestARelationGoesFromBothSides(t *testing.T) {
	for _, side := range []string{"a", "b"} {
		b := newBench(t)
		one, two := b.named("a", documents.NewTable{}), b.named("b", documents.NewTable{})
		b.mustRelate(one, documents.NewRelation{Related: "b", Key: "to", Type: schema.ManyToMany, TwoWay: true, TwoWayKey: "to"})
		b.mustCreate(one, "r", `{"name":"A","to":[{"$id":"s","name":"B"}]}`)
		b.write(func(ctx context.Context, tx store.Tx) error {
			t, err := b.catalog.TableToChange(ctx, tx, documents.Ref{Database: "main", Table: side})
			if err != nil {
				return err
			}
			return b.catalog.DeleteColumn(ctx, tx, t, "to", 2)
		})
		if len(b.columns(one)) != 1 || len(b.columns(two)) != 1 {
			t.Errorf("after the column of %s went: %v, %v", side, b.columns(one), b.columns(two))
		}
		if _, err := b.get(two, server, "s"); err != nil {
			t.Error(err)
		}
	}
}

func TestATableTakesItsRelationsAlong(t *testing.T) {
	b := newBench(t)
	one, two := b.named("a", documents.NewTable{}), b.named("b", documents.NewTable{})
	b.mustRelate(one, documents.NewRelation{Related: "b", Key: "to", Type: schema.OneToOne, TwoWay: true, TwoWayKey: "from", OnDelete: schema.Restrict})
	b.mustRelate(two, documents.NewRelation{Related: "a", Key: "ones", Type: schema.OneToMany})
	b.mustCreate(one, "r", `{"to":{"$id":"s"}}`)
	b.write(func(ctx context.Context, tx store.Tx) error { return b.catalog.DeleteTable(ctx, tx, one, 3) })
	if len(b.columns(two)) != 1 {
		t.Errorf("left: %+v", b.columns(two))
	}
	b.mustUpdate(two, "s", `{"name":"x"}`)
	b.write(func(ctx context.Context, tx store.Tx) error { return b.catalog.DeleteDatabase(ctx, tx, "main", 4) })
}

// every runs a test for every type of relation, in both directions or one.
func every(t *testing.T, test func(t *testing.T, b *bench, r documents.NewRelation)) {
	for _, kind := range []schema.RelationType{schema.OneToOne, schema.OneToMany, schema.ManyToOne, schema.ManyToMany} {
		for _, twoWay := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, " two-way ", twoWay), func(t *testing.T) {
				test(t, newBench(t), documents.NewRelation{Related: "kids", Key: "kid", TwoWayKey: "dad", Type: kind, TwoWay: twoWay})
			})
		}
	}
}

func listOf(many bool, value string) string {
	if many {
		return "[" + value + "]"
	}
	return value
}

func TestRowsAreRelatedWithTheRowsInThem(t *testing.T) {
	every(t, func(t *testing.T, b *bench, r documents.NewRelation) {
		dads, kids := b.named("dads", documents.NewTable{}), b.named("kids", documents.NewTable{})
		b.mustRelate(dads, r)
		many := r.Type == schema.OneToMany || r.Type == schema.ManyToMany
		manyDads := r.Type == schema.ManyToOne || r.Type == schema.ManyToMany
		made := b.mustCreate(dads, "d", `{"name":"D","kid":`+listOf(many, `{"$id":"k","name":"K"}`)+`}`)
		got, _ := json.Marshal(bare(made))
		if want := `{"$id":"d","kid":` + listOf(many, `{"$id":"k","name":"K"}`) + `,"name":"D"}`; string(got) != want {
			t.Errorf("create answers %s, want %s", got, want)
		}
		b.shows(dads, server, "d", `{"$id":"d","name":"D"}`, "*")
		b.shows(dads, server, "d", `{"$id":"d","name":"D","kid":`+listOf(many, `{"$id":"k","name":"K"}`)+`}`, "*", "kid.*")
		b.shows(dads, server, "d", `{"$id":"d","kid":`+listOf(many, `{"$id":"k","name":"K"}`)+`}`, "kid.name")
		b.shows(dads, server, "d", `{"$id":"d","kid":`+listOf(many, `"k"`)+`}`, "kid")
		b.shows(dads, server, "d", `{"$id":"d","name":"D","kid":`+listOf(many, `{"$id":"k","name":"K"}`)+`}`, "*", "*.*")
		if r.TwoWay {
			b.shows(kids, server, "k", `{"$id":"k","name":"K","dad":`+listOf(manyDads, `{"$id":"d","name":"D"}`)+`}`, "*", "dad.*")
		}
		// The kid changes with its dad, and then another one comes.
		b.mustUpdate(dads, "d", `{"kid":`+listOf(many, `{"$id":"k","name":"K2"}`)+`}`)
		b.shows(kids, server, "k", `{"$id":"k","name":"K2"}`, "*")
		b.mustCreate(kids, "l", `{"name":"L"}`)
		b.mustUpdate(dads, "d", `{"kid":`+listOf(many, `"l"`)+`}`)
		b.shows(dads, server, "d", `{"$id":"d","kid":`+listOf(many, `"l"`)+`}`, "kid")
		none := "null"
		if many {
			none = "[]"
		}
		b.mustUpdate(dads, "d", `{"kid":`+none+`}`)
		b.shows(dads, server, "d", `{"$id":"d","kid":`+none+`}`, "kid")
		if _, err := b.get(kids, server, "l"); err != nil {
			t.Error("the kid that is related to nothing is gone:", err)
		}
		for _, wrong := range []string{`1`, `"nope"`, `"a b"`, `{"$id":5}`, `true`, `{"$id":"k","$permissions":3}`} {
			_, err := b.update(dads, server, "d", `{"kid":`+listOf(many, wrong)+`}`, nil)
			wantKind(t, err, documents.RelationInvalid)
		}
		wrong := `["k"]`
		if many {
			wrong = `"k"`
		}
		_, err := b.create(dads, server, "e", `{"kid":`+wrong+`}`, nil)
		wantKind(t, err, documents.RelationInvalid)
		_, err = b.get(dads, server, "e")
		wantKind(t, err, documents.NoRow)
	})
}

func TestARowOnOneSideIsTakenOrKept(t *testing.T) {
	every(t, func(t *testing.T, b *bench, r documents.NewRelation) {
		dads, kids := b.named("dads", documents.NewTable{}), b.named("kids", documents.NewTable{})
		b.mustRelate(dads, r)
		many := r.Type == schema.OneToMany || r.Type == schema.ManyToMany
		b.mustCreate(kids, "k", `{}`)
		b.mustCreate(dads, "d", `{"kid":`+listOf(many, `"k"`)+`}`)
		_, err := b.create(dads, server, "e", `{"kid":`+listOf(many, `"k"`)+`}`, nil)
		if r.Type == schema.OneToOne {
			wantKind(t, err, documents.RowExists)
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		left := listOf(many, `"k"`)
		if r.Type == schema.OneToMany {
			left = "[]" // it has one dad, who is another now
		}
		b.shows(dads, server, "d", `{"$id":"d","kid":`+left+`}`, "kid")
		b.shows(dads, server, "e", `{"$id":"e","kid":`+listOf(many, `"k"`)+`}`, "kid")
	})
}

func TestARowThatGoesDoesWhatItsRelationSays(t *testing.T) {
	every(t, func(t *testing.T, b *bench, r documents.NewRelation) {
		many := r.Type == schema.OneToMany || r.Type == schema.ManyToMany
		for _, onDelete := range []schema.OnDelete{schema.Restrict, schema.Cascade, schema.SetNull} {
			for _, parent := range []bool{true, false} {
				b := newBench(b.TB)
				dads, kids := b.named("dads", documents.NewTable{}), b.named("kids", documents.NewTable{})
				r.OnDelete = onDelete
				b.mustRelate(dads, r)
				b.mustCreate(dads, "d", `{"kid":`+listOf(many, `{"$id":"k"}`)+`}`)
				acts := parent == (r.Type != schema.ManyToOne)
				var err error
				if parent {
					err = b.delete(dads, server, "d")
				} else {
					err = b.delete(kids, server, "k")
				}
				_, noDad := b.get(dads, server, "d")
				_, noKid := b.get(kids, server, "k")
				cascades := onDelete == schema.Cascade && (acts || r.Type == schema.OneToOne && r.TwoWay)
				restricts := onDelete == schema.Restrict && acts
				name := fmt.Sprint(onDelete, " of the parent ", parent)
				if restricts {
					wantKind(t, err, documents.RowRestricted)
				} else if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if gone := noDad != nil; gone != (!restricts && (parent || cascades)) {
					t.Errorf("%s: the dad is gone: %v", name, gone)
				}
				if gone := noKid != nil; gone != (!restricts && (!parent || cascades)) {
					t.Errorf("%s: the kid is gone: %v", name, gone)
				}
				if noDad == nil && !restricts {
					none := "null"
					if many {
						none = "[]"
					}
					b.shows(dads, server, "d", `{"$id":"d","kid":`+none+`}`, "kid")
				}
			}
		}
	})
}

func TestAWriteThatFailsHalfWayLeavesNothing(t *testing.T) {
	b := newBench(t)
	dads, kids := b.named("dads", documents.NewTable{}), b.named("kids", documents.NewTable{Columns: []schema.Column{column("name:string", required)}})
	b.mustRelate(dads, documents.NewRelation{Related: "kids", Key: "kids", Type: schema.OneToMany})
	if _, err := b.create(dads, server, "d", `{"kids":[{"$id":"k","name":"K"},{"$id":"l"}]}`, nil); err == nil {
		t.Fatal("a kid without a name was made")
	}
	if p, _ := b.list(kids, server); p.Total != 0 {
		t.Errorf("left: %s", p.ids())
	}
	if p, _ := b.list(dads, server); p.Total != 0 {
		t.Errorf("left: %s", p.ids())
	}
}

func TestRelationsEndAfterThreeLevels(t *testing.T) {
	b := newBench(t)
	ref := b.named("t", documents.NewTable{})
	b.mustRelate(ref, documents.NewRelation{Related: "t", Key: "next", Type: schema.ManyToOne})
	b.mustCreate(ref, "a", `{"next":{"$id":"b","next":{"$id":"c","next":{"$id":"d","next":{"$id":"e"}}}}}`)
	b.shows(ref, server, "a", `{"$id":"a","next":{"$id":"b","next":{"$id":"c","next":{"$id":"d"}}}}`,
		"next.$id", "next.next.$id", "next.next.next.$id", "next.next.next.next.$id")
	_, err := b.get(ref, server, "e")
	wantKind(t, err, documents.NoRow)
}

func TestDottedQueriesLookAtRelatedRows(t *testing.T) {
	b := newBench(t)
	books, people := b.named("books", documents.NewTable{}), b.named("people", documents.NewTable{
		Columns:     []schema.Column{column("name:string"), column("born:integer")},
		RowSecurity: true,
	})
	b.named("towns", documents.NewTable{})
	b.mustRelate(books, documents.NewRelation{Related: "people", Key: "author", Type: schema.ManyToOne, TwoWay: true, TwoWayKey: "works"})
	b.mustRelate(people, documents.NewRelation{Related: "towns", Key: "town", Type: schema.ManyToOne})
	b.mustCreate(books, "b1", `{"name":"One","author":{"$id":"p1","name":"Ann","born":1900,"town":{"$id":"t1","name":"Rome"}}}`)
	b.mustCreate(books, "b2", `{"name":"Two","author":"p1"}`)
	b.mustCreate(books, "b3", `{"name":"Three","author":{"$id":"p2","name":"Bob","born":1950,"town":{"$id":"t2","name":"Oslo"}}}`)
	b.mustCreate(books, "b4", `{"name":"Four"}`)
	for _, c := range []struct {
		ref     documents.Ref
		queries []string
		want    string
	}{
		{books, []string{q("equal", "author.name", "Ann")}, "b1 b2"},
		{books, []string{q("equal", "author.name", "Ann"), q("equal", "name", "Two")}, "b2"},
		{books, []string{q("greaterThan", "author.born", 1920)}, "b3"},
		{books, []string{q("equal", "author.$id", "p2")}, "b3"},
		{books, []string{q("equal", "author", "p1")}, "b1 b2"},
		{books, []string{q("notEqual", "author", "p1")}, "b3"},
		{books, []string{q("isNull", "author")}, "b4"},
		{books, []string{q("isNotNull", "author")}, "b1 b2 b3"},
		{books, []string{q("exists", "", "author")}, "b1 b2 b3"},
		{books, []string{q("equal", "author.town.name", "Oslo")}, "b3"},
		{books, []string{q("equal", "author.town", "t1")}, "b1 b2"},
		{people, []string{q("equal", "works.name", "Two")}, "p1"},
		{people, []string{q("equal", "works.name", "Two", "Three")}, "p1 p2"},
		{people, []string{q("equal", "works.name", "One"), q("equal", "works.$id", "b2")}, ""},
		{books, []string{`{"method":"or","values":[` + q("equal", "author.name", "Bob") + `,` + q("equal", "name", "Four") + `]}`}, "b3 b4"},
	} {
		p, err := b.list(c.ref, server, c.queries...)
		if err != nil || p.ids() != c.want || p.Total != len(p.Rows) {
			t.Errorf("%v:\n got %q (%d), %v\nwant %q", c.queries, p.ids(), p.Total, err, c.want)
		}
	}
	for query, want := range map[string]string{
		q("equal", "works", "b1"):                         "Invalid query: Cannot query on virtual relationship attribute",
		q("equal", "works.nope", "b1"):                    "Invalid query: Attribute not found in schema: works.nope",
		q("equal", "nope.name", "b1"):                     "Invalid query: Attribute not found in schema: nope.name",
		q("equal", "works.name", 1):                       `Invalid query: Query value is invalid for attribute "works.name"`,
		q("orderAsc", "works.name"):                       "Invalid query: Cannot order by a relationship: works.name",
		q("orderAsc", "works"):                            "Invalid query: Cannot order by a relationship: works",
		q("select", "", "works.nope"):                     "Invalid query: Attribute not found in schema: works.nope",
		q("select", "", "works.author.nope"):              "Invalid query: Attribute not found in schema: works.author.nope",
		q("equal", "works.author.works.author.name", "x"): "Invalid query: Attribute not found in schema: works.author.works.author.name",
	} {
		if _, err := b.list(people, server, query); err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", query, err, want)
		}
	}
}

func TestWhoMayNotReadARelatedRowSeesAndFindsNothingOfIt(t *testing.T) {
	b := newBench(t)
	open := documents.NewTable{Permissions: permissions(`read("any")`, `update("any")`, `create("any")`, `delete("any")`)}
	books, people := b.named("books", open), b.named("people", documents.NewTable{RowSecurity: true})
	secret := b.named("secret", documents.NewTable{})
	b.mustRelate(books, documents.NewRelation{Related: "people", Key: "author", Type: schema.ManyToOne})
	b.mustRelate(books, documents.NewRelation{Related: "people", Key: "readers", Type: schema.ManyToMany})
	b.mustRelate(books, documents.NewRelation{Related: "secret", Key: "note", Type: schema.OneToOne, OnDelete: schema.Cascade})
	if _, err := b.create(people, server, "p1", `{"name":"Ann"}`, rowPermissions(`read("user:u1")`)); err != nil {
		t.Fatal(err)
	}
	b.mustCreate(people, "p2", `{"name":"Bob"}`)
	b.mustCreate(books, "b1", `{"author":"p2","readers":["p1","p2"],"note":{"$id":"n","name":"N"}}`)
	u1 := user("u1")
	b.shows(books, u1, "b1", `{"$id":"b1","author":null,"readers":[{"$id":"p1","name":"Ann"}],"note":null}`, "author.*", "readers.*", "note.*")
	b.shows(books, guest, "b1", `{"$id":"b1","author":null,"readers":[],"note":null}`, "author", "readers", "note")
	for _, query := range []string{q("equal", "author.name", "Bob"), q("equal", "note.name", "N"), q("notEqual", "author.name", "x")} {
		if p, err := b.list(books, u1, query); err != nil || p.Total != 0 {
			t.Errorf("%s finds %d, %v", query, p.Total, err)
		}
	}
	if p, err := b.list(books, u1, q("equal", "readers.name", "Ann")); err != nil || p.Total != 1 {
		t.Errorf("finds %d, %v", p.Total, err)
	}
	// Nor can it relate a row to one that it may not read, or make or change one.
	_, err := b.create(books, u1, "b2", `{"author":"p2"}`, nil)
	wantKind(t, err, documents.RelationInvalid)
	_, err = b.create(books, u1, "b2", `{"author":{"$id":"p9","name":"x"}}`, nil)
	wantKind(t, err, documents.Unauthorized)
	_, err = b.create(books, u1, "b2", `{"author":{"$id":"p1","name":"x"}}`, nil)
	wantKind(t, err, documents.Unauthorized)
	if _, err = b.create(books, u1, "b2", `{"author":{"$id":"p1","name":"Ann"}}`, nil); err != nil {
		t.Error(err)
	}
	// What would go with a row needs to be allowed to go.
	wantKind(t, b.delete(books, u1, "b1"), documents.Unauthorized)
	if _, err := b.get(secret, server, "n"); err != nil {
		t.Error(err)
	}
}

func TestRowsThatAreTakenNeedToBeAllowedToChange(t *testing.T) {
	b := newBench(t)
	open := documents.NewTable{Permissions: permissions(`read("any")`, `update("any")`, `create("any")`)}
	dads, kids := b.named("dads", open), b.named("kids", documents.NewTable{Permissions: permissions(`read("any")`)})
	b.mustRelate(dads, documents.NewRelation{Related: "kids", Key: "kids", Type: schema.OneToMany})
	b.mustRelate(dads, documents.NewRelation{Related: "kids", Key: "friends", Type: schema.ManyToMany})
	b.mustCreate(kids, "k", `{}`)
	_, err := b.create(dads, guest, "d", `{"kids":["k"]}`, nil)
	wantKind(t, err, documents.Unauthorized)
	if _, err := b.create(dads, guest, "d", `{"friends":["k"]}`, nil); err != nil {
		t.Error(err)
	}
}

func TestAListReadsRelatedRowsTogether(t *testing.T) {
	b := newBench(t)
	books, _ := b.named("books", documents.NewTable{}), b.named("people", documents.NewTable{})
	b.mustRelate(books, documents.NewRelation{Related: "people", Key: "author", Type: schema.ManyToOne, TwoWay: true, TwoWayKey: "works"})
	for i := range 40 {
		b.mustCreate(books, fmt.Sprintf("b%02d", i), fmt.Sprintf(`{"name":"B","author":{"$id":"p%d","name":"P"}}`, i%4))
	}
	n := 0
	var err error
	for range 2 { // the first reads the catalog
		n = 0
		err = b.db.View(b.Context(), project, func(tx store.Tx) error {
			t, err := b.catalog.Table(b.Context(), tx, books)
			if err != nil {
				return err
			}
			_, err = t.List(b.Context(), counting{tx, &n}, b.by(server), []string{q("select", "", "*", "author.*", "author.works.*"), q("limit", "", 40)}, false)
			return err
		})
	}
	if err != nil || n > 3+2*versions {
		t.Errorf("%d statements, %v", n, err)
	}
	p, err := b.list(books, server, q("select", "", "author.name"), q("cursorBefore", "", "b10"), q("limit", "", 3))
	if err != nil || p.ids() != "b07 b08 b09" || p.Rows[0]["author"].(map[string]any)["$id"] != "p3" {
		t.Errorf("%s, %v", p.ids(), err)
	}
}

// versions is how many statements ask for the version of the catalog, for each
// table: none where the store numbers what a view sees.
var versions = map[bool]int{true: 1, false: 0}[onPostgres]

// counting counts statements.
type counting struct {
	store.Tx
	n *int
}

func (c counting) Query(ctx context.Context, sql string, args ...any) (store.Rows, error) {
	*c.n++
	return c.Tx.Query(ctx, sql, args...)
}

func TestATableWithoutRelationsIsReadInAsManyStatementsAsBefore(t *testing.T) {
	b := newBench(t)
	ref := b.named("t", documents.NewTable{})
	b.mustCreate(ref, "r", `{"name":"x"}`)
	n := 0
	for range 2 {
		n = 0
		b.view(func(ctx context.Context, tx store.Tx) error {
			t, err := b.catalog.Table(ctx, tx, ref)
			if err != nil {
				return err
			}
			if _, err := t.Get(ctx, counting{tx, &n}, b.by(server), "r", nil); err != nil {
				return err
			}
			_, err = t.List(ctx, counting{tx, &n}, b.by(server), []string{q("equal", "name", "x")}, true)
			return err
		})
	}
	if n != 2 {
		t.Errorf("%d statements", n)
	}
}

func TestARowCanBeSentBackAsItWasRead(t *testing.T) {
	every(t, func(t *testing.T, b *bench, r documents.NewRelation) {
		dads, _ := b.named("dads", documents.NewTable{}), b.named("kids", documents.NewTable{})
		b.mustRelate(dads, r)
		many := r.Type == schema.OneToMany || r.Type == schema.ManyToMany
		b.mustCreate(dads, "d", `{"name":"D","kid":`+listOf(many, `{"$id":"k","name":"K"}`)+`}`)
		selects := []any{"*", "kid.*"}
		if r.TwoWay {
			selects = append(selects, "kid.dad.*")
		}
		row, err := b.get(dads, server, "d", q("select", "", selects...))
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		b.now = b.now.Add(1e9)
		again := b.mustUpdate(dads, "d", string(data))
		if again["$updatedAt"] != row["$updatedAt"] {
			t.Error("what was read is a change")
		}
		b.shows(dads, server, "d", `{"$id":"d","kid":`+listOf(many, `"k"`)+`}`, "kid")
	})
}

func TestAnAnswerIsBounded(t *testing.T) {
	b := newBench(t)
	ref := b.named("t", documents.NewTable{})
	for i := range 9 {
		b.mustRelate(ref, documents.NewRelation{Related: "t", Key: fmt.Sprint("r", i), Type: schema.ManyToOne})
	}
	b.mustCreate(ref, "a", `{}`)
	_, err := b.get(ref, server, "a", q("select", "", "*.*"))
	if err == nil || err.Error() != "Invalid query: An answer can follow at most 500 relationships. Select fewer." {
		t.Error(err)
	}
	ids := strings.Repeat(`{},`, 5000) + `{}`
	many := b.named("many", documents.NewTable{})
	b.mustRelate(many, documents.NewRelation{Related: "t", Key: "all", Type: schema.ManyToMany})
	_, err = b.create(many, server, "m", `{"all":[`+ids+`]}`, nil)
	wantKind(t, err, documents.RelationInvalid)
}

func TestACascadeEndsWhereItCameFrom(t *testing.T) {
	b := newBench(t)
	ref := b.named("t", documents.NewTable{})
	b.mustRelate(ref, documents.NewRelation{Related: "t", Key: "next", Type: schema.OneToMany, OnDelete: schema.Cascade})
	b.mustCreate(ref, "a", `{"next":[{"$id":"b","next":[{"$id":"c"}]}]}`)
	b.mustUpdate(ref, "c", `{"next":["a"]}`)
	if err := b.delete(ref, server, "b"); err != nil {
		t.Fatal(err)
	}
	if p, _ := b.list(ref, server); p.Total != 0 {
		t.Errorf("left: %s", p.ids())
	}
}

func TestWritersThatMeetLeaveNoRelationToNothing(t *testing.T) {
	b := newBench(t)
	dads, kids := b.named("dads", documents.NewTable{}), b.named("kids", documents.NewTable{})
	b.mustRelate(dads, documents.NewRelation{Related: "kids", Key: "kid", Type: schema.OneToOne, TwoWay: true, OnDelete: schema.Restrict})
	for i := range 10 {
		b.mustCreate(kids, "k", `{}`)
		ids := []string{"d", "e"}
		failed := make(chan error, len(ids)+1)
		for _, id := range ids {
			go func() {
				failed <- b.db.Update(b.Context(), project, func(tx store.Tx) error {
					t, err := b.catalog.TableToChange(b.Context(), tx, dads)
					if err != nil {
						return err
					}
					_, err = t.Create(b.Context(), tx, b.by(server), documents.Row{ID: id, Data: []byte(`{"kid":"k"}`)})
					return err
				})
			}()
		}
		go func() {
			failed <- b.db.Update(b.Context(), project, func(tx store.Tx) error {
				t, err := b.catalog.TableToChange(b.Context(), tx, kids)
				if err != nil {
					return err
				}
				return t.Delete(b.Context(), tx, b.by(server), "k")
			})
		}()
		for range len(ids) + 1 {
			<-failed
		}
		p, err := b.list(dads, server, q("isNotNull", "kid"))
		if err != nil {
			t.Fatal(err)
		}
		_, gone := b.get(kids, server, "k")
		if len(p.Rows) > 1 || len(p.Rows) == 1 && gone != nil {
			t.Errorf("round %d: %q have the kid, which is there: %v", i, p.ids(), gone == nil)
		}
		for _, row := range p.Rows {
			b.mustUpdate(dads, row["$id"].(string), `{"kid":null}`)
		}
		if all, _ := b.list(dads, server); all.Total > 0 {
			for _, row := range all.Rows {
				if err := b.delete(dads, server, row["$id"].(string)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if gone == nil {
			if err := b.delete(kids, server, "k"); err != nil {
				t.Fatal(err)
			}
		}
	}
}
