package vault

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const ringFormat = "moorfast-keyring/1"

// State is where a key is in its life. A key only ever moves down this list.
type State string

// The states.
const (
	Pending   State = "pending"   // made, and not used until every node has seen it
	Active    State = "active"    // seals and opens
	Retiring  State = "retiring"  // opens what it sealed
	Destroyed State = "destroyed" // gone; only its row is left to say so
)

// ring is the keyring as it is stored. Nothing in it is secret without a root
// key, and what is in it can not be moved to another row: see [rootKey.wrap].
type ring struct {
	ringHead
	Keys []keyRow
}

// ringHead is all but the data keys, of which there are many.
type ringHead struct {
	Format   string    `json:"format"`
	Instance string    `json:"instance"`
	KDF      kdf       `json:"kdf"`
	Roots    []rootRow `json:"roots"`
}

// rootRow describes a root key that opens the ring. There is more than one
// while the root key is being changed.
type rootRow struct {
	Fingerprint string    `json:"fingerprint"`
	State       State     `json:"state"`
	Created     time.Time `json:"created"`
	Check       []byte    `json:"check"`

	// Public is the key that others wrap to while the root key is being changed,
	// sealed by each of them; see [rootKey.vouch].
	Public map[string][]byte `json:"public,omitempty"`
}

// keyRow describes a data key: what it is for, and its wraps by fingerprint of
// the root key.
type keyRow struct {
	ID      keyID      `json:"id"`
	Scope   string     `json:"scope"`
	Purpose string     `json:"purpose"`
	Version int        `json:"version"`
	State   State      `json:"state"`
	Created time.Time  `json:"created"`
	Retired *time.Time `json:"retired,omitempty"` // when it was, if it is retiring

	// Compromised says that others may have a retiring key: what lies under the
	// keys that it has sealed is to be sealed with others.
	Compromised bool `json:"compromised,omitempty"`

	Wraps map[string][]byte `json:"wraps,omitempty"`

	// text is the row as it is stored. It is kept because a ring is written for
	// each new project, and most of it has not changed. A row that is changed is
	// a new row.
	text []byte
}

// destroyed returns the row that is left of a key.
func (r keyRow) destroyed() keyRow {
	return keyRow{ID: r.ID, Scope: r.Scope, Purpose: r.Purpose, Version: r.Version, State: Destroyed, Created: r.Created}
}

const keyIDSize = 8

type keyID [keyIDSize]byte

func (id keyID) String() string               { return hex.EncodeToString(id[:]) }
func (id keyID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads 16 hexadecimal digits.
func (id *keyID) UnmarshalText(text []byte) error {
	if len(text) != 2*keyIDSize {
		return errors.New("a key id has 16 digits")
	}
	_, err := hex.Decode(id[:], text)
	return err
}

// The scope of a data key: the whole instance, or one project.
const (
	scopeInstance = "instance"
	scopeProject  = "project:"
)

// encode returns the one text of a ring: a JSON document in one line.
func (r *ring) encode() ([]byte, error) {
	b, err := json.Marshal(r.ringHead)
	if err != nil {
		return nil, err
	}
	b = append(bytes.TrimSuffix(b, []byte("}")), `,"keys":[`...)
	for i := range r.Keys {
		k := &r.Keys[i]
		if k.text == nil {
			if k.text, err = json.Marshal(k); err != nil {
				return nil, err
			}
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, k.text...)
	}
	return append(b, "]}\n"...), nil
}

// parseRing accepts exactly what encode writes. A ring with two meanings, such
// as one that names a field twice, is refused.
func parseRing(data []byte) (*ring, error) {
	var stored struct {
		ringHead
		Keys []json.RawMessage `json:"keys"`
	}
	if err := decode(data, &stored); err != nil {
		return nil, err
	}
	if stored.Format != ringFormat {
		return nil, fmt.Errorf("%w: its format is %.40q and this program knows %q", ErrRing, stored.Format, ringFormat)
	}
	r := &ring{ringHead: stored.ringHead, Keys: make([]keyRow, len(stored.Keys))}
	for i, text := range stored.Keys {
		if err := decode(text, &r.Keys[i]); err != nil {
			return nil, err
		}
	}
	again, err := r.encode()
	if err != nil || !bytes.Equal(again, data) {
		return nil, fmt.Errorf("%w: not as it was written", ErrRing)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRing, err)
	}
	return r, nil
}

