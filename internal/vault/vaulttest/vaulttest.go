// Package vaulttest makes vaults for tests.
package vaulttest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"sync"
	"testing"
	"time"

	"moorfast/internal/vault"
)

// New returns a vault with a random key whose ring is in memory. It is closed
// with the test.
func New(t testing.TB) *vault.Vault {
	t.Helper()
	return Open(t, new(Storage), Key())
}

// Open opens, or makes, the ring in a storage with a key.
func Open(t testing.TB, s vault.Storage, key vault.Source) *vault.Vault {
	t.Helper()
	v, err := vault.Open(context.Background(), vault.Options{
		Storage: s, Source: key, Create: true, Now: func() time.Time { return time.Unix(1_800_000_000, 0) },
	})
	if err != nil {
		t.Fatalf("open vault: %v", err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// Key returns a source with a new random key.
func Key() vault.Source {
	key := make([]byte, 32)
	rand.Read(key)
	return vault.KeyText("TEST_KEY", vault.Hide(hex.EncodeToString(key)))
}

// Storage keeps a ring in memory. Its zero value has none.
type Storage struct {
	mu      sync.Mutex
	data    []byte
	version int64

	Saved int // how often the ring was saved
}

// Load implements [vault.Storage].
func (s *Storage) Load(context.Context) ([]byte, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.data), s.version, nil
}

// Save implements [vault.Storage].
func (s *Storage) Save(_ context.Context, data []byte, old int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old != s.version {
		return vault.ErrChanged
	}
	s.data = bytes.Clone(data)
	s.version++
	s.Saved++
	return nil
}
