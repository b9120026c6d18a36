package vault

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

const instanceSize = 16

// Options says where a vault finds its keys.
type Options struct {
	Storage Storage // of the keyring
	Source  Source  // of the root key
	Now     func() time.Time

	// Create allows a new ring, and a new key where the source allows it, if
	// there is no ring. It is for a caller who knows that nothing was sealed
	// yet: a new ring does not open what an old one sealed.
	Create bool

	Hardened   bool // refuse passphrases under 16 bytes
	AllowKnown bool // accept published example keys: for development on loopback
}

// Open finds the keyring and the root key that opens it. Unless it makes a new
// ring it only reads, whatever it finds. A key that is missing, weak or wrong is
// a [*KeyError]; a damaged ring is an [ErrRing].
func Open(ctx context.Context, o Options) (*Vault, error) {
	data, version, err := o.Storage.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load keyring: %w", err)
	}
	if data == nil {
		if !o.Create {
			return nil, ErrNoRing
		}
		return create(ctx, o)
	}
	r, err := parseRing(data)
	if err != nil {
		return nil, err
	}
	text, err := o.Source.read()
	if err != nil {
		return nil, missing(o.Source, err, r.fingerprints())
	}
	defer clear(text)
	if err := refuseWeak(text, o); err != nil {
		err.Expected = r.fingerprints()
		return nil, err
	}
	key := r.KDF.key(text)
	defer clear(key)
	root, err := newRootKey(key)
	if err != nil {
		return nil, err
	}
	if !r.openedBy(root) {
		return nil, &KeyError{
			Kind: ErrWrongKey, Source: o.Source.String(),
			Expected: r.fingerprints(), Given: root.fingerprint,
			Remedy: "start with the key that made this keyring, or, to change it for the given one, name it with MOORFAST_KEY_PREVIOUS; nothing was changed",
		}
	}
	v := &Vault{storage: o.Storage, source: o.Source, now: o.Now, instance: r.Instance, root: root}
	v.install(r, version)
	return v, nil
}

// create makes a ring. The key is on disk before the ring is.
func create(ctx context.Context, o Options) (*Vault, error) {
	text, err := o.Source.read()
	if errors.Is(err, fs.ErrNotExist) && o.Source.generate {
		if err := o.Source.create(); err != nil {
			return nil, fmt.Errorf("make a root key: %w", err)
		}
		text, err = o.Source.read()
	}
	if err != nil {
		return nil, missing(o.Source, err, "")
	}
	defer clear(text)
	if err := refuseWeak(text, o); err != nil {
		return nil, err
	}
	instance := make([]byte, instanceSize)
	rand.Read(instance)
	r := &ring{ringHead: ringHead{Format: ringFormat, Instance: hex.EncodeToString(instance), KDF: newKDF()}}
	key := r.KDF.key(text)
	defer clear(key)
	root, err := newRootKey(key)
	if err != nil {
		return nil, err
	}
	check, err := root.sealCheck(r.Instance)
	if err != nil {
		return nil, err
	}
	r.Roots = []rootRow{{Fingerprint: root.fingerprint, State: Active, Created: second(o.Now()), Check: check}}
	if err := r.check(); err != nil {
		return nil, err
	}
	data, err := r.encode()
	if err != nil {
		return nil, err
	}
	err = o.Storage.Save(ctx, data, 0)
	if err != nil && !errors.Is(err, ErrChanged) {
		return nil, fmt.Errorf("save keyring: %w", err)
	}
	// If another process was first, its ring is the one.
	created := err == nil
	o.Create = false
	v, err := Open(ctx, o)
	if err != nil {
		return nil, err
	}
	v.created = created
	return v, nil
}

// openedBy reports whether root is one of the keys of the ring.
func (r *ring) openedBy(root *rootKey) bool {
	for _, row := range r.Roots {
		if row.Fingerprint == root.fingerprint && row.State.opens() {
			return root.opensCheck(r.Instance, row.Check)
		}
	}
	return false
}

// fingerprints lists the keys that open the ring, the active one first.
func (r *ring) fingerprints() string {
	list := []string{r.active().Fingerprint}
	for _, row := range r.Roots {
		if row.State == Retiring {
			list = append(list, row.Fingerprint)
		}
	}
	return strings.Join(list, " or ")
}

func missing(s Source, err error, expected string) error {
	if errors.Is(err, ErrSourceDown) {
		return fmt.Errorf("read the root key of %v: %w", s, err)
	}
	e := &KeyError{Kind: ErrMissingKey, Source: s.String(), Expected: expected}
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		e.Why, e.Remedy = err.Error(), "let this user read it"
	case expected != "":
		e.Why, e.Remedy = "it does not exist", "bring back the key from its backup, or name its source with --key"
	default:
		e.Why, e.Remedy = "it does not exist", "make one with: openssl rand -hex 32"
	}
	return e
}

func refuseWeak(text []byte, o Options) *KeyError {
	why := weakness(text, o)
	if why == "" {
		return nil
	}
	return &KeyError{
		Kind: ErrWeakKey, Source: o.Source.String(), Why: why,
		Remedy: "set it to the output of: openssl rand -hex 32, or leave it unset and a key is made",
	}
}

// second drops what a ring does not keep of a time.
func second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
