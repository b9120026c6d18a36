// Package peers is how the nodes of an installation, on one database, tell each
// other what they have counted of calls and of wrong secrets. Each counts in
// its own memory, so that no request waits for another node; once a second it
// writes down what is new, and reads what the others wrote. A limit is so exact to
// within what all nodes let through in a second. A node that cannot reach the
// database goes on with its own counts.
package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"moorfast/internal/guard"
	"moorfast/internal/limit"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// kept is for how long a batch can be read, in which the clocks of nodes may
// differ, too.
const kept = 2 * time.Minute

// Tables returns the statements that make what nodes tell each other.
func Tables(d sqlb.Dialect) []string {
	text, integer := d.Text()+" NOT NULL", d.Int()+" NOT NULL"
	return []string{"CREATE TABLE node_counts (node " + text + ", batch " + integer + ", at " + integer + ", counts " + text + ", PRIMARY KEY (node, batch))"}
}

// Exchange is one node among others. It is for one goroutine.
type Exchange struct {
	db      store.DB
	node    string
	now     func() time.Time
	limiter *limit.Limiter
	guard   *guard.Guard

	last    int64            // batch of ours
	waiting []batch          // which are not written yet
	read    map[string]int64 // the last batches of other nodes that were read
	cleared time.Time
}

// batch is what a node tells at once.
type batch struct {
	number int64

	Calls    []limit.Count   `json:"calls,omitempty"`
	Attempts []guard.Outcome `json:"attempts,omitempty"`
}

// New makes a node known by an id that no other node has, and starts to remember
// what the limiter and the guard count. Either may be nil.
func New(db store.DB, node string, now func() time.Time, l *limit.Limiter, g *guard.Guard) *Exchange {
	if l != nil {
		l.Share()
	}
	if g != nil {
		g.Share()
	}
	return &Exchange{db: db, node: node, now: now, limiter: l, guard: g, read: map[string]int64{}}
}

// Meet tells what is new, and learns what the others told. What could not be told
// is told the next time, unless the database is away for long.
func (x *Exchange) Meet(ctx context.Context) error {
	x.collect()
	if err := x.write(ctx); err != nil {
		return fmt.Errorf("tell other nodes what was counted: %w", err)
	}
	if err := x.learn(ctx); err != nil {
		return fmt.Errorf("learn what other nodes counted: %w", err)
	}
	return nil
}

// mostWaiting bounds what waits for the database to come back, in batches. What
// is older is worth nothing by then.
const mostWaiting = 30

func (x *Exchange) collect() {
	b := batch{number: x.last + 1}
	if x.limiter != nil {
		b.Calls = x.limiter.Told()
	}
	if x.guard != nil {
		b.Attempts = x.guard.Told()
	}
	if len(b.Calls)+len(b.Attempts) == 0 {
		return
	}
	x.last = b.number
	x.waiting = append(x.waiting, b)
	x.waiting = x.waiting[max(0, len(x.waiting)-mostWaiting):]
}

func (x *Exchange) write(ctx context.Context) error {
	now := x.now()
	due := now.Sub(x.cleared) >= kept/2
	if len(x.waiting) == 0 && !due {
		return nil
	}
	err := x.db.Update(ctx, store.Platform, func(tx store.Tx) error {
		if due {
			if _, err := tx.Exec(ctx, "DELETE FROM node_counts WHERE at < ?", now.Add(-kept).UnixMilli()); err != nil {
				return err
			}
		}
		for _, b := range x.waiting {
			text, err := json.Marshal(b)
			if err != nil {
				return err
			}
			// It may be there: when the connection is lost in a commit, nobody knows.
			_, err = tx.Exec(ctx, "INSERT INTO node_counts (node, batch, at, counts) VALUES (?, ?, ?, ?) ON CONFLICT (node, batch) DO NOTHING",
				x.node, b.number, now.UnixMilli(), string(text))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	x.waiting = nil
	if due {
		x.cleared = now
	}
	return nil
}

func (x *Exchange) learn(ctx context.Context) error {
	var list []batch
	var last map[string]int64
	err := x.db.View(ctx, store.Platform, func(tx store.Tx) (err error) {
		list = nil
		if last, err = x.others(ctx, tx); err != nil {
			return err
		}
		for node, number := range last {
			if number > x.read[node] {
				if list, err = unread(ctx, tx, node, x.read[node], list); err != nil {
					return fmt.Errorf("node %s: %w", node, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	x.read = last
	now := x.now()
	for _, b := range list {
		x.take(b, now)
	}
	return nil
}

// others returns the last batch of each other node that has told something lately.
func (x *Exchange) others(ctx context.Context, tx store.Tx) (map[string]int64, error) {
	rows, err := tx.Query(ctx, "SELECT node, MAX(batch) FROM node_counts WHERE node <> ? GROUP BY node", x.node)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	last := map[string]int64{}
	for rows.Next() {
		last[string(rows.Text(0))] = rows.Int(1)
	}
	return last, rows.Err()
}

// unread adds the batches of a node after one to a list.
func unread(ctx context.Context, tx store.Tx, node string, after int64, list []batch) ([]batch, error) {
	rows, err := tx.Query(ctx, "SELECT counts FROM node_counts WHERE node = ? AND batch > ? ORDER BY batch", node, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var b batch
		if err := json.Unmarshal(rows.Text(0), &b); err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, rows.Err()
}

func (x *Exchange) take(b batch, now time.Time) {
	if x.limiter != nil {
		for _, c := range b.Calls {
			x.limiter.Learn(c, now)
		}
	}
	if x.guard != nil {
		for _, o := range b.Attempts {
			x.guard.Learn(o, now)
		}
	}
}
