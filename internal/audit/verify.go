package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"slices"

	"moorfast/internal/store"
)

// Report is what a check of the whole log has found.
type Report struct {
	Projects    int       `json:"projects"` // with a log, the platform's included
	Records     int       `json:"records"`  // that were checked
	Skipped     int       `json:"skipped"`  // that are older than was asked for
	Unsealed    int       `json:"unsealed"` // that are too new to be
	Checkpoints int       `json:"checkpoints"`
	Leaves      int64     `json:"leaves"` // of the tree, over the records of all projects
	Saved       int       `json:"saved"`  // checkpoints from elsewhere that it was checked against
	LastAt      int64     `json:"lastAt"` // of the newest checkpoint, in microseconds
	Findings    []Finding `json:"findings"`
}

// Finding is one thing that is wrong, and where.
type Finding struct {
	Project string `json:"project"`
	Record  int64  `json:"record,omitempty"` // its number in the table, where it is about one
	Problem string `json:"problem"`
}

func (f Finding) String() string {
	if f.Record == 0 {
		return f.Project + ": " + f.Problem
	}
	return fmt.Sprintf("%s: record %d: %s", f.Project, f.Record, f.Problem)
}

// Bounds of what is found: with one project, and in all.
const (
	findingsMost = 100
	reportMost   = 10_000
)

// Verifier checks a log.
type Verifier struct {
	DB   store.DB
	Name string // of the log; see [Name]
	Key  ed25519.PublicKey

	// Saved are checkpoints that were kept elsewhere, as they were written. They
	// find what was cut off the end.
	Saved []string

	// Since leaves out the records of blocks that were closed before, in
	// microseconds. Their chain and their signatures are checked all the same.
	Since int64

	report Report
	heads  map[string][]Head // that checkpoints state, in their order
	gone   map[string]bool
	roots  []root
}

// root is what a checkpoint states of the tree.
type root struct {
	number, size int64
	hash         Hash
}

