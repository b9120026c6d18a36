package documents_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"moorfast/internal/api"
	"moorfast/internal/core/documents"
	"moorfast/internal/core/listing"
	"moorfast/internal/perm"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// catalogChange runs what changes the catalog of the table.
func (b *bench) catalogChange(ref documents.Ref, fn func(ctx context.Context, tx store.Tx, t *documents.Table) error) error {
	b.Helper()
	return b.try(func(ctx context.Context, tx store.Tx) error {
		t, err := b.catalog.TableToChange(ctx, tx, ref)
		if err != nil {
			return err
		}
		return fn(ctx, tx, t)
	})
}

func (b *bench) addColumn(ref documents.Ref, c schema.Column) error {
	b.Helper()
	return b.catalogChange(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) error {
		_, err := b.catalog.CreateColumn(ctx, tx, t, c, b.now.UnixMicro())
		return err
	})
}

func (b *bench) changeColumn(ref documents.Ref, key, kind string, change func(*schema.Column)) error {
	b.Helper()
	like := column("x:" + kind)
	return b.catalogChange(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) error {
		_, err := b.catalog.UpdateColumn(ctx, tx, t, key, like.Kind(), b.now.UnixMicro(), change)
		return err
	})
}

func (b *bench) addIndex(ref documents.Ref, ix schema.Index) (added documents.Index, err error) {
	b.Helper()
	err = b.catalogChange(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) error {
		added, err = b.catalog.CreateIndex(ctx, tx, t, ix, b.now.UnixMicro())
		return err
	})
	return added, err
}

// storeTables names the store's tables of rows.
func (b *bench) storeTables() (names string) {
	b.Helper()
	b.view(func(ctx context.Context, tx store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT name FROM sqlite_schema WHERE name LIKE 'rows\_%' ESCAPE '\' ORDER BY name`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			names += string(rows.Text(0)) + " "
		}
		return rows.Err()
	})
	return strings.TrimSpace(names)
}

func TestDatabases(t *testing.T) {
	b := newBench(t)
	create := func(id string) error {
		return b.try(func(ctx context.Context, tx store.Tx) error {
			_, err := b.catalog.CreateDatabase(ctx, tx, documents.Database{ID: id, Name: "Name of " + id, Enabled: true, Type: "legacy", CreatedAt: 2, UpdatedAt: 2})
			return err
		})
	}
	if err := create("second"); err != nil {
		t.Fatal(err)
	}
	wantKind(t, create("second"), documents.DatabaseExists)
	b.view(func(ctx context.Context, tx store.Tx) error {
		list, total, err := b.catalog.Databases(ctx, tx, listing.Page{Queries: api.Queries{q("equal", "name", "Name of second")}})
		if len(list) != 1 || total != 1 || list[0].ID != "second" || list[0].Type != "legacy" {
			t.Errorf("list: %+v of %d", list, total)
		}
		return err
	})
	b.write(func(ctx context.Context, tx store.Tx) error {
		db, err := b.catalog.UpdateDatabase(ctx, tx, "second", 9, func(db *documents.Database) { db.Name = "New" })
		if db.Name != "New" || db.UpdatedAt != 9 || db.CreatedAt != 2 {
			t.Errorf("update: %+v", db)
		}
		return err
	})
}

func TestDeletedDatabasesAndTablesLeaveTheStore(t *testing.T) {
	needSQLite(t)
	b := newBench(t)
	ref := b.table(documents.NewTable{Columns: []schema.Column{column("n:integer")}})
	if _, err := b.create(ref, server, "r", `{"n":1}`, nil); err != nil {
		t.Fatal(err)
	}
	if names := b.storeTables(); !strings.Contains(names, "rows_1 ") {
		t.Fatalf("the store has %s", names)
	}
	b.write(func(ctx context.Context, tx store.Tx) error { return b.catalog.DeleteDatabase(ctx, tx, "main", 9) })
	if names := b.storeTables(); names != "" {
		t.Errorf("the store still has %s", names)
	}
	_, err := b.create(ref, server, "r", `{"n":1}`, nil)
	wantKind(t, err, documents.NoDatabase)
	b.write(func(ctx context.Context, tx store.Tx) error {
		_, err := b.catalog.CreateDatabase(ctx, tx, documents.Database{ID: "main", Name: "Again", Enabled: true})
		return err
	})
	_, err = b.create(ref, server, "r", `{"n":1}`, nil)
	wantKind(t, err, documents.NoTable)
}

