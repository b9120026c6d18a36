package documents

import (
	"context"
	"fmt"

	"moorfast/internal/query"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// maxTotal is where the counting of a list stops, as in the contract.
const maxTotal = 5000

// maxTotalKey is how long a question is, at most, whose answer is kept.
const maxTotalKey = 16 << 10

// total returns how many rows a list has in all, as far as that is counted. n of
// them are on the page.
func (t *Table) total(ctx context.Context, tx store.Tx, plan *query.Plan, within *reach, where sqlb.Cond, n int64) (total int64, err error) {
	last := n < plan.Limit && (n > 0 || plan.Offset == 0)
	switch {
	case last && plan.Cursor.ID == "": // the page says where the list ends
		total = plan.Offset + n
	case len(plan.Filters) > 0:
		total, err = t.counted(ctx, tx, where)
	default:
		total, err = within.count(ctx, tx, t.seq)
	}
	return min(total, maxTotal), err
}

// totalKey is a question that has one answer for as long as nothing changes.
type totalKey struct {
	project string
	state   uint64 // of the project's rows
	query   string // the statement and its arguments
}

// counted counts the rows for which a condition holds. Counting is half of what a
// list costs, and clients turn pages: what was counted is kept for the state of
// the project that it was counted in.
func (t *Table) counted(ctx context.Context, tx store.Tx, where sqlb.Cond) (int64, error) {
	sql, args := sqlb.Select{From: t.name, Where: where}.SQL(tx.Dialect())
	count := func() (int64, error) {
		n, _, err := one(ctx, tx, `SELECT count(*) FROM (`+sql+bounds(maxTotal, 0)+`) AS capped`, args...)
		if err != nil {
			return 0, fmt.Errorf("count rows of %s: %w", t.name, err)
		}
		return n, nil
	}
	state, ok := tx.Version()
	if !ok {
		return count()
	}
	key := totalKey{tx.Project(), state, sql + fmt.Sprintf("%#v", args)}
	if len(key.query) > maxTotalKey {
		return count()
	}
	return t.catalog.totals.Get(key, count)
}
