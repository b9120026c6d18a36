package documents

import (
	"context"
	"strings"
	"time"

	"moorfast/internal/query"
	"moorfast/internal/store"
)

// Slow is a list of rows that took its time.
type Slow struct {
	Project, Database, Table string

	// Shape is the queries without their values, which are nobody's business but
	// the client's: "equal(title), orderDesc(year), limit".
	Shape string

	Took time.Duration
}

// Watch says which lists are slow, and who is told of them.
type Watch struct {
	Now    func() time.Time
	Longer time.Duration // 0: none is slow
	Tell   func(context.Context, Slow)
}

// Watched has slow lists told of. It is for a catalog that nobody uses yet.
func (c *Catalog) Watched(w Watch) *Catalog {
	c.watch = w
	return c
}

// watch begins to time a list. What it returns is for the end of it.
func (t *Table) watch(ctx context.Context, tx store.Tx, queries []string) (end func()) {
	w := t.catalog.watch
	if w.Longer <= 0 || w.Tell == nil {
		return func() {}
	}
	start := w.Now()
	return func() {
		if took := w.Now().Sub(start); took > w.Longer {
			w.Tell(ctx, Slow{Project: tx.Project(), Database: t.Database.ID, Table: t.ID, Shape: shapeOf(queries), Took: took})
		}
	}
}

// shapeOf writes queries without their values.
func shapeOf(texts []string) string {
	queries, err := query.Parse(texts)
	if err != nil {
		return "no queries"
	}
	return queryShape(queries)
}

func queryShape(queries []query.Query) string {
	terms := make([]string, len(queries))
	for i, q := range queries {
		terms[i] = string(q.Method)
		switch {
		case len(q.Queries) > 0:
			terms[i] += "(" + queryShape(q.Queries) + ")"
		case q.Attribute != "":
			terms[i] += "(" + q.Attribute + ")"
		}
	}
	return strings.Join(terms, ", ")
}
