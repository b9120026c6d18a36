package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"moorfast/internal/store"
)

// A Hash is a link of a chain. The first record of a project follows the zero Hash.
type Hash [sha256.Size]byte

// row is a record as it is stored.
type row struct {
	Seq             int64
	Actor, Resource string
	Body            string
}

// project is the one that the record is about, as far as its start tells.
func (r *row) project() string {
	_, rest, _ := strings.Cut(r.Body, `,"project":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// about is a text of filters: there are records about a project in a block.
func about(project string) string { return "about " + project }

// entry is what a block says of one record.
type entry struct {
	seq  int64
	hash Hash
}

const entrySize = 8 + sha256.Size

// block closes a run of records: what it says of each of them, in the order of
// the chain, and a signature.
type block struct {
	number   int64
	at       int64
	position int64 // of its last record in the chain, from 1
	high     int64 // the highest row of the chain so far
	low      int64 // the lowest row of the block
	pruned   bool  // it stands for all before it, whose records are gone
	filter   filter
	prev     Hash
	head     Hash
	entries  []entry
	sig      []byte
}

// part writes a text with its length, so that no two lists of texts are the same bytes.
func part(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
	return append(b, s...)
}

func appendNumber(b []byte, n int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(n)) }

// link returns the hash of a record at a position of a project's chain.
func link(prev Hash, project string, position int64, r *row) Hash {
	h, _ := linkWith(nil, prev, project, position, r)
	return h
}

// linkWith is link with memory that is used again.
func linkWith(b []byte, prev Hash, project string, position int64, r *row) (Hash, []byte) {
	b = part(b[:0], "moorfast audit record 1")
	b = append(b, prev[:]...)
	b = part(b, project)
	b = appendNumber(b, position)
	b = appendNumber(b, r.Seq)
	b = part(b, r.Actor)
	b = part(b, r.Resource)
	b = part(b, r.Body)
	return sha256.Sum256(b), b
}

// signed is what the signature of a block is over. The entries are in it by
// their head, and by their hash, for what they say of rows.
func (b *block) signed(project string) []byte {
	t := part(nil, "moorfast audit block 1")
	t = part(t, project)
	pruned := int64(0)
	if b.pruned {
		pruned = 1
	}
	for _, n := range [...]int64{b.number, b.at, b.position, b.high, b.low, pruned} {
		t = appendNumber(t, n)
	}
	t = part(t, string(b.filter))
	t = append(t, b.prev[:]...)
	t = append(t, b.head[:]...)
	sum := sha256.Sum256(b.encodeEntries())
	return append(t, sum[:]...)
}

func (b *block) sign(key ed25519.PrivateKey, project string) {
	b.sig = ed25519.Sign(key, b.signed(project))
}

func (b *block) encodeEntries() []byte {
	out := make([]byte, 0, entrySize*len(b.entries))
	for _, e := range b.entries {
		out = appendNumber(out, e.seq)
		out = append(out, e.hash[:]...)
	}
	return out
}

// first is the position before the block's records.
func (b *block) first() int64 { return b.position - int64(len(b.entries)) }

const blockColumns = `number, at, position, high, pruned, prev, head, entries, signature, low, filter`

var errBlock = errors.New("audit: a block is not one that was written here")

func scanBlock(rows store.Rows) (b block, err error) {
	b = block{number: rows.Int(0), at: rows.Int(1), position: rows.Int(2), high: rows.Int(3), pruned: rows.Int(4) != 0}
	entries := rows.Blob(7)
	if copy(b.prev[:], rows.Blob(5)) != len(b.prev) || copy(b.head[:], rows.Blob(6)) != len(b.head) || len(entries)%entrySize != 0 {
		return b, fmt.Errorf("%w: block %d", errBlock, b.number)
	}
	for ; len(entries) > 0; entries = entries[entrySize:] {
		e := entry{seq: int64(binary.BigEndian.Uint64(entries))}
		copy(e.hash[:], entries[8:])
		b.entries = append(b.entries, e)
	}
	b.sig = append([]byte{}, rows.Blob(8)...)
	b.low, b.filter = rows.Int(9), append([]byte{}, rows.Blob(10)...)
	return b, nil
}

func insertBlock(ctx context.Context, tx store.Tx, b *block) error {
	_, err := tx.Exec(ctx, `INSERT INTO audit_blocks (`+blockColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		b.number, b.at, b.position, b.high, b.pruned, b.prev[:], b.head[:], b.encodeEntries(), b.sig, b.low, []byte(b.filter))
	return err
}

// blocksAfter reads at most n blocks above a number, in their order.
func blocksAfter(ctx context.Context, tx store.Tx, number int64, n int) (list []block, err error) {
	err = store.Each(ctx, tx, `SELECT `+blockColumns+` FROM audit_blocks WHERE number > ? ORDER BY number LIMIT ?`, []any{number, n}, func(rows store.Rows) error {
		b, err := scanBlock(rows)
		list = append(list, b)
		return err
	})
	return list, err
}

const rowColumns = `seq, actor, resource, body`

func scanRow(rows store.Rows) row {
	return row{rows.Int(0), string(rows.Text(1)), string(rows.Text(2)), string(rows.Text(3))}
}

func rowsWhere(ctx context.Context, tx store.Tx, where string, args ...any) (list []row, err error) {
	err = store.Each(ctx, tx, `SELECT `+rowColumns+` FROM audit_records WHERE `+where, args, func(rows store.Rows) error {
		list = append(list, scanRow(rows))
		return nil
	})
	return list, err
}

// sum is how a checkpoint names the one before it.
func sum(note string) Hash { return sha256.Sum256([]byte(note)) }
