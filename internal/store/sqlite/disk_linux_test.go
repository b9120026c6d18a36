package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/store/storetest"
)

func TestAFullDiskStopsWritesOnly(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("moorfast", dir, "tmpfs", 0, "size=2m"); err != nil {
		if os.Getenv("MOORFAST_TEST_DISK") != "" {
			t.Fatal("MOORFAST_TEST_DISK is set, and no small file system can be mounted:", err)
		}
		t.Skip("a small file system takes root to mount:", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	db := open(t, sqlite.Options{Dir: dir, Migrations: storetest.Migrations})
	fillUntilRefused(t, db)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	insert(t, db, "p1", "after", "")
	wantIntact(t, db)

	// A project that cannot be made is refused too, and can be made later.
	if err := os.WriteFile(ballast, make([]byte, 4<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("err = %v, want the disk to be full", err)
	}
	if err := tryInsert(t, db, "p2", "a", ""); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("err = %v, want ErrUnavailable", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	insert(t, db, "p2", "a", "")
}
