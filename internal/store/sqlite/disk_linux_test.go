package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"moorfast/internal/durable/durabletest"

	"golang.org/x/sys/unix"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/store/storetest"
)

func TestAFullDiskStopsWritesOnly(t *testing.T) {
	dir := durabletest.SmallDisk(t, "2m")
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
