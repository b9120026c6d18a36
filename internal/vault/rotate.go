package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"moorfast/internal/failpoint"
)

// The steps of a change of the root key, as they are told to [Change.Step]. Each
// is durable when it is told.
const (
	StepKey      = "key"      // the new root key can be read
	StepPending  = "pending"  // the ring names it
	StepWrapped  = "wrapped"  // every data key is wrapped by both, and the new one is active
	StepVerified = "verified" // the ring as it is stored opens with the new key alone
	StepFinal    = "final"    // only the new key opens the ring
)

// ErrRotation says that a change of keys can not be made as the keys are now.
// Nothing was changed.
var ErrRotation = errors.New("vault: keys not changed")

// Change says how the root key is changed.
type Change struct {
	To         Source
	Hardened   bool              // refuse passphrases under 16 bytes
	AllowKnown bool              // accept published example keys
	Dry        bool              // look whether it could be done, and change nothing
	Step       func(step string) // is told of each step; may be nil
}

// Changed is what a change of the root key did, or would do.
type Changed struct {
	From string `json:"from"`
	To   string `json:"to"`
	Keys int    `json:"keys"` // data keys that are wrapped again
	Done bool   `json:"done"` // it had been done before
}

func (c Change) step(name string) {
	if c.Step != nil {
		c.Step(name)
	}
}

// Rotate makes another key the root key. All data keys are wrapped again in one
// write of the ring: whatever interrupts it, the ring is the old one or the new
// one, and calling it again goes on. Until [Vault.Finalize] both keys open it.
func (v *Vault) Rotate(ctx context.Context, c Change) (Changed, error) {
	if err := v.Reload(ctx); err != nil {
		return Changed{}, err
	}
	to, plan, err := v.planned(c)
	if err != nil || plan.Done || c.Dry {
		return plan, err
	}
	c.step(StepKey)
	if err := v.update(ctx, func(now *ring) (*ring, error) { return v.announce(now, to) }); err != nil {
		return plan, fmt.Errorf("announce the new root key: %w", err)
	}
	failpoint.Hit(failpoint.RootPending)
	c.step(StepPending)
	if err := v.update(ctx, func(now *ring) (*ring, error) { return v.rewrap(now, to) }); err != nil {
		return plan, fmt.Errorf("wrap the data keys again: %w", err)
	}
	failpoint.Hit(failpoint.AfterRewrap)
	v.adopt(to, c.To)
	c.step(StepWrapped)
	if err := v.verify(ctx, to); err != nil {
		return plan, err
	}
	failpoint.Hit(failpoint.RootVerified)
	c.step(StepVerified)
	return plan, nil
}

// planned reads the new root key and says what the change to it would do. A key that
// is not there is made once nothing else is in the way.
func (v *Vault) planned(c Change) (*rootKey, Changed, error) {
	look := c
	look.Dry = true
	to, absent, err := v.newRoot(look)
	if err != nil {
		return nil, Changed{}, err
	}
	plan, err := v.plan(to)
	if err != nil || !absent || c.Dry {
		return to, plan, err
	}
	if to, _, err = v.newRoot(c); err != nil {
		return nil, Changed{}, err
	}
	plan, err = v.plan(to)
	return to, plan, err
}

// newRoot reads the key of a source, which may make it. Dry, it makes none, and says
// that it is absent.
func (v *Vault) newRoot(c Change) (root *rootKey, absent bool, err error) {
	text, err := c.To.read()
	if errors.Is(err, fs.ErrNotExist) && c.To.generate {
		if c.Dry {
			key := make([]byte, keySize)
			root, err = newRootKey(key) // only to count what would be done with one
			root.fingerprint = "a new key"
			return root, true, err
		}
		if err := c.To.create(); err != nil {
			return nil, false, fmt.Errorf("make a root key: %w", err)
		}
		text, err = c.To.read()
	}
	if err != nil {
		return nil, false, missing(c.To, err, "")
	}
	defer clear(text)
	if err := refuseWeak(text, Options{Source: c.To, Hardened: c.Hardened, AllowKnown: c.AllowKnown}); err != nil {
		return nil, false, err
	}
	v.changing.Lock()
	derivation := v.ring.KDF
	v.changing.Unlock()
	key := derivation.key(text)
	defer clear(key)
	root, err = newRootKey(key)
	return root, false, err
}

// Names returns the fingerprint that the key of a source has in this ring.
func (v *Vault) Names(s Source) (string, error) {
	root, _, err := v.newRoot(Change{To: s, AllowKnown: true})
	if err != nil {
		return "", err
	}
	return root.fingerprint, nil
}

// plan says what a change to a key would do, or why it can not be done.
func (v *Vault) plan(to *rootKey) (Changed, error) {
	v.changing.Lock()
	defer v.changing.Unlock()
	active := v.ring.active()
	c := Changed{From: active.Fingerprint, To: to.fingerprint}
	for _, k := range v.ring.Keys {
		if k.State != Destroyed {
			c.Keys++
		}
	}
	if active.Fingerprint == to.fingerprint {
		c.Done = true
		return c, nil
	}
	for _, row := range v.ring.Roots {
		switch {
		case row.Fingerprint == to.fingerprint && row.State != Pending:
			return c, fmt.Errorf("%w: %s was the root key before, and is %s", ErrRotation, to.fingerprint, row.State)
		case row.State == Retiring:
			return c, fmt.Errorf("%w: %s still opens the ring since the last change, which is to be made final first", ErrRotation, row.Fingerprint)
		}
	}
	if v.root.fingerprint != active.Fingerprint {
		return c, fmt.Errorf("%w: this process runs with %s, which is retiring", ErrRotation, v.root.fingerprint)
	}
	return c, nil
}

