package vault

import (
	"context"
	"time"
)

// Status is what a keyring says of itself, with or without its root key. It
// holds no secret.
type Status struct {
	Instance string       `json:"instance"`
	Roots    []RootStatus `json:"roots"`
	Keys     []KeyStatus  `json:"keys"`
}

// RootStatus describes a root key.
type RootStatus struct {
	Fingerprint string    `json:"fingerprint"`
	State       State     `json:"state"`
	Created     time.Time `json:"created"`
}

// KeyStatus describes a data key.
type KeyStatus struct {
	ID      string    `json:"id"`
	Scope   string    `json:"scope"` // "instance" or "project:ID"
	Purpose string    `json:"purpose"`
	Version int       `json:"version"`
	State   State     `json:"state"`
	Created time.Time `json:"created"`
	Retired time.Time `json:"retired,omitzero"` // when it was, if it is retiring

	// Compromised says that it was replaced because others may have it.
	Compromised bool `json:"compromised,omitempty"`
}

// Prefix is what every text begins with that the key has sealed as a field, and
// no other does.
func (k KeyStatus) Prefix() (string, error) {
	var id keyID
	if err := id.UnmarshalText([]byte(k.ID)); err != nil {
		return "", err
	}
	return id.prefix(), nil
}

// Active returns the root key that wraps new keys.
func (s Status) Active() RootStatus {
	for _, r := range s.Roots {
		if r.State == Active {
			return r
		}
	}
	return RootStatus{}
}

// Inspect describes the stored keyring without its key, and changes nothing.
// The error is [ErrNoRing] if there is none.
func Inspect(ctx context.Context, s Storage) (Status, error) {
	data, _, err := s.Load(ctx)
	if err != nil {
		return Status{}, err
	}
	if data == nil {
		return Status{}, ErrNoRing
	}
	r, err := parseRing(data)
	if err != nil {
		return Status{}, err
	}
	return r.status(), nil
}

// Status describes the keyring in use.
func (v *Vault) Status() Status {
	v.changing.Lock()
	defer v.changing.Unlock()
	return v.ring.status()
}

func (r *ring) status() Status {
	s := Status{Instance: r.Instance, Roots: make([]RootStatus, len(r.Roots)), Keys: make([]KeyStatus, len(r.Keys))}
	for i, row := range r.Roots {
		s.Roots[i] = RootStatus{row.Fingerprint, row.State, row.Created}
	}
	for i, row := range r.Keys {
		s.Keys[i] = KeyStatus{ID: row.ID.String(), Scope: row.Scope, Purpose: row.Purpose, Version: row.Version, State: row.State, Created: row.Created, Compromised: row.Compromised}
		if row.Retired != nil {
			s.Keys[i].Retired = *row.Retired
		}
	}
	return s
}

// Damaged returns the ids of the data keys that do not unwrap, although the root
// key is right: rows that were changed or moved. It keeps none of the others.
func (v *Vault) Damaged() ([]string, error) {
	v.changing.Lock()
	defer v.changing.Unlock()
	if v.isClosed() {
		return nil, ErrClosed
	}
	var ids []string
	for _, row := range v.ring.Keys {
		if row.State == Destroyed {
			continue
		}
		key, err := v.root.unwrap(v.instance, row)
		if err != nil {
			ids = append(ids, row.ID.String())
		}
		clear(key)
	}
	return ids, nil
}
