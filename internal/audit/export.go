package audit

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"moorfast/internal/store"
)

// Line is one line of an export, in the order of the chains: first the log, then
// the checkpoints, and then for each project its blocks, each before its records.
// What is empty is left out.
type Line struct {
	Type string `json:"type"` // "log", "checkpoint", "block", "record"
	Log  string `json:"log"`  // the name of the log, or whose chain it is: a project
	Key  string `json:"key,omitempty"`
	Note string `json:"note,omitempty"`

	Number    int64  `json:"number,omitempty"`
	At        int64  `json:"at,omitempty"`
	Position  int64  `json:"position,omitempty"`
	High      int64  `json:"high,omitempty"`
	Low       int64  `json:"low,omitempty"`
	Pruned    bool   `json:"pruned,omitempty"`
	Filter    []byte `json:"filter,omitempty"`
	Prev      []byte `json:"prev,omitempty"`
	Head      []byte `json:"head,omitempty"`
	Signature []byte `json:"signature,omitempty"`
	Records   int    `json:"records,omitempty"` // of the block, which follow

	Seq      int64  `json:"seq,omitempty"`
	Hash     []byte `json:"hash,omitempty"`
	Actor    string `json:"actor,omitempty"`
	Resource string `json:"resource,omitempty"`
	Body     string `json:"body,omitempty"` // the record, as it is hashed
}

// Export hands every line of the log to fn. Records that are in no block yet are
// not in it.
func Export(ctx context.Context, db store.DB, name string, key ed25519.PublicKey, projects []string, fn func(*Line) error) error {
	if err := fn(&Line{Type: "log", Log: name, Key: VerifierKey(name, key)}); err != nil {
		return err
	}
	err := db.View(ctx, platform, func(tx store.Tx) error {
		return store.Each(ctx, tx, `SELECT number, at, note FROM audit_checkpoints ORDER BY number`, nil, func(rows store.Rows) error {
			return fn(&Line{Type: "checkpoint", Log: name, Number: rows.Int(0), At: rows.Int(1), Note: string(rows.Text(2))})
		})
	})
	if err != nil {
		return err
	}
	for _, p := range projects {
		err := db.View(ctx, p, func(tx store.Tx) error { return exportChain(ctx, tx, p, fn) })
		if err != nil {
			return fmt.Errorf("audit: export the log of %s: %w", p, err)
		}
	}
	return nil
}

func exportChain(ctx context.Context, tx store.Tx, project string, fn func(*Line) error) error {
	if there, err := kept(ctx, tx); err != nil || !there {
		return err
	}
	for number := int64(0); ; {
		list, err := blocksAfter(ctx, tx, number, 4)
		if err != nil || len(list) == 0 {
			return err
		}
		for i := range list {
			b := &list[i]
			number = b.number
			err := fn(&Line{
				Type: "block", Log: project, Number: b.number, At: b.at, Position: b.position, High: b.high, Low: b.low, Pruned: b.pruned,
				Filter: b.filter, Prev: b.prev[:], Head: b.head[:], Signature: b.sig, Records: len(b.entries),
			})
			if err != nil {
				return err
			}
			rows, err := new(walk).rows(ctx, tx, b)
			if err != nil {
				return err
			}
			for j, e := range b.entries {
				r := rows[e.seq]
				if r == nil {
					return fmt.Errorf("record %d was removed; see moorfast audit verify", e.seq)
				}
				err := fn(&Line{
					Type: "record", Log: project, Position: b.first() + int64(j) + 1, Seq: e.seq, Hash: e.hash[:],
					Actor: r.Actor, Resource: r.Resource, Body: r.Body,
				})
				if err != nil {
					return err
				}
			}
		}
	}
}

// maxLine bounds a line of an export, in bytes.
const maxLine = maxNote + 1<<20

