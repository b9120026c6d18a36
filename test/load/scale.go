package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

var scale = flag.String("scale", "", "instead of the rest, measure tables of these sizes: 10000,100000,1000000")

const (
	scaleSets  = 1000 // lists of permissions, of which each row has one
	scaleBulk  = 100  // rows of a request, the most there can be
	scaleFills = 4    // of them at once

	mixedBudget  = 60.0   // ms, p99 at 64 connections
	bulkBudget   = 2500.0 // µs of CPU for a request
	memoryBudget = 150    // MB
)

// scaleBudget is how many times the CPU of the smallest table a list may take.
func scaleBudget(rows int) float64 {
	if rows > 100_000 {
		return 2
	}
	return 1.5
}

// A view is a list of rows as somebody sees them.
type view struct {
	what    string
	headers map[string]string
	limit   int
	queries []string
	total   bool
	free    bool // of a budget: what there is to count or to sort grows with the table
}

// measureScale prints what lists cost in tables of several sizes, each in a
// server of its own, and what they cost more than in the first.
func measureScale(ctx context.Context) error {
	var sizes []int
	for text := range strings.SplitSeq(*scale, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < scaleSets || n > 10_000_000 {
			return fmt.Errorf("-scale: %q is no number of rows from %d to 10000000", text, scaleSets)
		}
		sizes = append(sizes, n)
	}
	var first map[string]result
	missed := 0
	for _, n := range sizes {
		seen, misses, err := measureSize(ctx, n, first)
		if err != nil {
			return fmt.Errorf("%d rows: %w", n, err)
		}
		if first == nil {
			first = seen
		}
		missed += misses
	}
	if missed > 0 {
		return fmt.Errorf("%d budgets were missed", missed)
	}
	return nil
}

func measureSize(ctx context.Context, n int, first map[string]result) (seen map[string]result, misses int, err error) {
	s, err := start(ctx, *binary)
	if err != nil {
		return nil, 0, err
	}
	defer s.stop()
	a, err := newApp(ctx, s)
	if err != nil {
		return nil, 0, err
	}
	filled, err := a.fillScale(n)
	if err != nil {
		return nil, 0, err
	}
	mark := func(over bool) string {
		if !over {
			return ""
		}
		misses++
		return " MISS"
	}
	fmt.Printf("\n%d rows, %d permission sets; a bulk of %d: %.0f µs of CPU (budget %.0f)%s\n",
		n, scaleSets, scaleBulk, filled.cpu, bulkBudget, mark(filled.cpu > bulkBudget))
	fmt.Printf("%-48s %9s %9s %12s %8s %8s\n", "lists of 30 rows, 16 connections", "p50 ms", "p99 ms", "CPU µs/op", "× CPU", "budget")
	seen = make(map[string]result)
	views, err := a.views()
	if err != nil {
		return nil, 0, err
	}
	for _, v := range views {
		r, err := measure(ctx, s, 16, a.reads(v))
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", v.what, err)
		}
		seen[v.what] = r
		ratio, budget := "", ""
		if base, ok := first[v.what]; ok {
			ratio = fmt.Sprintf("%.2f", r.cpu/base.cpu)
			if !v.free {
				budget = fmt.Sprintf("%.1f", scaleBudget(n)) + mark(r.cpu > scaleBudget(n)*base.cpu)
			}
		}
		fmt.Printf("%-48s %9.2f %9.2f %12.0f %8s %8s\n", v.what, r.p50, r.p99, r.cpu, ratio, budget)
	}
	r, err := measure(ctx, s, 64, a.mixedScale(n))
	if err != nil {
		return nil, 0, fmt.Errorf("mixed: %w", err)
	}
	fmt.Printf("80 %% get, 20 %% update, 64 connections: p50 %.2f ms, p99 %.2f ms (budget %.0f)%s, %.0f µs of CPU\n",
		r.p50, r.p99, mixedBudget, mark(r.p99 > mixedBudget), r.cpu)
	memory := s.memory() >> 20
	fmt.Printf("memory: %d MB (budget %d)%s\n", memory, memoryBudget, mark(memory > memoryBudget))
	return seen, misses, nil
}

