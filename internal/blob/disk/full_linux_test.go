package disk_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"moorfast/internal/durable/durabletest"

	"golang.org/x/sys/unix"

	"moorfast/internal/blob"
)

func TestAFullDiskRefusesAndLeavesNothing(t *testing.T) {
	dir := durabletest.SmallDisk(t, "1m")
	s := open(t, filepath.Join(dir, "storage"))
	t.Cleanup(func() { s.Close() })
	small := []byte("small")
	if _, err := s.Put(t.Context(), "p/ab/kept", bytes.NewReader(small)); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"p/ab/kept", "p/cd/new"} {
		if _, err := s.Put(t.Context(), key, bytes.NewReader(make([]byte, 2<<20))); !errors.Is(err, blob.ErrUnavailable) {
			t.Errorf("put on a full disk: %v", err)
		}
	}
	o, err := s.Open(t.Context(), "p/ab/kept")
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := o.ReadAt(got, 0); err != nil || !bytes.Equal(got, small) {
		t.Errorf("what was there is %q, %v", got, err)
	}
	o.Close()
	if got := left(t, filepath.Join(dir, "storage", "~incoming")); len(got) != 0 {
		t.Errorf("left are %q", got)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("there is room again, and a ping says %v", err)
	}
	ballast := filepath.Join(dir, "ballast")
	_ = os.WriteFile(ballast, make([]byte, 2<<20), 0o600)
	if err := s.Ping(t.Context()); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("ping of a full disk: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), "p/ab/kept", bytes.NewReader(make([]byte, 1000))); err != nil {
		t.Errorf("put once there is room: %v", err)
	}
	if err := unix.Mount("moorfast", dir, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), "p/ab/new", bytes.NewReader(small)); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("put on a read-only disk: %v", err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("ping of a read-only disk: %v", err)
	}
}
