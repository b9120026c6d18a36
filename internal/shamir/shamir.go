// Package shamir splits a secret into shares, of which some open it and fewer say
// nothing of it (Shamir, How to Share a Secret, 1979). Each byte is the value at 0
// of a polynomial over GF(2^8), whose other coefficients are random; a share has
// its values at another place.
//
// There is nothing here but additions and multiplications in that field, none of
// which takes longer for one byte than for another.
package shamir

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
)

// SecretSize is the length of a secret: a key, which is random. Of a secret that
// could be guessed, the id of its set would tell whether a guess is right.
const SecretSize = 32

// MaxShares is how many shares there may be.
const MaxShares = 255

const setSize = 8

// Share is one of the shares of a secret.
type Share struct {
	Threshold int           // how many of the set open it
	Index     int           // from 1 on
	Set       [setSize]byte // the same for all shares of a secret, and for no others
	value     [SecretSize]byte
}

// setOf names the shares of a secret. It is derived of it, so that shares that
// were put together show whether they are right.
func setOf(secret []byte) (set [setSize]byte) {
	sum := sha256.Sum256(append([]byte("moorfast/shamir/set/v1\x00"), secret...))
	copy(set[:], sum[:])
	return set
}

// ErrBounds says that a secret can not be split so.
var ErrBounds = fmt.Errorf("shamir: a secret of %d bytes is split into 2 to %d shares, of which at least 2 open it", SecretSize, MaxShares)

// Split makes shares of a secret, of which threshold open it.
func Split(secret []byte, threshold, shares int) ([]Share, error) {
	if len(secret) != SecretSize || threshold < 2 || threshold > shares || shares > MaxShares {
		return nil, ErrBounds
	}
	set := setOf(secret)
	list := make([]Share, shares)
	for i := range list {
		list[i] = Share{Threshold: threshold, Index: i + 1, Set: set}
	}
	coefficients := make([]byte, threshold)
	defer clear(coefficients)
	for at, b := range secret {
		rand.Read(coefficients)
		coefficients[0] = b
		for i := range list {
			list[i].value[at] = evaluate(coefficients, byte(i+1))
		}
	}
	return list, nil
}

var (
	// ErrTooFew says that more shares are needed.
	ErrTooFew = errors.New("shamir: too few shares")
	// ErrMixed says that shares are not of one secret.
	ErrMixed = errors.New("shamir: shares of different secrets")
	// ErrRepeated says that a share is there twice.
	ErrRepeated = errors.New("shamir: a share is there twice")
	// ErrWrong says that shares do not give the secret they were made of: one was
	// changed, and its checksum as well.
	ErrWrong = errors.New("shamir: a share is not what it was")
)

// Combine puts the secret together. All shares are checked, and as many are used
// as are needed.
func Combine(list []Share) ([]byte, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: there is none", ErrTooFew)
	}
	first := list[0]
	seen := map[int]bool{}
	for _, s := range list {
		switch {
		case s.Set != first.Set:
			return nil, fmt.Errorf("%w: share %d is of set %x, and share %d of set %x", ErrMixed, first.Index, first.Set, s.Index, s.Set)
		case s.Threshold != first.Threshold || s.Threshold < 2 || s.Index < 1 || s.Index > MaxShares:
			return nil, fmt.Errorf("%w: share %d wants %d of them, and share %d wants %d", ErrWrong, first.Index, first.Threshold, s.Index, s.Threshold)
		case seen[s.Index]:
			return nil, fmt.Errorf("%w: share %d", ErrRepeated, s.Index)
		}
		seen[s.Index] = true
	}
	if len(list) < first.Threshold {
		return nil, fmt.Errorf("%w: %d of %d that are needed", ErrTooFew, len(list), first.Threshold)
	}
	secret := interpolate(list[:first.Threshold])
	if set := setOf(secret); subtle.ConstantTimeCompare(set[:], first.Set[:]) != 1 {
		clear(secret)
		return nil, ErrWrong
	}
	return secret, nil
}

// interpolate returns the values at 0 of the polynomials through the shares
// (Lagrange).
func interpolate(list []Share) []byte {
	secret := make([]byte, SecretSize)
	for i := range list {
		x := byte(list[i].Index)
		weight := byte(1)
		for j := range list {
			if other := byte(list[j].Index); j != i {
				weight = mul(weight, mul(other, inverse(other^x)))
			}
		}
		for at, y := range list[i].value {
			secret[at] ^= mul(weight, y)
		}
	}
	return secret
}
