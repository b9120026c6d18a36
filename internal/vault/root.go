package vault

import (
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"
)

// rootKey is the key that wraps the data keys of a ring. It does nothing else:
// even its own wrapping is done with a key derived from it.
type rootKey struct {
	fingerprint string
	box         *xaes
	peer        hpke.PrivateKey // to which the other root key of a rotation wraps
}

func newRootKey(key []byte) (*rootKey, error) {
	wrap, err := derive(key, "moorfast/wrap/v1", keySize)
	if err != nil {
		return nil, err
	}
	defer clear(wrap)
	box, err := newXAES(wrap)
	if err != nil {
		return nil, err
	}
	seed, err := derive(key, "moorfast/peer/v1", keySize)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	peer, err := peerKEM.DeriveKeyPair(seed)
	if err != nil {
		return nil, err
	}
	print, err := fingerprint(key)
	return &rootKey{print, box, peer}, err
}

// derive makes a key for one purpose out of a key that is uniformly random, so
// HKDF needs no extraction. The info says purpose, use and version.
func derive(key []byte, info string, size int) ([]byte, error) {
	return hkdf.Expand(sha256.New, key, info, size)
}

const fingerprintPrefix = "mfk1:"

// fingerprint names a root key in 80 bits of which nothing leads back to it.
func fingerprint(key []byte) (string, error) {
	b, err := derive(key, "moorfast/fingerprint/v1", 10)
	if err != nil {
		return "", err
	}
	s := base32.StdEncoding.EncodeToString(b)
	return fingerprintPrefix + strings.Join([]string{s[:4], s[4:8], s[8:12], s[12:]}, "-"), nil
}

func validFingerprint(s string) bool {
	body, ok := strings.CutPrefix(s, fingerprintPrefix)
	if !ok || len(body) != 19 || body[4] != '-' || body[9] != '-' || body[14] != '-' {
		return false
	}
	_, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(body, "-", ""))
	return err == nil && strings.Count(body, "-") == 3
}

// The wrapped form of a data key, and of the check value, is nonce, ciphertext
// and tag.
const (
	checkText = "moorfast keyring"
	checkSize = nonceSize + len(checkText) + tagSize
	wrapSize  = nonceSize + keySize + tagSize
)

func (r *rootKey) sealCheck(instance string) ([]byte, error) {
	return r.seal([]byte(checkText), parts("mf1-check", instance, r.fingerprint))
}

// opensCheck reports whether this is the key that made a check value. It is
// asked before any data is read.
func (r *rootKey) opensCheck(instance string, check []byte) bool {
	_, err := r.open(check, parts("mf1-check", instance, r.fingerprint))
	return err == nil
}

// wrap seals a data key for its row. The root key's fingerprint is part of what
// is authenticated, because GCM alone does not commit to a key.
func (r *rootKey) wrap(instance string, row keyRow, key []byte) ([]byte, error) {
	return r.seal(key, r.wrapAAD(instance, row))
}

func (r *rootKey) unwrap(instance string, row keyRow) ([]byte, error) {
	wrapped := row.Wraps[r.fingerprint]
	open := r.open
	if len(wrapped) == peerWrapSize {
		open = r.openPeer
	}
	key, err := open(wrapped, r.wrapAAD(instance, row))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("%w: data key %v does not unwrap", ErrRing, row.ID)
	}
	return key, nil
}

func (r *rootKey) wrapAAD(instance string, row keyRow) []byte {
	return wrapAAD(r.fingerprint, instance, row)
}

func wrapAAD(fingerprint, instance string, row keyRow) []byte {
	return parts("mf1-wrap", fingerprint, instance, row.ID.String(), row.Purpose, row.Scope,
		strconv.Itoa(row.Version))
}

func (r *rootKey) seal(plain, aad []byte) ([]byte, error) {
	b := make([]byte, nonceSize, nonceSize+len(plain)+tagSize)
	rand.Read(b)
	return r.box.seal(b, b[:nonceSize], plain, aad)
}

func (r *rootKey) open(sealed, aad []byte) ([]byte, error) {
	if len(sealed) < nonceSize {
		return nil, ErrRefused
	}
	return r.box.open(nil, sealed[:nonceSize], sealed[nonceSize:], aad)
}
