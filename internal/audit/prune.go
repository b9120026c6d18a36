package audit

import (
	"context"
	"errors"
	"strings"
	"time"

	"moorfast/internal/store"
)

// Prune removes the records of all projects that are older than they are kept,
// block by block. A signed block without records stays in the place of those that
// are gone, so that the chain can be checked from there.
func (l *Log) Prune(ctx context.Context) error {
	if l == nil {
		return nil
	}
	projects, err := l.db.Projects(ctx)
	errs := []error{err, l.prune(ctx, platform, l.PlatformRetention)}
	for _, p := range projects {
		if ctx.Err() != nil {
			break
		}
		errs = append(errs, l.prune(ctx, p, l.Retention))
	}
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		return err // what could not be removed is to stay provable
	}
	return l.dropTiles(ctx)
}

func (l *Log) prune(ctx context.Context, project string, keep time.Duration) error {
	if keep <= 0 {
		return nil
	}
	before := l.now().Add(-keep).UnixMicro()
	for after := int64(0); ; {
		var old []block
		_, err := l.inside(ctx, project, func() (err error) {
			if old, err = l.oldBlocks(ctx, project, after, before); err != nil || len(old) == 0 {
				return err
			}
			return l.db.Update(ctx, project, func(tx store.Tx) error { return l.bury(ctx, tx, project, old) })
		})
		if err != nil || len(old) == 0 {
			return wrap(err, "prune", project)
		}
		l.Committed(project)
		after = old[len(old)-1].number
	}
}

// oldBlocks reads the next blocks that are to go, of about as many records as
// one transaction removes. Blocks are in the order of their time.
func (l *Log) oldBlocks(ctx context.Context, project string, after, before int64) (old []block, err error) {
	err = l.db.View(ctx, project, func(tx store.Tx) error {
		list, err := blocksAfter(ctx, tx, after, lookBack)
		n := 0
		for _, b := range list {
			if b.at >= before || n >= blockMost {
				break
			}
			n += len(b.entries)
			old = append(old, b)
		}
		return err
	})
	if len(old) == 1 && old[0].pruned {
		// It is what the last time has left.
		if old, err = l.oldBlocks(ctx, project, old[0].number, before); len(old) == 0 {
			return nil, err
		}
	}
	return old, err
}

// bury removes blocks and their records, and leaves a signed one.
func (l *Log) bury(ctx context.Context, tx store.Tx, project string, old []block) error {
	const most = 500 // arguments of a statement
	removed := 0
	for _, b := range old {
		for rest := b.entries; len(rest) > 0; {
			n := min(len(rest), most)
			args := make([]any, n)
			for i, e := range rest[:n] {
				args[i] = e.seq
			}
			if _, err := tx.Exec(ctx, `DELETE FROM audit_records WHERE seq IN (?`+strings.Repeat(`, ?`, n-1)+`)`, args...); err != nil {
				return err
			}
			rest = rest[n:]
			removed += n
		}
	}
	last := old[len(old)-1]
	if _, err := tx.Exec(ctx, `DELETE FROM audit_blocks WHERE number <= ?`, last.number); err != nil {
		return err
	}
	stone := last
	stone.pruned, stone.entries, stone.filter = true, nil, filter{}
	stone.sign(l.key, project)
	if err := insertBlock(ctx, tx, &stone); err != nil || removed == 0 {
		return err
	}
	// It also keeps the highest number in the table, from which SQLite goes on.
	return Append(ctx, tx, Record{At: l.now().UnixMicro(), Project: project, Event: "audit.prune", Actor: Actor{Kind: System}, Count: removed})
}
