// Package blobtest is the behaviour every engine of [blob.Store] must show.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"moorfast/internal/blob"
)

// Run tests stores that open makes. Each is empty.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s blob.Store)
	}{
		{"what is put is read back", roundTrip},
		{"a size is what was put", sizes},
		{"read at every edge", edges},
		{"read backwards and in jumps", jumps},
		{"read from several places at once", parallelReads},
		{"a reader that fails leaves nothing", failingReader},
		{"a failed replacement leaves what was there", failingReplacement},
		{"an object is replaced", replace},
		{"of several puts one whole object stays", concurrentPuts},
		{"what is replaced while it is read is never mixed", replacedWhileRead},
		{"list what begins with a prefix", list},
		{"the list stops at an error", listStops},
		{"delete what is there and what is not", deletes},
		{"many objects are deleted at once", deleteMany},
		{"put and delete in one directory at once", putAndDelete},
		{"nothing is done for a context that is over", cancelled},
		{"keys that are none are refused", hostileKeys},
		{"nothing is found where nothing is", notFound},
		{"the store is there", ping},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// Bytes returns n bytes that are the same for the same seed, and differ
// everywhere for another.
func Bytes(seed uint64, n int) []byte {
	b := make([]byte, n)
	var s [32]byte
	s[0], s[1] = byte(seed), byte(seed>>8)
	_, _ = rand.NewChaCha8(s).Read(b)
	return b
}

// slow hides everything of a reader but Read, and reads in odd steps.
type slow struct {
	r    io.Reader
	step int
}

func (s slow) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.step)]) }

func put(t *testing.T, s blob.Store, key string, body []byte) {
	t.Helper()
	n, err := s.Put(t.Context(), key, bytes.NewReader(body))
	if err != nil || n != int64(len(body)) {
		t.Fatalf("put %d bytes at %s: %d, %v", len(body), key, n, err)
	}
}

func open(t *testing.T, s blob.Store, key string) blob.Object {
	t.Helper()
	o, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Errorf("close %s: %v", key, err)
		}
	})
	return o
}

func read(t *testing.T, o blob.Object) []byte {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
	if err != nil {
		t.Fatalf("read: %v after %d of %d bytes", err, len(b), o.Size())
	}
	return b
}

// want checks what is under a key; nil is nothing.
func want(t *testing.T, s blob.Store, key string, body []byte) {
	t.Helper()
	if body == nil {
		if _, err := s.Open(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("open %s: %v, want %v", key, err, blob.ErrNotFound)
		}
		return
	}
	o, err := s.Open(t.Context(), key)
	if err != nil {
		t.Errorf("open %s: %v", key, err)
		return
	}
	defer o.Close()
	if got := read(t, o); !bytes.Equal(got, body) {
		t.Errorf("%s has %d bytes, which are not the %d that were put", key, len(got), len(body))
	}
}

func keysOf(t *testing.T, s blob.Store, prefix string) []string {
	t.Helper()
	keys := []string{}
	err := s.List(t.Context(), prefix, func(i blob.Info) error {
		keys = append(keys, i.Key)
		return nil
	})
	if err != nil {
		t.Fatalf("list %q: %v", prefix, err)
	}
	slices.Sort(keys)
	return keys
}

var lengths = []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 5<<20 - 1, 5 << 20, 5<<20 + 1, 16 << 20}

func roundTrip(t *testing.T, s blob.Store) {
	for i, n := range lengths {
		key, body := fmt.Sprintf("p/%02x/object", i), Bytes(uint64(i), n)
		got, err := s.Put(t.Context(), key, slow{bytes.NewReader(body), 70_001})
		if err != nil || got != int64(n) {
			t.Fatalf("put %d bytes: %d, %v", n, got, err)
		}
		want(t, s, key, body)
	}
}

func sizes(t *testing.T, s blob.Store) {
	for i, n := range lengths {
		key := fmt.Sprintf("p/%d", i)
		put(t, s, key, make([]byte, n))
		if got := open(t, s, key).Size(); got != int64(n) {
			t.Errorf("the size of %d bytes is %d", n, got)
		}
	}
	var total int64
	err := s.List(t.Context(), "p/", func(i blob.Info) error {
		total += i.Size
		if i.ModifiedAt.IsZero() {
			t.Errorf("%s has no time", i.Key)
		}
		return nil
	})
	if sum := int64(3*64<<10 + 3*5<<20 + 16<<20 + 1); err != nil || total != sum {
		t.Errorf("the sizes in the list are %d, want %d: %v", total, sum, err)
	}
}

