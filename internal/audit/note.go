package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Checkpoint says how far the chains have come: for each project that went on
// since the checkpoint before, its position and its head. Signed, it is a note
// that others can check, and a checkpoint of a transparency log, as C2SP has both:
//
//	moorfast/INSTANCE/audit
//	SIZE of the tree
//	ROOT of the tree
//	checkpoint NUMBER HASH of the one before it
//	at MICROSECONDS
//	gone ID
//	project ID FROM POSITION HEAD
//
//	— NAME SIGNATURE
//
// The leaves that it adds to the tree are the records of each project after FROM up
// to POSITION, in this order. Checkpoints of before there was a tree have the number
// and the hash in the place of the size and the root, and no FROM.
//
// Who keeps one elsewhere can tell when the log is cut off before it.
type Checkpoint struct {
	Name   string // "moorfast/INSTANCE/audit"
	Tree   bool   // it states one
	Size   int64
	Root   Hash
	Number int64
	Prev   Hash
	At     int64
	Heads  []Head
	Gone   []string // projects that were removed, with their log
}

// Head is how far the chain of a project has come.
type Head struct {
	Project  string
	From     int64 // the records after it are added to the tree
	Position int64
	Hash     Hash

	leaf int64 // the index of the first of them in the tree, where there is one
}

// Name returns the name of an installation's log, which its checkpoints carry.
func Name(instance string) string { return "moorfast/" + instance + "/audit" }

var b64 = base64.StdEncoding

func (c *Checkpoint) text() string {
	var b strings.Builder
	if c.Tree {
		fmt.Fprintf(&b, "%s\n%d\n%s\ncheckpoint %d %s\n", c.Name, c.Size, b64.EncodeToString(c.Root[:]), c.Number, b64.EncodeToString(c.Prev[:]))
	} else {
		fmt.Fprintf(&b, "%s\n%d\n%s\n", c.Name, c.Number, b64.EncodeToString(c.Prev[:]))
	}
	fmt.Fprintf(&b, "at %d\n", c.At)
	for _, id := range c.Gone {
		fmt.Fprintf(&b, "gone %s\n", id)
	}
	for _, h := range c.Heads {
		b.WriteString("project " + h.Project)
		if c.Tree {
			fmt.Fprintf(&b, " %d", h.From)
		}
		fmt.Fprintf(&b, " %d %s\n", h.Position, b64.EncodeToString(h.Hash[:]))
	}
	return b.String()
}

// keyID is how a signature line names its key: by the start of a hash of the
// name, the kind, which is 1 for Ed25519, and the key.
func keyID(name string, key ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n\x01"), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// VerifierKey returns a public key as programs that check notes take it.
func VerifierKey(name string, key ed25519.PublicKey) string {
	return fmt.Sprintf("%s+%08x+%s", name, keyID(name, key), b64.EncodeToString(append([]byte{1}, key...)))
}

// ParseVerifierKey reverses [VerifierKey].
func ParseVerifierKey(s string) (name string, key ed25519.PublicKey, err error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(s), "+")
	id, text, _ := strings.Cut(rest, "+")
	b, err := b64.DecodeString(text)
	if err != nil || len(b) != 1+ed25519.PublicKeySize || b[0] != 1 || id != fmt.Sprintf("%08x", keyID(name, b[1:])) {
		return "", nil, errors.New("audit: it is no verifier key of a log")
	}
	return name, b[1:], nil
}

// signer signs notes.
type signer struct {
	name string
	key  ed25519.PrivateKey
}

func (s signer) Name() string                     { return s.name }
func (s signer) KeyHash() uint32                  { return keyID(s.name, s.key.Public().(ed25519.PublicKey)) }
func (s signer) Sign(text []byte) ([]byte, error) { return ed25519.Sign(s.key, text), nil }

func (c *Checkpoint) sign(key ed25519.PrivateKey) (string, error) {
	signed, err := note.Sign(&note.Note{Text: c.text()}, signer{c.Name, key})
	if err != nil {
		return "", fmt.Errorf("audit: sign a checkpoint: %w", err)
	}
	return string(signed), nil
}

// Errors of a checkpoint.
var (
	ErrNote      = errors.New("audit: it is no checkpoint")
	ErrSignature = errors.New("audit: the signature is not that of this installation")
)