// Verify reads the whole log. It returns an error where it could not; what is
// wrong with the log is in the report.
func (v *Verifier) Verify(ctx context.Context) (Report, error) {
	v.heads, v.gone, v.roots = map[string][]Head{}, map[string]bool{}, nil
	v.report = Report{Findings: []Finding{}}
	if err := v.checkpoints(ctx); err != nil {
		return v.report, err
	}
	projects, err := v.DB.Projects(ctx)
	if err != nil {
		return v.report, err
	}
	there := map[string]bool{platform: true}
	for _, p := range projects {
		there[p] = true
	}
	if err := v.tree(ctx); err != nil {
		return v.report, fmt.Errorf("audit: read the tree: %w", err)
	}
	for _, p := range append([]string{platform}, projects...) {
		if err := v.project(ctx, p); err != nil {
			return v.report, fmt.Errorf("audit: read the log of %s: %w", p, err)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(v.heads)) {
		if !there[p] && !v.gone[p] {
			v.find(p, 0, "its log is gone, and no checkpoint tells that the project was removed")
		}
	}
	return v.report, nil
}

func (v *Verifier) find(project string, record int64, format string, args ...any) {
	if len(v.report.Findings) < reportMost {
		v.report.Findings = append(v.report.Findings, Finding{project, record, fmt.Sprintf(format, args...)})
	}
}

// saved is a checkpoint from elsewhere.
type saved struct {
	*Checkpoint
	note string
}

// readSaved reads the checkpoints from elsewhere.
func (v *Verifier) readSaved() (list []saved) {
	for i, note := range v.Saved {
		c, err := OpenNote(note, v.Name, v.Key)
		if err != nil {
			v.find(platform, 0, "saved checkpoint %d: %v", i+1, err)
			continue
		}
		v.report.Saved++
		list = append(list, saved{c, note})
	}
	return list
}

// checkpoints checks their chain, and gathers what they state.
func (v *Verifier) checkpoints(ctx context.Context) error {
	notes := map[int64]string{} // those that are compared: all would be much to hold
	list := v.readSaved()
	for _, s := range list {
		notes[s.Number] = ""
	}
	var number int64
	var prev Hash
	err := v.DB.View(ctx, platform, func(tx store.Tx) error {
		if there, err := kept(ctx, tx); err != nil || !there {
			return err
		}
		const sql = `SELECT number, at, note FROM audit_checkpoints ORDER BY number`
		return store.Each(ctx, tx, sql, nil, func(rows store.Rows) error {
			note := string(rows.Text(2))
			v.report.Checkpoints++
			number++
			c, err := OpenNote(note, v.Name, v.Key)
			switch {
			case err != nil:
				v.find(platform, 0, "checkpoint %d: %v", rows.Int(0), err)
			case c.Number != rows.Int(0) || c.At != rows.Int(1):
				v.find(platform, 0, "checkpoint %d: its row was changed", rows.Int(0))
			case c.Number != number && number > 1:
				v.find(platform, 0, "checkpoint %d is missing", number)
			case number > 1 && c.Prev != prev:
				v.find(platform, 0, "checkpoint %d does not follow the one before it", c.Number)
			}
			if number == 1 && rows.Int(0) != 1 {
				v.find(platform, 0, "the checkpoints before %d are missing", rows.Int(0))
			}
			number, prev = rows.Int(0), sum(note)
			if _, compared := notes[number]; compared {
				notes[number] = note
			}
			if err == nil {
				v.follow(c)
				v.state(c)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	for _, s := range list {
		switch own := notes[s.Number]; {
		case s.Number > number:
			v.find(platform, 0, "the log ends at checkpoint %d, before the saved checkpoint %d", number, s.Number)
			v.state(s.Checkpoint)
		case own == "":
			v.find(platform, 0, "checkpoint %d is missing, which was saved", s.Number)
		case !SameCheckpoint(own, s.note):
			v.find(platform, 0, "checkpoint %d is another than the one that was saved", s.Number)
		}
	}
	return nil
}

func (v *Verifier) state(c *Checkpoint) {
	for _, id := range c.Gone {
		delete(v.heads, id)
		v.gone[id] = true
	}
	for _, h := range c.Heads {
		v.heads[h.Project] = append(v.heads[h.Project], h)
		delete(v.gone, h.Project)
	}
	v.report.LastAt = max(v.report.LastAt, c.At)
}

// walk is the check of one chain.
type walk struct {
	*Verifier
	project  string
	number   int64
	position int64
	high     int64
	head     Hash
	sealed   map[int64]bool
	stated   map[int64]Hash
	found    int
	leaves   leaves
}

var errEnough = errors.New("enough was found")

func (w *walk) tell(record int64, format string, args ...any) error {
	w.find(w.project, record, format, args...)
	if w.found++; w.found >= findingsMost {
		return errEnough
	}
	return nil
}

func (v *Verifier) project(ctx context.Context, project string) error {
	w := &walk{Verifier: v, project: project, sealed: map[int64]bool{}, stated: map[int64]Hash{}}
	for _, h := range v.heads[project] {
		if old, ok := w.stated[h.Position]; ok && old != h.Hash {
			if err := w.tell(0, "two checkpoints state different hashes of position %d", h.Position); errors.Is(err, errEnough) {
				return nil
			}
		}
		w.stated[h.Position] = h.Hash
	}
	v.report.Projects++
	w.leaves.heads = v.heads[project]
	err := v.DB.View(ctx, project, func(tx store.Tx) error {
		if there, err := kept(ctx, tx); err != nil || !there {
			return err // what checkpoints state of it is missed below
		}
		for {
			list, err := blocksAfter(ctx, tx, w.number, 4)
			if errors.Is(err, errBlock) {
				return w.tell(0, "%v", err)
			}
			if err != nil || len(list) == 0 {
				return errors.Join(err, w.rest(ctx, tx))
			}
			for i := range list {
				if err := w.block(ctx, tx, &list[i]); err != nil {
					return err
				}
			}
		}
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	if err != nil {
		return err
	}
	for position := range w.stated {
		if position > w.position {
			v.find(project, 0, "its log was cut off: it ends at position %d, and a checkpoint states position %d", w.position, position)
			break
		}
	}
	return w.compareLeaves(ctx)
}

// block checks a block, and then each of its records.
func (w *walk) block(ctx context.Context, tx store.Tx, b *block) error {
	if !ed25519.Verify(w.Key, b.signed(w.project), b.sig) {
		if err := w.tell(0, "block %d was changed: its signature is not that of this installation", b.number); err != nil {
			return err
		}
	}
	if b.pruned && w.number == 0 { // older records were removed, as the retention says
		w.number, w.position, w.high, w.head = b.number, b.position, b.high, b.head
		return w.compare(b.position)
	}
	if b.number != w.number+1 {
		if err := w.tell(0, "block %d is missing", w.number+1); err != nil {
			return err
		}
		w.position = b.first() // and goes on from what is there
	} else if b.prev != w.head {
		if err := w.tell(0, "block %d does not follow the one before it", b.number); err != nil {
			return err
		}
	}
	if b.at < w.Since {
		return w.skip(b)
	}
	rows, err := w.rows(ctx, tx, b)
	if err != nil {
		return err
	}
	w.head = b.prev
	for _, e := range b.entries {
		w.position++
		w.sealed[e.seq] = true
		r, ok := rows[e.seq]
		switch {
		case !ok:
			err = w.tell(e.seq, "it was removed")
		case link(w.head, w.project, w.position, r) != e.hash:
			err = w.tell(e.seq, "it was changed, or moved")
		}
		if err != nil {
			return err
		}
		w.head = e.hash // so that one change is one finding
		w.leaves.add(w.project, w.position, w.head)
		if err := w.compare(w.position); err != nil {
			return err
		}
		w.report.Records++
	}
	if w.head != b.head || w.position != b.position {
		if err := w.tell(0, "block %d does not end where it says", b.number); err != nil {
			return err
		}
	}
	w.number, w.position, w.high, w.head = b.number, b.position, b.high, b.head
	return nil
}

// skip checks a block by what it says itself.
func (w *walk) skip(b *block) error {
	for _, e := range b.entries {
		w.position++
		w.head = e.hash
		w.leaves.add(w.project, w.position, w.head)
		w.sealed[e.seq] = true
		if err := w.compare(w.position); err != nil {
			return err
		}
	}
	w.report.Skipped += len(b.entries)
	if n := len(b.entries); w.position != b.position || n > 0 && w.head != b.head {
		if err := w.tell(0, "block %d does not end where it says", b.number); err != nil {
			return err
		}
	}
	w.number, w.position, w.high, w.head = b.number, b.position, b.high, b.head
	return nil
}

func (w *walk) compare(position int64) error {
	if want, ok := w.stated[position]; ok && want != w.head {
		return w.tell(0, "its chain was rewritten: position %d is another than a checkpoint states", position)
	}
	return nil
}

// rows reads the records of a block.
func (w *walk) rows(ctx context.Context, tx store.Tx, b *block) (map[int64]*row, error) {
	rows := make(map[int64]*row, len(b.entries))
	if len(b.entries) == 0 {
		return rows, nil
	}
	low, high := b.entries[0].seq, b.entries[0].seq
	for _, e := range b.entries {
		low, high = min(low, e.seq), max(high, e.seq)
	}
	list, err := rowsWhere(ctx, tx, `seq >= ? AND seq <= ?`, low, high)
	for i := range list {
		rows[list[i].Seq] = &list[i]
	}
	return rows, err
}

// rest looks for records that are in no block: those that are newer than all
// blocks wait for one; another was put in.
func (w *walk) rest(ctx context.Context, tx store.Tx) error {
	return store.Each(ctx, tx, `SELECT seq FROM audit_records ORDER BY seq`, nil, func(rows store.Rows) error {
		seq := rows.Int(0)
		switch {
		case w.sealed[seq]:
			delete(w.sealed, seq)
			return nil
		case seq > w.high:
			w.report.Unsealed++
			return nil
		}
		return w.tell(seq, "it is in no block: it was put in, or has come late")
	})
}

// kept tells whether a database has a log at all. One that was not opened since
// there is such a thing has none.
func kept(ctx context.Context, tx store.Tx) (bool, error) { return migrated(ctx, tx, "audit") }

func migrated(ctx context.Context, tx store.Tx, name string) (n bool, err error) {
	err = store.Each(ctx, tx, `SELECT count(*) FROM migrations WHERE name = ?`, []any{name}, func(rows store.Rows) error {
		n = rows.Int(0) > 0
		return nil
	})
	return n, err
}
