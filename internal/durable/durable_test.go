package durable_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"moorfast/internal/durable"
)

func TestAFileIsReplacedForItsOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path+durable.Suffix, []byte(strings.Repeat("what a crash has left ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "another, and a longer one", ""} {
		called := false
		if err := durable.Replace(path, []byte(text), func() { called = true }); err != nil || !called {
			t.Fatalf("%v, called %v", err, called)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != text {
			t.Errorf("%q, %v, want %q", got, err, text)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := os.Stat(path + durable.Suffix); err == nil {
		t.Error("the new file is still there")
	}
}

func TestWhatCannotBeReplacedStays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.MkdirAll(filepath.Join(path, "below"), 0o700); err != nil { // a directory with something in it
		t.Fatal(err)
	}
	if err := durable.Replace(path, []byte("x"), nil); err == nil {
		t.Error("a directory was replaced")
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*"+durable.Suffix)); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// Readers find the one or the other, whole.
func TestReadersNeverFindAPart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	texts := [][]byte{bytes.Repeat([]byte("a"), 100_000), bytes.Repeat([]byte("b"), 50_000)}
	if err := durable.Replace(path, texts[0], nil); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, texts[0]) && !bytes.Equal(got, texts[1]) {
				t.Errorf("%d bytes, %v", len(got), err)
				return
			}
		}
	})
	for i := range 50 {
		unlock, err := durable.Lock(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		if err := durable.Replace(path, texts[i%2], nil); err != nil {
			t.Error(err)
		}
		unlock()
	}
	close(stop)
	reader.Wait()
}
