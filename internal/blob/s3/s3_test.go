package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"moorfast/internal/blob"
	"moorfast/internal/blob/blobtest"
	"moorfast/internal/blob/s3"
	"moorfast/internal/id"
	"moorfast/internal/vault"
)

// server is the store that MOORFAST_TEST_S3 names, as
// http://key:secret@host:port/bucket.
func server(t testing.TB) s3.Options {
	t.Helper()
	address := os.Getenv("MOORFAST_TEST_S3")
	if address == "" {
		t.Skip("MOORFAST_TEST_S3 is not set")
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal("MOORFAST_TEST_S3 is not a URL")
	}
	secret, _ := u.User.Password()
	return s3.Options{
		Endpoint: u.Host, Insecure: u.Scheme == "http", Region: "us-east-1", Bucket: strings.Trim(u.Path, "/"),
		Key: u.User.Username(), Secret: vault.Hide(secret), PathStyle: true,
	}
}

func open(t testing.TB, o s3.Options) *s3.Store {
	t.Helper()
	s, err := s3.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSuite(t *testing.T) {
	o := server(t)
	run := "run-" + id.Secret(6)
	n := 0
	blobtest.Run(t, func(t *testing.T) blob.Store {
		n++
		o := o
		o.Prefix = fmt.Sprintf("%s/%d", run, n)
		s := open(t, o)
		t.Cleanup(func() {
			clear := func(i blob.Info) error { return s.Delete(context.Background(), i.Key) }
			if err := s.List(context.Background(), "", clear); err != nil {
				t.Errorf("clear up: %v", err)
			}
		})
		return s
	})
}

// What is beside the prefix is not seen, and what fails leaves no parts.
func TestABucketIsShared(t *testing.T) {
	o := server(t)
	o.Prefix = "shared-" + id.Secret(6)
	s := open(t, o)
	outer := o
	outer.Prefix = ""
	all := open(t, outer)
	if _, err := s.Put(t.Context(), "a/b", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	got, err := all.Open(t.Context(), o.Prefix+"/a/b")
	if err != nil {
		t.Fatal(err)
	}
	got.Close()
	neighbour := open(t, s3.Options{Endpoint: o.Endpoint, Insecure: o.Insecure, Region: o.Region, Bucket: o.Bucket, Key: o.Key, Secret: o.Secret, PathStyle: true, Prefix: o.Prefix + "x"})
	if _, err := neighbour.Put(t.Context(), "a/b", strings.NewReader("y")); err != nil {
		t.Fatal(err)
	}
	keys := 0
	if err := s.List(t.Context(), "", func(blob.Info) error { keys++; return nil }); err != nil || keys != 1 {
		t.Errorf("listed are %d, %v", keys, err)
	}
	if err := errors.Join(s.Delete(t.Context(), "a/b"), neighbour.Delete(t.Context(), "a/b")); err != nil {
		t.Error(err)
	}
}

func TestNoPartsStay(t *testing.T) {
	o := server(t)
	o.Prefix = "parts-" + id.Secret(6)
	s := open(t, o)
	broken := errors.New("broken")
	if _, err := s.Put(t.Context(), "x", io.MultiReader(bytes.NewReader(make([]byte, 13<<20)), errReader{broken})); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := s.Put(ctx, "x", io.MultiReader(bytes.NewReader(make([]byte, 13<<20)), funcReader(func() { cancel() }))); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	client, err := minio.New(o.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(o.Key, o.Secret.Reveal(), ""), Region: o.Region})
	if err != nil {
		t.Fatal(err)
	}
	for upload := range client.ListIncompleteUploads(t.Context(), o.Bucket, o.Prefix, true) {
		t.Errorf("an upload of %s stays: %v", upload.Key, upload.Err)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

type funcReader func()

func (f funcReader) Read([]byte) (int, error) { f(); return 0, io.EOF }

// proxy passes connections on, and counts the requests and breaks answers.
type proxy struct {
	net.Listener
	requests atomic.Int64
	cutAfter atomic.Int64 // bytes of answers; 0 is never
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			go func() {
				defer out.Close()
				buf := make([]byte, 32<<10)
				for {
					n, err := in.Read(buf)
					for _, method := range []string{"GET /", "PUT /", "HEAD /", "POST /", "DELETE /"} {
						if bytes.HasPrefix(buf[:n], []byte(method)) {
							p.requests.Add(1)
						}
					}
					if _, failed := out.Write(buf[:n]); err != nil || failed != nil {
						return
					}
				}
			}()
			go func() {
				defer in.Close()
				buf := make([]byte, 32<<10)
				for {
					n, err := out.Read(buf)
					if left := p.cutAfter.Load(); left > 0 && p.cutAfter.Add(-int64(n)) <= 0 {
						p.cutAfter.Store(0)
						out.Close()
						return
					}
					if _, failed := in.Write(buf[:n]); err != nil || failed != nil {
						return
					}
				}
			}()
		}
	}()
	return p
}

func TestReadingInOrderIsOneRequest(t *testing.T) {
	o := server(t)
	p := newProxy(t, o.Endpoint)
	o.Endpoint, o.Prefix = p.Addr().String(), "order-"+id.Secret(6)
	s := open(t, o)
	body := blobtest.Bytes(1, 3<<20)
	count := func(what string, most int64, do func()) {
		t.Helper()
		before := p.requests.Load()
		do()
		if n := p.requests.Load() - before; n > most {
			t.Errorf("%s takes %d requests, want %d", what, n, most)
		}
	}
	count("a put", 1, func() {
		if _, err := s.Put(t.Context(), "x", bytes.NewReader(body)); err != nil {
			t.Fatal(err)
		}
	})
	defer func() { _ = s.Delete(context.Background(), "x") }()
	read := func(o blob.Object, from, step int64) {
		got, err := io.ReadAll(io.NewSectionReader(o, from, step))
		if err != nil || !bytes.Equal(got, body[from:min(from+step, int64(len(body)))]) {
			t.Errorf("read %d at %d: %d bytes, %v", step, from, len(got), err)
		}
	}
	count("reading all", 2, func() {
		o, err := s.Open(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		read(o, 0, 3<<20)
	})
	// As a sealed stream is read: its head, its end, and then all from the head on.
	count("reading the head, the end, and all", 3, func() {
		o, err := s.Open(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		read(o, 0, 4096)
		end := make([]byte, 60_000)
		if _, err := o.ReadAt(end, int64(len(body)-len(end))); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		read(o, 99, 3<<20)
	})
	// An answer that breaks is asked for again from where it broke.
	p.cutAfter.Store(1 << 20)
	count("reading what breaks", 3, func() {
		o, err := s.Open(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		read(o, 0, 3<<20)
	})
}

func TestAStoreThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	secret := "hunter2hunter2"
	s := open(t, s3.Options{Endpoint: address, Insecure: true, Region: "us-east-1", Bucket: "bucket", Key: "key", Secret: vault.Hide(secret), PathStyle: true})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, put := s.Put(ctx, "project/ab/c", strings.NewReader("x"))
	_, opened := s.Open(ctx, "project/ab/c")
	for doing, err := range map[string]error{
		"put": put, "open": opened, "ping": s.Ping(ctx), "delete": s.Delete(ctx, "project/ab/c"), "delete two": s.Delete(ctx, "project/ab/c", "project/ab/d"),
		"list": s.List(ctx, "", func(blob.Info) error { return nil }),
	} {
		if !errors.Is(err, blob.ErrUnavailable) || strings.Contains(err.Error(), "project") || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", doing, err)
		}
	}
}

func TestWhatIsWrongIsNotNotFound(t *testing.T) {
	good := server(t)
	for name, edit := range map[string]func(*s3.Options){
		"another secret": func(o *s3.Options) { o.Secret = vault.Hide("another") },
		"another key":    func(o *s3.Options) { o.Key = "another" },
		"another bucket": func(o *s3.Options) { o.Bucket = "not-there-" + id.Secret(4) },
	} {
		o := good
		edit(&o)
		s := open(t, o)
		if _, err := s.Put(t.Context(), "x", strings.NewReader("x")); !errors.Is(err, blob.ErrUnavailable) {
			t.Errorf("put with %s: %v", name, err)
		}
		if err := s.Ping(t.Context()); !errors.Is(err, blob.ErrUnavailable) {
			t.Errorf("ping with %s: %v", name, err)
		}
		if err := s.List(t.Context(), "", func(blob.Info) error { return nil }); !errors.Is(err, blob.ErrUnavailable) {
			t.Errorf("list with %s: %v", name, err)
		}
	}
}

func TestOptions(t *testing.T) {
	good := s3.Options{Endpoint: "s3.example.com", Region: "eu-1", Bucket: "bucket", Key: "key", Secret: vault.Hide("secret"), Prefix: "/a/b/"}
	if _, err := s3.Open(good); err != nil {
		t.Errorf("good options: %v", err)
	}
	for name, edit := range map[string]func(*s3.Options){
		"no endpoint":  func(o *s3.Options) { o.Endpoint = "" },
		"no region":    func(o *s3.Options) { o.Region = "" },
		"no bucket":    func(o *s3.Options) { o.Bucket = "" },
		"no key":       func(o *s3.Options) { o.Key = "" },
		"no secret":    func(o *s3.Options) { o.Secret = vault.Secret{} },
		"a bad prefix": func(o *s3.Options) { o.Prefix = "../a" },
		"a URL":        func(o *s3.Options) { o.Endpoint = "https://s3.example.com/path" },
	} {
		o := good
		edit(&o)
		if _, err := s3.Open(o); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
