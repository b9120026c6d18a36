package seal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"moorfast/internal/seal"
	"moorfast/internal/vault"
)

func content(seed byte, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func sealed(t testing.TB, plain []byte) ([]byte, seal.Key) {
	t.Helper()
	var out bytes.Buffer
	w, key, err := seal.Encrypt(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), key
}

// The ways to read a stream, each to its end.
var ways = []struct {
	name string
	open func(stream []byte, key seal.Key) ([]byte, error)
}{
	{"in order", func(stream []byte, key seal.Key) ([]byte, error) {
		r, err := seal.Decrypt(bytes.NewReader(stream), key)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}},
	{"at offsets", func(stream []byte, key seal.Key) ([]byte, error) {
		r, size, err := seal.DecryptAt(bytes.NewReader(stream), int64(len(stream)), key)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(io.NewSectionReader(r, 0, size))
	}},
	{"from an offset", func(stream []byte, key seal.Key) ([]byte, error) {
		r, err := seal.DecryptFrom(bytes.NewReader(stream), int64(len(stream)), key, 0)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}},
	{"copied from an offset", func(stream []byte, key seal.Key) ([]byte, error) {
		r, err := seal.DecryptFrom(bytes.NewReader(stream), int64(len(stream)), key, 0)
		if err != nil {
			return nil, err
		}
		var out bytes.Buffer
		_, err = io.Copy(&out, r)
		return out.Bytes(), err
	}},
}

var lengths = []int{0, 1, 15, 64<<10 - 1, 64 << 10, 64<<10 + 1, 128 << 10, 300_000, 512 << 10, 512<<10 + 1, 5 << 20}

func TestRoundTrip(t *testing.T) {
	for i, n := range lengths {
		plain := content(byte(i), n)
		stream, key := sealed(t, plain)
		if got := seal.SealedSize(int64(n)); got != int64(len(stream)) {
			t.Errorf("the stream of %d bytes has %d, and SealedSize says %d", n, len(stream), got)
		}
		again, err := seal.ParseKey(key.Secret())
		if err != nil {
			t.Fatal(err)
		}
		for _, way := range ways {
			if got, err := way.open(stream, again); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%d bytes %s: %d, %v", n, way.name, len(got), err)
			}
		}
	}
}

func TestReadersKeepTheirPromises(t *testing.T) {
	for _, n := range []int{0, 1, 70_000} {
		plain := content(1, n)
		stream, key := sealed(t, plain)
		src := bytes.NewReader(stream)
		r, size, err := seal.DecryptAt(src, int64(len(stream)), key)
		if err != nil || size != int64(n) {
			t.Fatalf("open: size %d, %v", size, err)
		}
		if n < 1000 {
			if err := iotest.TestReader(io.NewSectionReader(r, 0, size), plain); err != nil {
				t.Errorf("%d bytes: %v", n, err)
			}
		}
		for _, off := range []int{0, 1, n - 1, n, n + 1, n + 100_000} {
			if off < 0 {
				continue
			}
			for _, length := range []int{0, 1, 65_536, n} {
				got := make([]byte, length)
				m, err := r.ReadAt(got, int64(off))
				want := plain[min(off, n):min(off+length, n)]
				if !bytes.Equal(got[:m], want) || m < length && err != io.EOF || m == length && off+length < n && err != nil {
					t.Errorf("read %d at %d of %d: %d, %v", length, off, n, m, err)
				}
			}
			f, err := seal.DecryptFrom(src, int64(len(stream)), key, int64(off))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(iotest.OneByteReader(f)); err != nil || !bytes.Equal(got, plain[min(off, n):]) {
				t.Errorf("from %d of %d: %d bytes, %v", off, n, len(got), err)
			}
		}
		if _, err := r.ReadAt(make([]byte, 1), -1); err == nil || err == io.EOF {
			t.Errorf("read before the beginning: %v", err)
		}
		if _, err := seal.DecryptFrom(src, int64(len(stream)), key, -1); err == nil {
			t.Error("a stream was opened before its beginning")
		}
	}
}

func TestEveryOffset(t *testing.T) {
	plain := content(4, 1<<20+5)
	stream, key := sealed(t, plain)
	random := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		off := random.IntN(len(plain))
		f, err := seal.DecryptFrom(bytes.NewReader(stream), int64(len(stream)), key, int64(off))
		if err != nil {
			t.Fatal(err)
		}
		for range 4 { // steps of all sizes
			got := make([]byte, 1+random.IntN(700_000))
			n, err := io.ReadFull(f, got)
			if !bytes.Equal(got[:n], plain[off:min(off+len(got), len(plain))]) {
				t.Fatalf("from %d: wrong bytes, %v", off, err)
			}
			off += n
		}
	}
}

