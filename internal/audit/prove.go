package audit

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"moorfast/internal/store"
)

// Proof shows that a record is in the tree of a checkpoint. Its text is what C2SP
// calls a tlog-proof, with the record as its extra data:
//
//	c2sp.org/tlog-proof@v1
//	extra RECORD
//	index LEAF
//	HASH, for each step from the leaf to the root
//
//	CHECKPOINT
type Proof struct {
	Proven     Proven
	Index      int64
	Hashes     []Hash
	Checkpoint string // as it was signed
}

// Proven is the record of a proof, with all that its hash is over.
type Proven struct {
	Project  string `json:"project"`
	Position int64  `json:"position"`
	Seq      int64  `json:"seq"`
	Prev     []byte `json:"prev"` // the hash of the record before it
	Actor    string `json:"actor"`
	Resource string `json:"resource"`
	Body     string `json:"body"`
}

const (
	proofHeader = "c2sp.org/tlog-proof@v1"
	stepsMost   = 63
)

// Errors of a proof.
var (
	ErrProof    = errors.New("audit: it is no proof of a record")
	ErrUnproven = errors.New("audit: the checkpoint does not have this record")
	ErrNoLeaf   = errors.New("audit: no checkpoint has the record in its tree")
)

func (p *Proven) leaf() (tlog.Hash, error) {
	var prev Hash
	if len(p.Prev) != len(prev) {
		return tlog.Hash{}, ErrProof
	}
	copy(prev[:], p.Prev)
	return leafHash(p.Project, p.Position, link(prev, p.Project, p.Position, &row{p.Seq, p.Actor, p.Resource, p.Body})), nil
}

// Prove shows that a record, by its number, is in the tree of the newest
// checkpoint, or of one that was kept elsewhere. It returns [store.ErrNotFound]
// where there is no such record, or it is in no block yet.
func Prove(ctx context.Context, db store.DB, project string, seq int64, saved string) (*Proof, error) {
	p := &Proof{Checkpoint: saved}
	err := db.View(ctx, project, func(tx store.Tx) (err error) {
		p.Proven, err = provable(ctx, tx, project, seq)
		return err
	})
	if err != nil {
		return nil, err
	}
	newest := ""
	p.Index, newest, err = leafOf(ctx, db, project, p.Proven.Position)
	if err != nil {
		return nil, err
	}
	if saved == "" {
		p.Checkpoint = newest
	}
	c, err := parseNote(p.Checkpoint)
	if err != nil {
		return nil, err
	}
	if c.Size <= p.Index {
		return nil, ErrNoLeaf
	}
	leaf, err := p.Proven.leaf()
	if err != nil {
		return nil, err
	}
	err = db.View(ctx, platform, func(tx store.Tx) error {
		steps, err := tlog.ProveRecord(c.Size, p.Index, newTree(ctx, tx))
		if err != nil {
			return err
		}
		for _, h := range steps {
			p.Hashes = append(p.Hashes, Hash(h))
		}
		if tlog.CheckRecord(steps, c.Size, tlog.Hash(c.Root), p.Index, leaf) != nil {
			return ErrUnproven
		}
		return nil
	})
	return p, err
}

// provable reads a record and its place in the chain.
func provable(ctx context.Context, tx store.Tx, project string, seq int64) (p Proven, err error) {
	if there, err := kept(ctx, tx); err != nil || !there {
		return p, errors.Join(err, store.ErrNotFound)
	}
	list, err := rowsWhere(ctx, tx, `seq = ?`, seq)
	if err != nil {
		return p, err
	}
	if len(list) == 0 {
		return p, store.ErrNotFound
	}
	r, found := &list[0], false
	// A row that came late is in a block after one that has higher numbers.
	const sql = `SELECT ` + blockColumns + ` FROM audit_blocks WHERE pruned = 0 AND low <= ? AND high >= ? ORDER BY number`
	err = store.Each(ctx, tx, sql, []any{seq, seq}, func(rows store.Rows) error {
		if found {
			return nil
		}
		b, err := scanBlock(rows)
		i := slices.IndexFunc(b.entries, func(e entry) bool { return e.seq == seq })
		if err != nil || i < 0 {
			return err
		}
		prev := b.prev
		if i > 0 {
			prev = b.entries[i-1].hash
		}
		found = true
		p = Proven{project, b.first() + int64(i) + 1, seq, prev[:], r.Actor, r.Resource, r.Body}
		return nil
	})
	if err == nil && !found {
		err = store.ErrNotFound
	}
	return p, err
}

// leafOf finds the leaf of a record, and the newest checkpoint.
func leafOf(ctx context.Context, db store.DB, project string, position int64) (index int64, newest string, err error) {
	index = -1
	err = Notes(ctx, db, 0, func(_ int64, text string) error {
		newest = text
		c, err := parseNote(text)
		if err != nil {
			return err
		}
		if slices.Contains(c.Gone, project) {
			index = -1 // it was of another project of this id
		}
		for _, h := range c.Heads {
			if h.Project == project && h.leaf >= 0 && h.From < position && position <= h.Position {
				index = h.leaf + position - h.From - 1
			}
		}
		return nil
	})
	if err == nil && index < 0 {
		err = ErrNoLeaf
	}
	return index, newest, err
}

// Text writes the proof.
func (p *Proof) Text() (string, error) {
	extra, err := json.Marshal(p.Proven)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nextra %s\nindex %d\n", proofHeader, b64.EncodeToString(extra), p.Index)
	for _, h := range p.Hashes {
		b.WriteString(b64.EncodeToString(h[:]) + "\n")
	}
	return b.String() + "\n" + p.Checkpoint, nil
}

// ParseProof reads a proof, without a look at whether it holds; see [Proof.Check].
func ParseProof(text string) (*Proof, error) {
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 3 || len(lines) > 3+stepsMost || lines[0] != proofHeader {
		return nil, ErrProof
	}
	p := &Proof{Checkpoint: checkpoint}
	extra, isExtra := strings.CutPrefix(lines[1], "extra ")
	index, isIndex := strings.CutPrefix(lines[2], "index ")
	record, err := b64.DecodeString(extra)
	if err != nil || !isExtra || !isIndex || json.Unmarshal(record, &p.Proven) != nil {
		return nil, ErrProof
	}
	if p.Index, err = strconv.ParseInt(index, 10, 64); err != nil || p.Index < 0 {
		return nil, ErrProof
	}
	for _, line := range lines[3:] {
		h, err := parseHash(line)
		if err != nil {
			return nil, ErrProof
		}
		p.Hashes = append(p.Hashes, h)
	}
	return p, nil
}

// Check checks a proof by the public key of the log alone, and returns the record
// that it is of, and the checkpoint that has it.
func (p *Proof) Check(name string, key ed25519.PublicKey) (*Record, *Checkpoint, error) {
	c, err := OpenNote(p.Checkpoint, name, key)
	if err != nil {
		return nil, nil, err
	}
	leaf, err := p.Proven.leaf()
	if err != nil {
		return nil, nil, err
	}
	steps := make(tlog.RecordProof, len(p.Hashes))
	for i, h := range p.Hashes {
		steps[i] = tlog.Hash(h)
	}
	if !c.Tree || p.Index >= c.Size || tlog.CheckRecord(steps, c.Size, tlog.Hash(c.Root), p.Index, leaf) != nil {
		return nil, nil, ErrUnproven
	}
	one, err := decode(row{p.Proven.Seq, p.Proven.Actor, p.Proven.Resource, p.Proven.Body})
	if err != nil {
		return nil, nil, err
	}
	return &one.Record, c, nil
}
