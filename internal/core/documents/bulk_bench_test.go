package documents_test

import (
	"context"
	"fmt"
	"testing"

	"moorfast/internal/core/documents"
	"moorfast/internal/store"
)

// BenchmarkCreateMany adds 100 rows at a time, each with a permission set of a
// thousand.
func BenchmarkCreateMany(tb *testing.B) {
	b := newBench(tb)
	ref := benchTable(b, true)
	tb.ReportAllocs()
	defer reportCPU(tb)()
	n := 0
	for tb.Loop() {
		rows := make([]documents.Row, 100)
		for i := range rows {
			n++
			rows[i] = documents.Row{
				ID: fmt.Sprintf("many%d", n), Data: benchData(n),
				Permissions: rowPermissions(`read("label:all")`, `update("label:all")`, fmt.Sprintf(`read("user:u%d")`, n%1000)),
			}
		}
		b.write(func(ctx context.Context, tx store.Tx) error {
			t, err := b.catalog.TableToChange(ctx, tx, ref)
			if err != nil {
				return err
			}
			_, err = t.CreateMany(ctx, tx, b.by(server), rows)
			return err
		})
	}
}
