// Command load measures what the program costs: it starts it, fills a table and a
// bucket, and prints the server's CPU time per operation, from the process's own
// accounting. CPU time says more than throughput on a machine with other work.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"runtime"
	"time"
)

var (
	binary  = flag.String("binary", "bin/moorfast", "the program")
	rows    = flag.Int("rows", 10_000, "rows in the table before measuring")
	seconds = flag.Float64("seconds", 4, "how long each case runs")
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	measured := run
	switch {
	case *scale != "":
		measured = measureScale
	case *compare:
		measured = measureCompared
	}
	if err := measured(ctx); err != nil {
		log.Fatal(err)
	}
}

// budgets are the server's CPU time per operation, in microseconds, at 16
// connections, durable, with permissions on each row.
var budgets = map[string]float64{"get": 120, "list": 450, "create": 250, "update": 250}

func run(ctx context.Context) error {
	s, err := start(ctx, *binary)
	if err != nil {
		return err
	}
	defer s.stop()
	fmt.Printf("%s, %d CPUs, %s; SQLite, synchronous=FULL; %d rows, each with permissions of its own; a signed-in user\n\n",
		time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.GOARCH, *rows)
	a, err := newApp(ctx, s)
	if err != nil {
		return err
	}
	if err := a.fill(); err != nil {
		return err
	}
	idle := s.memory()
	fmt.Printf("%-30s %6s %10s %9s %9s %12s %8s\n", "operation", "conns", "ops/s", "p50 ms", "p99 ms", "CPU µs/op", "budget")
	for _, c := range []struct {
		name  string
		conns int
		op    func(worker, i int) error
		what  string
	}{
		{"floor", 16, a.version, "the API's version: HTTP alone"},
		{"get", 16, a.get, "one row by id"},
		{"list", 16, a.list, "30 rows, filter+sort+total"},
		{"create", 1, a.create, "create"},
		{"create", 16, a.create, "create"},
		{"create", 64, a.create, "create"},
		{"update", 16, a.update, "update"},
		{"delete", 16, a.delete, "delete"},
		{"mixed", 16, a.mixed, "80 % get, 20 % update"},
		{"mixed", 64, a.mixed, "80 % get, 20 % update"},
	} {
		if c.name == "delete" {
			a.prepareDelete()
		}
		r, err := measure(ctx, s, c.conns, c.op)
		if err != nil {
			return fmt.Errorf("%s at %d connections: %w", c.name, c.conns, err)
		}
		budget := ""
		if b, ok := budgets[c.name]; ok && c.conns == 16 {
			budget = fmt.Sprintf("%.0f", b)
			if r.cpu > b {
				budget += " MISS"
			}
		}
		fmt.Printf("%-30s %6d %10.0f %9.2f %9.2f %12.0f %8s\n", c.what, c.conns, r.rate, r.p50, r.p99, r.cpu, budget)
	}
	fmt.Printf("\nmemory: %d MB before, %d MB after\n", idle>>20, s.memory()>>20)
	return measureFiles(ctx, a, s)
}
