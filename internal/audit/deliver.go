package audit

import (
	"context"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"moorfast/internal/store"
)

// Entry is a chained record as sinks get it.
type Entry struct {
	Log      string `json:"log"` // the project whose chain it is in
	Position int64  `json:"position"`
	Seq      int64  `json:"seq"`
	Hash     string `json:"hash"`
	Record
}

// Sink takes records elsewhere. It gets them in the order of each chain, at least
// once: what it has not taken is sent again.
type Sink interface {
	Name() string // keeps its place in the chains: another name starts anew; its first word is the kind
	Send(ctx context.Context, list []Entry) error
}

// Attach adds a sink, before [Log.Run].
func (l *Log) Attach(s Sink) {
	l.sinks = append(l.sinks, &delivery{
		log: l, sink: s, pending: map[string]bool{}, behind: map[string]backlog{}, wake: make(chan struct{}, 1),
	})
}

// delivery is the way to one sink. The chains are what waits for it, so nothing
// is lost while it is away, and nobody waits.
type delivery struct {
	log  *Log
	sink Sink

	mu      sync.Mutex
	pending map[string]bool // projects that may have something
	behind  map[string]backlog
	since   int64 // when something began to wait, in microseconds; 0 where nothing does
	wake    chan struct{}
}

const (
	leastPause = time.Second
	mostPause  = time.Minute
	sendMost   = 1000 // records at once
	sendFor    = 30 * time.Second
)

// kind is what may be told of a sink: where it is may hold a secret.
func (d *delivery) kind() string {
	kind, _, _ := strings.Cut(d.sink.Name(), " ")
	return kind
}

func (d *delivery) add(project string, end int64) {
	d.mu.Lock()
	d.pending[project] = true
	b, ok := d.behind[project]
	if !ok {
		b.taken = unknown
	}
	b.end = end
	d.behind[project] = b
	if d.since == 0 {
		d.since = d.log.now().UnixMicro()
	}
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// run delivers until ctx ends.
func (d *delivery) run(ctx context.Context) {
	pause := leastPause
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		}
		err := d.pass(ctx)
		if err == nil || ctx.Err() != nil {
			pause = leastPause
			continue
		}
		d.log.Log.WarnContext(ctx, "audit: a sink does not take records; they wait", "sink", d.kind(), "err", err, "again", pause)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		pause = min(2*pause, mostPause)
		select {
		case d.wake <- struct{}{}:
		default:
		}
	}
}

// pass delivers what is pending. What fails stays so.
func (d *delivery) pass(ctx context.Context) error {
	d.mu.Lock()
	projects := slices.Sorted(maps.Keys(d.pending))
	d.mu.Unlock()
	for _, p := range projects {
		d.mu.Lock()
		delete(d.pending, p)
		d.mu.Unlock()
		if err := d.project(ctx, p); err != nil {
			d.mu.Lock()
			d.pending[p] = true
			d.mu.Unlock()
			return err
		}
	}
	d.rested()
	return nil
}

func (d *delivery) project(ctx context.Context, project string) error {
	for {
		var b batch
		there, err := d.log.inside(ctx, project, func() (err error) {
			b, err = d.next(ctx, project)
			return err
		})
		if err != nil {
			return err
		}
		if !there || b.number == 0 {
			d.took(project, all)
			return nil
		}
		d.took(project, b.first)
		if len(b.list) > 0 {
			sending, cancel := context.WithTimeout(ctx, sendFor)
			err = d.sink.Send(sending, b.list)
			cancel()
			if err != nil {
				return err
			}
		}
		there, err = d.log.inside(ctx, project, func() error {
			return d.log.db.Update(ctx, project, func(tx store.Tx) error {
				if _, err := tx.Exec(ctx, `DELETE FROM audit_cursors WHERE sink = ?`, d.sink.Name()); err != nil {
					return err
				}
				_, err := tx.Exec(ctx, `INSERT INTO audit_cursors (sink, number) VALUES (?, ?)`, d.sink.Name(), b.number)
				return err
			})
		})
		if err != nil {
			return wrap(err, "deliver", project)
		}
		if !there {
			d.took(project, all)
			return nil
		}
		d.took(project, b.last)
	}
}

// batch is what goes to a sink at once.
type batch struct {
	list        []Entry
	number      int64 // the block that the cursor then moves to; 0 where there is none
	first, last int64 // the positions before and at its end
}

// next reads the records after the cursor.
func (d *delivery) next(ctx context.Context, project string) (out batch, err error) {
	err = d.log.db.View(ctx, project, func(tx store.Tx) error {
		out = batch{}
		var at int64
		err := store.Each(ctx, tx, `SELECT number FROM audit_cursors WHERE sink = ?`, []any{d.sink.Name()}, func(rows store.Rows) error {
			at = rows.Int(0)
			return nil
		})
		if err != nil {
			return err
		}
		blocks, err := blocksAfter(ctx, tx, at, lookBack)
		if err != nil {
			return err
		}
		for i := range blocks {
			b := &blocks[i]
			if len(out.list)+len(b.entries) > sendMost && len(out.list) > 0 {
				return nil
			}
			if i == 0 {
				out.first = b.first()
			}
			out.number, out.last = b.number, b.position
			rows, err := new(walk).rows(ctx, tx, b)
			if err != nil {
				return err
			}
			for j, e := range b.entries {
				r, ok := rows[e.seq]
				if !ok {
					continue // verify tells of it
				}
				one, err := decode(*r)
				if err != nil {
					continue
				}
				out.list = append(out.list, Entry{project, b.first() + int64(j) + 1, e.seq, hex.EncodeToString(e.hash[:]), one.Record})
			}
		}
		return nil
	})
	return out, err
}
