package vault

import (
	"errors"
	"strings"
)

var (
	// ErrRefused says that a sealed text does not open where it was found: it was
	// changed, moved, or sealed by another instance. It never tells which.
	ErrRefused = errors.New("vault: ciphertext refused")
	// ErrClosed says that the vault was used after Close.
	ErrClosed = errors.New("vault: closed")
	// ErrNoRing says that there is no keyring, and none was to be made.
	ErrNoRing = errors.New("vault: there is no keyring")
	// ErrRing says that the keyring is damaged, or was changed by hand.
	ErrRing = errors.New("vault: keyring refused")
	// ErrNotSaved says that the keyring could not be stored, as on a full or
	// read-only disk. The keys are what they were.
	ErrNotSaved = errors.New("vault: keyring not saved")
)

// The kinds of [KeyError].
var (
	ErrWrongKey   = errors.New("wrong encryption key")
	ErrMissingKey = errors.New("encryption key missing")
	ErrWeakKey    = errors.New("encryption key refused")
)

// KeyError says why a root key was not used. It stops the start, before
// anything is written.
type KeyError struct {
	Kind     error  // ErrWrongKey, ErrMissingKey or ErrWeakKey
	Source   string // where the key came from, or should have
	Expected string // fingerprints of the keys that open the ring, if there is one
	Given    string // fingerprint of the key that was tried
	Why      string
	Remedy   string // what to do, for the operator
}

func (e *KeyError) Error() string {
	var s strings.Builder
	s.WriteString(e.Kind.Error())
	if e.Expected != "" {
		s.WriteString(": expected " + e.Expected)
		if e.Given != "" {
			s.WriteString(" given " + e.Given)
		}
		s.WriteString(" source " + e.Source)
	} else {
		s.WriteString(": source " + e.Source)
	}
	if e.Why != "" {
		s.WriteString(": " + e.Why)
	}
	return s.String()
}

// Unwrap makes errors.Is find the kind.
func (e *KeyError) Unwrap() error { return e.Kind }
