package databases_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/documents"
	"moorfast/internal/identity"
	"moorfast/internal/project"
	"moorfast/internal/service/databases"
	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/postgres"
	"moorfast/internal/store/postgres/postgrestest"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/vault"
	"moorfast/internal/vault/vaulttest"
)

// M is short for an object.
type M = map[string]any

// A bench is the service on real SQLite, called as the gateway calls it.
type bench struct {
	testing.TB
	table api.Table
	units api.Units
	now   time.Time
	ids   int
}

func newBench(tb testing.TB) *bench {
	tb.Helper()
	db, err := openEngine(tb, vaulttest.New(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	b := &bench{TB: tb, now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	b.units = api.Units{
		DB: db, Now: func() time.Time { return b.now },
		NewID: func() string { b.ids++; return fmt.Sprintf("made%d", b.ids) },
	}
	if b.table, err = api.Compile(&databases.Service{Catalog: documents.New()}); err != nil {
		tb.Fatal(err)
	}
	return b
}

// openEngine opens SQLite, or PostgreSQL where the tests of the server run on it.
func openEngine(tb testing.TB, v *vault.Vault) (store.DB, error) {
	migrations := func(string) []migrate.Migration {
		return []migrate.Migration{
			{Number: 1, Name: "documents", SQL: documents.Tables},
			{Number: 2, Name: "transactions", SQL: documents.TransactionTables},
			{Number: 3, Name: "relations", SQL: documents.RelationTables},
		}
	}
	if os.Getenv("MOORFAST_TEST_SERVER") == "postgres" {
		url := postgrestest.Database(tb, os.Getenv("MOORFAST_TEST_POSTGRES"))
		return postgres.Open(context.Background(), postgres.Options{URL: url, Vault: v, Migrations: migrations})
	}
	return sqlite.Open(sqlite.Options{Dir: tb.TempDir(), Vault: v, Migrations: migrations})
}

// A client calls the service as one actor.
type client struct {
	*bench
	actor     identity.Actor
	unchanged time.Time
}

func (b *bench) server() *client {
	return &client{bench: b, actor: identity.Actor{Kind: identity.Key}.As(identity.RoleKeys, nil, true)}
}

func (b *bench) user(id string) *client {
	u := &identity.User{ID: id}
	return &client{bench: b, actor: identity.Actor{Kind: identity.Session, User: u, Roles: identity.RolesOf(u)}}
}

func (b *bench) guest() *client {
	return &client{bench: b, actor: identity.Actor{Kind: identity.Guest, Roles: identity.RolesOf(nil)}}
}

var hole = regexp.MustCompile(`\{(\w+)\}`)

// find returns the endpoint of a path, and what the path has in its holes.
func (b *bench) find(method, path string) (*api.Endpoint, []api.PathValue) {
	b.Helper()
	var (
		found  *api.Endpoint
		values []api.PathValue
	)
	for i := range b.table {
		e := &b.table[i]
		if e.Method != method {
			continue
		}
		for _, p := range append([]string{e.Path}, e.Aliases...) {
			form := regexp.MustCompile("^" + hole.ReplaceAllString(p, `([^/]+)`) + "$").FindStringSubmatch("/v1" + path)
			if form == nil || found != nil && strings.Count(p, "{") >= strings.Count(found.Path, "{") {
				continue
			}
			found, values = e, nil
			for j, h := range hole.FindAllStringSubmatch(p, -1) {
				values = append(values, api.PathValue{Name: h[1], Text: form[j+1]})
			}
		}
	}
	if found == nil {
		b.Fatalf("no endpoint for %s %s", method, path)
	}
	return found, values
}

// do calls the service. It returns the answer, or the error that a client sees.
func (c *client) do(method, path string, params M) (body string, call *api.Call, failed *apierr.Error) {
	c.Helper()
	e, inPath := c.find(method, path)
	values := &api.Values{Path: inPath}
	for name, v := range params {
		raw, err := json.Marshal(v)
		if err != nil {
			c.Fatal(err)
		}
		values.Set(name, raw)
	}
	call = &api.Call{Project: &project.Project{ID: "p1"}, Actor: c.actor, Unchanged: c.unchanged}
	call.Start(e, c.units)
	in, err := e.Bind(call, values)
	var out any
	if err == nil {
		out, err = e.Run(c.Context(), call, in)
	}
	if err != nil {
		return "", call, apierr.From(err)
	}
	switch out := out.(type) {
	case api.Raw:
		return string(out), call, nil
	case api.None:
		return "", call, nil
	}
	raw, err := json.Marshal(out)
	if err != nil {
		c.Fatal(err)
	}
	return string(raw), call, nil
}

// must calls what has to succeed, and returns the object that it answers.
func (c *client) must(method, path string, params M) M {
	c.Helper()
	body, _, failed := c.do(method, path, params)
	if failed != nil {
		c.Fatalf("%s %s: %v", method, path, failed)
	}
	if body == "" {
		return nil
	}
	var object M
	if err := json.Unmarshal([]byte(body), &object); err != nil {
		c.Fatalf("%s %s: %s: %v", method, path, body, err)
	}
	return object
}

// refused calls what has to fail, and returns the message.
func (c *client) refused(method, path string, params M, want *apierr.Error) string {
	c.Helper()
	body, _, failed := c.do(method, path, params)
	switch {
	case failed == nil:
		c.Errorf("%s %s: got %s, want %s", method, path, body, want.Type)
		return ""
	case !errors.Is(failed, want) || strings.Contains(failed.Message, "%"):
		c.Errorf("%s %s: got %v: %s, want %s", method, path, failed, failed.Message, want.Type)
	}
	return failed.Message
}

// says compares the message of what has to fail.
func (c *client) says(method, path string, params M, row *apierr.Error, want string) {
	c.Helper()
	if got := c.refused(method, path, params, row); got != want {
		c.Errorf("%s %s:\n got %s\nwant %s", method, path, got, want)
	}
}

// q writes a query.
func q(method, attribute string, values ...any) string {
	raw, err := json.Marshal(M{"method": method, "attribute": attribute, "values": append([]any{}, values...)})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// A tongue is the paths and words of one family, so that a test speaks both.
type tongue struct {
	root, table, column, row string
	security                 string
}

var tongues = []tongue{
	{"/tablesdb", "table", "column", "row", "rowSecurity"},
	{"/databases", "collection", "attribute", "document", "documentSecurity"},
}

func (w tongue) tables() string  { return w.root + "/main/" + w.table + "s" }
func (w tongue) columns() string { return w.tables() + "/films/" + w.column + "s" }
func (w tongue) indexes() string { return w.tables() + "/films/indexes" }
func (w tongue) rows() string    { return w.tables() + "/films/" + w.row + "s" }

// films makes the database "main" with the table "films".
func (b *bench) films(w tongue) *client {
	b.Helper()
	s := b.server()
	s.must("POST", w.root, M{"databaseId": "main", "name": "Main"})
	s.must("POST", w.tables(), M{w.table + "Id": "films", "name": "Films", "permissions": []string{`create("users")`, `read("users")`}, w.security: true})
	s.must("POST", w.columns()+"/string", M{"key": "title", "size": 64, "required": true})
	s.must("POST", w.columns()+"/integer", M{"key": "year", "required": false, "min": 1888, "max": 2100})
	return s
}

// inBoth runs a test in both families.
func inBoth(t *testing.T, test func(t *testing.T, w tongue)) {
	for _, w := range tongues {
		t.Run(w.root[1:], func(t *testing.T) { test(t, w) })
	}
}
