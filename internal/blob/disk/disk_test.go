package disk_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"moorfast/internal/blob"
	"moorfast/internal/blob/blobtest"
	"moorfast/internal/blob/disk"
)

func open(t testing.TB, dir string) *disk.Store {
	t.Helper()
	s, err := disk.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSuite(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return open(t, filepath.Join(t.TempDir(), "new", "storage")) })
}

// left lists what is in a directory, below it too.
func left(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && path != dir {
			files = append(files, path[len(dir)+1:])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "storage")
	s := open(t, dir)
	if _, err := s.Put(t.Context(), "p/ab/x", bytes.NewReader([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(left(t, dir), ".") {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 && mode != 0o700 {
			t.Errorf("%s has mode %v", name, mode)
		}
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for _, r := range []io.Reader{
		io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), iotestErr{}),
		bytes.NewReader(nil),
	} {
		if _, err := s.Put(t.Context(), "p/ab/x", r); err == nil {
			if err := s.Delete(t.Context(), "p/ab/x"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := left(t, dir); len(got) != 1 || got[0] != "~incoming" {
		t.Errorf("left are %q", got)
	}
}

type iotestErr struct{}

func (iotestErr) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestWhatACrashLeftIsRemovedOnceItIsOld(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	old, young := filepath.Join(dir, "~incoming", "old"), filepath.Join(dir, "~incoming", "young")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, before, before); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old one: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("another process's: %v", err)
	}
}

func TestLinksAndPipesAreNoObjects(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	s := open(t, dir)
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), "p/real", bytes.NewReader([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"p/out": secret, "p/in": "real", "p/up": "../../" + filepath.Base(outside), "d": outside} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "p", "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"p/out", "p/in", "p/up", "p/pipe", "d"} {
		if _, err := s.Open(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("open %s: %v", key, err)
		}
	}
	if o, err := s.Open(t.Context(), "d/secret"); err == nil {
		o.Close()
		t.Error("a link out of the directory was followed")
	}
	if _, err := s.Put(t.Context(), "d/new", bytes.NewReader([]byte("x"))); err == nil {
		t.Error("an object was written outside of the directory")
	}
	if err := s.Delete(t.Context(), "d/secret"); err == nil {
		t.Error("a deletion outside of the directory was done")
	}
	if err := s.List(t.Context(), "", func(i blob.Info) error {
		if i.Key != "p/real" {
			t.Errorf("listed is %s", i.Key)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	// A put replaces the link, and not what it leads to.
	if _, err := s.Put(t.Context(), "p/out", bytes.NewReader([]byte("mine"))); err != nil {
		t.Error(err)
	}
	if got, _ := os.ReadFile(secret); string(got) != "secret" {
		t.Errorf("the secret is %q now", got)
	}
}

func TestDeletedDirectoriesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for _, key := range []string{"p/ab/x", "p/cd/x"} {
		if _, err := s.Put(t.Context(), key, bytes.NewReader(nil)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(t.Context(), "p/ab/x", "p/cd/x"); err != nil {
		t.Fatal(err)
	}
	if got := left(t, dir); len(got) != 1 {
		t.Errorf("left are %q", got)
	}
}

func BenchmarkPut100KiB(b *testing.B) {
	s, body := open(b, b.TempDir()), make([]byte, 100<<10)
	b.SetBytes(int64(len(body)))
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	for b.Loop() {
		if _, err := s.Put(b.Context(), "p/ab/x", bytes.NewReader(body)); err != nil {
			b.Fatal(err)
		}
	}
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	cpu := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(cpu)/float64(b.N)/1000, "cpu-µs/op")
}

func BenchmarkPutConcurrently(b *testing.B) {
	s, body := open(b, b.TempDir()), make([]byte, 10<<10)
	b.SetBytes(16 * int64(len(body)))
	for b.Loop() {
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				if _, err := s.Put(b.Context(), "p/ab/x"+string(rune('a'+i)), bytes.NewReader(body)); err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
	}
}

func BenchmarkRead1MiB(b *testing.B) {
	s, body := open(b, b.TempDir()), make([]byte, 1<<20)
	if _, err := s.Put(b.Context(), "p/ab/x", bytes.NewReader(body)); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		o, err := s.Open(b.Context(), "p/ab/x")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := o.ReadAt(body, 0); err != nil {
			b.Fatal(err)
		}
		o.Close()
	}
}
