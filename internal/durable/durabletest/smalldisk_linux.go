package durabletest

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// SmallDisk returns a directory with a file system of its own, of a size such as
// "2m", which a test can fill. It takes root to mount one; where the environment has
// MOORFAST_TEST_DISK, the test fails if that cannot be, and is left out elsewhere.
// What the test opens in it is to be closed by its end.
func SmallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("moorfast", dir, "tmpfs", 0, "size="+size); err != nil {
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
	return dir
}
