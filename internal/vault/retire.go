package vault

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"
)

// RotateFields gives the projects new keys for their fields, in one write of the
// ring: those whose key was made before a moment, unless that is zero. What is
// sealed from then on is sealed with those; the ones before open what they sealed
// until [Vault.Destroy]. A project without keys is left alone, and so is one whose
// last change is not done. It returns the projects whose keys it changed.
func (v *Vault) RotateFields(ctx context.Context, projects []string, before time.Time) (changed []string, err error) {
	err = v.update(ctx, func(now *ring) (*ring, error) {
		changed = nil
		next := now.clone()
		for _, project := range projects {
			if at := next.slot(project, purposeField).active; at >= 0 && !before.IsZero() && !next.Keys[at].Created.Before(before) {
				continue
			}
			done, err := v.replace(next, project, purposeField, Retiring)
			if err != nil {
				return nil, err
			}
			if done {
				changed = append(changed, project)
			}
		}
		if len(changed) == 0 {
			return nil, nil
		}
		return next, nil
	})
	if err != nil {
		return nil, fmt.Errorf("make new keys: %w", err)
	}
	return changed, nil
}

// Compromised is [Vault.RotateFields] for keys that others may have: those that
// are retiring already are marked as such, too, and the keys of tokens are
// replaced and destroyed in the same write. A project whose last such change is
// not done is left alone.
func (v *Vault) Compromised(ctx context.Context, projects []string) (changed []string, err error) {
	err = v.update(ctx, func(now *ring) (*ring, error) {
		changed = nil
		next := now.clone()
		for _, project := range projects {
			fields := next.slot(project, purposeField)
			if fields.active < 0 || slices.ContainsFunc(fields.retiring, func(i int) bool { return next.Keys[i].Compromised }) {
				continue
			}
			for _, purpose := range []string{purposeField, purposeToken} {
				state := Retiring
				if purpose == purposeToken {
					state = Destroyed
				}
				if err := v.succeed(next, next.slot(project, purpose), state); err != nil {
					return nil, err
				}
			}
			for _, i := range append(fields.retiring, fields.active) {
				next.Keys[i].Compromised, next.Keys[i].text = true, nil
			}
			changed = append(changed, project)
		}
		if len(changed) == 0 {
			return nil, nil
		}
		return next, nil
	})
	if err != nil {
		return nil, fmt.Errorf("make new keys: %w", err)
	}
	return changed, nil
}

// RevokeTokens gives the projects new keys for their tokens and destroys the
// ones before: whatever these signed is refused from then on.
func (v *Vault) RevokeTokens(ctx context.Context, projects []string) error {
	err := v.update(ctx, func(now *ring) (*ring, error) {
		next, any := now.clone(), false
		for _, project := range projects {
			done, err := v.replace(next, project, purposeToken, Destroyed)
			if err != nil {
				return nil, err
			}
			any = any || done
		}
		if !any {
			return nil, nil
		}
		return next, nil
	})
	if err != nil {
		return fmt.Errorf("make new token keys: %w", err)
	}
	return nil
}

// filled is which rows of a ring are for one purpose of a project.
type filled struct {
	active   int // -1 if there is none
	retiring []int
	version  int // the highest
}

func (r *ring) slot(project, purpose string) filled {
	f := filled{active: -1}
	for i, row := range r.Keys {
		if row.Scope != scopeProject+project || row.Purpose != purpose {
			continue
		}
		f.version = max(f.version, row.Version)
		switch row.State {
		case Active:
			f.active = i
		case Retiring, Pending:
			f.retiring = append(f.retiring, i)
		case Destroyed:
		}
	}
	return f
}

// replace adds an active key in place of the one that a project has for a
// purpose, which gets another state, unless the last change is not done.
func (v *Vault) replace(next *ring, project, purpose string, state State) (bool, error) {
	f := next.slot(project, purpose)
	if f.active < 0 || len(f.retiring) > 0 {
		return false, nil
	}
	return true, v.succeed(next, f, state)
}

// succeed adds an active key after the one that there is, if there is one.
func (v *Vault) succeed(next *ring, f filled, state State) error {
	if f.active < 0 {
		return nil
	}
	when := second(v.now())
	old := next.Keys[f.active]
	row := keyRow{Scope: old.Scope, Purpose: old.Purpose, Version: f.version + 1, State: Active, Created: when}
	if state == Destroyed {
		old = old.destroyed()
	} else {
		old.State, old.Retired, old.text = state, &when, nil
	}
	next.Keys[f.active] = old
	rand.Read(row.ID[:])
	key := make([]byte, keySize)
	rand.Read(key)
	defer clear(key)
	var err error
	if row.Wraps, err = next.wraps(v.root, row, key); err != nil {
		return err
	}
	next.Keys = append(next.Keys, row)
	return nil
}

// Retiring lists the field keys that were replaced and not yet destroyed.
func (v *Vault) Retiring() []KeyStatus {
	return slices.DeleteFunc(v.Status().Keys, func(k KeyStatus) bool { return k.State != Retiring || k.Purpose != purposeField })
}

// Destroy destroys retiring keys, by their ids. What one of them sealed is gone
// with it: the caller has found that there is nothing.
func (v *Vault) Destroy(ctx context.Context, ids []string) error {
	err := v.update(ctx, func(now *ring) (*ring, error) {
		next, any := now.clone(), false
		for i, row := range next.Keys {
			if row.State == Retiring && slices.Contains(ids, row.ID.String()) {
				next.Keys[i], any = row.destroyed(), true
			}
		}
		if !any {
			return nil, nil
		}
		return next, nil
	})
	if err != nil {
		return fmt.Errorf("destroy keys: %w", err)
	}
	return nil
}

// Reseal opens a text and seals it for the same place with the active key. It
// returns the text itself where that has sealed it already.
func (v *Vault) Reseal(at Place, sealed string) (string, error) {
	e, err := parseEnvelope(sealed)
	if err != nil {
		return "", err
	}
	// Asked first, because a project that is gone would get new keys to seal with.
	if _, err := v.opening(e.key, at.Project); err != nil {
		return "", err
	}
	active, _, err := v.sealing(at.Project)
	if err != nil || active == e.key {
		return sealed, err
	}
	secret, err := v.Open(at, sealed)
	if err != nil {
		return "", err
	}
	return v.Seal(at, secret)
}

// KeyOf returns the id of the key that a text says it is sealed with, or "" for
// a text that is none of a vault.
func KeyOf(text string) string {
	if !strings.HasPrefix(text, prefix) || len(text) < PrefixSize {
		return ""
	}
	b, err := textEncoding.DecodeString(text[len(prefix):PrefixSize])
	if err != nil || b[0] != algXAES256GCM {
		return ""
	}
	return keyID(b[1:]).String()
}
