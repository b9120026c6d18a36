package audit

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"moorfast/internal/store"
)

// follow checks that a checkpoint goes on from the tree of the one before.
func (v *Verifier) follow(c *Checkpoint) {
	size := int64(0)
	if n := len(v.roots); n > 0 {
		size = v.roots[n-1].size
	}
	if !c.Tree {
		if size > 0 {
			v.find(platform, 0, "checkpoint %d states no tree, and there was one", c.Number)
		}
		return
	}
	if c.before() != size {
		v.find(platform, 0, "checkpoint %d goes on from a tree of %d records, and there were %d", c.Number, c.before(), size)
	}
	for _, h := range c.Heads {
		last := int64(0)
		if known := v.heads[h.Project]; len(known) > 0 && !slices.Contains(c.Gone, h.Project) && known[len(known)-1].leaf >= 0 {
			last = known[len(known)-1].Position
		}
		if h.From < last {
			v.find(h.Project, 0, "checkpoint %d adds records to the tree that are in it", c.Number)
		}
	}
	v.roots = append(v.roots, root{c.Number, c.Size, c.Root})
	v.report.Leaves = c.Size
}

// tree checks that the hashes that are kept lead to the root of every checkpoint.
// Those of leaves that went with their records are not missed.
func (v *Verifier) tree(ctx context.Context) error {
	if len(v.roots) == 0 {
		return nil
	}
	return v.DB.View(ctx, platform, func(tx store.Tx) error {
		if there, err := treeKept(ctx, tx); err != nil || !there {
			v.find(platform, 0, "checkpoints state a tree, and there is none")
			return err
		}
		t := newTree(ctx, tx)
		lowest, err := t.lowest()
		if err != nil {
			return err
		}
		found := 0
		for _, r := range v.roots {
			if r.size/tileWidth < lowest && r.size%tileWidth != 0 {
				continue
			}
			got, err := tlog.TreeHash(r.size, t)
			switch {
			case errors.Is(err, errTile):
				v.find(platform, 0, "checkpoint %d: %v", r.number, err)
			case err != nil:
				return err
			case Hash(got) != r.hash:
				v.find(platform, 0, "the tree was changed: its %d first records have another root than checkpoint %d states", r.size, r.number)
			default:
				continue
			}
			if found++; found >= findingsMost {
				return nil
			}
		}
		return nil
	})
}

// leaves gathers what the tree has to have of a chain: a hash over the leaves of
// each head, in their order.
type leaves struct {
	heads []Head // that are not reached yet
	began int64  // the position before the first record of the current head
	sum   hash.Hash
	runs  []leafRun
}

type leafRun struct {
	leaf, n int64
	sum     Hash
}

func (l *leaves) add(project string, position int64, link Hash) {
	for len(l.heads) > 0 && (l.heads[0].Position < position || l.heads[0].leaf < 0) {
		l.heads, l.sum = l.heads[1:], nil
	}
	if len(l.heads) == 0 || position <= l.heads[0].From {
		return
	}
	if l.sum == nil {
		l.sum, l.began = sha256.New(), position-1 // of older ones there is no record
	}
	leaf := leafHash(project, position, link)
	l.sum.Write(leaf[:])
	if h := l.heads[0]; h.Position == position {
		l.runs = append(l.runs, leafRun{h.leaf + l.began - h.From, position - l.began, Hash(l.sum.Sum(nil))})
		l.heads, l.sum = l.heads[1:], nil
	}
}

// compareLeaves checks that the tree has the records of the chain.
func (w *walk) compareLeaves(ctx context.Context) error {
	if len(w.leaves.runs) == 0 {
		return nil
	}
	err := w.DB.View(ctx, platform, func(tx store.Tx) error {
		if there, err := treeKept(ctx, tx); err != nil || !there {
			return err // which was found before
		}
		t := newTree(ctx, tx)
		for _, run := range w.leaves.runs {
			sum := sha256.New()
			err := t.leaves(run.leaf, run.n, func(h tlog.Hash) { sum.Write(h[:]) })
			if err != nil && !errors.Is(err, errTile) {
				return err
			}
			if err == nil && Hash(sum.Sum(nil)) == run.sum {
				continue
			}
			if err := w.tell(0, "the tree does not have its records: leaves %d to %d are others", run.leaf, run.leaf+run.n-1); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
