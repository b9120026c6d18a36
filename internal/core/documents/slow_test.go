package documents_test

import (
	"context"
	"testing"
	"time"

	"moorfast/internal/core/documents"
	"moorfast/internal/schema"
)

func TestSlowListsAreToldOfWithoutValues(t *testing.T) {
	b := newBench(t)
	now, step := start, 3*time.Second
	var told []documents.Slow
	b.catalog.Watched(documents.Watch{
		Now:    func() time.Time { now = now.Add(step); return now },
		Longer: 2 * time.Second,
		Tell:   func(_ context.Context, s documents.Slow) { told = append(told, s) },
	})
	ref := b.table(documents.NewTable{Columns: []schema.Column{column("title:string"), column("n:integer")}})
	either := q("or", "", map[string]any{"method": "equal", "attribute": "title", "values": []any{"secret"}},
		map[string]any{"method": "isNull", "attribute": "n"})
	if _, err := b.list(ref, server, q("equal", "title", "secret"), either, q("orderDesc", "n"), q("limit", "", 5)); err != nil {
		t.Fatal(err)
	}
	want := documents.Slow{
		Project: project, Database: "main", Table: "t", Took: 3 * time.Second,
		Shape: "equal(title), or(equal(title), isNull(n)), orderDesc(n), limit",
	}
	if len(told) != 1 || told[0] != want {
		t.Errorf("got %+v, want %+v", told, want)
	}
	step = time.Second
	if _, err := b.list(ref, server); err != nil || len(told) != 1 {
		t.Errorf("a fast list: %+v, %v", told, err)
	}
}
