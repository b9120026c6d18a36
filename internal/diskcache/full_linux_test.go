package diskcache_test

import (
	"path/filepath"
	"testing"
	"time"

	"moorfast/internal/durable/durabletest"

	"golang.org/x/sys/unix"

	"moorfast/internal/diskcache"
	"moorfast/internal/vault/vaulttest"
)

func TestAFullDiskKeepsNothingAndIsNoError(t *testing.T) {
	dir := durabletest.SmallDisk(t, "1m")
	c, err := diskcache.Open(filepath.Join(dir, "cache"), diskcache.Options{
		Vault: vaulttest.New(t), MaxBytes: 100 << 20, MaxAge: time.Hour, Now: func() time.Time { return time.Unix(1_800_000_000, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for range 2 {
		if err := c.Put(t.Context(), "p", "file", "a", make([]byte, 2<<20)); err != nil {
			t.Errorf("put on a full disk: %v", err)
		}
		if _, ok := c.Get(t.Context(), "p", "file", "a"); ok || c.Bytes() != 0 {
			t.Errorf("there is something: %d bytes", c.Bytes())
		}
	}
	if err := c.Put(t.Context(), "p", "file", "a", make([]byte, 100)); err != nil {
		t.Error(err)
	}
	if _, ok := c.Get(t.Context(), "p", "file", "a"); !ok {
		t.Error("a small one is not kept")
	}
	if err := unix.Mount("moorfast", dir, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if err := c.Put(t.Context(), "p", "file", "b", nil); err != nil {
		t.Errorf("put on a read-only disk: %v", err)
	}
}
