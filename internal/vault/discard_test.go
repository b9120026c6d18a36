package vault_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"moorfast/internal/vault"
	"moorfast/internal/vault/vaulttest"
)

// Only the file of a key that nothing needs any more is removed.
func TestOnlyTheFileOfAKeyThatWasGivenUpIsDiscarded(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	source := func(name string) vault.Source { return vault.KeyFileOrNew(filepath.Join(dir, name)) }
	there := func(name string) bool {
		_, err := os.Lstat(filepath.Join(dir, name))
		return err == nil
	}
	a, b, c := source("a"), source("b"), source("c")
	for _, s := range []vault.Source{a, c} {
		if _, err := s.Make(); err != nil {
			t.Fatal(err)
		}
	}
	v := vaulttest.Open(t, new(vaulttest.Storage), a)
	seal(t, v, home, "x")
	if _, err := v.Rotate(ctx, vault.Change{To: b}); err != nil {
		t.Fatal(err)
	}
	refused := func(s vault.Source, why string) {
		t.Helper()
		if _, err := v.Discard(s); err == nil {
			t.Errorf("%s was discarded", why)
		}
	}
	refused(a, "a key in its time of grace")
	if _, err := v.Finalize(ctx, nil); err != nil {
		t.Fatal(err)
	}
	refused(b, "the root key")
	refused(c, "a key of something else")
	refused(vault.KeyText("A", vault.Hide("no file, but a text")), "a variable")
	if _, err := v.Discard(source("nothing")); !errors.Is(err, vault.ErrMissingKey) {
		t.Errorf("no file: %v", err)
	}
	if !there("a") || !there("b") || !there("c") {
		t.Fatal("a file is gone")
	}
	print, err := v.Discard(a)
	if err != nil || print == v.Fingerprint() || there("a") || there("a.retired") {
		t.Errorf("discard: %q, %v", print, err)
	}
	// As after a process that died between the two steps.
	if err := os.WriteFile(filepath.Join(dir, "b.retired"), read(t, filepath.Join(dir, "b")), 0o600); err != nil {
		t.Fatal(err)
	}
	d := source("d")
	if _, err := v.Rotate(ctx, vault.Change{To: d}); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Finalize(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Discard(b); err != nil || there("b.retired") {
		t.Errorf("go on: %v", err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
