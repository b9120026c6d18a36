package sqlite_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/store/storetest"
)

// A benchRow is what a service reads by id.
type benchRow struct {
	Seq   int64   `col:"seq"`
	ID    string  `col:"id"`
	Title string  `col:"title"`
	Email *string `col:"email"`
	Size  int64   `col:"size"`
	Score float64 `col:"score"`
}

func benchDB(b *testing.B, rows int) *sqlite.DB {
	db := open(b, sqlite.Options{Dir: b.TempDir(), Migrations: storetest.Migrations})
	err := db.Update(b.Context(), "p1", func(tx store.Tx) error {
		for i := range rows {
			row := benchRow{ID: fmt.Sprintf("row%d", i), Title: "a title of usual length", Size: int64(i)}
			if err := store.Insert(b.Context(), tx, "notes", &row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	return db
}

func BenchmarkGet(b *testing.B) {
	db, ctx := benchDB(b, 10_000), context.Background()
	ids := make([]string, 1024)
	for i := range ids {
		ids[i] = fmt.Sprintf("row%d", i*7)
	}
	i := 0
	for b.Loop() {
		id := ids[i%len(ids)]
		i++
		err := db.View(ctx, "p1", func(tx store.Tx) error {
			row, err := store.Get[benchRow](ctx, tx, "notes", id)
			if row.ID != id {
				b.Errorf("got %q", row.ID)
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetParallel(b *testing.B) {
	db, ctx := benchDB(b, 10_000), context.Background()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			id := fmt.Sprintf("row%d", i%10_000)
			err := db.View(ctx, "p1", func(tx store.Tx) error {
				_, err := store.Get[benchRow](ctx, tx, "notes", id)
				return err
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkList30(b *testing.B) {
	db, ctx := benchDB(b, 10_000), context.Background()
	s := sqlb.Select{From: "notes", Order: []sqlb.Order{{Column: "seq", Desc: true}}, Limit: 30}
	for b.Loop() {
		err := db.View(ctx, "p1", func(tx store.Tx) error {
			list, err := store.List[benchRow](ctx, tx, s)
			if len(list) != 30 {
				b.Errorf("%d rows", len(list))
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInsert commits every row on its own, to the disk.
func BenchmarkInsert(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			db, ctx := benchDB(b, 0), context.Background()
			var n atomic.Int64
			b.SetParallelism((writers + 1) / 2) // times GOMAXPROCS, which is 2 where this is measured
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					row := benchRow{ID: fmt.Sprintf("row%d", n.Add(1)), Title: "a title of usual length"}
					err := db.Update(ctx, "p1", func(tx store.Tx) error { return store.Insert(ctx, tx, "notes", &row) })
					if err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkOpen reads from two projects in turn, of which one stays open.
func BenchmarkOpen(b *testing.B) {
	db := open(b, sqlite.Options{Dir: b.TempDir(), Migrations: storetest.Migrations, OpenProjects: 1})
	for _, p := range []string{"p1", "p2"} {
		insert(b, db, p, "a", "")
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		count(b, db, fmt.Sprint("p", 1+i%2))
	}
}