func TestColumnsComeAndGo(t *testing.T) {
	b := newBench(t)
	ref := b.table(documents.NewTable{Columns: []schema.Column{column("a:string")}})
	if _, err := b.create(ref, server, "r1", `{"a":"x"}`, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.addColumn(ref, column("b:integer", func(c *schema.Column) { c.Default = []byte("7") })); err != nil {
		t.Fatal(err)
	}
	if _, err := b.create(ref, server, "r2", `{"a":"y"}`, nil); err != nil {
		t.Fatal(err)
	}
	want := func(key string, values ...any) {
		t.Helper()
		p, err := b.list(ref, server)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range p.Rows {
			if v, ok := row[key]; !ok || v != values[i] {
				t.Errorf("%s of row %d: got %v, want %v", key, i, row, values[i])
			}
		}
	}
	want("b", nil, 7.0)
	if _, err := b.addIndex(ref, schema.Index{Key: "ab", Type: schema.KeyIndex, Columns: []string{"b", "a"}}); err != nil {
		t.Fatal(err)
	}
	if err := b.changeColumn(ref, "b", "integer", func(c *schema.Column) { c.Key, c.Default = "c", nil }); err != nil {
		t.Fatal(err)
	}
	want("c", nil, 7.0)
	b.view(func(ctx context.Context, tx store.Tx) error {
		table, err := b.catalog.Table(ctx, tx, ref)
		if err == nil && !reflect.DeepEqual(table.Indexes[0].Columns, []string{"c", "a"}) {
			t.Errorf("the index has %v", table.Indexes[0].Columns)
		}
		return err
	})
	remove := func(key string) error {
		return b.catalogChange(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) error {
			return b.catalog.DeleteColumn(ctx, tx, t, key, b.now.UnixMicro())
		})
	}
	wantKind(t, remove("c"), documents.ColumnInUse)
	wantKind(t, remove("b"), documents.NoColumn)
	if err := b.catalogChange(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) error {
		return b.catalog.DeleteIndex(ctx, tx, t, "ab", b.now.UnixMicro())
	}); err != nil {
		t.Fatal(err)
	}
	if err := remove("c"); err != nil {
		t.Fatal(err)
	}
	if err := b.addColumn(ref, column("c:string")); err != nil {
		t.Fatal(err)
	}
	want("c", nil, nil)
}

func TestColumnsAreRefused(t *testing.T) {
	b := newBench(t)
	ref := b.table(documents.NewTable{Columns: []schema.Column{column("a:string"), column("n:integer")}})
	if _, err := b.create(ref, server, "r1", `{"a":"äöü"}`, nil); err != nil {
		t.Fatal(err)
	}
	wantKind(t, b.addColumn(ref, column("A:integer")), documents.ColumnExists)
	wantKind(t, b.addColumn(ref, column("r:relationship")), documents.Unsupported)
	wantKind(t, b.changeColumn(ref, "a", "integer", func(*schema.Column) {}), documents.ColumnOther)
	wantKind(t, b.changeColumn(ref, "x", "integer", func(*schema.Column) {}), documents.NoColumn)
	wantKind(t, b.changeColumn(ref, "a", "string", func(c *schema.Column) { c.Key = "N" }), documents.ColumnExists)
	wantKind(t, b.changeColumn(ref, "a", "string", func(c *schema.Column) { c.Size = 2 }), documents.ColumnTooSmall)
	if err := b.changeColumn(ref, "a", "string", func(c *schema.Column) { c.Size, c.Key = 3, "A" }); err != nil {
		t.Error(err)
	}
	var e *schema.Error
	if err := b.addColumn(ref, column("w:string", func(c *schema.Column) { c.Size = 16381 })); !errors.As(err, &e) || e.Kind != schema.TooManyColumns {
		t.Errorf("a column without room: %v", err)
	}
}

