package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The purposes of data keys. No key serves two: a token key that leaks opens no
// field (K-12).
const (
	purposeField  = "field"
	purposeLookup = "lookup"
	purposeToken  = "token"
	purposeFile   = "database" // the file of a database
)

// projectPurposes are the keys that a project gets, all at once.
var projectPurposes = [...]string{purposeField, purposeLookup, purposeToken}

var (
	errNoProject = errors.New("vault: a project is needed")
	errNoUse     = errors.New("vault: a use is needed")
)

// slot is what a project has one active key for.
type slot struct{ project, purpose string }

// dataKey is a row of the ring and, once it was needed, the key. It is guarded
// by the lock of its vault, but for the cipher, which does not change.
type dataKey struct {
	row   keyRow
	slot  slot
	raw   []byte            // in the vault's memory; nil until unwrapped
	field *xaes             // of purpose field
	uses  map[string][]byte // subkeys of the other purposes, in memory too
}

// slot returns what the key is for; the project of the whole instance is "".
func (r keyRow) slot() slot {
	project, _ := strings.CutPrefix(r.Scope, scopeProject)
	if r.Scope == scopeInstance {
		project = ""
	}
	return slot{project, r.Purpose}
}

// sealing returns the cipher that seals the fields of a project, and the id of
// its key.
func (v *Vault) sealing(project string) (keyID, *xaes, error) {
	s := slot{project, purposeField}
	v.mu.RLock()
	if k := v.active[s]; k != nil && k.field != nil {
		id, box := k.row.ID, k.field
		v.mu.RUnlock()
		return id, box, nil
	}
	v.mu.RUnlock()
	k, err := v.acquire(s)
	if err != nil {
		return keyID{}, nil, err
	}
	defer v.mu.Unlock()
	return k.row.ID, k.field, nil
}

// opening returns the cipher with the given key id, if it is one for the fields
// of the project.
func (v *Vault) opening(id keyID, project string) (*xaes, error) {
	s := slot{project, purposeField}
	v.mu.RLock()
	k := v.byID[id]
	if k != nil && k.field != nil && k.slot == s {
		box := k.field
		v.mu.RUnlock()
		return box, nil
	}
	v.mu.RUnlock()
	if k == nil { // another process may have made it
		if err := v.Reload(context.Background()); err != nil {
			return nil, err
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil, ErrClosed
	}
	k = v.byID[id]
	if k == nil || k.slot != s {
		return nil, fmt.Errorf("%w: key %v is not one of this project", ErrRefused, id)
	}
	return k.field, v.unwrap(k)
}

// subkey returns a copy of the key for one use.
func (v *Vault) subkey(s slot, use string) ([]byte, error) {
	if s.project == "" {
		return nil, errNoProject
	}
	if use == "" {
		return nil, errNoUse
	}
	v.mu.RLock()
	if k := v.active[s]; k != nil && k.uses[use] != nil {
		key := bytes.Clone(k.uses[use])
		v.mu.RUnlock()
		return key, nil
	}
	v.mu.RUnlock()
	k, err := v.acquire(s)
	if err != nil {
		return nil, err
	}
	defer v.mu.Unlock()
	key, err := derive(k.raw, "moorfast/"+s.purpose+"/"+use+"/v1", keySize)
	if err != nil {
		return nil, err
	}
	if k.uses == nil {
		k.uses = make(map[string][]byte)
	}
	if k.uses[use] == nil {
		k.uses[use] = v.memory.hold(bytes.Clone(key))
	}
	return key, nil
}

// acquire returns the active key of a slot, unwrapped and made if need be. If
// there is no error the caller holds the lock.
func (v *Vault) acquire(s slot) (*dataKey, error) {
	for range 2 {
		v.mu.Lock()
		if v.closed {
			v.mu.Unlock()
			return nil, ErrClosed
		}
		if k := v.active[s]; k != nil {
			err := v.unwrap(k)
			if err != nil {
				v.mu.Unlock()
			}
			return k, err
		}
		v.mu.Unlock()
		purposes := projectPurposes[:]
		if !slices.Contains(purposes, s.purpose) {
			purposes = []string{s.purpose}
		}
		if err := v.prepare(context.Background(), s.project, purposes...); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("vault: the keys of a project were made and destroyed: %w", ErrChanged)
}

// unwrap opens a key. The caller holds the lock.
func (v *Vault) unwrap(k *dataKey) error {
	if k.raw != nil {
		return nil
	}
	raw, err := v.root.unwrap(v.instance, k.row)
	if err != nil {
		return err
	}
	k.raw = v.memory.hold(raw)
	if k.row.Purpose != purposeField {
		return nil
	}
	key, err := derive(k.raw, "moorfast/field/column/v1", keySize)
	if err != nil {
		return err
	}
	defer clear(key)
	k.field, err = newXAES(key)
	return err
}

// Prepare makes the keys that a project does not have yet. It saves the first
// transaction of a new project from waiting for the disk.
func (v *Vault) Prepare(ctx context.Context, project string) error {
	if project == "" {
		return errNoProject
	}
	return v.prepare(ctx, project, projectPurposes[:]...)
}

func (v *Vault) prepare(ctx context.Context, project string, purposes ...string) error {
	err := v.update(ctx, func(now *ring) (*ring, error) {
		missing := now.missing(scopeProject+project, purposes)
		if len(missing) == 0 {
			return nil, nil
		}
		next := now.clone()
		for _, row := range missing {
			row.Created = second(v.now())
			rand.Read(row.ID[:])
			key := make([]byte, keySize)
			rand.Read(key)
			var err error
			row.Wraps, err = now.wraps(v.root, row, key)
			clear(key)
			if err != nil {
				return nil, err
			}
			next.Keys = append(next.Keys, row)
		}
		return next, nil
	})
	if err != nil {
		return fmt.Errorf("make keys of a project: %w", err)
	}
	return nil
}

// missing returns new rows for the purposes that have no active key in a scope.
func (r *ring) missing(scope string, purposes []string) []keyRow {
	var rows []keyRow
	for _, purpose := range purposes {
		row := keyRow{Scope: scope, Purpose: purpose, Version: 1, State: Active}
		found := false
		for _, k := range r.Keys {
			if k.Scope == scope && k.Purpose == purpose {
				row.Version = max(row.Version, k.Version+1)
				found = found || k.State == Active
			}
		}
		if !found {
			rows = append(rows, row)
		}
	}
	return rows
}

// Reload reads the keyring again, for keys that another process made, retired
// or destroyed.
func (v *Vault) Reload(ctx context.Context) error {
	v.changing.Lock()
	defer v.changing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, storageTimeout)
	defer cancel()
	return v.load(ctx, nil, nil)
}

// storageTimeout bounds the waiting for the keyring: calls such as Seal have no
// context, and wait for it once in the life of a key.
const storageTimeout = 10 * time.Second

// update saves what edit makes of the ring, and starts over when another
// process was faster. An edit that has nothing to do returns nil.
func (v *Vault) update(ctx context.Context, edit func(now *ring) (next *ring, err error)) error {
	v.changing.Lock()
	defer v.changing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, storageTimeout)
	defer cancel()
	for range 10 {
		if v.isClosed() {
			return ErrClosed
		}
		next, err := edit(v.ring)
		if err != nil || next == nil {
			return err
		}
		if err := next.check(); err != nil {
			return err
		}
		data, err := next.encode()
		if err != nil {
			return err
		}
		saved := v.storage.Save(ctx, data, v.version)
		if saved != nil && !errors.Is(saved, ErrChanged) {
			return fmt.Errorf("%w: %w", ErrNotSaved, saved)
		}
		if saved != nil {
			next, data = nil, nil
		}
		if err := v.load(ctx, next, data); err != nil || saved == nil {
			return err
		}
	}
	return ErrChanged
}

