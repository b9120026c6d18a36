package documents_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"moorfast/internal/core/documents"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

func films(b *bench) documents.Ref {
	b.Helper()
	return b.table(documents.NewTable{
		Permissions: permissions(`create("users")`),
		RowSecurity: true,
		Columns: []schema.Column{
			column("title:string", required),
			column("year:integer"),
			column("rating:float", func(c *schema.Column) { c.Default = []byte("2.5") }),
			column("seen:boolean"),
			column("at:datetime"),
			column("tags:string", array),
			column("secret:string", func(c *schema.Column) { c.Encrypt, c.Size = true, 200 }),
			column("secrets:string", array, func(c *schema.Column) { c.Encrypt, c.Size = true, 200 }),
		},
		Indexes: []schema.Index{{Key: "title", Type: schema.UniqueIndex, Columns: []string{"title"}}},
	})
}

func TestRowComesBackAsItWasSent(t *testing.T) {
	b := newBench(t)
	ref := films(b)
	data := `{"title":"Blade \"Runner\"\n☂","year":-1982,"rating":4,"seen":true,"at":"1982-06-25T10:00:00.5+02:00","tags":["a","b\"c",null],"secret":"hush","secrets":["x"]}`
	got, err := b.create(ref, user("u1"), "r1", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"$id": "r1", "$sequence": "1", "$tableId": "t", "$databaseId": "main",
		"$createdAt": "2026-11-23T10:00:00.000+00:00", "$updatedAt": "2026-11-23T10:00:00.000+00:00",
		"$permissions": []any{`read("user:u1")`, `update("user:u1")`, `delete("user:u1")`},
		"title":        "Blade \"Runner\"\n☂", "year": -1982.0, "rating": 4.0, "seen": true,
		"at": "1982-06-25T08:00:00.500+00:00", "tags": []any{"a", `b"c`, nil}, "secret": "hush", "secrets": []any{"x"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("create:\n got %v\nwant %v", got, want)
	}
	if got, err = b.get(ref, user("u1"), "r1"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("get: %v\n got %v\nwant %v", err, got, want)
	}
	p, err := b.list(ref, user("u1"))
	if err != nil || p.Total != 1 || len(p.Rows) != 1 || !reflect.DeepEqual(p.Rows[0], want) {
		t.Errorf("list: %v\n got %v\nwant %v", err, p, want)
	}
}

func TestSealedValuesAreNotInTheStore(t *testing.T) {
	b := newBench(t)
	ref := films(b)
	if _, err := b.create(ref, server, "r1", `{"title":"a","secret":"hush"}`, nil); err != nil {
		t.Fatal(err)
	}
	b.view(func(ctx context.Context, tx store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT c7 FROM rows_1`)
		if err != nil {
			return err
		}
		defer rows.Close()
		if !rows.Next() || string(rows.Text(0)) == "hush" || len(rows.Text(0)) == 0 {
			t.Errorf("the store has %q", rows.Text(0))
		}
		return rows.Err()
	})
	if _, err := b.list(ref, server, q("equal", "secret", "hush")); err == nil || err.Error() != "Invalid query: Cannot query encrypted attribute: secret" {
		t.Errorf("query: %v", err)
	}
}

func TestDefaultsAndNulls(t *testing.T) {
	b := newBench(t)
	ref := films(b)
	got, err := b.create(ref, server, "r1", `{"title":"a","year":null}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"rating": 2.5, "year": nil, "seen": nil, "tags": nil, "secret": nil} {
		if v, ok := got[key]; !ok || v != want {
			t.Errorf("%s: got %v, want %v", key, v, want)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	b := newBench(t)
	ref := films(b)
	if _, err := b.create(ref, server, "r1", `{"title":"Dune"}`, nil); err != nil {
		t.Fatal(err)
	}
	_, err := b.create(ref, server, "r1", `{"title":"Other"}`, nil)
	wantKind(t, err, documents.RowExists)
	_, err = b.create(ref, server, "r2", `{"title":"DUNE"}`, nil) // texts compare without regard to case
	wantKind(t, err, documents.RowNotUnique)
	_, err = b.create(ref, guest, "r3", `{"title":"x"}`, nil)
	wantKind(t, err, documents.Unauthorized)
	_, err = b.create(ref, user("u1"), "r3", `{"title":"x"}`, rowPermissions(`read("user:u2")`))
	wantKind(t, err, documents.Unauthorized)
	var structure *schema.Error
	if _, err = b.create(ref, server, "r3", `{"year":1}`, nil); !errors.As(err, &structure) {
		t.Errorf("without a title: %v", err)
	}
	p, err := b.list(ref, server)
	if err != nil || p.Total != 1 {
		t.Errorf("after what was refused: %v %v", p.Total, err)
	}
}

func TestUpdateMerges(t *testing.T) {
	b := newBench(t)
	ref := films(b)
	owner := user("u1")
	if _, err := b.create(ref, owner, "r1", `{"title":"Dune","year":1984,"tags":["a"],"secret":"hush"}`, nil); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(time.Hour)
	same, err := b.update(ref, owner, "r1", `{"title":"Dune","tags":["a"],"secret":"hush"}`, nil)
	if err != nil || same["$updatedAt"] != "2026-11-23T10:00:00.000+00:00" {
		t.Errorf("an update to the same: %v, %v", same["$updatedAt"], err)
	}
	got, err := b.update(ref, owner, "r1", `{"year":2021,"tags":null,"secret":"more","$id":"other","$sequence":"9"}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"$id": "r1", "$sequence": "1", "title": "Dune", "year": 2021.0, "tags": nil, "secret": "more",
		"$createdAt": "2026-11-23T10:00:00.000+00:00", "$updatedAt": "2026-11-23T11:00:00.000+00:00",
	} {
		if got[key] != want {
			t.Errorf("%s: got %v, want %v", key, got[key], want)
		}
	}
	got, err = b.update(ref, owner, "r1", "", rowPermissions(`read("any")`, `write("user:u1")`))
	if err != nil || !reflect.DeepEqual(got["$permissions"], []any{`read("any")`, `update("user:u1")`, `delete("user:u1")`}) {
		t.Errorf("permissions: %v, %v", got["$permissions"], err)
	}
	if _, err := b.get(ref, guest, "r1"); err != nil {
		t.Errorf("after any may read: %v", err)
	}
}

func TestUpdateRefuses(t *testing.T) {
	b := newBench(t)
	ref := films(b)
	owner, other := user("u1"), user("u2")
	if _, err := b.create(ref, owner, "r1", `{"title":"Dune"}`, rowPermissions(`read("any")`, `write("user:u1")`)); err != nil {
		t.Fatal(err)
	}
	_, err := b.update(ref, owner, "nope", `{"year":1}`, nil)
	wantKind(t, err, documents.NoRow)
	_, err = b.update(ref, other, "r1", `{"year":1}`, nil)
	wantKind(t, err, documents.Unauthorized)
	if _, err = b.update(ref, other, "r1", `{"title":"Dune"}`, nil); err != nil {
		t.Errorf("who may read, and changes nothing: %v", err)
	}
	_, err = b.update(ref, owner, "r1", "", rowPermissions(`read("user:u2")`))
	wantKind(t, err, documents.Unauthorized)
	wantKind(t, b.delete(ref, other, "r1"), documents.Unauthorized)
	wantKind(t, b.delete(ref, other, "nope"), documents.NoRow)
}

func TestUnchangedSince(t *testing.T) {
	b := newBench(t)
	ref := films(b)
	if _, err := b.create(ref, server, "r1", `{"title":"Dune"}`, nil); err != nil {
		t.Fatal(err)
	}
	at := func(when time.Time, fn func(ctx context.Context, tx store.Tx, t *documents.Table, by documents.By) ([]byte, error)) error {
		_, err := b.change(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
			by := b.by(server)
			by.Unchanged = when
			return fn(ctx, tx, t, by)
		})
		return err
	}
	update := func(ctx context.Context, tx store.Tx, t *documents.Table, by documents.By) ([]byte, error) {
		return t.Update(ctx, tx, by, documents.Row{ID: "r1", Data: []byte(`{"year":1}`)})
	}
	remove := func(ctx context.Context, tx store.Tx, t *documents.Table, by documents.By) ([]byte, error) {
		return nil, t.Delete(ctx, tx, by, "r1")
	}
	wantKind(t, at(start.Add(-time.Second), update), documents.RowChanged)
	wantKind(t, at(start.Add(-time.Second), remove), documents.RowChanged)
	if err := at(start, update); err != nil {
		t.Error(err)
	}
	if err := at(start, remove); err != nil {
		t.Error(err)
	}
}

func TestServersSetTimes(t *testing.T) {
	b := newBench(t)
	ref := films(b)
	data := `{"title":"%","$createdAt":"2000-01-01","$updatedAt":"2001-01-01T00:00:00Z"}`
	got, err := b.create(ref, server, "r1", data, nil)
	if err != nil || got["$createdAt"] != "2000-01-01T00:00:00.000+00:00" || got["$updatedAt"] != "2001-01-01T00:00:00.000+00:00" {
		t.Errorf("by a server: %v %v, %v", got["$createdAt"], got["$updatedAt"], err)
	}
	got, err = b.update(ref, server, "r1", `{"$updatedAt":"2002-01-01T00:00:00Z"}`, nil)
	if err != nil || got["$updatedAt"] != "2002-01-01T00:00:00.000+00:00" {
		t.Errorf("by a server: %v, %v", got["$updatedAt"], err)
	}
	got, err = b.create(ref, user("u1"), "r2", `{"title":"b","$createdAt":"2000-01-01"}`, nil)
	if err != nil || got["$createdAt"] != "2026-11-23T10:00:00.000+00:00" {
		t.Errorf("by a user: %v, %v", got["$createdAt"], err)
	}
	if _, err = b.create(ref, server, "r3", `{"title":"c","$createdAt":"soon"}`, nil); err == nil {
		t.Error("a moment that is none passes")
	}
}

func TestUpsert(t *testing.T) {
	b := newBench(t)
	ref := films(b)
	put := func(data string) (map[string]any, error) {
		return b.change(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
			return t.Upsert(ctx, tx, b.by(user("u1")), documents.Row{ID: "r1", Data: []byte(data)})
		})
	}
	first, err := put(`{"title":"Dune","year":1984}`)
	if err != nil || first["$sequence"] != "1" {
		t.Fatalf("%v, %v", first, err)
	}
	second, err := put(`{"year":2021}`)
	if err != nil || second["title"] != "Dune" || second["year"] != 2021.0 || second["$sequence"] != "1" {
		t.Fatalf("%v, %v", second, err)
	}
	if !reflect.DeepEqual(second["$permissions"], first["$permissions"]) {
		t.Errorf("permissions: %v", second["$permissions"])
	}
}

func TestStep(t *testing.T) {
	b := newBench(t)
	ref := films(b)
	if _, err := b.create(ref, server, "r1", `{"title":"Dune","year":9223372036854775806}`, nil); err != nil {
		t.Fatal(err)
	}
	number := func(raw string) documents.Number { n, _ := documents.ParseNumber([]byte(raw)); return n }
	step := func(key, by string, down bool, bound string) (any, error) {
		s := documents.Step{ID: "r1", Key: key, By: number(by), Down: down}
		if bound != "" {
			s.Bound = ptr(number(bound))
		}
		var out []byte
		err := b.try(func(ctx context.Context, tx store.Tx) error {
			t, err := b.catalog.TableToChange(ctx, tx, ref)
			if err == nil {
				out, err = t.Step(ctx, tx, b.by(server), s)
			}
			return err
		})
		var row map[string]json.RawMessage
		_ = json.Unmarshal(out, &row)
		return string(row[key]), err
	}
	for _, c := range []struct {
		key, by string
		down    bool
		bound   string
		want    any // the number, or the kind of the outcome
	}{
		{"year", "1", false, "", "9223372036854775807"},
		{"year", "1", false, "", errors.New("structure")},
		{"year", "7", true, "", "9223372036854775800"},
		{"year", "0.5", true, "", errors.New("structure")},
		{"rating", "0.25", false, "2.75", "2.75"},
		{"rating", "1", false, "3", documents.LimitReached},
		{"rating", "3", true, "0", documents.LimitReached},
		{"rating", "3", true, "", "-0.25"},
		{"title", "1", false, "", documents.ColumnOther},
		{"tags", "1", false, "", documents.ColumnOther},
		{"at", "1", false, "", documents.ColumnOther},
		{"nope", "1", false, "", documents.NoColumn},
	} {
		got, err := step(c.key, c.by, c.down, c.bound)
		switch want := c.want.(type) {
		case documents.Kind:
			wantKind(t, err, want)
		case error:
			var structure *schema.Error
			if !errors.As(err, &structure) {
				t.Errorf("%+v: %v, %v", c, got, err)
			}
		default:
			if err != nil || got != want {
				t.Errorf("%+v: got %v, %v", c, got, err)
			}
		}
	}
}

func TestSelect(t *testing.T) {
	b := newBench(t)
	ref := films(b)
	if _, err := b.create(ref, server, "r1", `{"title":"Dune","year":1984}`, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		selects []any
		want    map[string]any
	}{
		{[]any{"title"}, map[string]any{"$id": "r1", "$tableId": "t", "$databaseId": "main", "title": "Dune"}},
		{[]any{"$sequence", "$permissions", "year"}, map[string]any{"$id": "r1", "$tableId": "t", "$databaseId": "main", "$sequence": "1", "$permissions": []any{}, "year": 1984.0}},
	} {
		got, err := b.get(ref, server, "r1", q("select", "", c.selects...))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("get %v: got %v, %v", c.selects, got, err)
		}
		p, err := b.list(ref, server, q("select", "", c.selects...))
		if err != nil || len(p.Rows) != 1 || !reflect.DeepEqual(p.Rows[0], c.want) {
			t.Errorf("list %v: got %v, %v", c.selects, p.Rows, err)
		}
	}
	if got, err := b.get(ref, server, "r1", q("select", "", "*", "title")); err != nil || len(got) != 15 {
		t.Errorf("everything: %d of 15, %v", len(got), err)
	}
}