// mutate changes a stream at random. What it returns differs from what it got.
func mutate(r *rand.Rand, stream []byte, others [][]byte) []byte {
	for {
		m := bytes.Clone(stream)
		at := r.IntN(len(m))
		if r.IntN(2) == 0 { // where the header is, and the first chunk begins
			at = r.IntN(min(len(m), 200))
		}
		switch r.IntN(9) {
		case 0:
			m[at] ^= 1 << r.IntN(8)
		case 1:
			m[at] = byte(r.IntN(256))
		case 2:
			m = m[:at]
		case 3:
			m = append(m, make([]byte, 1+r.IntN(1+r.IntN(100_000)))...)
		case 4:
			m = append(m[:at], m[min(at+1+r.IntN(1000), len(m)):]...)
		case 5:
			m = append(m[:at:at], append([]byte{byte(r.IntN(256))}, m[at:]...)...)
		case 6: // two chunks swapped, or one over another
			const chunk = 64<<10 + 16
			head := int(seal.SealedSize(0)) - 16
			n := (len(m) - head) / chunk
			if n < 2 {
				continue
			}
			a, b := head+r.IntN(n)*chunk, head+r.IntN(n)*chunk
			one := bytes.Clone(m[a : a+chunk])
			copy(m[a:], m[b:b+chunk])
			if r.IntN(2) == 0 {
				copy(m[b:], one)
			}
		case 7:
			m = bytes.Clone(others[r.IntN(len(others))]) // another stream, whole
		case 8: // the end of another
			other := others[r.IntN(len(others))]
			m = append(m[:at:at], other[min(at, len(other)):]...)
		}
		if !bytes.Equal(m, stream) {
			return m
		}
	}
}

// Whatever is done to a stream, it is refused, and no byte is given before that
// was not sealed there.
func TestNoMutationOpens(t *testing.T) {
	const mutations = 10_000
	plains := [][]byte{}
	for i, n := range []int{0, 1, 5_000, 64 << 10, 64<<10 + 1, 128 << 10, 200_000, 300 << 10} {
		plains = append(plains, content(byte(i), n))
	}
	streams, keys := make([][]byte, len(plains)), make([]seal.Key, len(plains))
	for i, plain := range plains {
		streams[i], keys[i] = sealed(t, plain)
	}
	twin, _ := sealed(t, plains[3]) // the same content under another key
	r := rand.New(rand.NewPCG(1, 2))
	for n := range mutations {
		i := n % 3 // mostly short ones, which are soon tried
		if n%8 == 0 {
			i = n / 8 % len(plains)
		}
		m := mutate(r, streams[i], append([][]byte{twin}, streams...))
		for _, way := range ways {
			got, err := way.open(m, keys[i])
			if !errors.Is(err, seal.ErrRefused) {
				t.Fatalf("mutation %d of %d bytes %s: %v", n, len(plains[i]), way.name, err)
			}
			if !bytes.HasPrefix(plains[i], got) {
				t.Fatalf("mutation %d of %d bytes %s: wrong bytes before the error", n, len(plains[i]), way.name)
			}
		}
	}
}

func TestAnotherKeyIsRefused(t *testing.T) {
	a, _ := sealed(t, []byte("a"))
	_, key := sealed(t, []byte("a"))
	for _, way := range ways {
		if got, err := way.open(a, key); !errors.Is(err, seal.ErrRefused) || len(got) > 0 {
			t.Errorf("%s with another key: %q, %v", way.name, got, err)
		}
		if got, err := way.open(a, seal.Key{}); !errors.Is(err, seal.ErrKey) || len(got) > 0 {
			t.Errorf("%s without a key: %q, %v", way.name, got, err)
		}
	}
}

// A stream whose last chunk was never written is one that was cut.
func TestAStreamThatWasNotClosedIsRefused(t *testing.T) {
	var out bytes.Buffer
	w, key, err := seal.Encrypt(&out)
	if err != nil {
		t.Fatal(err)
	}
	plain := content(2, 200_000)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	for _, way := range ways {
		got, err := way.open(out.Bytes(), key)
		if !errors.Is(err, seal.ErrRefused) || !bytes.HasPrefix(plain, got) {
			t.Errorf("%s: %d bytes, %v", way.name, len(got), err)
		}
	}
}

type brokenAt struct {
	r    io.ReaderAt
	from int64
}

var errDisk = errors.New("the disk broke")

func (b brokenAt) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > b.from {
		return 0, errDisk
	}
	return b.r.ReadAt(p, off)
}

