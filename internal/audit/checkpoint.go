package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"moorfast/internal/store"
)

// What one checkpoint states at most. What is left over is in the next.
const (
	headsMost  = 5_000
	leavesMost = 20_000
	triesMost  = 10 // where other nodes write checkpoints, too
)

// stated is how far the tree has come in the chain of a project.
type stated struct{ number, position int64 }

// growth is what a checkpoint adds to the tree.
type growth struct {
	Checkpoint

	last   int64 // the checkpoint that it follows
	leaves []tlog.Hash
	heads  map[string]stated
	more   bool // there is more to state
}

// checkpoint states the heads that have moved, and adds their records to the tree.
// Chains that have nothing more to say are forgotten, and read again when they go on.
// What goes wrong is in bad, by the project that it is about.
func (l *Log) checkpoint(ctx context.Context, bad map[string]error) {
	if err := l.stateAll(ctx, bad); err != nil {
		bad[checkpoints] = err
	}
}

func (l *Log) stateAll(ctx context.Context, bad map[string]error) error {
	for tries := 0; ; {
		g, err := l.gather(ctx, bad)
		if err != nil {
			return fmt.Errorf("audit: gather a checkpoint: %w", err)
		}
		if len(g.Heads) == 0 && len(g.Gone) == 0 {
			l.stated = l.now()
			return l.publish()
		}
		note, err := l.state(ctx, g)
		if errors.Is(err, errBehind) || errors.Is(err, store.ErrConflict) {
			if tries++; tries < triesMost {
				continue
			}
		}
		if err != nil {
			return fmt.Errorf("audit: write a checkpoint: %w", err)
		}
		l.stated, l.gone, l.since, l.unpublished = l.now(), nil, 0, note
		for _, h := range g.Heads {
			if c := l.chains[h.Project]; c != nil {
				c.stated = h.Position
			}
		}
		if !g.more {
			break
		}
	}
	if len(l.chains) > 1000 {
		clear(l.chains)
	}
	return l.publish()
}

