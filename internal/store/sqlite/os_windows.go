package sqlite

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// noFollow has no flag here, where only an administrator makes links.
const noFollow = 0

// lockFile locks f, unless another process has.
func lockFile(f *os.File) (taken bool, err error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err = windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("sqlite: lock %s: %w", f.Name(), err)
	}
	return true, nil
}

// syncDir does nothing: NTFS keeps its names in a journal.
func syncDir(string) error { return nil }