// fillScale makes rows whose values have nothing to do with who may read them:
// one in a thousand is the user's own, one in ten has the label "tenth", and the
// label "all" is on every list, which are more than a statement names. The label
// "few" is on a hundred rows, however many there are.
func (a *app) fillScale(n int) (result, error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, scaleFills)
	cpu := a.server.cpu()
	for range scaleFills {
		wg.Go(func() {
			for {
				end := next.Add(scaleBulk)
				if end > int64(n) {
					return
				}
				if err := a.createMany(end-scaleBulk, end); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return result{cpu: float64((a.server.cpu() - cpu).Microseconds()) / float64(n/scaleBulk)}, <-errs
}

func (a *app) createMany(from, to int64) error {
	list := make([]map[string]any, 0, to-from)
	for i := from; i < to; i++ {
		set := i % scaleSets
		permissions := []string{`read("label:all")`, `update("label:all")`}
		if set == 0 {
			permissions = append(permissions, `read("user:ada")`)
		} else {
			permissions = append(permissions, fmt.Sprintf(`read("user:u%d")`, set))
		}
		if set%10 == 0 {
			permissions = append(permissions, `read("label:tenth")`)
		}
		if i < 10_000 && i%100 == 1 {
			permissions = append(permissions, `read("label:few")`)
		}
		list = append(list, map[string]any{
			"$id": row(i + 1), "$permissions": permissions,
			"title": fmt.Sprintf("Movie number %d", i), "category": fmt.Sprintf("c%d", rand.IntN(10)), "score": rand.IntN(1000),
			"body": "A text of about a hundred characters, which is what a short description in an app may well come to be.",
			"at":   "2026-01-02T03:04:05.678+00:00",
		})
	}
	_, err := a.do("POST", table+"/rows", map[string]any{"rows": list}, a.admin)
	return err
}

// views signs in those who look at the table. Ada is the user of all loads.
func (a *app) views() ([]view, error) {
	tenth, err := a.member("tenth")
	if err != nil {
		return nil, err
	}
	all, err := a.member("all")
	if err != nil {
		return nil, err
	}
	few, err := a.member("few")
	if err != nil {
		return nil, err
	}
	a.headers = all // for the mixed load
	filter := []string{
		`{"method":"equal","attribute":"category","values":["c1"]}`,
		`{"method":"orderDesc","attribute":"score"}`,
	}
	newest := []string{`{"method":"orderDesc","attribute":"$createdAt"}`}
	ada := map[string]string{"Cookie": a.cookie, "X-Appwrite-Project": "load"}
	var views []view
	for _, who := range []struct {
		what    string
		headers map[string]string
		limit   int
		filter  []string
		free    bool
	}{
		{"a server", a.admin, 30, filter, false},
		{"a reader of all 1000 sets", all, 30, filter, false},
		{"a reader of 100 sets", tenth, 30, filter, false},
		{"a reader of 100 rows", few, 10, filter[1:], false},
		// Pages are as long in every table, and the smallest has ten of the rows.
		{"the reader of 1 row in 1000", ada, 10, filter[1:], true},
	} {
		views = append(views,
			view{who.what + ": plain", who.headers, who.limit, nil, false, false},
			view{who.what + ": newest", who.headers, who.limit, newest, false, who.free},
			view{who.what + ": filter+sort", who.headers, who.limit, who.filter, false, who.free},
			view{who.what + ": filter+sort+total", who.headers, who.limit, who.filter, true, true},
		)
	}
	return views, nil
}

// member makes a user with a label, and signs it in.
func (a *app) member(label string) (map[string]string, error) {
	address := label + "@example.org"
	_, err := a.do("POST", "/users", map[string]any{"userId": label, "email": address, "password": password}, a.admin)
	if err == nil {
		_, err = a.do("PUT", "/users/"+label+"/labels", map[string]any{"labels": []string{label}}, a.admin)
	}
	if err != nil {
		return nil, err
	}
	cookie, err := a.do("POST", "/account/sessions/email", map[string]any{"email": address, "password": password}, map[string]string{"X-Appwrite-Project": "load"})
	if cookie == "" && err == nil {
		err = errors.New("the session has no cookie")
	}
	return map[string]string{"Cookie": cookie, "X-Appwrite-Project": "load"}, err
}

// reads lists what a view shows. A total is asked for with a filter that is new
// each time, so that it is counted and not remembered.
func (a *app) reads(v view) func(int, int) error {
	list := func(more ...string) error {
		query := url.Values{"queries[]": append(append([]string{fmt.Sprintf(`{"method":"limit","values":[%d]}`, v.limit)}, v.queries...), more...)}
		query.Set("total", strconv.FormatBool(v.total))
		_, err := a.do("GET", table+"/rows?"+query.Encode(), nil, v.headers)
		return err
	}
	return func(_, i int) error {
		if v.total {
			return list(fmt.Sprintf(`{"method":"greaterThan","attribute":"score","values":[%d]}`, -1-i))
		}
		return list()
	}
}

// mixedScale reads and changes any rows of the table.
func (a *app) mixedScale(n int) func(int, int) error {
	return func(_, i int) error {
		path := table + "/rows/" + row(1+rand.Int64N(int64(n)))
		if i%5 == 0 {
			_, err := a.do("PATCH", path, map[string]any{"data": map[string]any{"score": rand.IntN(1000)}}, a.headers)
			return err
		}
		_, err := a.do("GET", path, nil, a.headers)
		return err
	}
}
