package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
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

// newBenchRow returns the row with the id "row" and n.
func newBenchRow(n int64) *benchRow {
	return &benchRow{ID: fmt.Sprintf("row%d", n), Title: "a title of usual length", Size: n}
}

// fill writes rows to the notes of the project p1, and starts the clock.
func fill(b *testing.B, db store.DB, rows int) {
	b.Helper()
	err := db.Update(b.Context(), "p1", func(tx store.Tx) error {
		for i := range rows {
			if err := store.Insert(b.Context(), tx, "notes", newBenchRow(int64(i))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
}

// Bench measures the engine that open returns: on an empty place, migrated by
// [Migrations].
func Bench(b *testing.B, open func(b *testing.B) store.DB) {
	b.Run("get", func(b *testing.B) { benchGet(b, open(b)) })
	b.Run("get/parallel", func(b *testing.B) { benchGetParallel(b, open(b)) })
	b.Run("list30", func(b *testing.B) { benchList(b, open(b)) })
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("insert/writers=%d", writers), func(b *testing.B) { benchInsert(b, open(b), writers) })
	}
	b.Run("check and insert", func(b *testing.B) { benchCheckAndInsert(b, open(b)) })
}

const benchRows = 10_000

func benchGet(b *testing.B, db store.DB) {
	fill(b, db, benchRows)
	for i := 0; b.Loop(); i++ {
		getOne(b, db, i*7%benchRows)
	}
}

func benchGetParallel(b *testing.B, db store.DB) {
	fill(b, db, benchRows)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			getOne(b, db, i%benchRows)
		}
	})
}

func getOne(b *testing.B, db store.DB, n int) {
	id := fmt.Sprintf("row%d", n)
	ctx := context.Background()
	err := db.View(ctx, "p1", func(tx store.Tx) error {
		row, err := store.Get[benchRow](ctx, tx, "notes", id)
		if row.ID != id {
			b.Errorf("got %q", row.ID)
		}
		return err
	})
	if err != nil {
		b.Error(err)
	}
}

func benchList(b *testing.B, db store.DB) {
	fill(b, db, benchRows)
	ctx := context.Background()
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

// benchInsert commits every row on its own, to the disk.
func benchInsert(b *testing.B, db store.DB, writers int) {
	fill(b, db, 0)
	benchUpdate(b, db, writers, func(ctx context.Context, tx store.Tx, n int64) error {
		return store.Insert(ctx, tx, "notes", newBenchRow(n))
	})
}

// benchCheckAndInsert reads before it writes, which is where serializable
// transactions collide.
func benchCheckAndInsert(b *testing.B, db store.DB) {
	fill(b, db, benchRows)
	benchUpdate(b, db, 16, func(ctx context.Context, tx store.Tx, n int64) error {
		if _, err := store.Get[benchRow](ctx, tx, "notes", fmt.Sprintf("row%d", n%benchRows)); err != nil {
			return err
		}
		return store.Insert(ctx, tx, "notes", newBenchRow(benchRows+n))
	})
}

// benchUpdate counts from 1. An update that collides runs again, which runs/op
// shows.
func benchUpdate(b *testing.B, db store.DB, writers int, update func(ctx context.Context, tx store.Tx, n int64) error) {
	ctx := context.Background()
	var counter, runs atomic.Int64
	b.SetParallelism((writers + 1) / 2) // times GOMAXPROCS, which is 2 where this is measured
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := counter.Add(1)
			err := db.Update(ctx, "p1", func(tx store.Tx) error {
				runs.Add(1)
				return update(ctx, tx, n)
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(runs.Load())/float64(b.N), "runs/op")
}
