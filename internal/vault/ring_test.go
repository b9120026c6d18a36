package vault

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

// What parses is what would be written: a ring has one text.
func FuzzRing(f *testing.F) {
	f.Add(someRing(f))
	f.Add([]byte(`{"format":"moorfast-keyring/1"}` + "\n"))
	f.Add([]byte("null\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRing(data)
		if err != nil {
			if !errors.Is(err, ErrRing) {
				t.Errorf("got %v, want %v", err, ErrRing)
			}
			return
		}
		again, err := r.encode()
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("encodes to\n%q, %v; was\n%q", again, err, data)
		}
	})
}

func someRing(t testing.TB) []byte {
	t.Helper()
	root, err := newRootKey(bytes.Repeat([]byte{7}, keySize))
	if err != nil {
		t.Fatal(err)
	}
	r := &ring{ringHead: ringHead{Format: ringFormat, Instance: "000102030405060708090a0b0c0d0e0f", KDF: newKDF()}}
	check, err := root.sealCheck(r.Instance)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_800_000_000, 0).UTC()
	r.Roots = []rootRow{{root.fingerprint, Active, at, check, nil}}
	r.Keys = r.missing("project:shop", projectPurposes[:])
	for i := range r.Keys {
		row := &r.Keys[i]
		row.ID[0], row.Created = byte(i), at
		wrap, err := root.wrap(r.Instance, *row, make([]byte, keySize))
		if err != nil {
			t.Fatal(err)
		}
		row.Wraps = map[string][]byte{root.fingerprint: wrap}
	}
	r.Keys = append(r.Keys, keyRow{ID: keyID{9}, Scope: scopeInstance, Purpose: "cache", Version: 1, State: Destroyed, Created: at})
	data, err := r.encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseRing(data); err != nil {
		t.Fatal(err)
	}
	return data
}

// A ring that two root keys open is how one is replaced by the other.
func TestTwoRootKeysOpenOneRing(t *testing.T) {
	r, err := parseRing(someRing(t))
	if err != nil {
		t.Fatal(err)
	}
	a, _ := newRootKey(bytes.Repeat([]byte{7}, keySize))
	b, _ := newRootKey(bytes.Repeat([]byte{8}, keySize))
	if !r.openedBy(a) || r.openedBy(b) {
		t.Fatal("the first key does not open the ring, or the second does")
	}
	check, _ := b.sealCheck(r.Instance)
	r.Roots[0].State = Retiring
	r.Roots = append(r.Roots, rootRow{b.fingerprint, Active, r.Roots[0].Created, check, nil})
	if r.check() == nil {
		t.Error("a ring is fine whose keys the active root key does not wrap")
	}
	for i, row := range r.Keys {
		if row.State == Destroyed {
			continue
		}
		key, err := a.unwrap(r.Instance, row)
		if err != nil {
			t.Fatal(err)
		}
		if row.Wraps[b.fingerprint], err = b.wrap(r.Instance, row, key); err != nil {
			t.Fatal(err)
		}
		row.text = nil
		r.Keys[i] = row
	}
	data, err := r.encode()
	if err != nil {
		t.Fatal(err)
	}
	if r, err = parseRing(data); err != nil {
		t.Fatal(err)
	}
	for _, root := range []*rootKey{a, b} {
		if !r.openedBy(root) {
			t.Errorf("%s does not open the ring", root.fingerprint)
		}
		for _, row := range r.Keys {
			if row.State == Destroyed {
				continue
			}
			if _, err := root.unwrap(r.Instance, row); err != nil {
				t.Errorf("%s: %v", root.fingerprint, err)
			}
		}
	}
}

// K-12: the key of one purpose is not the key of another, and none is a data key.
func TestSubkeysDiffer(t *testing.T) {
	seen := map[string]string{}
	key := bytes.Repeat([]byte{7}, keySize)
	for _, info := range []string{"moorfast/wrap/v1", "moorfast/field/column/v1", "moorfast/token/jwt/v1", "moorfast/lookup/jwt/v1"} {
		sub, err := derive(key, info, keySize)
		if err != nil || bytes.Equal(sub, key) || seen[string(sub)] != "" {
			t.Errorf("%s: %x, %v, as %s", info, sub, err, seen[string(sub)])
		}
		seen[string(sub)] = info
	}
}

func TestMemoryIsZeroedAndUsedAgain(t *testing.T) {
	var m memory
	key := bytes.Repeat([]byte{7}, keySize)
	slot := m.hold(key)
	if !bytes.Equal(key, make([]byte, keySize)) {
		t.Error("the given key is still there")
	}
	if !bytes.Equal(slot, bytes.Repeat([]byte{7}, keySize)) {
		t.Errorf("the slot has %x", slot)
	}
	m.release(slot)
	if !bytes.Equal(slot, make([]byte, keySize)) {
		t.Error("the released key is still there")
	}
	for range 3 * pageKeys {
		slot = m.hold(bytes.Repeat([]byte{9}, keySize))
	}
	m.wipe()
	if !bytes.Equal(slot, make([]byte, keySize)) || len(m.pages) != 3 {
		t.Errorf("after wiping %d pages: %x", len(m.pages), slot)
	}
}
