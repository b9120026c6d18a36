package postgres_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/postgres"
	"moorfast/internal/store/sqlb"
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

func benchDB(b *testing.B, rows int) *postgres.DB {
	url := server(b)
	db := open(b, postgres.Options{URL: url, Prefix: prefix(b, url), Migrations: storetest.Migrations})
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
	db, ctx := benchDB(b, 1000), context.Background()
	for b.Loop() {
		err := db.View(ctx, "p1", func(tx store.Tx) error {
			_, err := store.Get[benchRow](ctx, tx, "notes", "row7")
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkList30(b *testing.B) {
	db, ctx := benchDB(b, 1000), context.Background()
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

func BenchmarkInsert(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			db, ctx := benchDB(b, 0), context.Background()
			var n, runs atomic.Int64
			b.SetParallelism((writers + 1) / 2) // times GOMAXPROCS, which is 2 where this is measured
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					row := benchRow{ID: fmt.Sprintf("row%d", n.Add(1)), Title: "a title of usual length"}
					err := db.Update(ctx, "p1", func(tx store.Tx) error {
						runs.Add(1)
						return store.Insert(ctx, tx, "notes", &row)
					})
					if err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(runs.Load())/float64(b.N), "runs/op")
		})
	}
}

// BenchmarkCheckAndInsert reads before it writes, which is where serializable
// transactions collide.
func BenchmarkCheckAndInsert(b *testing.B) {
	db, ctx := benchDB(b, 1000), context.Background()
	var n, runs atomic.Int64
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			row := benchRow{ID: fmt.Sprintf("new%d", i), Title: "a title of usual length"}
			err := db.Update(ctx, "p1", func(tx store.Tx) error {
				runs.Add(1)
				if _, err := store.Get[benchRow](ctx, tx, "notes", fmt.Sprintf("row%d", i%1000)); err != nil {
					return err
				}
				return store.Insert(ctx, tx, "notes", &row)
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(runs.Load())/float64(b.N), "runs/op")
}
