package storage_test

import (
	"context"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"moorfast/internal/server/servertest"
)

// objects counts what is stored of files.
func objects(t *testing.T, s *servertest.Server) (n int) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(s.Dir, "storage"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// onlyObject is the file that holds the one object there is.
func onlyObject(t *testing.T, s *servertest.Server) (path string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(s.Dir, "storage"), func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			path = p
		}
		return err
	})
	if err != nil || objects(t, s) != 1 {
		t.Fatalf("there is more or less than one object: %v", err)
	}
	return path
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// tryGet reads an answer as far as it goes, and tells whether it was whole.
func tryGet(url, project string) (body string, ok bool) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return "", false
	}
	r.Header.Set("X-Appwrite-Project", project)
	transport := http.Transport{DisableCompression: true, DisableKeepAlives: true}
	response, err := transport.RoundTrip(r)
	if err != nil {
		return "", false
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		return "", false
	}
	return string(b), err == nil
}

// wait waits for something that happens in the background.
func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 500 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}