// announce adds the pending row of a new root key, in place of one that was
// announced and never used.
func (v *Vault) announce(now *ring, to *rootKey) (*ring, error) {
	next := now.clone()
	next.Roots = slices.DeleteFunc(next.Roots, func(r rootRow) bool { return r.State == Pending && r.Fingerprint != to.fingerprint })
	if slices.ContainsFunc(next.Roots, func(r rootRow) bool { return r.Fingerprint == to.fingerprint }) {
		return next, nil
	}
	check, err := to.sealCheck(v.instance)
	if err != nil {
		return nil, err
	}
	next.Roots = append(next.Roots, rootRow{Fingerprint: to.fingerprint, State: Pending, Created: second(v.now()), Check: check})
	return next, nil
}

// rewrap makes to the active root key.
func (v *Vault) rewrap(now *ring, to *rootKey) (*ring, error) {
	if now.active().Fingerprint != v.root.fingerprint {
		return nil, fmt.Errorf("%w: another process changed the root key", ErrRotation)
	}
	next := now.clone()
	for i := range next.Roots {
		row := &next.Roots[i]
		var sealed []byte
		var err error
		switch row.Fingerprint {
		case v.root.fingerprint:
			sealed, err = to.vouch(v.instance, v.root)
			row.State, row.Public = Retiring, map[string][]byte{to.fingerprint: sealed}
		case to.fingerprint:
			sealed, err = v.root.vouch(v.instance, to)
			row.State, row.Public = Active, map[string][]byte{v.root.fingerprint: sealed}
		}
		if err != nil {
			return nil, err
		}
	}
	for i, row := range next.Keys {
		if row.State == Destroyed {
			continue
		}
		key, err := v.root.unwrap(v.instance, row)
		if err != nil {
			return nil, err
		}
		wrapped, err := to.wrap(v.instance, row, key)
		clear(key)
		if err != nil {
			return nil, err
		}
		next.Keys[i] = row.with(to.fingerprint, wrapped, "")
	}
	failpoint.Hit(failpoint.BeforeRewrap)
	return next, nil
}

// with returns the row with another wrap, and without that of a root key.
func (r keyRow) with(fingerprint string, wrapped []byte, without string) keyRow {
	r.Wraps = maps.Clone(r.Wraps)
	delete(r.Wraps, without)
	r.Wraps[fingerprint] = wrapped
	r.text = nil
	return r
}

// adopt makes to the key that this process wraps with.
func (v *Vault) adopt(to *rootKey, from Source) {
	v.changing.Lock()
	defer v.changing.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.root, v.source = to, from
}

// verify reads the ring as it is stored, and opens every key in it with one root
// key alone.
func (v *Vault) verify(ctx context.Context, root *rootKey) error {
	data, _, err := v.storage.Load(ctx)
	if err != nil {
		return fmt.Errorf("load keyring: %w", err)
	}
	r, err := parseRing(data)
	if err != nil {
		return err
	}
	if !r.openedBy(root) {
		return fmt.Errorf("%w: %s does not open it", ErrRing, root.fingerprint)
	}
	for _, row := range r.Keys {
		if row.State == Destroyed {
			continue
		}
		key, err := root.unwrap(v.instance, row)
		if err != nil {
			return err
		}
		clear(key)
	}
	return nil
}

// Finalize makes the root key of this process the only one that opens the ring,
// and returns the fingerprints of those that do not any more. It first opens
// every key with it alone.
func (v *Vault) Finalize(ctx context.Context, step func(string)) (gone []string, err error) {
	if err := v.Reload(ctx); err != nil {
		return nil, err
	}
	root := v.currentRoot()
	if err := v.verify(ctx, root); err != nil {
		return nil, err
	}
	err = v.update(ctx, func(now *ring) (*ring, error) {
		if now.active().Fingerprint != root.fingerprint {
			return nil, fmt.Errorf("%w: this process runs with %s, and the active root key is %s", ErrRotation, root.fingerprint, now.active().Fingerprint)
		}
		gone = nil
		next := now.clone()
		roots := next.Roots[:0]
		for _, row := range next.Roots {
			switch row.State {
			case Pending: // never used
				continue
			case Retiring:
				gone = append(gone, row.Fingerprint)
				row = rootRow{Fingerprint: row.Fingerprint, State: Destroyed, Created: row.Created}
			case Active:
				row.Public = nil
			case Destroyed:
			}
			roots = append(roots, row)
		}
		if len(gone) == 0 && len(roots) == len(now.Roots) {
			return nil, nil
		}
		next.Roots = roots
		return next, v.narrow(next, root)
	})
	if err != nil {
		return nil, err
	}
	failpoint.Hit(failpoint.AfterFinal)
	if step != nil {
		step(StepFinal)
	}
	return gone, nil
}

// narrow leaves the wraps of one root key.
func (v *Vault) narrow(next *ring, root *rootKey) error {
	for i, row := range next.Keys {
		if row.State == Destroyed {
			continue
		}
		wrapped := row.Wraps[root.fingerprint]
		if len(wrapped) != wrapSize {
			key, err := root.unwrap(v.instance, row)
			if err != nil {
				return err
			}
			wrapped, err = root.wrap(v.instance, row, key)
			clear(key)
			if err != nil {
				return err
			}
		}
		row.Wraps, row.text = map[string][]byte{root.fingerprint: wrapped}, nil
		next.Keys[i] = row
	}
	failpoint.Hit(failpoint.BeforeFinal)
	return nil
}

func (v *Vault) currentRoot() *rootKey {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.root
}
