package vault

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

// The text form of a sealed field is "mf1." and, in unpadded base64url,
//
//	alg 1 | key id 8 | nonce 24 | ciphertext | tag 16
//
// The key id is explicit, so that a ciphertext is only ever tried with one key.
const (
	prefix     = "mf1."
	headerSize = 1 + keyIDSize + nonceSize

	algXAES256GCM = 1
)

var textEncoding = base64.RawURLEncoding.Strict()

// envelope is a sealed field taken apart.
type envelope struct {
	alg    byte
	key    keyID
	nonce  [nonceSize]byte
	sealed []byte // ciphertext and tag
}

// header returns the bytes before the ciphertext, with room for n more.
func (e *envelope) header(n int) []byte {
	b := make([]byte, 0, headerSize+n)
	b = append(b, e.alg)
	b = append(b, e.key[:]...)
	return append(b, e.nonce[:]...)
}

// prefix is the text form of the algorithm and the key id: nine bytes are twelve
// characters, with no bit of what follows in them.
func (id keyID) prefix() string {
	return prefix + textEncoding.EncodeToString(append([]byte{algXAES256GCM}, id[:]...))
}

// PrefixSize is the length of [KeyStatus.Prefix].
const PrefixSize = len(prefix) + (1+keyIDSize)/3*4

func encodeText(b []byte) string {
	text := make([]byte, 0, len(prefix)+textEncoding.EncodedLen(len(b)))
	return string(textEncoding.AppendEncode(append(text, prefix...), b))
}

// parseEnvelope accepts exactly what Seal writes: there is one text for each
// ciphertext, so a text can not be changed and still open.
func parseEnvelope(text string) (envelope, error) {
	body, ok := strings.CutPrefix(text, prefix)
	// The decoder would skip line breaks.
	if !ok || strings.ContainsAny(body, "\r\n") {
		return envelope{}, fmt.Errorf("%w: not in the form mf1", ErrRefused)
	}
	b, err := textEncoding.DecodeString(body)
	if err != nil || len(b) < headerSize+tagSize {
		return envelope{}, fmt.Errorf("%w: cut or changed", ErrRefused)
	}
	if b[0] != algXAES256GCM {
		return envelope{}, fmt.Errorf("%w: algorithm %d is unknown", ErrRefused, b[0])
	}
	e := envelope{alg: b[0], sealed: b[headerSize:]}
	copy(e.key[:], b[1:])
	copy(e.nonce[:], b[1+keyIDSize:])
	return e, nil
}

// appendPart adds a part of associated data, with its length before it, so that
// no two lists of parts have the same bytes.
func appendPart(aad []byte, part string) []byte {
	aad = binary.BigEndian.AppendUint32(aad, uint32(len(part)))
	return append(aad, part...)
}

func parts(all ...string) []byte {
	var aad []byte
	for _, p := range all {
		aad = appendPart(aad, p)
	}
	return aad
}
