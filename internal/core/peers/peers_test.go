package peers_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	"moorfast/internal/clock"
	"moorfast/internal/core/peers"
	"moorfast/internal/guard"
	"moorfast/internal/limit"
	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/postgres"
	"moorfast/internal/store/postgres/postgrestest"
	"moorfast/internal/store/sqlite"
)

func open(t *testing.T) (db store.DB) {
	t.Helper()
	var err error
	migrations := func(string) []migrate.Migration {
		return []migrate.Migration{{Number: 1, Name: "peers", SQL: peers.Tables}}
	}
	if os.Getenv("MOORFAST_TEST_SERVER") == "postgres" {
		db, err = postgres.Open(context.Background(), postgres.Options{URL: postgrestest.Database(t, os.Getenv("MOORFAST_TEST_POSTGRES")), Migrations: migrations})
	} else {
		db, err = sqlite.Open(sqlite.Options{Dir: t.TempDir(), Migrations: migrations})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

type node struct {
	*peers.Exchange
	limit.Limiter
	guard *guard.Guard
}

func join(db store.DB, name string, c *clock.Manual) *node {
	n := &node{guard: guard.New(nil)}
	n.Exchange = peers.New(db, name, c.Now, &n.Limiter, n.guard)
	return n
}

func meet(t *testing.T, nodes ...*node) {
	t.Helper()
	for _, n := range nodes {
		if err := n.Meet(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestThreeNodesCountAsOne(t *testing.T) {
	db, c := open(t), clock.NewManual(time.Unix(1_800_000_000, 0))
	one, two, three := join(db, "one", c), join(db, "two", c), join(db, "three", c)
	through := 0
	for range 30 {
		for _, n := range []*node{one, two, three} {
			if n.Take("a", 10, time.Hour, c.Now()).Allowed {
				through++
			}
		}
		meet(t, one, two, three)
		c.Advance(time.Second)
	}
	if through < 10 || through > 13 { // what two nodes let through while they have not heard of the last
		t.Errorf("%d calls were let through, want 10 and what passes within a second", through)
	}
	attempt := guard.Attempt{Project: "p", Account: "walter", Addr: netip.MustParseAddr("198.51.100.1")}
	for range 10 {
		try, wait := one.guard.Begin(attempt, c.Now())
		if wait > 0 {
			t.Fatal("the first ten are not let through")
		}
		try.End(guard.Failed, c.Now())
	}
	meet(t, one, three)
	if _, wait := three.guard.Begin(attempt, c.Now()); wait == 0 {
		t.Error("ten wrong secrets at another node do not count")
	}
}

func TestANodeThatComesLaterLearnsWhatWasCountedAndEachThingOnce(t *testing.T) {
	db, c := open(t), clock.NewManual(time.Unix(1_800_000_000, 0))
	one := join(db, "one", c)
	one.Take("a", 3, time.Hour, c.Now())
	meet(t, one)
	two := join(db, "two", c)
	for range 3 {
		meet(t, two, one)
	}
	if r := two.Take("a", 3, time.Hour, c.Now()); !r.Allowed || r.Remaining != 1 {
		t.Errorf("the second of three calls: %+v", r)
	}
}

// broken is a database that is away.
type broken struct {
	store.DB
	away bool
}

func (b *broken) Update(ctx context.Context, project string, fn func(store.Tx) error) error {
	err := b.DB.Update(ctx, project, fn)
	if b.away { // it was committed, but nobody knows
		return errors.Join(store.ErrUnavailable, err)
	}
	return err
}

func TestWhatCouldNotBeToldIsToldOnceWhenTheDatabaseIsBack(t *testing.T) {
	db, c := open(t), clock.NewManual(time.Unix(1_800_000_000, 0))
	away := &broken{DB: db, away: true}
	one, two := join(away, "one", c), join(db, "two", c)
	for range 40 {
		one.Take("a", 100, time.Hour, c.Now())
		if err := one.Meet(context.Background()); !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("the error of a database that is away: %v", err)
		}
	}
	away.away = false
	meet(t, one, two)
	if r := two.Take("a", 100, time.Hour, c.Now()); r.Remaining != 59 {
		t.Errorf("%d calls are left of a hundred, want 59", r.Remaining)
	}
}

func TestOldBatchesAreRemoved(t *testing.T) {
	db, c := open(t), clock.NewManual(time.Unix(1_800_000_000, 0))
	one := join(db, "one", c)
	for range 200 {
		one.Take("a", 1000, time.Hour, c.Now())
		meet(t, one)
		c.Advance(time.Second)
	}
	var rows int64
	err := db.View(context.Background(), store.Platform, func(tx store.Tx) error {
		r, err := tx.Query(context.Background(), "SELECT COUNT(*) FROM node_counts")
		if err != nil {
			return err
		}
		defer r.Close()
		for r.Next() {
			rows = r.Int(0)
		}
		return r.Err()
	})
	if err != nil || rows > 181 {
		t.Errorf("%d batches lie there after 200 seconds: %v", rows, err)
	}
}
