package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"moorfast/internal/store"
)

const (
	blockMost = 1000 // records of a block
	gapsMost  = 500  // rows that are looked for again
	lookBack  = 16   // blocks that are read for gaps at a start

	// gapLife is for how long a row that was passed over is waited for. It is
	// longer than any transaction lives.
	gapLife = 10 * time.Minute
)

// chain is what the relay knows of the log of one project.
type chain struct {
	project  string
	loaded   bool
	number   int64 // of the last block
	position int64
	high     int64
	head     Hash

	// gaps are the rows below high that were not there when it was passed, with
	// when that was seen. On PostgreSQL, a row may be committed after one with a
	// higher number.
	gaps map[int64]int64

	stated int64 // position of the last checkpoint
}

// errBehind says that another node has written the block that was to be written.
var errBehind = errors.New("audit: another node was quicker")

// follow takes in a block that was read or written.
func (c *chain) follow(b *block, now int64) {
	low := c.high
	for _, e := range b.entries {
		delete(c.gaps, e.seq)
	}
	if !b.pruned && (c.number > 0 || b.number == 1) {
		there := make(map[int64]bool, len(b.entries))
		for _, e := range b.entries {
			there[e.seq] = true
		}
		for seq := low + 1; seq < b.high && len(c.gaps) < gapsMost; seq++ {
			if !there[seq] {
				c.gaps[seq] = now
			}
		}
	}
	c.number, c.position, c.high, c.head = b.number, b.position, b.high, b.head
}

// load reads the blocks that were written since the last look.
func (c *chain) load(ctx context.Context, tx store.Tx, now int64) error {
	if !c.loaded {
		c.gaps = map[int64]int64{}
		var last int64
		err := store.Each(ctx, tx, `SELECT coalesce(max(number), 0) FROM audit_blocks`, nil, func(rows store.Rows) error {
			last = rows.Int(0)
			return nil
		})
		if err != nil {
			return err
		}
		// With the block before as a start, gaps are seen from there on.
		if last > lookBack {
			before, err := blocksAfter(ctx, tx, last-lookBack-1, 1)
			if err != nil {
				return err
			}
			for i := range before {
				c.follow(&before[i], now)
				clear(c.gaps)
			}
		}
	}
	for {
		list, err := blocksAfter(ctx, tx, c.number, lookBack)
		if err != nil {
			return err
		}
		for i := range list {
			c.follow(&list[i], now)
		}
		if len(list) < lookBack {
			c.loaded = true
			return nil
		}
	}
}

// pending reads the records that are in no block, in the order in which they are
// to be chained.
func (c *chain) pending(ctx context.Context, tx store.Tx, now int64) (list []row, err error) {
	var missing []any
	for seq, seen := range c.gaps {
		if now-seen > gapLife.Microseconds() {
			delete(c.gaps, seq)
			continue
		}
		missing = append(missing, seq)
	}
	if len(missing) > 0 {
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(missing)), ", ")
		if list, err = rowsWhere(ctx, tx, `seq IN (`+marks+`) ORDER BY seq`, missing...); err != nil {
			return nil, err
		}
	}
	more, err := rowsWhere(ctx, tx, `seq > ? ORDER BY seq LIMIT ?`, c.high, blockMost)
	return append(list, more...), err
}

// next makes the block of some records.
func (c *chain) next(list []row, now int64) *block {
	b := &block{number: c.number + 1, at: now, position: c.position, high: c.high, prev: c.head, head: c.head, low: list[0].Seq, filter: newFilter(2 * len(list))}
	if c.project == platform {
		b.filter = newFilter(3 * len(list))
	}
	b.entries = make([]entry, 0, len(list))
	buffer := make([]byte, 0, 1<<10)
	for i := range list {
		b.position++
		b.head, buffer = linkWith(buffer, b.head, c.project, b.position, &list[i])
		b.high, b.low = max(b.high, list[i].Seq), min(b.low, list[i].Seq)
		b.filter.add(list[i].Actor)
		b.filter.add(list[i].Resource)
		if c.project == platform { // whose records are about all projects
			b.filter.add(about(list[i].project()))
		}
		b.entries = append(b.entries, entry{list[i].Seq, b.head})
	}
	return b
}

// seal chains what is pending in a project, and returns how many records that were.
func (l *Log) seal(ctx context.Context, c *chain) (total int, err error) {
	for {
		now := l.now().UnixMicro()
		var list []row
		// It is a view that looks, because what an update reads is in the way of
		// others on PostgreSQL.
		err := l.db.View(ctx, c.project, func(tx store.Tx) (err error) {
			if err = c.load(ctx, tx, now); err == nil {
				list, err = c.pending(ctx, tx, now)
			}
			return err
		})
		if err != nil || len(list) == 0 {
			return total, wrap(err, "seal", c.project)
		}
		b := c.next(list, now)
		b.sign(l.key, c.project)
		err = l.db.Update(ctx, c.project, func(tx store.Tx) error {
			var last int64
			err := store.Each(ctx, tx, `SELECT number FROM audit_blocks ORDER BY number DESC LIMIT 1`, nil, func(rows store.Rows) error {
				last = rows.Int(0)
				return nil
			})
			if err == nil && last != c.number {
				err = errBehind
			}
			if err != nil {
				return err
			}
			return insertBlock(ctx, tx, b)
		})
		switch {
		case errors.Is(err, errBehind), errors.Is(err, store.ErrConflict):
			continue
		case err != nil:
			return total, wrap(err, "seal", c.project)
		}
		c.follow(b, now)
		total += len(list)
		if len(list) < blockMost {
			return total, nil
		}
	}
}

func wrap(err error, what, project string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("audit: %s the log of %s: %w", what, project, err)
}