func edges(t *testing.T, s blob.Store) {
	for _, n := range []int{0, 1, 1000, 64 << 10, 300_001} {
		key, body := fmt.Sprintf("p/%d", n), Bytes(7, n)
		put(t, s, key, body)
		o := open(t, s, key)
		if err := iotest.TestReader(io.NewSectionReader(o, 0, o.Size()), body); err != nil && n <= 1000 {
			t.Errorf("%d bytes: %v", n, err)
		}
		for _, off := range []int{0, 1, n / 2, n - 1, n, n + 1, n + 1<<20} {
			for _, length := range []int{0, 1, 2, 4096, n, n + 1} {
				if off < 0 {
					continue
				}
				got := make([]byte, length)
				m, err := o.ReadAt(got, int64(off))
				expect := body[min(off, n):min(off+length, n)]
				if !bytes.Equal(got[:m], expect) {
					t.Errorf("read %d at %d of %d: %d bytes, want %d", length, off, n, m, len(expect))
				}
				switch {
				case m < length && err != io.EOF: //nolint:errorlint // io.ReaderAt promises the bare one
					t.Errorf("read %d at %d of %d: %d bytes and %v, want EOF", length, off, n, m, err)
				case m == length && err != nil && err != io.EOF: //nolint:errorlint // as above
					t.Errorf("read %d at %d of %d: %v", length, off, n, err)
				case off+length < n && err != nil:
					t.Errorf("read %d at %d of %d: %v", length, off, n, err)
				}
			}
		}
		if _, err := o.ReadAt(make([]byte, 1), -1); err == nil || err == io.EOF { //nolint:errorlint // as above
			t.Errorf("read before the beginning: %v", err)
		}
	}
}

func jumps(t *testing.T, s blob.Store) {
	body := Bytes(9, 3<<20+77)
	put(t, s, "p/jumps", body)
	o := open(t, s, "p/jumps")
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // offsets of a test, the same each time
	for range 60 {
		off := random.IntN(len(body))
		for range 1 + random.IntN(3) { // some of it in order
			got := make([]byte, 1+random.IntN(200<<10))
			n, err := o.ReadAt(got, int64(off))
			if err != nil && err != io.EOF || !bytes.Equal(got[:n], body[off:min(off+len(got), len(body))]) { //nolint:errorlint // io.ReaderAt promises the bare one
				t.Fatalf("read %d at %d: %d, %v", len(got), off, n, err)
			}
			off += n
		}
	}
}

func parallelReads(t *testing.T, s blob.Store) {
	body := Bytes(3, 1<<20)
	put(t, s, "p/parallel", body)
	o := open(t, s, "p/parallel")
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			got, err := io.ReadAll(io.NewSectionReader(o, int64(i*100_000), 1<<20))
			if err != nil || !bytes.Equal(got, body[i*100_000:]) {
				t.Errorf("read from %d: %d bytes, %v", i*100_000, len(got), err)
			}
		})
	}
	all.Wait()
}

var errReader = errors.New("the reader broke")

func failingReader(t *testing.T, s blob.Store) {
	for _, n := range []int{0, 1, 64 << 10, 300_000, 5<<20 + 1, 13 << 20} {
		for _, failure := range []error{errReader, io.ErrUnexpectedEOF} {
			r := io.MultiReader(bytes.NewReader(make([]byte, n)), iotest.ErrReader(failure))
			if size, err := s.Put(t.Context(), "p/broken", r); !errors.Is(err, failure) || size != 0 || errors.Is(err, blob.ErrUnavailable) {
				t.Errorf("put %d bytes and fail: %d, %v", n, size, err)
			}
			want(t, s, "p/broken", nil)
		}
	}
	// The body of a request that was cut short says so once, and then ends.
	for _, n := range []int{0, 1, 64 << 10, 256 << 10, 300_000, 7 << 20} {
		once := false
		r := io.MultiReader(bytes.NewReader(make([]byte, n)), readerFunc(func([]byte) (int, error) {
			if once {
				return 0, io.EOF
			}
			once = true
			return 0, io.ErrUnexpectedEOF
		}))
		if size, err := s.Put(t.Context(), "p/cut", r); !errors.Is(err, io.ErrUnexpectedEOF) || size != 0 {
			t.Errorf("put %d bytes that were cut short: %d, %v", n, size, err)
		}
		want(t, s, "p/cut", nil)
	}
	idle := readerFunc(func([]byte) (int, error) { return 0, nil })
	if _, err := s.Put(t.Context(), "p/idle", idle); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("put what never comes: %v", err)
	}
	if keys := keysOf(t, s, ""); len(keys) != 0 {
		t.Errorf("the store has %q", keys)
	}
}

func failingReplacement(t *testing.T, s blob.Store) {
	body := Bytes(1, 1000)
	put(t, s, "p/kept", body)
	if _, err := s.Put(t.Context(), "p/kept", iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(body)))); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("put: %v", err)
	}
	want(t, s, "p/kept", body)
}