// load takes the stored ring over. One that was saved a moment ago need not be
// parsed if it is what is there. The caller holds changing.
func (v *Vault) load(ctx context.Context, saved *ring, text []byte) error {
	data, version, err := v.storage.Load(ctx)
	if err != nil {
		return fmt.Errorf("load keyring: %w", err)
	}
	if data == nil {
		return ErrNoRing
	}
	if version == v.version {
		return nil
	}
	r := saved
	if r == nil || !bytes.Equal(data, text) {
		if r, err = parseRing(data); err != nil {
			return err
		}
	}
	if r.Instance != v.instance {
		return fmt.Errorf("%w: it belongs to another instance now", ErrRing)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return ErrClosed
	}
	v.install(r, version)
	return nil
}

// install makes r the ring in use, and keeps what was unwrapped of it. The
// caller holds both locks, or has the vault to itself.
func (v *Vault) install(r *ring, version int64) {
	old := v.byID
	v.ring, v.version = r, version
	v.byID = make(map[keyID]*dataKey, len(r.Keys))
	v.active = make(map[slot]*dataKey, len(r.Keys))
	for _, row := range r.Keys {
		if row.State == Destroyed {
			continue
		}
		k := old[row.ID]
		if k == nil {
			k = new(dataKey)
		}
		delete(old, row.ID)
		k.row, k.slot = row, row.slot()
		v.byID[row.ID] = k
		if row.State == Active {
			v.active[k.slot] = k
		}
	}
	for _, k := range old {
		v.forget(k)
	}
}

// forget zeroes an unwrapped key.
func (v *Vault) forget(k *dataKey) {
	if k.raw != nil {
		v.memory.release(k.raw)
	}
	for _, key := range k.uses {
		v.memory.release(key)
	}
	k.raw, k.uses = nil, nil
}

func (v *Vault) isClosed() bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.closed
}