func TestIndexes(t *testing.T) {
	b := newBench(t)
	ref := b.table(documents.NewTable{Columns: []schema.Column{column("a:string"), column("n:integer")}})
	for id, data := range map[string]string{"r1": `{"a":"x","n":1}`, "r2": `{"a":"X","n":1}`, "r3": `{"n":1}`, "r4": `{"n":1}`} {
		if _, err := b.create(ref, server, id, data, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		index  schema.Index
		status string
		kind   documents.Kind
	}{
		{schema.Index{Key: "n", Type: schema.KeyIndex, Columns: []string{"n", "$createdAt", "$id"}, Orders: []string{"DESC"}}, documents.Available, 0},
		{schema.Index{Key: "N", Type: schema.KeyIndex, Columns: []string{"a"}}, "", documents.IndexExists},
		{schema.Index{Key: "ua", Type: schema.UniqueIndex, Columns: []string{"a"}}, documents.Failed, 0},
		{schema.Index{Key: "uid", Type: schema.UniqueIndex, Columns: []string{"a", "$id"}}, documents.Available, 0},
		{schema.Index{Key: "words", Type: schema.FulltextIndex, Columns: []string{"a"}}, documents.Available, 0},
	} {
		got, err := b.addIndex(ref, c.index)
		if c.kind != 0 {
			wantKind(t, err, c.kind)
			continue
		}
		if err != nil || got.Status != c.status || (got.Error != "") != (c.status == documents.Failed) {
			t.Errorf("%s: %+v, %v", c.index.Key, got, err)
		}
	}
	// One that failed is there to be seen and removed, and holds nobody back.
	if _, err := b.create(ref, server, "r5", `{"a":"x","n":1}`, nil); err != nil {
		t.Error(err)
	}
	if err := b.catalogChange(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) error {
		return b.catalog.DeleteIndex(ctx, tx, t, "ua", 9)
	}); err != nil {
		t.Error(err)
	}
	b.view(func(ctx context.Context, tx store.Tx) error {
		table, err := b.catalog.Table(ctx, tx, ref)
		if err != nil {
			return err
		}
		list, total, err := table.ListIndexes(ctx, tx, listing.Page{Queries: api.Queries{q("equal", "type", "unique")}})
		if total != 1 || len(list) != 1 || list[0].Key != "uid" {
			t.Errorf("list: %+v of %d", list, total)
		}
		columns, total, err2 := table.ListColumns(ctx, tx, listing.Page{Queries: api.Queries{q("equal", "type", "integer")}})
		if total != 1 || len(columns) != 1 || columns[0].Key != "n" {
			t.Errorf("columns: %+v of %d", columns, total)
		}
		return errors.Join(err, err2)
	})
}

// TestChangesOfTheCatalogCountAtOnce changes permissions between reads of one
// catalog, whose tables are held in memory.
func TestChangesOfTheCatalogCountAtOnce(t *testing.T) {
	b := newBench(t)
	ref := b.table(documents.NewTable{Permissions: permissions(`read("any")`), Columns: []schema.Column{column("n:integer")}})
	if _, err := b.create(ref, server, "r", `{"n":1}`, nil); err != nil {
		t.Fatal(err)
	}
	set := func(p perm.Set) {
		b.write(func(ctx context.Context, tx store.Tx) error {
			_, err := b.catalog.UpdateTable(ctx, tx, ref, b.now.UnixMicro(), func(c *documents.TableChange) { c.Permissions = p })
			return err
		})
	}
	for range 3 {
		if _, err := b.get(ref, guest, "r"); err != nil {
			t.Fatal(err)
		}
		set(permissions())
		_, err := b.get(ref, guest, "r")
		wantKind(t, err, documents.NoRow)
		set(permissions(`read("any")`))
	}
}

