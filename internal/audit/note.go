package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Checkpoint says how far the chains have come: for each project that went on
// since the checkpoint before, its position and its head. Signed, it is a note
// in the format of C2SP, which others can check:
//
//	moorfast/INSTANCE/audit
//	NUMBER
//	HASH of the checkpoint before it
//	at MICROSECONDS
//	project ID POSITION HEAD
//	gone ID
//
//	— NAME SIGNATURE
//
// Who keeps one elsewhere can tell when the log is cut off before it.
type Checkpoint struct {
	Name   string // "moorfast/INSTANCE/audit"
	Number int64
	Prev   Hash
	At     int64
	Heads  []Head
	Gone   []string // projects that were removed, with their log
}

// Head is how far the chain of a project has come.
type Head struct {
	Project  string
	Position int64
	Hash     Hash
}

// Name returns the name of an installation's log, which its checkpoints carry.
func Name(instance string) string { return "moorfast/" + instance + "/audit" }

var b64 = base64.StdEncoding

func (c *Checkpoint) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d\n%s\nat %d\n", c.Name, c.Number, b64.EncodeToString(c.Prev[:]), c.At)
	for _, id := range c.Gone {
		fmt.Fprintf(&b, "gone %s\n", id)
	}
	for _, h := range c.Heads {
		fmt.Fprintf(&b, "project %s %d %s\n", h.Project, h.Position, b64.EncodeToString(h.Hash[:]))
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

func (c *Checkpoint) sign(key ed25519.PrivateKey) string {
	text := c.text()
	public := key.Public().(ed25519.PublicKey)
	sig := binary.BigEndian.AppendUint32(nil, keyID(c.Name, public))
	sig = append(sig, ed25519.Sign(key, []byte(text))...)
	return text + "\n— " + c.Name + " " + b64.EncodeToString(sig) + "\n"
}

// Errors of a checkpoint.
var (
	ErrNote      = errors.New("audit: it is no checkpoint")
	ErrSignature = errors.New("audit: the signature is not that of this installation")
)

// maxNote bounds a note, in bytes.
const maxNote = 16 << 20

// OpenNote reads a signed checkpoint and checks its signature.
func OpenNote(note string, name string, key ed25519.PublicKey) (*Checkpoint, error) {
	text, sigs, ok := strings.Cut(note, "\n\n")
	if !ok || len(note) > maxNote {
		return nil, ErrNote
	}
	text += "\n"
	signed := false
	for line := range strings.Lines(sigs) {
		by, sig, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(line, "— "), "\n"), " ")
		b, err := b64.DecodeString(sig)
		if !ok || err != nil || len(b) < 5 || !strings.HasPrefix(line, "— ") {
			return nil, ErrNote
		}
		want := binary.BigEndian.AppendUint32(nil, keyID(name, key))
		// Others may sign the same note, as witnesses do.
		if by == name && bytes.Equal(b[:4], want) {
			if !ed25519.Verify(key, []byte(text), b[4:]) {
				return nil, ErrSignature
			}
			signed = true
		}
	}
	if !signed {
		return nil, ErrSignature
	}
	c, err := parseCheckpoint(text)
	if err != nil {
		return nil, err
	}
	if c.Name != name {
		return nil, ErrSignature
	}
	return c, nil
}

func parseCheckpoint(text string) (*Checkpoint, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 4 {
		return nil, ErrNote
	}
	c := &Checkpoint{Name: lines[0]}
	var err error
	if c.Number, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return nil, ErrNote
	}
	if c.Prev, err = parseHash(lines[2]); err != nil {
		return nil, err
	}
	at, ok := strings.CutPrefix(lines[3], "at ")
	if c.At, err = strconv.ParseInt(at, 10, 64); err != nil || !ok {
		return nil, ErrNote
	}
	for _, line := range lines[4:] {
		words := strings.Split(line, " ")
		switch {
		case len(words) == 2 && words[0] == "gone":
			c.Gone = append(c.Gone, words[1])
		case len(words) == 4 && words[0] == "project":
			h := Head{Project: words[1]}
			if h.Position, err = strconv.ParseInt(words[2], 10, 64); err != nil {
				return nil, ErrNote
			}
			if h.Hash, err = parseHash(words[3]); err != nil {
				return nil, err
			}
			c.Heads = append(c.Heads, h)
		default:
			return nil, ErrNote
		}
	}
	if c.text() != text {
		return nil, ErrNote // there is one way to write a checkpoint
	}
	return c, nil
}

func parseHash(s string) (h Hash, err error) {
	b, err := b64.DecodeString(s)
	if err != nil || copy(h[:], b) != len(h) || len(b) != len(h) {
		return h, ErrNote
	}
	return h, nil
}
