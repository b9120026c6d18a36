package audit_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"moorfast/internal/audit"
	"moorfast/internal/store"
)

func (f *fixture) public() ed25519.PublicKey { return f.key.Public().(ed25519.PublicKey) }

// bulk writes records in one transaction.
func (f *fixture) bulk(project string, from, to int) {
	f.t.Helper()
	ctx := context.Background()
	err := f.db.Update(ctx, project, func(tx store.Tx) error {
		for i := from; i <= to; i++ {
			if err := audit.Append(ctx, tx, record(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.log.Committed(project)
}

func (f *fixture) whole(when string, saved ...string) audit.Report {
	f.t.Helper()
	r := f.verify(saved...)
	if len(r.Findings) > 0 {
		f.t.Fatalf("%s: %v", when, r.Findings)
	}
	return r
}

// opened reads a checkpoint as a program does that knows of transparency logs, and
// not of this one.
func (f *fixture) opened(text string) tlog.Tree {
	f.t.Helper()
	v, err := note.NewVerifier(audit.VerifierKey(audit.Name("test"), f.public()))
	if err != nil {
		f.t.Fatal(err)
	}
	n, err := note.Open([]byte(text), note.VerifierList(v))
	if err != nil {
		f.t.Fatal(err)
	}
	lines := strings.Split(n.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || err2 != nil || lines[0] != audit.Name("test") || len(root) != tlog.HashSize {
		f.t.Fatalf("it is not a checkpoint of C2SP: %s", n.Text)
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}
}

func TestACheckpointIsOneOfATransparencyLog(t *testing.T) {
	f := setup(t)
	size := int64(0)
	for i := range 6 {
		f.bulk("shop", 100*i+1, 100*i+100)
		f.write("app", i+1, i+1)
		f.flush()
		size += 101
		if got := f.opened(f.notes[i]); got.N != size {
			t.Errorf("a tree of %d records, want %d", got.N, size)
		}
	}
	if r := f.whole("a log with a tree", f.notes...); r.Leaves != size {
		t.Errorf("%+v", r)
	}
	f.start() // and goes on after a kill
	f.write("shop", 1000, 1001)
	f.flush()
	if got := f.opened(f.notes[6]); got.N != size+2 {
		t.Errorf("after a restart: %d records, want %d", got.N, size+2)
	}
	f.whole("after a restart", f.notes...)
}

func TestARecordIsProvenByTheKeyAlone(t *testing.T) {
	f := setup(t)
	ctx := context.Background()
	f.bulk("shop", 1, 300)
	f.flush()
	f.write("app", 1, 3)
	f.write("shop", 301, 310)
	f.flush()
	f.write("shop", 311, 311)
	for _, c := range []struct {
		project string
		seq     int64
		saved   string
	}{{"shop", 1, ""}, {"shop", 300, f.notes[0]}, {"shop", 299, f.notes[1]}, {"app", 2, ""}, {"shop", 310, ""}} {
		p, err := audit.Prove(ctx, f.db, c.project, c.seq, c.saved)
		if err != nil {
			t.Fatalf("%s %d: %v", c.project, c.seq, err)
		}
		text, err := p.Text()
		if err != nil {
			t.Fatal(err)
		}
		f.opened(text[strings.Index(text, "\n\n")+2:])
		p, err = audit.ParseProof(text)
		if err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
		r, checkpoint, err := p.Check(audit.Name("test"), f.public())
		if err != nil || r.Resource != fmt.Sprintf("team/t%d", c.seq) || c.saved == "" && checkpoint.Number != 2 {
			t.Errorf("%s %d: %+v %v", c.project, c.seq, r, err)
		}
		for i := range text { // whatever is changed, it proves nothing, or the same
			b := []byte(text)
			b[i] ^= 4
			other, err := audit.ParseProof(string(b))
			if err != nil {
				continue
			}
			if got, _, err := other.Check(audit.Name("test"), f.public()); err == nil && *got != *r {
				t.Fatalf("with byte %d changed, it proves %+v", i, got)
			}
		}
	}
	for _, c := range []struct {
		project string
		seq     int64
		saved   string
		want    string
	}{
		{"shop", 311, "", store.ErrNotFound.Error()},
		{"shop", 999, "", store.ErrNotFound.Error()},
		{"shop", 305, f.notes[0], audit.ErrNoLeaf.Error()},
	} {
		if _, err := audit.Prove(ctx, f.db, c.project, c.seq, c.saved); err == nil || err.Error() != c.want {
			t.Errorf("%s %d: %v, want %s", c.project, c.seq, err, c.want)
		}
	}
}

func TestEveryMutationOfTheTreeIsFound(t *testing.T) {
	f := setup(t)
	ctx := context.Background()
	f.bulk("shop", 1, 255)
	f.flush()
	f.write(store.Platform, 1, 5)
	f.flush()
	f.whole("before", f.notes...)
	var tiles [][]byte
	err := f.db.View(ctx, store.Platform, func(tx store.Tx) error {
		return store.Each(ctx, tx, `SELECT hashes FROM audit_tiles ORDER BY level, number`, nil, func(rows store.Rows) error {
			tiles = append(tiles, bytes.Clone(rows.Blob(0)))
			return nil
		})
	})
	if err != nil || len(tiles) != 3 {
		t.Fatalf("%d tiles %v", len(tiles), err)
	}
	for n, place := range []string{`level = 0 AND number = 0`, `level = 0 AND number = 1`, `level = 1`} {
		for i := 0; i < len(tiles[n]); i += 37 {
			b := bytes.Clone(tiles[n])
			b[i] ^= 1
			r := f.spoiled(store.Platform, nil, func(tx store.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE audit_tiles SET hashes = ? WHERE `+place, b)
				return err
			})
			if len(r.Findings) == 0 {
				t.Errorf("byte %d of the tile %s was changed, and nothing was found", i, place)
			}
		}
		r := f.spoiled(store.Platform, nil, func(tx store.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM audit_tiles WHERE `+place)
			return err
		})
		if len(r.Findings) == 0 {
			t.Errorf("the tile %s was removed, and nothing was found", place)
		}
	}
}

func TestWhatIsKeptStaysProvableWhenOldRecordsGo(t *testing.T) {
	f := setup(t)
	ctx := context.Background()
	f.log.Retention, f.log.PlatformRetention = 24*time.Hour, 48*time.Hour
	for day := range 6 {
		f.bulk("shop", 400*day+1, 400*day+400)
		f.write(store.Platform, day+1, day+1)
		f.flush()
		f.clock.Advance(20 * time.Hour)
		if err := f.log.Prune(ctx); err != nil {
			t.Fatal(err)
		}
		f.whole(fmt.Sprintf("day %d", day), f.notes...)
	}
	tiles := 0
	err := f.db.View(ctx, store.Platform, func(tx store.Tx) error {
		return store.Each(ctx, tx, `SELECT number FROM audit_tiles WHERE level = 0`, nil, func(store.Rows) error { tiles++; return nil })
	})
	if err != nil || tiles > 7 {
		t.Errorf("%d tiles of leaves are kept, of 10 there were: %v", tiles, err)
	}
	p, err := audit.Prove(ctx, f.db, "shop", 2300, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Check(audit.Name("test"), f.public()); err != nil {
		t.Error(err)
	}
	if _, err := audit.Prove(ctx, f.db, "shop", 1, ""); err == nil {
		t.Error("a record that is gone was proven")
	}
}

// A log of before there was a tree has checkpoints that state none, and records
// that none knows of.
func TestALogOfBeforeThereWasATreeGoesOn(t *testing.T) {
	f := setup(t)
	f.write("shop", 1, 20)
	f.log.Retention = time.Hour
	f.flush()
	f.old("shop", 20)
	f.clock.Advance(2 * time.Hour)
	f.write("shop", 21, 30)
	if err := f.log.Prune(context.Background()); err != nil {
		t.Fatal(err)
	}
	f.start()
	f.log.Committed("shop")
	f.flush()
	r := f.whole("with both kinds of checkpoints", f.notes[1:]...)
	if r.Checkpoints != 2 || r.Leaves != 11 { // ten, and the one of the removal
		t.Errorf("%+v", r)
	}
	if got := f.opened(f.notes[len(f.notes)-1]); got.N != 11 {
		t.Errorf("a tree of %d", got.N)
	}
}

// old makes the one checkpoint that there is one of before, and the tree empty.
func (f *fixture) old(project string, position int64) {
	f.t.Helper()
	head := f.notes[0][strings.Index(f.notes[0], "project "+project):]
	hash := strings.Fields(head)[4]
	text := fmt.Sprintf("%s\n1\n%s\nat 1\nproject %s %d %s\n", audit.Name("test"), base64.StdEncoding.EncodeToString(make([]byte, 32)), project, position, hash)
	signed, err := note.Sign(&note.Note{Text: text}, noteSigner{f.key})
	if err != nil {
		f.t.Fatal(err)
	}
	f.exec(store.Platform, `UPDATE audit_checkpoints SET note = ?, at = 1`, string(signed))
	f.exec(store.Platform, `DELETE FROM audit_tiles`)
	f.exec(store.Platform, `DELETE FROM audit_heads`)
}

type noteSigner struct{ key ed25519.PrivateKey }

func (noteSigner) Name() string { return audit.Name("test") }

func (s noteSigner) KeyHash() uint32 {
	text := audit.VerifierKey(audit.Name("test"), s.key.Public().(ed25519.PublicKey))
	n, err := strconv.ParseUint(strings.Split(text, "+")[1], 16, 32)
	if err != nil {
		panic(err)
	}
	return uint32(n)
}

func (s noteSigner) Sign(text []byte) ([]byte, error) { return ed25519.Sign(s.key, text), nil }

func TestTwoNodesWriteOneTree(t *testing.T) {
	f := setup(t)
	one := f.log
	f.start()
	two := f.log
	ctx := context.Background()
	for i := range 6 {
		f.log = []*audit.Log{one, two}[i%2]
		f.write("shop", 10*i+1, 10*i+10)
		for _, l := range []*audit.Log{one, two} {
			l.Committed("shop")
			if err := l.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	if r := f.whole("of two nodes", f.notes...); r.Leaves != 60 {
		t.Errorf("%+v", r)
	}
}

func FuzzParseProof(f *testing.F) {
	f.Add("c2sp.org/tlog-proof@v1\nextra e30=\nindex 1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nmoorfast/test/audit\n1\n")
	f.Add("c2sp.org/tlog-proof@v1\nindex -1\n\n")
	key := ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := audit.ParseProof(text)
		if err != nil {
			return
		}
		if r, _, err := p.Check(audit.Name("test"), key); err == nil {
			t.Errorf("what nobody signed proves %+v", r)
		}
	})
}