func replace(t *testing.T, s blob.Store) {
	for i, n := range []int{100, 0, 300_000, 7 << 20, 5} {
		body := Bytes(uint64(i), n)
		put(t, s, "p/replaced", body)
		want(t, s, "p/replaced", body)
	}
	if keys := keysOf(t, s, ""); len(keys) != 1 {
		t.Errorf("the store has %q", keys)
	}
}

func concurrentPuts(t *testing.T, s blob.Store) {
	var bodies [6][]byte
	var all sync.WaitGroup
	for i := range bodies {
		bodies[i] = Bytes(uint64(i), 150_000+i)
		all.Go(func() { put(t, s, "p/ab/one", bodies[i]) })
	}
	all.Wait()
	got := read(t, open(t, s, "p/ab/one"))
	if !slices.ContainsFunc(bodies[:], func(b []byte) bool { return bytes.Equal(b, got) }) {
		t.Errorf("%d bytes are none of those that were put", len(got))
	}
}

func replacedWhileRead(t *testing.T, s blob.Store) {
	before, after := Bytes(1, 2<<20), Bytes(2, 2<<20)
	put(t, s, "p/changing", before)
	o := open(t, s, "p/changing")
	head := make([]byte, 1000)
	if _, err := o.ReadAt(head, 0); err != nil {
		t.Fatal(err)
	}
	put(t, s, "p/changing", after)
	tail := make([]byte, 1000)
	for _, off := range []int{1 << 20, 2<<20 - 1000, 0} {
		n, err := o.ReadAt(tail, int64(off))
		switch {
		case err != nil && err != io.EOF: //nolint:errorlint // io.ReaderAt promises the bare one
			if !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("read what was replaced: %v", err)
			}
		case n != len(tail) || !bytes.Equal(tail, before[off:off+len(tail)]):
			t.Errorf("read at %d: %d bytes of another object", off, n)
		}
	}
	want(t, s, "p/changing", after)
}

func list(t *testing.T, s blob.Store) {
	all := []string{"a/00/x", "a/00/y", "a/01/x", "ab/00/x", "a.b", "b/x"}
	for _, key := range all {
		put(t, s, key, []byte(key))
	}
	for prefix, expect := range map[string][]string{
		"":        {"a.b", "a/00/x", "a/00/y", "a/01/x", "ab/00/x", "b/x"},
		"a":       {"a.b", "a/00/x", "a/00/y", "a/01/x", "ab/00/x"},
		"a/":      {"a/00/x", "a/00/y", "a/01/x"},
		"a/0":     {"a/00/x", "a/00/y", "a/01/x"},
		"a/00":    {"a/00/x", "a/00/y"},
		"a/00/":   {"a/00/x", "a/00/y"},
		"a/00/y":  {"a/00/y"},
		"a/00/yy": {},
		"a/00/y/": {},
		"a.":      {"a.b"},
		"c":       {},
		"c/d/e":   {},
	} {
		if got := keysOf(t, s, prefix); !slices.Equal(got, expect) {
			t.Errorf("list %q: %q, want %q", prefix, got, expect)
		}
	}
	for _, prefix := range []string{"/", "../", "a//", "A", "a\x00"} {
		if err := s.List(t.Context(), prefix, func(blob.Info) error { return nil }); !errors.Is(err, blob.ErrKey) {
			t.Errorf("list %q: %v", prefix, err)
		}
	}
}

func listStops(t *testing.T, s blob.Store) {
	for i := range 3 {
		put(t, s, fmt.Sprintf("p/%d", i), nil)
	}
	calls := 0
	err := s.List(t.Context(), "", func(blob.Info) error {
		calls++
		return errReader
	})
	if !errors.Is(err, errReader) || calls != 1 {
		t.Errorf("list: %v after %d", err, calls)
	}
	// What is listed may be deleted at once.
	err = s.List(t.Context(), "p/", func(i blob.Info) error { return s.Delete(t.Context(), i.Key) })
	if keys := keysOf(t, s, ""); err != nil || len(keys) > 0 {
		t.Errorf("delete what is listed: %v, left %q", err, keys)
	}
}

