package documents_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"moorfast/internal/core/documents"
	"moorfast/internal/identity"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// A recorder remembers the statements of a transaction.
type recorder struct {
	store.Tx
	sql  []string
	args [][]any
}

func (r *recorder) Query(ctx context.Context, sql string, args ...any) (store.Rows, error) {
	r.sql, r.args = append(r.sql, sql), append(r.args, args)
	return r.Tx.Query(ctx, sql, args...)
}

// plans explains how the store finds what a list asks of a table of rows.
func (b *bench) plans(ref documents.Ref, actor *identity.Actor, total bool, queries ...string) (plans []string) {
	b.Helper()
	b.view(func(ctx context.Context, tx store.Tx) error {
		t, err := b.catalog.Table(ctx, tx, ref)
		if err != nil {
			return err
		}
		r := &recorder{Tx: tx}
		if _, err := t.List(ctx, r, b.by(actor), queries, total); err != nil {
			return err
		}
		for i, sql := range r.sql {
			if !strings.Contains(sql, `"rows_`) {
				continue
			}
			rows, err := tx.Query(ctx, "EXPLAIN QUERY PLAN "+sql, r.args[i]...)
			if err != nil {
				return err
			}
			var steps []string
			for rows.Next() {
				steps = append(steps, string(rows.Text(3)))
			}
			if err := rows.Err(); err != nil {
				return err
			}
			rows.Close()
			plans = append(plans, strings.Join(steps, "\n"))
		}
		return nil
	})
	return plans
}

// pageOf is the plan of the statement that reads the rows of the page.
func pageOf(plans []string) string {
	for _, plan := range plans {
		if strings.Contains(plan, `SEARCH r USING`) {
			return plan
		}
	}
	return "no page"
}

// TestPlans holds lists to the ways of finding rows that were measured. The
// names of indexes are those of the table with the number 1.
func TestPlans(t *testing.T) {
	needSQLite(t)
	b := newBench(t)
	ref := b.table(documents.NewTable{
		RowSecurity: true,
		Columns:     []schema.Column{column("c:string"), column("n:integer"), column("other:integer")},
		Indexes: []schema.Index{
			{Key: "cn", Type: schema.KeyIndex, Columns: []string{"c", "n"}},
			{Key: "n", Type: schema.KeyIndex, Columns: []string{"n"}, Orders: []string{"DESC"}},
		},
	})
	b.write(func(ctx context.Context, tx store.Tx) error {
		table, err := b.catalog.TableToChange(ctx, tx, ref)
		for i := 0; err == nil && i < 4000; i++ {
			list := []string{fmt.Sprintf(`read("user:u%d")`, i%10), fmt.Sprintf(`read("label:l%d")`, i)}
			switch {
			case i%2 == 0:
				list = []string{fmt.Sprintf(`read("team:t%d")`, i%4)}
			case i%3 == 0:
				list = append(list, `read("team:lists")`)
			}
			_, err = table.Create(ctx, tx, b.by(server), documents.Row{ID: fmt.Sprint("r", i), Data: []byte(`{"c":"a","n":1}`), Permissions: rowPermissions(list...)})
		}
		return err
	})
	const (
		byCN     = `SEARCH rows_1 USING COVERING INDEX rows_1_i1 (c1=? AND c2>?)`
		byN      = `SCAN rows_1 USING COVERING INDEX rows_1_i2`
		byList   = `rows_1_acl (_acl=?)`
		theRows  = `SEARCH r USING INTEGER PRIMARY KEY (rowid=?)`
		lists    = `SCAN j VIRTUAL TABLE`
		byReader = `SEARCH acl_readers EXISTS USING COVERING INDEX acl_readers_acl (acl=? AND role=?)`
		sorts    = `TEMP B-TREE`
	)
	filter := []string{q("equal", "c", "A"), q("greaterThan", "n", 0)}
	for _, c := range []struct {
		name    string
		actor   *identity.Actor
		queries []string
		has     []string
		hasNot  []string
	}{
		{"all rows, filtered", server, filter, []string{byCN, theRows}, []string{"acl_readers"}},
		{"all rows, filtered and sorted as the index is", server, append(filter, q("orderAsc", "n")), []string{byCN}, []string{sorts}},
		{"all rows, sorted as the index is", server, []string{q("orderDesc", "n")}, []string{byN}, []string{sorts}},
		{"all rows, by age", server, []string{q("orderDesc", "$createdAt")}, []string{`SCAN rows_1 USING COVERING INDEX rows_1_created`}, []string{sorts}},
		{"few rows", user("x", "label:l3"), nil, []string{`SEARCH rows_1 USING COVERING INDEX rows_1_acl (_acl=?)`}, []string{sorts}},
		{"few rows, filtered", user("x", "label:l3"), filter, []string{byList}, []string{byCN}},
		{"few rows of several lists", user("x", "label:l3", "label:l5"), nil, []string{byList, lists}, nil},
		{"few rows, filtered and sorted", user("x", "label:l3"), append(filter, q("orderAsc", "n")), []string{byList}, []string{byCN}},
		{"few rows, sorted", user("x", "label:l3"), []string{q("orderDesc", "n")}, []string{byList}, []string{byN}},
		{"few rows of several lists, filtered and sorted", user("x", "label:l3", "label:l5"), append(filter, q("orderAsc", "n")), []string{byList, lists}, []string{byCN}},
		{"few rows of several lists, by age", user("x", "label:l3", "label:l5"), []string{q("orderDesc", "$createdAt")}, []string{byList, lists}, nil},
		{"few lists of many rows, filtered", user("x", "team:t0", "team:t2"), filter, []string{byCN, lists}, []string{byList, byReader}},
		{"few lists of many rows, sorted", user("x", "team:t0", "team:t2"), []string{q("orderDesc", "n")}, []string{byN, lists}, []string{sorts, byReader}},
		{"many lists, filtered", user("x", "team:lists"), filter, []string{byCN, byReader}, []string{byList}},
		{"many lists, sorted", user("x", "team:lists"), []string{q("orderDesc", "n")}, []string{byN, byReader}, []string{sorts}},
	} {
		for _, total := range []bool{false, true} {
			plans := b.plans(ref, c.actor, total, c.queries...)
			all := strings.Join(plans, "\n--\n")
			page := pageOf(plans)
			for _, step := range c.has {
				if !strings.Contains(page, step) {
					t.Errorf("%s: no %q in the plan:\n%s", c.name, step, page)
				}
			}
			for _, step := range c.hasNot {
				if strings.Contains(all, step) {
					t.Errorf("%s: %q in the plan:\n%s", c.name, step, all)
				}
			}
			if strings.Contains(all, "SCAN r ") {
				t.Errorf("%s: the plan reads all rows:\n%s", c.name, all)
			}
		}
	}
}