func TestADiskThatFailsIsNotAStreamThatWasChanged(t *testing.T) {
	plain := content(2, 200_000)
	stream, key := sealed(t, plain)
	for _, n := range []int{0, 50, 100, 70_000} {
		r, err := seal.Decrypt(io.MultiReader(bytes.NewReader(stream[:n]), iotest.ErrReader(errDisk)), key)
		if err == nil {
			_, err = io.ReadAll(r)
		}
		if !errors.Is(err, errDisk) || errors.Is(err, seal.ErrRefused) {
			t.Errorf("in order, broken at %d: %v", n, err)
		}
		_, _, err = seal.DecryptAt(brokenAt{bytes.NewReader(stream), int64(n)}, int64(len(stream)), key)
		if !errors.Is(err, errDisk) || errors.Is(err, seal.ErrRefused) {
			t.Errorf("at offsets, broken at %d: %v", n, err)
		}
	}
	if _, _, err := seal.Encrypt(brokenWriter{}); !errors.Is(err, errDisk) {
		t.Errorf("seal: %v", err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errDisk }

func TestKeysStayHidden(t *testing.T) {
	stream, key := sealed(t, []byte("x"))
	raw := key.Secret().Reveal()
	encoded, err := json.Marshal(map[string]any{"key": key, "in": struct{ K *seal.Key }{&key}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		fmt.Sprint(key), fmt.Sprintf("%v %+v %#v %s %q %x", key, key, key, key, key, key), fmt.Sprintf("%v %#v", struct{ k seal.Key }{key}, []seal.Key{key}),
		string(encoded), string(stream),
	} {
		if strings.Contains(text, raw) || strings.Contains(text, fmt.Sprintf("%x", raw)) {
			t.Errorf("the key is in %q", text)
		}
	}
	for _, text := range []string{"", "short", raw + "x"} {
		if _, err := seal.ParseKey(vault.Hide(text)); !errors.Is(err, seal.ErrKey) {
			t.Errorf("%d bytes are a key: %v", len(text), err)
		}
	}
	if _, other := sealed(t, []byte("x")); other.Secret().Reveal() == raw {
		t.Error("two streams have one key")
	}
}

func FuzzDecrypt(f *testing.F) {
	plain := content(1, 70_000)
	stream, key := sealed(f, plain)
	empty, _ := sealed(f, nil)
	f.Add(stream)
	f.Add(stream[:150])
	f.Add(empty)
	f.Add([]byte("age-encryption.org/v1\n-> moorfast\n\n--- \n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, way := range ways {
			got, err := way.open(data, key)
			if err == nil && !bytes.Equal(data, stream) || !bytes.HasPrefix(plain, got) {
				t.Errorf("%s: %d bytes, %v", way.name, len(got), err)
			}
		}
	})
}

func BenchmarkEncrypt5MiB(b *testing.B) {
	plain := content(1, 5<<20)
	b.SetBytes(int64(len(plain)))
	b.ReportAllocs()
	for b.Loop() {
		w, _, err := seal.Encrypt(io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = w.Write(plain)
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecrypt5MiB(b *testing.B) {
	stream, key := sealed(b, content(1, 5<<20))
	buf := make([]byte, 64<<10)
	read := func(b *testing.B, size int64, open func() (io.Reader, error)) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			r, err := open()
			if err != nil {
				b.Fatal(err)
			}
			if n, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{r}, buf); err != nil || n != size {
				b.Fatal(n, err)
			}
		}
	}
	size := int64(5 << 20)
	b.Run("in order", func(b *testing.B) {
		read(b, size, func() (io.Reader, error) { return seal.Decrypt(bytes.NewReader(stream), key) })
	})
	b.Run("at offsets, 64 KiB", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			r, _, err := seal.DecryptAt(bytes.NewReader(stream), int64(len(stream)), key)
			if err != nil {
				b.Fatal(err)
			}
			for off := int64(0); off < size; off += 64 << 10 {
				if _, err := r.ReadAt(buf, off); err != nil && err != io.EOF {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("from the start", func(b *testing.B) {
		read(b, size, func() (io.Reader, error) {
			return seal.DecryptFrom(bytes.NewReader(stream), int64(len(stream)), key, 0)
		})
	})
	b.Run("copied from the start", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			r, err := seal.DecryptFrom(bytes.NewReader(stream), int64(len(stream)), key, 0)
			if err != nil {
				b.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, struct {
				io.WriterTo
				io.Reader
			}{r.(io.WriterTo), r}); err != nil || n != size {
				b.Fatal(n, err)
			}
		}
	})
}
