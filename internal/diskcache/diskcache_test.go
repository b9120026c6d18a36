package diskcache_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"moorfast/internal/diskcache"
	"moorfast/internal/vault"
	"moorfast/internal/vault/vaulttest"
)

type fixture struct {
	*diskcache.Cache
	t     testing.TB
	dir   string
	vault *vault.Vault
	mu    sync.Mutex
	now   time.Time
}

func open(t testing.TB, most int64) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: filepath.Join(t.TempDir(), "cache"), vault: vaulttest.New(t), now: time.Unix(1_800_000_000, 0)}
	f.reopen(most)
	return f
}

func (f *fixture) reopen(most int64) {
	f.t.Helper()
	c, err := diskcache.Open(f.dir, diskcache.Options{
		Vault: f.vault, MaxBytes: most, MaxAge: 30 * 24 * time.Hour,
		Now: func() time.Time { f.mu.Lock(); defer f.mu.Unlock(); return f.now },
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	f.Cache = c
}

func (f *fixture) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func (f *fixture) put(project, group, key string, body []byte) {
	f.t.Helper()
	if err := f.Put(f.t.Context(), project, group, key, body); err != nil {
		f.t.Fatalf("put %s/%s/%s: %v", project, group, key, err)
	}
}

func (f *fixture) want(project, group, key string, body []byte) {
	f.t.Helper()
	got, ok := f.Get(f.t.Context(), project, group, key)
	if ok != (body != nil) || !bytes.Equal(got, body) {
		f.t.Errorf("get %s/%s/%s: %d bytes, %v; want %d", project, group, key, len(got), ok, len(body))
	}
}

// files lists what is in the directory.
func (f *fixture) files() (names []string) {
	f.t.Helper()
	err := filepath.WalkDir(f.dir, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return names
}

func TestWhatIsPutIsThere(t *testing.T) {
	f := open(t, 100<<20)
	f.want("p", "file", "a", nil)
	for _, n := range []int{0, 1, 50_000, 300_000} {
		body := bytes.Repeat([]byte{'x'}, n)
		f.put("p", "file", "a", body)
		f.want("p", "file", "a", body)
		f.want("p", "file", "b", nil)
		f.want("p", "other", "a", nil)
		f.want("q", "file", "a", nil)
	}
	if got := len(f.files()); got != 1 {
		t.Errorf("there are %d files", got)
	}
	f.reopen(100 << 20)
	f.want("p", "file", "a", bytes.Repeat([]byte{'x'}, 300_000))
}

func TestNothingShows(t *testing.T) {
	f := open(t, 100<<20)
	secret := bytes.Repeat([]byte("a secret content "), 100)
	f.put("project-name", "file-name", "key-name", secret)
	names := f.files()
	if len(names) != 1 {
		t.Fatalf("there are %d files", len(names))
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"project-name", "file-name", "key-name", "secret"} {
		if strings.Contains(names[0][len(f.dir):], word) || bytes.Contains(data, []byte(word)) {
			t.Errorf("%q shows", word)
		}
	}
	err = filepath.WalkDir(f.dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestABrokenEntryIsNotThereAndRemoved(t *testing.T) {
	f := open(t, 100<<20)
	body := bytes.Repeat([]byte{'x'}, 70_000)
	other := func() []byte { // a whole entry of another key
		f.put("p", "file", "other", body)
		for _, name := range f.files() {
			data, _ := os.ReadFile(name)
			return data
		}
		return nil
	}()
	if err := f.Drop(t.Context(), "p", "file"); err != nil {
		t.Fatal(err)
	}
	for what, edit := range map[string]func([]byte) []byte{
		"empty":           func([]byte) []byte { return nil },
		"cut":             func(b []byte) []byte { return b[:len(b)-1] },
		"cut in a line":   func(b []byte) []byte { return b[:10] },
		"a line only":     func(b []byte) []byte { return b[:bytes.IndexByte(b, '\n')+1] },
		"flipped":         func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"a flipped key":   func(b []byte) []byte { b[20] ^= 1; return b },
		"of another key":  func([]byte) []byte { return other },
		"no entry":        func([]byte) []byte { return bytes.Repeat([]byte{'a'}, 100_000) },
		"much too long":   func(b []byte) []byte { return append(b, make([]byte, 40<<20)...) },
		"something added": func(b []byte) []byte { return append(b, 0) },
	} {
		f.put("p", "file", "a", body)
		f.want("p", "file", "a", body)
		name := f.files()[0]
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, edit(data), 0o600); err != nil {
			t.Fatal(err)
		}
		f.want("p", "file", "a", nil)
		if left := f.files(); len(left) > 0 {
			t.Errorf("%s: left are %q", what, left)
		}
	}
}

func TestAnEntryOfAnotherProjectDoesNotOpen(t *testing.T) {
	f := open(t, 100<<20)
	f.put("p", "file", "a", []byte("of p"))
	mine := f.files()[0]
	f.put("q", "file", "a", []byte("of q"))
	data, err := os.ReadFile(mine)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range f.files() {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f.want("q", "file", "a", nil)
	f.want("p", "file", "a", []byte("of p"))
}

func TestDropTakesAllOfAGroup(t *testing.T) {
	f := open(t, 100<<20)
	for _, key := range []string{"a", "b"} {
		f.put("p", "file", key, []byte(key))
		f.put("p", "other", key, []byte(key))
		f.put("q", "file", key, []byte(key))
	}
	if err := f.Drop(t.Context(), "p", "file"); err != nil {
		t.Fatal(err)
	}
	f.want("p", "file", "a", nil)
	f.want("p", "file", "b", nil)
	f.want("p", "other", "a", []byte("a"))
	f.want("q", "file", "a", []byte("a"))
	// The keys of a project that is gone are destroyed, mostly before this.
	if err := f.vault.Forget(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	if err := f.DropProject(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	f.want("p", "other", "a", nil)
	f.want("q", "file", "b", []byte("b"))
	if got := len(f.files()); got != 2 {
		t.Errorf("left are %d files", got)
	}
	if err := f.DropProject(t.Context(), "q"); err != nil {
		t.Fatal(err)
	}
	if f.Bytes() != 0 {
		t.Errorf("an empty cache has %d bytes", f.Bytes())
	}
	if err := f.Drop(t.Context(), "none", "none"); err != nil {
		t.Error(err)
	}
}

func TestOldEntriesEnd(t *testing.T) {
	f := open(t, 100<<20)
	f.put("p", "file", "a", []byte("a"))
	for range 29 { // being used does not make it young
		f.pass(24 * time.Hour)
		f.want("p", "file", "a", []byte("a"))
	}
	f.pass(24 * time.Hour)
	f.want("p", "file", "a", nil)
	f.put("p", "file", "b", []byte("b"))
	f.pass(31 * 24 * time.Hour)
	f.reopen(100 << 20) // looks through it
	if left := f.files(); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

func TestWhatACrashLeftIsRemoved(t *testing.T) {
	f := open(t, 100<<20)
	f.put("p", "file", "a", []byte("a"))
	incoming := filepath.Join(f.dir, "incoming")
	if err := os.MkdirAll(filepath.Join(incoming, "dropped-x", "y"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"old": 2 * time.Hour, "young": time.Minute, "dropped-x/y/z": 0} {
		if err := os.WriteFile(filepath.Join(incoming, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(incoming, name), f.now.Add(-age), f.now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	f.reopen(100 << 20)
	if left := f.files(); len(left) != 2 || !strings.HasSuffix(left[0]+left[1], "young") && !strings.HasSuffix(left[0], "young") {
		t.Errorf("left are %q", left)
	}
	f.want("p", "file", "a", []byte("a"))
}

func TestTheBoundIsKeptAndTheUnusedGoFirst(t *testing.T) {
	const most = 4 << 20
	f := open(t, most)
	body := make([]byte, 50_000)
	for i := range 200 {
		f.pass(time.Minute)
		f.put("p", "file", fmt.Sprint(i), body)
		if i%10 == 0 {
			f.pass(2 * time.Hour)
			f.want("p", "file", "0", body) // is used all the time
		}
		var size int64
		for _, name := range f.files() {
			if info, err := os.Stat(name); err == nil {
				size += info.Size()
			}
		}
		if size > most {
			t.Fatalf("after %d entries there are %d bytes", i, size)
		}
	}
	f.Close()
	f.reopen(most)
	f.want("p", "file", "0", body)
	f.want("p", "file", "1", nil)
	if n := len(f.files()); n < 30 {
		t.Errorf("only %d entries are left", n)
	}
}

func TestWhatIsTooLargeIsNotKept(t *testing.T) {
	f := open(t, 4<<20)
	f.put("p", "file", "large", make([]byte, 2<<20))
	f.want("p", "file", "large", nil)
	f = open(t, 1<<30)
	f.put("p", "file", "larger", make([]byte, diskcache.MaxEntry+1))
	f.want("p", "file", "larger", nil)
	if f.Bytes() != 0 {
		t.Errorf("an empty cache has %d bytes", f.Bytes())
	}
}

func TestAtTheSameTime(t *testing.T) {
	f := open(t, 2<<20)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range 60 {
				key := fmt.Sprint(j % 7)
				body := bytes.Repeat([]byte(key), 20_000)
				f.put("p", fmt.Sprint(j%3), key, body)
				if got, ok := f.Get(t.Context(), "p", fmt.Sprint(j%3), key); ok && !bytes.Equal(got, body) {
					t.Error("an entry is another's")
				}
				if j%20 == i {
					if err := f.Drop(t.Context(), "p", fmt.Sprint(j%3)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
}

func TestContextsAndOptions(t *testing.T) {
	f := open(t, 2<<20)
	f.put("p", "file", "a", []byte("a"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok := f.Get(ctx, "p", "file", "a"); ok {
		t.Error("get for a context that is over")
	}
	if f.Put(ctx, "p", "file", "a", nil) == nil || f.Drop(ctx, "p", "file") == nil || f.DropProject(ctx, "p") == nil {
		t.Error("something is done for a context that is over")
	}
	f.want("p", "file", "a", []byte("a"))
	if _, err := diskcache.Open(t.TempDir(), diskcache.Options{}); err == nil {
		t.Error("a cache without options opens")
	}
}

func BenchmarkGet50KiB(b *testing.B) {
	f := open(b, 100<<20)
	f.put("p", "file", "a", make([]byte, 50<<10))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := f.Get(b.Context(), "p", "file", "a"); !ok {
			b.Fatal("not there")
		}
	}
}

func BenchmarkPut50KiB(b *testing.B) {
	f, body := open(b, 100<<20), make([]byte, 50<<10)
	b.ReportAllocs()
	for b.Loop() {
		f.put("p", "file", "a", body)
	}
}
