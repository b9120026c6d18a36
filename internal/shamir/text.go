package shamir

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A share as a text is the prefix and, in base32, the threshold, the index, the
// set, the value and a checksum, in groups that people can read out. Letters may
// be of either case, and what is between the groups may be left out.
const (
	prefix    = "MFS1"
	group     = 5
	checkSize = 4
	size      = 2 + setSize + SecretSize + checkSize
)

// maxText bounds the text of a share.
const maxText = 256

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// ErrText says that a text is not a share, or was damaged.
var ErrText = errors.New("shamir: not a share")

func checksum(b []byte) []byte {
	sum := sha256.Sum256(append([]byte(prefix), b...))
	return sum[:checkSize]
}

// Text returns the share as a text. It is a secret.
func (s Share) Text() string {
	b := append([]byte{byte(s.Threshold), byte(s.Index)}, s.Set[:]...)
	b = append(b, s.value[:]...)
	b = append(b, checksum(b)...)
	var text strings.Builder
	text.WriteString(prefix)
	for rest := encoding.EncodeToString(b); rest != ""; {
		n := min(group, len(rest))
		text.WriteString("-" + rest[:n])
		rest = rest[n:]
	}
	return text.String()
}

// String names the share, and does not tell it.
func (s Share) String() string {
	return fmt.Sprintf("share %d of set %x, of which %d are needed", s.Index, s.Set, s.Threshold)
}

// Format is String whatever the verb, so that fmt tells a share in no form.
func (s Share) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// Parse reads the text of a share. The error does not repeat it.
func Parse(text string) (Share, error) {
	if len(text) > maxText {
		return Share{}, fmt.Errorf("%w: it is longer than %d characters", ErrText, maxText)
	}
	plain := strings.ToUpper(strings.Map(func(c rune) rune {
		if c == '-' || c == ' ' || c == '\t' {
			return -1
		}
		return c
	}, text))
	body, ok := strings.CutPrefix(plain, prefix)
	if !ok {
		return Share{}, fmt.Errorf("%w: it does not begin with %s", ErrText, prefix)
	}
	if n := encoding.EncodedLen(size); len(body) != n {
		return Share{}, fmt.Errorf("%w: it has %d characters after %s, and not %d", ErrText, len(body), prefix, n)
	}
	b, err := encoding.DecodeString(body)
	if err != nil || encoding.EncodeToString(b) != body {
		return Share{}, fmt.Errorf("%w: it has characters that no share has", ErrText)
	}
	data := b[:size-checkSize]
	if string(checksum(data)) != string(b[len(data):]) {
		return Share{}, fmt.Errorf("%w: its checksum is wrong, so a character of it is", ErrText)
	}
	s := Share{Threshold: int(data[0]), Index: int(data[1])}
	copy(s.Set[:], data[2:])
	copy(s.value[:], data[2+setSize:])
	if s.Threshold < 2 || s.Index < 1 {
		return Share{}, fmt.Errorf("%w: it is share %d, of which %d are needed", ErrText, s.Index, s.Threshold)
	}
	return s, nil
}
