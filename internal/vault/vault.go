package vault

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Vault seals and opens secrets. A project gets its keys the first time one is
// needed, and they are durable before they are used. All methods may be called
// at the same time; they read and write the keyring only to make a key, and to
// look for one that another process made.
//
// A project is named by its id, which the caller has found to exist: a key is
// made for whatever name is given.
type Vault struct {
	storage  Storage
	source   Source
	now      func() time.Time
	created  bool
	instance string
	root     *rootKey

	// The ring as it was last read. The lock is held during I/O.
	changing sync.Mutex
	ring     *ring
	version  int64

	// What is in use of it. The lock is never held during I/O, and is taken
	// after the other.
	mu     sync.RWMutex
	closed bool
	byID   map[keyID]*dataKey
	active map[slot]*dataKey
	memory memory
}

// Seal returns the text form of s for its place: "mf1." and base64url. It does
// not seal a secret that is not set.
func (v *Vault) Seal(at Place, s Secret) (string, error) {
	if !s.Set() {
		return "", errors.New("vault: there is nothing to seal")
	}
	if at.Project == "" {
		return "", errNoProject
	}
	key, box, err := v.sealing(at.Project)
	if err != nil {
		return "", err
	}
	e := envelope{alg: algXAES256GCM, key: key}
	rand.Read(e.nonce[:])
	plain := []byte(s.Reveal())
	defer clear(plain)
	b, err := box.seal(e.header(len(plain)+tagSize), e.nonce[:], plain, v.fieldAAD(at))
	if err != nil {
		return "", err
	}
	return encodeText(b), nil
}

// Open reverses Seal. What was changed, cut, or sealed for another place or by
// another instance is an [ErrRefused], which does not quote it.
func (v *Vault) Open(at Place, sealed string) (Secret, error) {
	if at.Project == "" {
		return Secret{}, errNoProject
	}
	e, err := parseEnvelope(sealed)
	if err != nil {
		return Secret{}, err
	}
	box, err := v.opening(e.key, at.Project)
	if err != nil {
		return Secret{}, err
	}
	plain, err := box.open(e.sealed[:0], e.nonce[:], e.sealed, v.fieldAAD(at))
	if err != nil {
		return Secret{}, fmt.Errorf("%w at %s.%s", ErrRefused, at.Table, at.Column)
	}
	defer clear(plain)
	return Hide(string(plain)), nil
}

// fieldAAD is what a field's ciphertext is bound to.
func (v *Vault) fieldAAD(at Place) []byte {
	aad := make([]byte, 0, 6*4+len("mf1")+2*instanceSize+
		len(at.Project)+len(at.Table)+len(at.Column)+len(at.Row))
	for _, part := range [...]string{"mf1", v.instance, at.Project, at.Table, at.Column, at.Row} {
		aad = appendPart(aad, part)
	}
	return aad
}

// Lookup returns a keyed hash (HMAC-SHA256, hex) under which a secret of a
// project can be found without being stored; use names what it is for, and is a
// constant of the calling code.
func (v *Vault) Lookup(project, use, secret string) (string, error) {
	key, err := v.subkey(slot{project, purposeLookup}, use)
	if err != nil {
		return "", err
	}
	defer clear(key)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(secret))
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// TokenKey returns the 32-byte key that signs one type of token of a project;
// typ is a constant of the calling code. The caller owns the result.
func (v *Vault) TokenKey(project, typ string) ([]byte, error) {
	return v.subkey(slot{project, purposeToken}, typ)
}

// DatabaseKey returns the 32-byte key that the file of a project's database is
// encrypted with, where it is. The caller owns the result.
func (v *Vault) DatabaseKey(project string) ([]byte, error) {
	return v.subkey(slot{project, purposeFile}, "blocks")
}

// Forget destroys the keys of a dropped project. What they sealed, looked up
// and signed is gone with them, in backups too, except in a backup that holds
// the keyring of before.
func (v *Vault) Forget(ctx context.Context, project string) error {
	return v.destroy(ctx, project, func(string) bool { return true })
}

// ForgetDatabase destroys the key of a database's file that is encrypted no more.
// The next time it is, it gets another one.
func (v *Vault) ForgetDatabase(ctx context.Context, project string) error {
	return v.destroy(ctx, project, func(purpose string) bool { return purpose == purposeFile })
}

// destroy destroys the keys of a project for some purposes.
func (v *Vault) destroy(ctx context.Context, project string, purpose func(string) bool) error {
	if project == "" {
		return errNoProject
	}
	err := v.update(ctx, func(now *ring) (*ring, error) {
		next, changed := now.clone(), false
		for i, row := range next.Keys {
			if row.Scope == scopeProject+project && row.State != Destroyed && purpose(row.Purpose) {
				next.Keys[i] = row.destroyed()
				changed = true
			}
		}
		if !changed {
			return nil, nil
		}
		return next, nil
	})
	if err != nil {
		return fmt.Errorf("forget keys of a project: %w", err)
	}
	return nil
}

// Fingerprint returns the name of the root key that opened the ring, or that
// it was changed to since.
func (v *Vault) Fingerprint() string { return v.currentRoot().fingerprint }

// Instance returns the id of the installation, 32 hex digits that a ring keeps
// for life.
func (v *Vault) Instance() string { return v.instance }

// Source returns where the root key came from.
func (v *Vault) Source() Source {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.source
}

// Created reports whether this Vault made the ring: it is an instance's first
// start.
func (v *Vault) Created() bool { return v.created }

// Close zeroes the keys. Every later call returns [ErrClosed].
func (v *Vault) Close() error {
	v.changing.Lock()
	defer v.changing.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	v.memory.wipe()
	v.byID, v.active = nil, nil
	v.root.box, v.root.peer = nil, nil
	return nil
}