func decode(text []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", ErrRing, err)
	}
	return nil
}

func (r *ring) check() error {
	if id, err := hex.DecodeString(r.Instance); err != nil || len(id) != instanceSize {
		return errors.New("the instance id is not 32 digits")
	}
	if err := r.KDF.check(); err != nil {
		return err
	}
	if err := r.checkRoots(); err != nil {
		return err
	}
	type name struct {
		scope, purpose string
		version        int
	}
	ids := make(map[keyID]bool, len(r.Keys))
	names := make(map[name]bool, len(r.Keys))
	active := make(map[name]bool, len(r.Keys))
	for _, k := range r.Keys {
		if err := r.checkKey(k); err != nil {
			return fmt.Errorf("data key %v: %w", k.ID, err)
		}
		n, slot := name{k.Scope, k.Purpose, k.Version}, name{k.Scope, k.Purpose, 0}
		if ids[k.ID] || names[n] || k.State == Active && active[slot] {
			return fmt.Errorf("data key %v is there twice", k.ID)
		}
		ids[k.ID], names[n] = true, true
		if k.State == Active {
			active[slot] = true
		}
	}
	return nil
}

func (r *ring) checkRoots() error {
	actives := 0
	for i, root := range r.Roots {
		if !validFingerprint(root.Fingerprint) {
			return errors.New("a root key has no fingerprint")
		}
		if slices.ContainsFunc(r.Roots[:i], func(o rootRow) bool { return o.Fingerprint == root.Fingerprint }) {
			return fmt.Errorf("root key %s is there twice", root.Fingerprint)
		}
		if !root.State.valid() || (root.State == Destroyed) != (len(root.Check) == 0) ||
			len(root.Check) != 0 && len(root.Check) != checkSize {
			return fmt.Errorf("root key %s has a wrong state or check value", root.Fingerprint)
		}
		if root.State == Active {
			actives++
		}
		for print, sealed := range root.Public {
			known := slices.ContainsFunc(r.Roots, func(o rootRow) bool { return o.Fingerprint == print && o.State.opens() })
			if !known || print == root.Fingerprint || !root.State.opens() || len(sealed) != publicSize {
				return fmt.Errorf("root key %s has a public key that nobody vouches for", root.Fingerprint)
			}
		}
	}
	if actives != 1 {
		return fmt.Errorf("%d root keys are active", actives)
	}
	return nil
}

func (r *ring) checkKey(k keyRow) error {
	project, scoped := strings.CutPrefix(k.Scope, scopeProject)
	switch {
	case !k.State.valid():
		return errors.New("its state is unknown")
	case k.Scope != scopeInstance && (!scoped || project == ""):
		return errors.New("its scope is unknown")
	case k.Purpose == "" || strings.ContainsFunc(k.Purpose, notName):
		return errors.New("its purpose is not a name")
	case k.Version < 1:
		return errors.New("its version is not positive")
	case k.State == Destroyed && len(k.Wraps) != 0:
		return errors.New("it is destroyed and still there")
	case k.Compromised && k.State != Retiring:
		return errors.New("it is compromised and in use")
	case k.State != Destroyed && k.Wraps[r.active().Fingerprint] == nil:
		return errors.New("the active root key does not wrap it")
	}
	for print, wrap := range k.Wraps {
		known := slices.ContainsFunc(r.Roots, func(o rootRow) bool {
			return o.Fingerprint == print && o.State.opens()
		})
		if !known || len(wrap) != wrapSize && len(wrap) != peerWrapSize {
			return errors.New("a wrap is not of a root key of this ring")
		}
	}
	return nil
}

func (s State) valid() bool {
	return s == Pending || s == Active || s == Retiring || s == Destroyed
}

// opens reports whether a key in this state opens what it sealed.
func (s State) opens() bool { return s == Active || s == Retiring }

func notName(c rune) bool { return (c < 'a' || c > 'z') && c != '-' }

// active returns the root key that new data keys are wrapped with.
func (r *ring) active() rootRow {
	i := slices.IndexFunc(r.Roots, func(o rootRow) bool { return o.State == Active })
	return r.Roots[i]
}

// clone returns a ring to change: rows may be added or replaced, but the maps
// in them are shared.
func (r *ring) clone() *ring {
	c := *r
	c.Roots, c.Keys = slices.Clone(r.Roots), slices.Clone(r.Keys)
	return &c
}
