//go:build unix

package doctor

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// exposed says what is wrong with who may read or replace a file or directory
// of keys, and how to change it; both are empty if nothing is.
func exposed(path string) (problem, fix string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", "", err
	}
	if mode, ok := narrowed(info); !ok {
		return fmt.Sprintf("has mode %o", info.Mode().Perm()), fmt.Sprintf("chmod %o %s", mode, path), nil
	}
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		return "", "", &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if me := uint32(os.Geteuid()); stat.Uid != me && stat.Uid != 0 && me != 0 {
		return fmt.Sprintf("belongs to user %d", stat.Uid), fmt.Sprintf("chown %d %s", me, path), nil
	}
	return "", "", nil
}

// narrowed returns the mode that a file or directory of keys may have at most, and
// whether it has no wider one.
func narrowed(info os.FileInfo) (os.FileMode, bool) {
	mode, most := info.Mode(), os.FileMode(0o600)
	if info.IsDir() { // who may write to it may replace what is in it
		most = 0o755
	}
	return mode.Perm() & most, mode.Perm()&^most == 0 || mode&os.ModeSticky != 0
}

// writable reports whether this user may write to a directory. It writes nothing.
func writable(dir string) bool { return unix.Access(dir, unix.W_OK) == nil }

// sameDisk reports whether two paths are on one file system.
func sameDisk(a, b string) (bool, error) {
	var stats [2]unix.Stat_t
	for i, path := range []string{a, b} {
		if err := unix.Stat(path, &stats[i]); err != nil {
			return false, &os.PathError{Op: "stat", Path: path, Err: err}
		}
	}
	return stats[0].Dev == stats[1].Dev, nil
}

// openFiles is how many files the process may have open.
func openFiles() uint64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return limit.Cur
}
