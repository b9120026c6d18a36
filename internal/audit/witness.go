package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"moorfast/internal/store"
)

// Errors of a witness.
var (
	ErrWitnessKey = errors.New("audit: it is no verifier key of a witness")
	ErrCosigned   = errors.New("audit: the witness has not signed this checkpoint")
	ErrSizes      = errors.New("audit: the tree does not go on from there, or its hashes are not kept")
)

// WitnessRequest is what a witness is sent, as C2SP has it (tlog-witness): the size
// of the tree that it knows, the proof that the checkpoint goes on from there, and
// the checkpoint.
func WitnessRequest(ctx context.Context, db store.DB, old int64, checkpoint string) (string, error) {
	c, err := parseNote(checkpoint)
	if err != nil {
		return "", err
	}
	if !c.Tree || old < 0 || old > c.Size {
		return "", ErrSizes
	}
	var b strings.Builder
	fmt.Fprintf(&b, "old %d\n", old)
	if old > 0 && old < c.Size {
		steps, err := consistency(ctx, db, old, c.Size)
		if err != nil {
			return "", err
		}
		for _, h := range steps {
			fmt.Fprintf(&b, "%s\n", h)
		}
	}
	return b.String() + "\n" + checkpoint, nil
}

func consistency(ctx context.Context, db store.DB, old, size int64) (steps tlog.TreeProof, err error) {
	err = db.View(ctx, platform, func(tx store.Tx) error {
		steps, err = tlog.ProveTree(size, old, newTree(ctx, tx))
		if errors.Is(err, errTile) {
			err = ErrSizes
		}
		return err
	})
	return steps, err
}

// Cosign adds the lines of signatures that a witness has answered to a checkpoint.
func Cosign(checkpoint, answer string, name string, key ed25519.PublicKey) (string, error) {
	merged := checkpoint + answer
	if !strings.HasPrefix(answer, "— ") {
		return "", ErrCosigned
	}
	if _, err := OpenNote(merged, name, key); err != nil {
		return "", err
	}
	if !SameCheckpoint(merged, checkpoint) {
		return "", ErrNote
	}
	return merged, nil
}

// CosignedBy checks that a witness has signed a checkpoint, by its verifier key:
// of Ed25519, or of cosignatures with their time (C2SP tlog-cosignature).
func CosignedBy(checkpoint, witness string) error {
	v, err := witnessOf(witness)
	if err != nil {
		return err
	}
	if _, err := note.Open([]byte(checkpoint), note.VerifierList(v)); err != nil {
		return ErrCosigned
	}
	return nil
}

// cosigner verifies cosignatures.
type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.id }

func (c *cosigner) Verify(text, sig []byte) bool {
	const stamp = 8
	if len(sig) != stamp+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	return ed25519.Verify(c.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text), sig[stamp:])
}

func witnessOf(text string) (note.Verifier, error) {
	const cosignature = 4
	name, rest, _ := strings.Cut(strings.TrimSpace(text), "+")
	id, encoded, _ := strings.Cut(rest, "+")
	b, err := b64.DecodeString(encoded)
	if err != nil || len(b) != 1+ed25519.PublicKeySize {
		return nil, ErrWitnessKey
	}
	if b[0] != cosignature {
		v, err := note.NewVerifier(strings.TrimSpace(text))
		if err != nil {
			return nil, ErrWitnessKey
		}
		return v, nil
	}
	sum := sha256.Sum256(append([]byte(name+"\n"), b...))
	n, err := strconv.ParseUint(id, 16, 32)
	if err != nil || name == "" || uint32(n) != binary.BigEndian.Uint32(sum[:]) {
		return nil, ErrWitnessKey
	}
	return &cosigner{name, uint32(n), b[1:]}, nil
}