func deletes(t *testing.T, s blob.Store) {
	put(t, s, "p/aa/x", []byte("x"))
	put(t, s, "p/aa/y", []byte("y"))
	for range 2 {
		if err := s.Delete(t.Context(), "p/aa/x", "p/aa/none", "q/r/s"); err != nil {
			t.Fatal(err)
		}
		want(t, s, "p/aa/x", nil)
		want(t, s, "p/aa/y", []byte("y"))
	}
	if err := s.Delete(t.Context()); err != nil {
		t.Errorf("delete nothing: %v", err)
	}
	// The beginning of a key is no key.
	if err := s.Delete(t.Context(), "p/aa", "p"); err != nil {
		t.Errorf("delete a directory: %v", err)
	}
	want(t, s, "p/aa", nil)
	want(t, s, "p/aa/y", []byte("y"))
	if err := s.Delete(t.Context(), "p/aa/y", "../x"); !errors.Is(err, blob.ErrKey) {
		t.Errorf("delete a bad key: %v", err)
	}
	want(t, s, "p/aa/y", []byte("y"))
	put(t, s, "p/aa/x", []byte("again"))
	want(t, s, "p/aa/x", []byte("again"))
}

func deleteMany(t *testing.T, s blob.Store) {
	keys := make([]string, 1100)
	for i := range keys {
		keys[i] = fmt.Sprintf("p/%02x/%d", i%16, i)
	}
	for _, key := range keys[:20] {
		put(t, s, key, []byte(key))
	}
	put(t, s, "p/00/stays", []byte("x"))
	if err := s.Delete(t.Context(), keys...); err != nil {
		t.Fatal(err)
	}
	if left := keysOf(t, s, ""); !slices.Equal(left, []string{"p/00/stays"}) {
		t.Errorf("left are %q", left)
	}
}

func putAndDelete(t *testing.T, s blob.Store) {
	var all sync.WaitGroup
	for i := range 4 {
		key := fmt.Sprintf("p/aa/%d", i)
		all.Go(func() {
			for range 15 {
				if _, err := s.Put(t.Context(), key, strings.NewReader(key)); err != nil {
					t.Errorf("put: %v", err)
				}
				want(t, s, key, []byte(key))
				if err := s.Delete(t.Context(), key); err != nil {
					t.Errorf("delete: %v", err)
				}
			}
		})
	}
	all.Wait()
	if keys := keysOf(t, s, ""); len(keys) != 0 {
		t.Errorf("left are %q", keys)
	}
}

func cancelled(t *testing.T, s blob.Store) {
	put(t, s, "p/there", []byte("x"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(ctx, "p/new", strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	if _, err := s.Open(ctx, "p/there"); !errors.Is(err, context.Canceled) {
		t.Errorf("open: %v", err)
	}
	if err := s.Delete(ctx, "p/there"); !errors.Is(err, context.Canceled) {
		t.Errorf("delete: %v", err)
	}
	if err := s.List(ctx, "", func(blob.Info) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("list: %v", err)
	}
	if err := s.Ping(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("ping: %v", err)
	}
	for _, n := range []int{1000, 7 << 20} { // over while it is read
		ctx, cancel = context.WithCancel(t.Context())
		r := io.MultiReader(bytes.NewReader(make([]byte, n)), readerFunc(func([]byte) (int, error) {
			cancel()
			return 0, io.EOF
		}))
		if _, err := s.Put(ctx, "p/new", r); !errors.Is(err, context.Canceled) {
			t.Errorf("put, and cancel after %d bytes: %v", n, err)
		}
	}
	want(t, s, "p/new", nil)
	want(t, s, "p/there", []byte("x"))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func hostileKeys(t *testing.T, s blob.Store) {
	for _, key := range []string{"", ".", "..", "../x", "a/../../x", "/etc/passwd", "a//b", "a/", "A", "a\x00", `a\b`, "~incoming/x", strings.Repeat("a", 200)} {
		if _, err := s.Put(t.Context(), key, strings.NewReader("x")); !errors.Is(err, blob.ErrKey) {
			t.Errorf("put %q: %v", key, err)
		}
		if _, err := s.Open(t.Context(), key); !errors.Is(err, blob.ErrKey) {
			t.Errorf("open %q: %v", key, err)
		}
		if err := s.Delete(t.Context(), key); !errors.Is(err, blob.ErrKey) {
			t.Errorf("delete %q: %v", key, err)
		}
	}
	if keys := keysOf(t, s, ""); len(keys) != 0 {
		t.Errorf("the store has %q", keys)
	}
}

func notFound(t *testing.T, s blob.Store) {
	want(t, s, "p/none", nil)
	want(t, s, "none", nil)
	if keys := keysOf(t, s, ""); len(keys) != 0 {
		t.Errorf("an empty store has %q", keys)
	}
	put(t, s, "p/x", nil)
	want(t, s, "p", nil)
	want(t, s, "p/x/y", nil)
	want(t, s, "p/x", []byte{})
}

func ping(t *testing.T, s blob.Store) {
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if keys := keysOf(t, s, ""); len(keys) != 0 {
		t.Errorf("a ping leaves %q", keys)
	}
}
