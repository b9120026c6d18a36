package documents_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"moorfast/internal/core/documents"
	"moorfast/internal/identity"
	"moorfast/internal/perm"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

const project = "p1"

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// A bench is a project with one database "main", on real SQLite.
type bench struct {
	testing.TB
	db      store.DB
	catalog *documents.Catalog
	now     time.Time
	ids     int
}

func newBench(tb testing.TB) *bench {
	tb.Helper()
	b := &bench{TB: tb, db: openStore(tb), catalog: documents.New(), now: start}
	b.write(func(ctx context.Context, tx store.Tx) error {
		_, err := b.catalog.CreateDatabase(ctx, tx, documents.Database{ID: "main", Name: "Main", Enabled: true, Type: "tablesdb", CreatedAt: 1, UpdatedAt: 1})
		return err
	})
	return b
}

// write runs fn in a transaction that must commit.
func (b *bench) write(fn func(ctx context.Context, tx store.Tx) error) {
	b.Helper()
	if err := b.try(fn); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) try(fn func(ctx context.Context, tx store.Tx) error) error {
	return b.db.Update(b.Context(), project, func(tx store.Tx) error { return fn(b.Context(), tx) })
}

func (b *bench) view(fn func(ctx context.Context, tx store.Tx) error) {
	b.Helper()
	if err := b.db.View(b.Context(), project, func(tx store.Tx) error { return fn(b.Context(), tx) }); err != nil {
		b.Fatal(err)
	}
}

// column makes a column of a kind: "title:string", with what follows it changed.
func column(spec string, change ...func(*schema.Column)) schema.Column {
	key, kind, _ := strings.Cut(spec, ":")
	for _, k := range schema.Kinds {
		if k.Name == kind {
			c := k.Column(key)
			if c.Size == 0 {
				c.Size = 255
			}
			for _, f := range change {
				f(&c)
			}
			return c
		}
	}
	panic("no kind " + kind)
}

func required(c *schema.Column) { c.Required = true }
func array(c *schema.Column)    { c.Array = true }

// table makes the table "t".
func (b *bench) table(n documents.NewTable) documents.Ref {
	b.Helper()
	n.ID, n.Name, n.Enabled = "t", "T", true
	b.write(func(ctx context.Context, tx store.Tx) error {
		_, err := b.catalog.CreateTable(ctx, tx, "main", n, b.now.UnixMicro())
		return err
	})
	return documents.Ref{Database: "main", Table: "t"}
}

func permissions(list ...string) perm.Set { return perm.New(list, perm.Resource) }

func rowPermissions(list ...string) *perm.Set {
	set := perm.New(list, perm.Row)
	return &set
}

var server = ptr(identity.Actor{Kind: identity.Key}.As(identity.RoleKeys, nil, true))

func ptr[T any](v T) *T { return &v }

// user is a user with roles beside its own.
func user(id string, roles ...string) *identity.Actor {
	u := &identity.User{ID: id}
	return &identity.Actor{Kind: identity.Session, User: u, Roles: append(identity.RolesOf(u), roles...)}
}

var guest = &identity.Actor{Kind: identity.Guest, Roles: identity.RolesOf(nil)}

func (b *bench) by(actor *identity.Actor) documents.By {
	return documents.By{Actor: actor, Form: documents.AsTables, Now: b.now, NewID: func() string { b.ids++; return "made" + strconv.Itoa(b.ids) }}
}

// change runs what changes rows of the table.
func (b *bench) change(ref documents.Ref, fn func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error)) (row map[string]any, err error) {
	b.Helper()
	var out []byte
	err = b.try(func(ctx context.Context, tx store.Tx) error {
		t, err := b.catalog.TableToChange(ctx, tx, ref)
		if err != nil {
			return err
		}
		out, err = fn(ctx, tx, t)
		return err
	})
	if err == nil && out != nil {
		if err := json.Unmarshal(out, &row); err != nil {
			b.Fatalf("%s: %v", out, err)
		}
	}
	return row, err
}

func (b *bench) create(ref documents.Ref, actor *identity.Actor, id, data string, set *perm.Set) (map[string]any, error) {
	b.Helper()
	return b.change(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
		return t.Create(ctx, tx, b.by(actor), documents.Row{ID: id, Data: []byte(data), Permissions: set})
	})
}

func (b *bench) update(ref documents.Ref, actor *identity.Actor, id, data string, set *perm.Set) (map[string]any, error) {
	b.Helper()
	return b.change(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
		row := documents.Row{ID: id, Permissions: set}
		if data != "" {
			row.Data = []byte(data)
		}
		return t.Update(ctx, tx, b.by(actor), row)
	})
}

func (b *bench) delete(ref documents.Ref, actor *identity.Actor, id string) error {
	b.Helper()
	_, err := b.change(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
		return nil, t.Delete(ctx, tx, b.by(actor), id)
	})
	return err
}

func (b *bench) get(ref documents.Ref, actor *identity.Actor, id string, queries ...string) (row map[string]any, err error) {
	b.Helper()
	err = b.db.View(b.Context(), project, func(tx store.Tx) error {
		t, err := b.catalog.Table(b.Context(), tx, ref)
		if err != nil {
			return err
		}
		out, err := t.Get(b.Context(), tx, b.by(actor), id, queries)
		if err != nil {
			return err
		}
		row = nil
		return json.Unmarshal(out, &row)
	})
	return row, err
}

type page struct {
	Total int
	Rows  []map[string]any
}

func (p page) ids() string {
	var ids []string
	for _, row := range p.Rows {
		ids = append(ids, row["$id"].(string))
	}
	return strings.Join(ids, " ")
}

func (b *bench) list(ref documents.Ref, actor *identity.Actor, queries ...string) (p page, err error) {
	b.Helper()
	err = b.db.View(b.Context(), project, func(tx store.Tx) error {
		t, err := b.catalog.Table(b.Context(), tx, ref)
		if err != nil {
			return err
		}
		out, err := t.List(b.Context(), tx, b.by(actor), queries, true)
		if err != nil {
			return err
		}
		p = page{}
		if err := json.Unmarshal(out, &p); err != nil {
			b.Fatalf("%s: %v", out, err)
		}
		return nil
	})
	return p, err
}

// q writes a query.
func q(method, attribute string, values ...any) string {
	text, err := json.Marshal(map[string]any{"method": method, "attribute": attribute, "values": append([]any{}, values...)})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func wantKind(t testing.TB, err error, want documents.Kind) {
	t.Helper()
	var e *documents.Error
	if !errors.As(err, &e) || e.Kind != want {
		t.Fatalf("got %v, want outcome %d", err, want)
	}
}
