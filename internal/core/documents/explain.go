package documents

import (
	"context"
	"fmt"
	"strings"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// Explained is a statement of a list, without the values of queries, and what
// the engine does for it.
type Explained struct {
	SQL  string
	Plan []string

	// Effort is what running it took: how many rows were returned, and how many
	// were looked at, as far as the engine counts that.
	Effort string
}

// Explain lists rows, and returns the statements that this took with their plans.
func (t *Table) Explain(ctx context.Context, tx store.Tx, by By, queries []string) ([]Explained, error) {
	r := &recorder{Tx: tx}
	if _, err := t.List(ctx, r, by, queries, true); err != nil {
		return nil, err
	}
	all := make([]Explained, len(r.statements))
	for i, s := range r.statements {
		plan, err := explain(ctx, tx, s)
		if err != nil {
			return nil, fmt.Errorf("explain: %w", err)
		}
		took, err := effort(ctx, tx, s)
		if err != nil {
			return nil, fmt.Errorf("explain: %w", err)
		}
		all[i] = Explained{s.sql, plan, took}
	}
	return all, nil
}

// effort runs a statement once more on an engine that counts its steps, of which
// each row that is looked at takes some. PostgreSQL counts rows in its plan.
func effort(ctx context.Context, tx store.Tx, s recorded) (string, error) {
	engine, ok := tx.(interface {
		Measure(ctx context.Context, sql string, args ...any) (rows, steps int64, err error)
	})
	if !ok {
		return "", nil
	}
	rows, steps, err := engine.Measure(ctx, s.sql, s.args...)
	return fmt.Sprintf("%d rows, for which the engine took %d steps", rows, steps), err
}

// A recorder remembers the statements of a transaction.
type recorder struct {
	store.Tx
	statements []recorded
}

type recorded struct {
	sql  string
	args []any
}

func (r *recorder) Query(ctx context.Context, sql string, args ...any) (store.Rows, error) {
	r.statements = append(r.statements, recorded{sql, args})
	return r.Tx.Query(ctx, sql, args...)
}

// Version keeps totals from being answered without a statement.
func (r *recorder) Version() (uint64, bool) { return 0, false }

func explain(ctx context.Context, tx store.Tx, s recorded) (plan []string, err error) {
	if tx.Dialect() == sqlb.Postgres {
		err = store.Each(ctx, tx, `EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) `+s.sql, s.args, func(rows store.Rows) error {
			plan = append(plan, string(rows.Text(0)))
			return nil
		})
		return plan, err
	}
	depth := map[int64]int{} // of the steps of the plan, by their number
	err = store.Each(ctx, tx, `EXPLAIN QUERY PLAN `+s.sql, s.args, func(rows store.Rows) error {
		step, parent := rows.Int(0), rows.Int(1)
		depth[step] = depth[parent] + 1
		plan = append(plan, strings.Repeat("  ", depth[parent])+string(rows.Text(3)))
		return nil
	})
	return plan, err
}
