package server

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"moorfast/internal/blob"
	"moorfast/internal/config"
	"moorfast/internal/id"
)

func storageConfig(t *testing.T, environ ...string) config.Config {
	t.Helper()
	c, err := config.Load(config.Sources{Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantKept(t *testing.T, s blob.Store) {
	t.Helper()
	if _, err := s.Put(t.Context(), "project/ab/c", strings.NewReader("content")); err != nil {
		t.Fatal(err)
	}
	o, err := s.Open(t.Context(), "project/ab/c")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if got, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size())); err != nil || string(got) != "content" {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestFilesAreInTheDataDirectory(t *testing.T) {
	dir := t.TempDir()
	s, err := blobStore(t.Context(), storageConfig(t, "MOORFAST_DATA="+dir), "0")
	if err != nil {
		t.Fatal(err)
	}
	wantKept(t, s)
	if _, err := os.Stat(filepath.Join(dir, "storage", "project", "ab", "c")); err != nil {
		t.Error(err)
	}
}

func bucketSettings(address, key, secret, bucket string) []string {
	return []string{
		"_APP_STORAGE_DEVICE=s3", "_APP_STORAGE_S3_ENDPOINT=" + address, "_APP_STORAGE_S3_ACCESS_KEY=" + key,
		"_APP_STORAGE_S3_SECRET=" + secret, "_APP_STORAGE_S3_BUCKET=" + bucket, "MOORFAST_STORAGE_PREFIX=start-" + id.Secret(6),
	}
}

func TestFilesAreInABucket(t *testing.T) {
	u, err := url.Parse(os.Getenv("MOORFAST_TEST_S3"))
	if err != nil || u.Host == "" {
		t.Skip("MOORFAST_TEST_S3 is not set")
	}
	secret, _ := u.User.Password()
	settings := bucketSettings(u.Scheme+"://"+u.Host, u.User.Username(), secret, strings.Trim(u.Path, "/"))
	s, err := blobStore(t.Context(), storageConfig(t, settings...), "0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Delete(context.Background(), "project/ab/c") })
	wantKept(t, s)
}

func TestAStoreThatIsNotThereStopsTheStart(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, err = blobStore(t.Context(), storageConfig(t, bucketSettings("http://"+address, "key", "hunter2", "bucket")...), "0")
	if !errors.Is(err, blob.ErrUnavailable) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("open: %v", err)
	}
}