// TestAReaderOfManyListsAndFewRowsReadsThemOneByOne is about a large table of
// which hardly anything is within reach: what is there to be seen decides, and
// not what is there.
func TestAReaderOfManyListsAndFewRowsReadsThemOneByOne(t *testing.T) {
	b := newBench(t)
	ref := b.table(documents.NewTable{RowSecurity: true, Columns: []schema.Column{column("n:integer")}})
	b.write(func(ctx context.Context, tx store.Tx) error {
		table, err := b.catalog.TableToChange(ctx, tx, ref)
		for i := 0; err == nil && i < 700; i++ {
			list := []string{fmt.Sprintf(`read("label:l%d")`, i), `read("team:author")`}
			if i >= 600 {
				list = []string{`read("team:other")`}
			}
			_, err = table.Create(ctx, tx, b.by(server), documents.Row{ID: fmt.Sprint("r", i), Data: []byte(`{"n":1}`), Permissions: rowPermissions(list...)})
		}
		return err
	})
	author := user("x", "team:author", "label:l1")
	newest := []string{q("orderDesc", "$createdAt"), q("limit", "", 5)}
	look := func(actor *identity.Actor) string {
		if onPostgres {
			return ""
		}
		return pageOf(b.plans(ref, actor, false, newest...))
	}
	if plan := look(author); !onPostgres && !strings.Contains(plan, "acl_readers") {
		t.Errorf("a small table: rows are not asked for their readers:\n%s", plan)
	}
	b.write(func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE rows_1 SET "_seq" = 60000, "_created" = "_created" + 1 WHERE "_id" = 'r699'`)
		if err == nil {
			_, err = tx.Exec(ctx, `UPDATE rows_1 SET "_created" = "_created" + 1 WHERE "_id" > 'r6'`)
		}
		return err
	})
	if plan := look(author); strings.Contains(plan, "acl_readers") || !onPostgres && !strings.Contains(plan, `rows_1_acl (_acl=?)`) {
		t.Errorf("a large table: rows are not found by their lists:\n%s", plan)
	}
	if p, err := b.list(ref, author, newest...); err != nil || p.Total != 600 || len(p.Rows) != 5 {
		t.Errorf("%d rows of %d, %v", len(p.Rows), p.Total, err)
	}
	// Who sees what is new there is one who reads much.
	reader := user("x", "team:author", "team:other")
	if plan := look(reader); !onPostgres && !strings.Contains(plan, "acl_readers") {
		t.Errorf("a reader of much: rows are not asked for their readers:\n%s", plan)
	}
}