// gather reads what the chains have that the tree has not.
func (l *Log) gather(ctx context.Context, bad map[string]error) (*growth, error) {
	g := &growth{Checkpoint: Checkpoint{Name: l.name, Tree: true, At: l.now().UnixMicro(), Gone: l.gone}, heads: map[string]stated{}}
	known := map[string]stated{}
	err := l.db.View(ctx, platform, func(tx store.Tx) error {
		var err error
		if g.last, _, err = lastNote(ctx, tx); err != nil {
			return err
		}
		return store.Each(ctx, tx, `SELECT project, number, position FROM audit_heads`, nil, func(rows store.Rows) error {
			known[string(rows.Text(0))] = stated{rows.Int(1), rows.Int(2)}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	for _, id := range g.Gone {
		delete(known, id)
	}
	for _, project := range slices.Sorted(maps.Keys(l.chains)) {
		c := l.chains[project]
		if c.position <= c.stated {
			continue
		}
		if len(g.Heads) >= headsMost || len(g.leaves) >= leavesMost {
			g.more = true
			break
		}
		if c.position <= known[project].position {
			c.stated = c.position // another has stated it
			continue
		}
		if err := l.gatherChain(ctx, g, project, known[project]); err != nil {
			bad[project] = errors.Join(bad[project], fmt.Errorf("audit: state the log of %s: %w", project, err))
		}
	}
	return g, nil
}

// gatherChain reads the blocks of a chain that the tree does not know yet.
func (l *Log) gatherChain(ctx context.Context, g *growth, project string, from stated) error {
	if there, err := l.exists(ctx, project); err != nil || !there {
		delete(l.chains, project)
		return err
	}
	run := run{Head: Head{Project: project, From: from.position, Position: from.position}, number: from.number}
	err := l.db.View(ctx, project, func(tx store.Tx) error { return run.read(ctx, tx, leavesMost-len(g.leaves)) })
	if err != nil || run.Hash == (Hash{}) {
		return err
	}
	g.leaves = append(g.leaves, run.leaves...)
	g.Heads = append(g.Heads, run.Head)
	g.heads[project] = stated{run.number, run.Position}
	g.more = g.more || run.more
	return nil
}

// run is what a chain adds to the tree at once.
type run struct {
	Head

	number int64 // of its last block
	leaves []tlog.Hash
	more   bool
}

// read takes in the blocks that follow, until there are enough leaves.
func (r *run) read(ctx context.Context, tx store.Tx, most int) error {
	for {
		list, err := blocksAfter(ctx, tx, r.number, lookBack)
		if err != nil {
			return err
		}
		for i := range list {
			b := &list[i]
			missing := b.first() > r.Position // removed by age, or by somebody: the tree goes on after it
			if r.more = len(r.leaves) >= most || missing && len(r.leaves) > 0; r.more {
				return nil
			}
			if missing {
				r.From = b.first()
			}
			if b.first() < r.Position {
				return fmt.Errorf("%w: block %d", errBlock, b.number)
			}
			for j, e := range b.entries {
				r.leaves = append(r.leaves, leafHash(r.Project, b.first()+int64(j)+1, e.hash))
			}
			r.Position, r.Hash, r.number = b.position, b.head, b.number
		}
		if len(list) < lookBack {
			return nil
		}
	}
}

// state writes a checkpoint and its part of the tree, if no other was quicker.
func (l *Log) state(ctx context.Context, g *growth) (signed string, err error) {
	err = l.db.Update(ctx, platform, func(tx store.Tx) error {
		number, last, err := lastNote(ctx, tx)
		if err != nil {
			return err
		}
		if number != g.last {
			return errBehind
		}
		g.Number, g.Prev, g.Size = number+1, Hash{}, int64(len(g.leaves))
		size := int64(0)
		if last != "" {
			before, err := parseNote(last)
			if err != nil {
				return err
			}
			g.Prev, size = sum(last), before.Size
			g.Size += size
		}
		root, err := newTree(ctx, tx).grow(size, g.leaves)
		if err != nil {
			return err
		}
		g.Root = Hash(root)
		if signed, err = g.sign(l.key); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO audit_checkpoints (number, at, note) VALUES (?, ?, ?)`, g.Number, g.At, signed); err != nil {
			return err
		}
		return g.move(ctx, tx)
	})
	return signed, err
}

// move says how far the tree has come.
func (g *growth) move(ctx context.Context, tx store.Tx) error {
	for _, id := range g.Gone {
		if _, err := tx.Exec(ctx, `DELETE FROM audit_heads WHERE project = ?`, id); err != nil {
			return err
		}
	}
	for _, project := range slices.Sorted(maps.Keys(g.heads)) {
		if _, err := tx.Exec(ctx, `DELETE FROM audit_heads WHERE project = ?`, project); err != nil {
			return err
		}
		h := g.heads[project]
		if _, err := tx.Exec(ctx, `INSERT INTO audit_heads (project, number, position) VALUES (?, ?, ?)`, project, h.number, h.position); err != nil {
			return err
		}
	}
	return nil
}

// publish keeps the newest checkpoint outside of the database. Where that fails,
// it is done again with the next one, or in the next pass.
func (l *Log) publish() error {
	if l.Publish == nil || l.unpublished == "" {
		return nil
	}
	if err := l.Publish(l.unpublished); err != nil {
		return fmt.Errorf("audit: publish a checkpoint: %w", err)
	}
	l.unpublished = ""
	return nil
}

func lastNote(ctx context.Context, tx store.Tx) (number int64, note string, err error) {
	err = store.Each(ctx, tx, `SELECT number, note FROM audit_checkpoints ORDER BY number DESC LIMIT 1`, nil, func(rows store.Rows) error {
		number, note = rows.Int(0), string(rows.Text(1))
		return nil
	})
	return number, note, err
}
