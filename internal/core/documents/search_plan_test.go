package documents_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"moorfast/internal/store"
)

func TestExplain(t *testing.T) {
	b := newBench(t)
	ref := library(b)
	b.view(func(ctx context.Context, tx store.Tx) error {
		t, err := b.catalog.Table(ctx, tx, ref)
		if err != nil {
			return err
		}
		all, err := t.Explain(ctx, tx, b.by(server), []string{q("equal", "code", "AB-12"), q("limit", "", 1)})
		if err != nil {
			return err
		}
		if len(all) != 2 {
			b.Errorf("got %d statements, want the page and the total", len(all))
		}
		for _, e := range all {
			if len(e.Plan) == 0 || strings.Contains(e.SQL, "AB-12") {
				b.Errorf("got %+v", e)
			}
		}
		return nil
	})
}

// A search on PostgreSQL has the very term of the index, which it would not use
// otherwise.
func TestSearchesUseTheirIndex(t *testing.T) {
	if !onPostgres {
		t.Skip("on SQLite there is no other way to search")
	}
	b := newBench(t)
	ref := library(b)
	for i := range 300 {
		if _, err := b.create(ref, server, fmt.Sprint("n", i), data("title", fmt.Sprint("title number ", i)), nil); err != nil {
			t.Fatal(err)
		}
	}
	b.write(func(ctx context.Context, tx store.Tx) error {
		for _, sql := range []string{`SET LOCAL enable_seqscan = off`, `SET LOCAL enable_indexscan = off`, `ANALYZE rows_1`} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		t, err := b.catalog.TableToChange(ctx, tx, ref)
		if err != nil {
			return err
		}
		all, err := t.Explain(ctx, tx, b.by(server), []string{q("search", "title", "17")})
		if err != nil {
			return err
		}
		if plan := strings.Join(all[0].Plan, "\n"); !strings.Contains(plan, "rows_1_i1") {
			b.Errorf("the index is not used:\n%s", plan)
		}
		return nil
	})
}
