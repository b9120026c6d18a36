package postgres_test

import (
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/postgres"
	"moorfast/internal/store/storetest"
)

func Benchmark(b *testing.B) {
	url := server(b)
	storetest.Bench(b, func(b *testing.B) store.DB {
		return open(b, postgres.Options{URL: url, Prefix: prefix(b, url), Migrations: storetest.Migrations})
	})
}
