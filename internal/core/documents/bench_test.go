package documents_test

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"moorfast/internal/core/documents"
	"moorfast/internal/identity"
	"moorfast/internal/perm"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

const benchRows = 10_000

// benchTable makes 10,000 rows of about 1 KiB, of which each of a hundred users
// has a hundred.
func benchTable(b *bench, rowSecurity bool) documents.Ref {
	b.Helper()
	table := permissions(`create("users")`, `read("users")`, `update("users")`, `delete("users")`)
	if rowSecurity {
		table = permissions(`create("users")`)
	}
	ref := b.table(documents.NewTable{
		Permissions: table, RowSecurity: rowSecurity,
		Columns: []schema.Column{
			column("title:string", required), column("category:string", required), column("score:integer", required),
			column("body:text"), column("rating:float"), column("done:boolean"), column("due:datetime"), column("tags:string", array),
		},
		Indexes: []schema.Index{{Key: "list", Type: schema.KeyIndex, Columns: []string{"category", "score"}}},
	})
	for batch := range benchRows / 1000 {
		b.write(func(ctx context.Context, tx store.Tx) error {
			t, err := b.catalog.TableToChange(ctx, tx, ref)
			for i := batch * 1000; err == nil && i < (batch+1)*1000; i++ {
				owner := perm.ForUser(fmt.Sprintf("u%d", i%100))
				_, err = t.Create(ctx, tx, b.by(server), documents.Row{ID: fmt.Sprintf("row%017d", i), Data: benchData(i), Permissions: &owner})
			}
			return err
		})
	}
	return ref
}

var benchBody = func() (s string) {
	for len(s) < 700 {
		s += "a body of some words, as people write them; "
	}
	return s
}()

func benchData(i int) []byte {
	return fmt.Appendf(nil, `{"title":"The title of row %d","category":"cat%d","score":%d,"body":"%s","rating":4.5,"done":false,"due":"2026-12-24T18:00:00.000+00:00","tags":["a","b","c"]}`,
		i, i%10, i*7919%10_000, benchBody)
}

func BenchmarkRows(tb *testing.B) {
	for _, security := range []struct {
		name string
		rows bool
	}{{"table", false}, {"owner", true}} {
		tb.Run(security.name, func(tb *testing.B) {
			b := newBench(tb)
			ref := benchTable(b, security.rows)
			actor := user("u7", "team:a", "team:a/owner")
			b.benchReads(tb, ref, actor)
			b.benchWrites(tb, ref, actor)
		})
	}
}

func (b *bench) benchReads(tb *testing.B, ref documents.Ref, actor *identity.Actor) {
	read := func(name string, fn func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error)) {
		tb.Run(name, func(tb *testing.B) {
			tb.ReportAllocs()
			defer reportCPU(tb)()
			for tb.Loop() {
				err := b.db.View(b.Context(), project, func(tx store.Tx) error {
					t, err := b.catalog.Table(b.Context(), tx, ref)
					if err != nil {
						return err
					}
					_, err = fn(b.Context(), tx, t)
					return err
				})
				if err != nil {
					tb.Fatal(err)
				}
			}
		})
	}
	list := []string{q("equal", "category", "cat7"), q("lessThan", "score", 8000), q("orderDesc", "score"), q("limit", "", 30)}
	read("get", func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
		return t.Get(ctx, tx, b.by(actor), "row00000000000005007", nil)
	})
	read("list30", func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
		return t.List(ctx, tx, b.by(actor), list, true)
	})
	read("list30-no-total", func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
		return t.List(ctx, tx, b.by(actor), list, false)
	})
	read("list25-newest", func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
		return t.List(ctx, tx, b.by(actor), []string{q("orderDesc", "$createdAt")}, true)
	})
	read("list25-plain", func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
		return t.List(ctx, tx, b.by(actor), nil, true)
	})
}

// reportCPU adds the processor's time to a result, which says more than the
// clock's on a machine with other work.
func reportCPU(tb *testing.B) func() {
	cpu := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			tb.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := cpu()
	return func() { tb.ReportMetric(float64((cpu()-before).Microseconds())/float64(tb.N), "cpu-µs/op") }
}

// benchWrites measures changes without the wait for the disk, a thousand in a
// transaction, as they share one when many clients write.
func (b *bench) benchWrites(tb *testing.B, ref documents.Ref, actor *identity.Actor) {
	made := 0
	write := func(name string, fn func(ctx context.Context, tx store.Tx, t *documents.Table, i int) ([]byte, error)) {
		tb.Run(name, func(tb *testing.B) {
			tb.ReportAllocs()
			defer reportCPU(tb)()
			for i := 0; i < tb.N; {
				b.write(func(ctx context.Context, tx store.Tx) error {
					for end := min(i+1000, tb.N); i < end; i++ {
						t, err := b.catalog.TableToChange(ctx, tx, ref)
						if err != nil {
							return err
						}
						if _, err := fn(ctx, tx, t, i); err != nil {
							return err
						}
					}
					return nil
				})
			}
		})
	}
	write("create", func(ctx context.Context, tx store.Tx, t *documents.Table, i int) ([]byte, error) {
		made++
		return t.Create(ctx, tx, b.by(actor), documents.Row{ID: fmt.Sprint("new", made), Data: benchData(made)})
	})
	write("update", func(ctx context.Context, tx store.Tx, t *documents.Table, i int) ([]byte, error) {
		data := fmt.Appendf(nil, `{"score":%d,"done":true}`, 20_000+i)
		return t.Update(ctx, tx, b.by(actor), documents.Row{ID: fmt.Sprint("new", 1+i%made), Data: data})
	})
	gone := 0
	write("delete", func(ctx context.Context, tx store.Tx, t *documents.Table, i int) ([]byte, error) {
		gone++
		id := fmt.Sprint("new", gone)
		if gone > made { // the benchmark wants more than were made
			if _, err := t.Create(ctx, tx, b.by(actor), documents.Row{ID: id, Data: benchData(gone)}); err != nil {
				return nil, err
			}
		}
		return nil, t.Delete(ctx, tx, b.by(actor), id)
	})
}
