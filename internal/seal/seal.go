// Package seal encrypts streams at rest: the parts of files, and what is made
// of them.
//
// A sealed stream is a file in the format of age (age-encryption.org/v1), each
// with a random key of its own. Its header names a recipient but carries no key:
// the [Key] is handed to the caller, who keeps it, sealed by the vault, in the
// row of the stream. The row binds it to its project, table, column and row, so
// a stream opens nowhere but where it was written; keys are wrapped again
// without touching a stream; and destroying a key destroys what it opens. That
// nothing in a stream was flipped, moved or cut off is what age promises.
package seal

import (
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"moorfast/internal/vault"
)

var (
	// ErrRefused says that a stream does not open with a key: it was changed,
	// cut, moved, or sealed with another. It never tells which.
	ErrRefused = errors.New("seal: stream refused")
	// ErrKey says that a text is not a key of a stream.
	ErrKey = errors.New("seal: not the key of a stream")
)

const (
	keySize   = 16 // of a file key of age
	chunkSize = 64 << 10
	tagSize   = 16
	// overhead is what is before the chunks: the header, whose recipient is
	// always the same, and the nonce of the stream.
	overhead = len("age-encryption.org/v1\n") + len("-> "+stanzaType+"\n\n") + len("--- \n") + macSize + nonceSize
	macSize  = 43 // in base64
	// The nonce, with the key, makes the key of the chunks.
	nonceSize = 16
)

// Key opens one sealed stream. It is made for that stream and never used again.
type Key struct{ secret vault.Secret }

// ParseKey reverses [Key.Secret].
func ParseKey(s vault.Secret) (Key, error) {
	if len(s.Reveal()) != keySize {
		return Key{}, ErrKey
	}
	return Key{s}, nil
}

// Secret returns the key as what the vault seals.
func (k Key) Secret() vault.Secret { return k.secret }

// String hides the key from fmt.
func (k Key) String() string { return k.secret.String() }

// GoString hides the key from fmt's %#v.
func (k Key) GoString() string { return k.secret.GoString() }

// MarshalJSON hides the key from encoding/json.
func (k Key) MarshalJSON() ([]byte, error) { return k.secret.MarshalJSON() }

// SealedSize returns how long the stream of so many bytes is.
func SealedSize(plain int64) int64 {
	chunks := max(1, (plain+chunkSize-1)/chunkSize)
	return int64(overhead) + plain + chunks*tagSize
}

// Encrypt seals what is written to it, and writes that to dst. Close ends the
// stream: without it, it does not open. It does not close dst.
func Encrypt(dst io.Writer) (io.WriteCloser, Key, error) {
	var to recipient
	w, err := age.Encrypt(dst, &to)
	if err != nil {
		return nil, Key{}, fmt.Errorf("seal stream: %w", err)
	}
	return w, to.key, nil
}

// Decrypt opens a stream. A part of it that was read is what was sealed; only
// when the reader has ended without an error is it all there.
func Decrypt(src io.Reader, k Key) (io.Reader, error) {
	in := &source{r: src}
	r, err := age.Decrypt(in, identity{k})
	if err != nil {
		return nil, in.refuse(err)
	}
	return &opened{r, &in.failure}, nil
}

const stanzaType = "moorfast"

// recipient hears the key that age has made for a stream.
type recipient struct{ key Key }

// Wrap implements [age.Recipient].
func (r *recipient) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	r.key = Key{vault.Hide(string(fileKey))}
	return []*age.Stanza{{Type: stanzaType}}, nil
}

// identity knows the key.
type identity struct{ key Key }

// Unwrap implements [age.Identity]. A header is accepted in one form only, even
// before its authentication is.
func (i identity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 || stanzas[0].Type != stanzaType || len(stanzas[0].Args) > 0 || len(stanzas[0].Body) > 0 {
		return nil, ErrRefused
	}
	if !i.key.secret.Set() {
		return nil, ErrKey
	}
	return []byte(i.key.secret.Reveal()), nil
}
