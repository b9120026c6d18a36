// Package appwrite1 reads the files that Appwrite 1.x has encrypted, for the
// moving of data here. It writes none.
//
// Such a file is base64 text of AES-128-GCM, whole, with the initialisation
// vector and the tag beside it in the database. The key is the first 16 bytes of
// the setting _APP_OPENSSL_KEY_V1, filled up with zero bytes if it is shorter.
package appwrite1

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"moorfast/internal/vault"
)

var (
	// ErrRefused says that a file does not open: it was changed or cut, or the
	// key is another.
	ErrRefused = errors.New("appwrite1: file refused")
	// ErrFormat says that what the database has of a file is not of version 1.
	ErrFormat = errors.New("appwrite1: not a file of version 1")
	// ErrTooLarge says that a file is longer than any that Appwrite encrypts.
	ErrTooLarge = errors.New("appwrite1: file too large")
)

// MaxFile bounds what one file takes of memory, as it is stored. Appwrite
// encrypts files up to 20,000,000 bytes, which are a third longer as text.
const MaxFile = 64 << 20

// Sealed is what the database has of an encrypted file, as it is there.
type Sealed struct {
	Version string // openSSLVersion, "1"
	Cipher  string // openSSLCipher, "aes-128-gcm"
	IV      string // openSSLIV, in hexadecimal
	Tag     string // openSSLTag, in hexadecimal
}

// Open reads a file to its end, and returns its content, which may still be
// compressed. No byte of it is returned before all of it was authenticated.
func (s Sealed) Open(key vault.Secret, body io.Reader) ([]byte, error) {
	if s.Version != "1" || s.Cipher != "aes-128-gcm" {
		return nil, fmt.Errorf("%w: version %.20q, cipher %.20q", ErrFormat, s.Version, s.Cipher)
	}
	iv, err := hex.DecodeString(s.IV)
	if err != nil || len(iv) != 12 {
		return nil, fmt.Errorf("%w: the initialisation vector is not 12 bytes in hexadecimal", ErrFormat)
	}
	// PHP accepts tags that were cut to as little as one byte, and anybody can
	// guess those.
	tag, err := hex.DecodeString(s.Tag)
	if err != nil || len(tag) != 16 {
		return nil, fmt.Errorf("%w: the tag is not 16 bytes in hexadecimal", ErrFormat)
	}
	box, err := newBox(key)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(body, MaxFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > MaxFile:
		return nil, ErrTooLarge
	}
	n, err := base64.StdEncoding.Decode(text, text)
	if err != nil {
		return nil, fmt.Errorf("%w: it is not base64", ErrRefused)
	}
	plain, err := box.Open(nil, iv, append(text[:n], tag...), nil)
	if err != nil {
		return nil, ErrRefused
	}
	return plain, nil
}

func newBox(secret vault.Secret) (cipher.AEAD, error) {
	if secret.Reveal() == "" {
		return nil, fmt.Errorf("%w: there is no key", ErrRefused)
	}
	key := make([]byte, 16)
	defer clear(key)
	copy(key, secret.Reveal())
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("appwrite1: %w", err)
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("appwrite1: %w", err)
	}
	return box, nil
}