// TestWhatIsRolledBackIsNotKept reads a change of the catalog inside the
// transaction that makes it, and then undoes it.
func TestWhatIsRolledBackIsNotKept(t *testing.T) {
	b := newBench(t)
	ref := b.table(documents.NewTable{Columns: []schema.Column{column("n:integer")}})
	undo := errors.New("undo")
	err := b.try(func(ctx context.Context, tx store.Tx) error {
		if _, err := b.catalog.UpdateTable(ctx, tx, ref, b.now.UnixMicro(), func(c *documents.TableChange) { c.Permissions = permissions(`create("any")`) }); err != nil {
			return err
		}
		table, err := b.catalog.TableToChange(ctx, tx, ref)
		if err != nil {
			return err
		}
		if _, err := table.Create(ctx, tx, b.by(guest), documents.Row{ID: "r", Data: []byte(`{"n":1}`)}); err != nil {
			return err
		}
		return undo
	})
	if !errors.Is(err, undo) {
		t.Fatal(err)
	}
	_, err = b.create(ref, guest, "r", `{"n":1}`, nil)
	wantKind(t, err, documents.Unauthorized)
}

// TestColumnsChangeUnderWriters adds and removes columns while rows are made,
// read and listed: no request may see half of a change.
func TestColumnsChangeUnderWriters(t *testing.T) {
	b := newBench(t)
	ref := b.table(documents.NewTable{Columns: []schema.Column{column("n:integer")}})
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 50 {
				id := string(rune('a'+w)) + strings.Repeat("x", i%30) + string(rune('a'+i%26)) + string(rune('a'+i/26))
				if _, err := documents.Settle(func() (map[string]any, error) { return b.create(ref, server, id, `{"n":1}`, nil) }); err != nil {
					t.Errorf("create: %v", err)
				}
				if _, err := documents.Settle(func() (page, error) { return b.list(ref, server, q("equal", "n", 1)) }); err != nil {
					t.Errorf("list: %v", err)
				}
			}
		})
	}
	for range 20 {
		if err := b.addColumn(ref, column("extra:string")); err != nil {
			t.Fatal(err)
		}
		if err := b.catalogChange(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) error {
			return b.catalog.DeleteColumn(ctx, tx, t, "extra", b.now.UnixMicro())
		}); err != nil {
			t.Fatal(err)
		}
	}
	writers.Wait()
}

func TestSwitchedOff(t *testing.T) {
	b := newBench(t)
	ref := b.table(documents.NewTable{Permissions: permissions(`read("any")`)})
	see := func() (err error) {
		b.view(func(ctx context.Context, tx store.Tx) error {
			table, e := b.catalog.Table(ctx, tx, ref)
			if e != nil {
				return e
			}
			if _, e := table.VisibleTo(server); e != nil {
				t.Errorf("a server: %v", e)
			}
			_, err = table.VisibleTo(guest)
			return nil
		})
		return err
	}
	if err := see(); err != nil {
		t.Error(err)
	}
	b.write(func(ctx context.Context, tx store.Tx) error {
		_, err := b.catalog.UpdateTable(ctx, tx, ref, 3, func(c *documents.TableChange) { c.Enabled = false })
		return err
	})
	wantKind(t, see(), documents.NoTable)
	b.write(func(ctx context.Context, tx store.Tx) error {
		_, err := b.catalog.UpdateDatabase(ctx, tx, "main", 4, func(db *documents.Database) { db.Enabled = false })
		return err
	})
	wantKind(t, see(), documents.NoDatabase)
}