// VerifyExport checks an export, for which it takes nothing else than the public
// key, and the checkpoints that were kept elsewhere. The key that the export
// itself names proves nothing.
func VerifyExport(r io.Reader, name string, key ed25519.PublicKey, saved ...string) (Report, error) {
	v := &Verifier{Name: name, Key: key, Saved: saved, heads: map[string][]Head{}, gone: map[string]bool{}, report: Report{Findings: []Finding{}}}
	x := exported{Verifier: v, ends: map[string]int64{}}
	newest := int64(0)
	for _, c := range v.readSaved() {
		newest = max(newest, c.Number)
		x.state(c.Checkpoint)
	}
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 0, 64<<10), maxLine)
	for n := 1; scanner.Scan(); n++ {
		var line Line
		d := json.NewDecoder(bytes.NewReader(scanner.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&line); err != nil {
			return v.report, fmt.Errorf("audit: line %d is not one of an export: %w", n, err)
		}
		if n == 1 && line.Type != "log" {
			return v.report, errors.New("audit: it is not an export of a log")
		}
		x.line(&line)
	}
	if err := scanner.Err(); err != nil {
		return v.report, err
	}
	x.endBlock()
	if newest > x.number {
		v.find(platform, 0, "the log ends at checkpoint %d, before the saved checkpoint %d", x.number, newest)
	}
	for _, p := range slices.Sorted(maps.Keys(v.heads)) {
		for _, h := range v.heads[p] {
			if end, there := x.ends[p]; there && h.Position > end {
				v.find(p, 0, "its log was cut off: it ends at position %d, and a checkpoint states position %d", end, h.Position)
				break
			}
		}
	}
	return v.report, nil
}

// exported is the check of an export, line by line.
type exported struct {
	*Verifier
	ends   map[string]int64 // of the chains that are in it
	walk   *walk
	block  *block
	left   int
	number int64
	prev   string
}

func (x *exported) line(l *Line) {
	switch l.Type {
	case "checkpoint":
		x.report.Checkpoints++
		c, err := OpenNote(l.Note, x.Name, x.Key)
		if err != nil {
			x.find(platform, 0, "checkpoint %d: %v", l.Number, err)
			return
		}
		if c.Number != x.number+1 || x.prev != "" && c.Prev != sum(x.prev) {
			x.find(platform, 0, "checkpoint %d does not follow the one before it", c.Number)
		}
		x.number, x.prev = c.Number, l.Note
		x.state(c)
	case "block":
		x.endBlock()
		x.begin(l)
	case "record":
		x.record(l)
	}
}

func (x *exported) begin(l *Line) {
	if x.walk == nil || x.walk.project != l.Log {
		x.walk = &walk{Verifier: x.Verifier, project: l.Log, stated: map[int64]Hash{}}
		for _, h := range x.heads[l.Log] {
			x.walk.stated[h.Position] = h.Hash
		}
		x.report.Projects++
	}
	b := &block{number: l.Number, at: l.At, position: l.Position, high: l.High, low: l.Low, pruned: l.Pruned, filter: l.Filter, sig: l.Signature}
	copy(b.prev[:], l.Prev)
	copy(b.head[:], l.Head)
	w := x.walk
	switch {
	case b.pruned && w.number == 0:
		w.position, w.head = b.position, b.head
	case b.number != w.number+1:
		x.find(l.Log, 0, "block %d is missing", w.number+1)
		w.position, w.head = b.position-int64(l.Records), b.prev
	case b.prev != w.head:
		x.find(l.Log, 0, "block %d does not follow the one before it", b.number)
		w.head = b.prev
	}
	w.number = b.number
	x.block, x.left = b, l.Records
}

func (x *exported) record(l *Line) {
	w := x.walk
	if x.block == nil || w.project != l.Log || x.left == 0 {
		x.find(l.Log, l.Seq, "it is in no block")
		return
	}
	x.left--
	w.position++
	e := entry{seq: l.Seq}
	copy(e.hash[:], l.Hash)
	if l.Position != w.position || link(w.head, l.Log, w.position, &row{l.Seq, l.Actor, l.Resource, l.Body}) != e.hash {
		x.find(l.Log, l.Seq, "it was changed, moved, or the one before it was removed")
	}
	w.head = e.hash
	x.block.entries = append(x.block.entries, e)
	if want, ok := w.stated[w.position]; ok && want != w.head {
		x.find(l.Log, l.Seq, "it is another than a checkpoint states")
	}
	x.report.Records++
}

func (x *exported) endBlock() {
	b := x.block
	if b == nil {
		return
	}
	switch {
	case x.left > 0:
		x.find(x.walk.project, 0, "%d records of block %d are missing", x.left, b.number)
	case !ed25519.Verify(x.Key, b.signed(x.walk.project), b.sig), x.walk.head != b.head, x.walk.position != b.position:
		x.find(x.walk.project, 0, "block %d was changed: its signature is not that of this installation", b.number)
	}
	x.ends[x.walk.project] = x.walk.position
	x.block = nil
}
