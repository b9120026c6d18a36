package storetest

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"

	"moorfast/internal/store"
)

var projectTests = []test{
	{"one project does not see another's rows", func(t *testing.T, db store.DB) {
		ctx := t.Context()
		for _, p := range []string{"p1", "p2", "p-1", "p1-", "1", store.Platform} {
			must(t, db.Update(ctx, p, add(ctx, "in "+p)))
		}
		for _, p := range []string{"p1", "p2", "p-1", "p1-", "1", store.Platform} {
			if got := ids(t, db, p); !slices.Equal(got, []string{"in " + p}) {
				t.Errorf("project %s holds %q", p, got)
			}
		}
	}},
	{"a transaction knows its project", func(t *testing.T, db store.DB) {
		for _, p := range []string{"p1", store.Platform} {
			must(t, db.View(t.Context(), p, func(tx store.Tx) error {
				if tx.Project() != p {
					t.Errorf("project = %s, want %s", tx.Project(), p)
				}
				return nil
			}))
		}
	}},
	{"what is no project id is refused", func(t *testing.T, db store.DB) {
		never := func(store.Tx) error { t.Error("it ran"); return nil }
		for _, p := range []string{"", "-a", "A", "a/b", "..", "a.b", "a_b", "a\x00", "é", strings.Repeat("a", 37)} {
			if db.View(t.Context(), p, never) == nil || db.Update(t.Context(), p, never) == nil || db.Drop(t.Context(), p) == nil {
				t.Errorf("%q was taken", p)
			}
		}
	}},
	{"the list of projects has those with a database, and not the platform", func(t *testing.T, db store.DB) {
		ctx := t.Context()
		long := strings.Repeat("a", 36)
		for _, p := range []string{"p1", "p-1", "0", long, store.Platform} {
			must(t, db.Update(ctx, p, add(ctx, "a")))
		}
		must(t, db.Drop(ctx, "p-1"))
		got, err := db.Projects(ctx)
		must(t, err)
		slices.Sort(got)
		if want := []string{"0", long, "p1"}; !slices.Equal(got, want) {
			t.Errorf("projects = %q, want %q", got, want)
		}
	}},
	{"a dropped project comes back empty", func(t *testing.T, db store.DB) {
		ctx := t.Context()
		must(t, db.Update(ctx, project, add(ctx, "a")))
		must(t, db.Update(ctx, "p2", add(ctx, "b")))
		must(t, db.Drop(ctx, project))
		wantIDs(t, db)
		if got := ids(t, db, "p2"); len(got) != 1 {
			t.Errorf("the other project holds %q", got)
		}
	}},
	{"dropping what is not there is done already", func(t *testing.T, db store.DB) {
		must(t, db.Drop(t.Context(), "never"))
	}},
	{"the platform is not dropped", func(t *testing.T, db store.DB) {
		if db.Drop(t.Context(), store.Platform) == nil {
			t.Error("it was")
		}
	}},
	{"a drop waits for the transactions of its project", func(t *testing.T, db store.DB) {
		ctx := t.Context()
		must(t, db.Update(ctx, project, add(ctx, "a")))
		inside, dropped := make(chan struct{}), make(chan error, 1)
		go func() {
			<-inside
			dropped <- db.Drop(ctx, project)
		}()
		must(t, db.View(ctx, project, func(tx store.Tx) error {
			if n, err := store.Count(ctx, tx, "notes", nil, 0); err != nil || n != 1 {
				t.Errorf("count = %d, %v", n, err)
			}
			close(inside)
			for range 100 {
				runtime.Gosched()
			}
			n, err := store.Count(ctx, tx, "notes", nil, 0)
			if n != 1 {
				t.Errorf("count = %d while the drop waited", n)
			}
			return err
		}))
		must(t, <-dropped)
		wantIDs(t, db)
	}},
	{"ping answers", func(t *testing.T, db store.DB) { must(t, db.Ping(t.Context())) }},
	{"after close there is nothing to use", func(t *testing.T, db store.DB) {
		must(t, db.Update(t.Context(), project, add(t.Context(), "a")))
		must(t, db.Close())
		if db.View(context.Background(), project, func(store.Tx) error { return nil }) == nil {
			t.Error("a view ran")
		}
		if db.Ping(t.Context()) == nil {
			t.Error("it answered")
		}
	}},
}