// maxNote bounds a note, in bytes.
const maxNote = 16 << 20

// OpenNote reads a signed checkpoint and checks its signature. Others may have
// signed it as well, as witnesses do.
func OpenNote(text string, name string, key ed25519.PublicKey) (*Checkpoint, error) {
	if len(text) > maxNote {
		return nil, ErrNote
	}
	verifier, err := note.NewVerifier(VerifierKey(name, key))
	if err != nil {
		return nil, fmt.Errorf("audit: the key of checkpoints: %w", err)
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified), errors.As(err, &invalid):
		return nil, ErrSignature
	case err != nil:
		return nil, ErrNote
	}
	c, err := parseCheckpoint(opened.Text)
	if err != nil {
		return nil, err
	}
	if c.Name != name {
		return nil, ErrSignature
	}
	return c, nil
}

// parseNote reads a checkpoint without a look at its signatures.
func parseNote(text string) (*Checkpoint, error) {
	text, _, ok := strings.Cut(text, "\n\n")
	if !ok {
		return nil, ErrNote
	}
	return parseCheckpoint(text + "\n")
}

func parseCheckpoint(text string) (*Checkpoint, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 4 {
		return nil, ErrNote
	}
	c := &Checkpoint{Name: lines[0]}
	first, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || first < 0 {
		return nil, ErrNote
	}
	hash, err := parseHash(lines[2])
	if err != nil {
		return nil, err
	}
	c.Number, c.Prev, lines = first, hash, lines[3:]
	if rest, ok := strings.CutPrefix(lines[0], "checkpoint "); ok {
		number, prev, _ := strings.Cut(rest, " ")
		c.Tree, c.Size, c.Root, lines = true, first, hash, lines[1:]
		if c.Number, err = strconv.ParseInt(number, 10, 64); err != nil || len(lines) == 0 {
			return nil, ErrNote
		}
		if c.Prev, err = parseHash(prev); err != nil {
			return nil, err
		}
	}
	at, ok := strings.CutPrefix(lines[0], "at ")
	if c.At, err = strconv.ParseInt(at, 10, 64); err != nil || !ok {
		return nil, ErrNote
	}
	if err := c.parseLines(lines[1:]); err != nil {
		return nil, err
	}
	if c.text() != text {
		return nil, ErrNote // there is one way to write a checkpoint
	}
	return c, nil
}

// parseLines reads what a checkpoint says of projects.
func (c *Checkpoint) parseLines(lines []string) error {
	added := int64(0)
	for _, line := range lines {
		words := strings.Split(line, " ")
		if len(words) == 2 && words[0] == "gone" {
			c.Gone = append(c.Gone, words[1])
			continue
		}
		h, err := c.parseHead(words)
		if err != nil {
			return err
		}
		added += h.Position - h.From
		c.Heads = append(c.Heads, h)
	}
	if !c.Tree {
		for i := range c.Heads {
			c.Heads[i].leaf = -1
		}
		return nil
	}
	leaf := c.Size - added
	if added < 0 || leaf < 0 {
		return ErrNote
	}
	for i := range c.Heads {
		c.Heads[i].leaf = leaf
		leaf += c.Heads[i].Position - c.Heads[i].From
	}
	return nil
}

func (c *Checkpoint) parseHead(words []string) (h Head, err error) {
	if len(words) < 4 || words[0] != "project" {
		return h, ErrNote
	}
	h.Project, words = words[1], words[2:]
	if c.Tree {
		if h.From, err = strconv.ParseInt(words[0], 10, 64); err != nil || h.From < 0 {
			return h, ErrNote
		}
		words = words[1:]
	}
	if len(words) != 2 {
		return h, ErrNote
	}
	if h.Position, err = strconv.ParseInt(words[0], 10, 64); err != nil || h.Position < h.From {
		return h, ErrNote
	}
	h.Hash, err = parseHash(words[1])
	return h, err
}

// before is the size of the tree before the checkpoint.
func (c *Checkpoint) before() int64 {
	if len(c.Heads) == 0 {
		return c.Size
	}
	return c.Heads[0].leaf
}

func parseHash(s string) (h Hash, err error) {
	b, err := b64.DecodeString(s)
	if err != nil || copy(h[:], b) != len(h) || len(b) != len(h) {
		return h, ErrNote
	}
	return h, nil
}
