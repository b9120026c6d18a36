package sqlite_test

import (
	"fmt"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/store/storetest"
)

func Benchmark(b *testing.B) {
	storetest.Bench(b, func(b *testing.B) store.DB {
		return open(b, sqlite.Options{Dir: b.TempDir(), Migrations: storetest.Migrations})
	})
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
