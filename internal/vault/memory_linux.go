package vault

import (
	"errors"

	"golang.org/x/sys/unix"
)

func lockedPage(size int) []byte {
	page, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return make([]byte, size)
	}
	// Both are best effort: a container may forbid them, and that is no reason
	// not to start. The doctor tells (KEY-14).
	_ = unix.Madvise(page, unix.MADV_DONTDUMP)
	_ = unix.Mlock(page)
	return page
}

// Protect keeps the memory of this process from ending up in a core dump or in
// the hands of another process of the same user (K-14). The program calls it
// first of all. What the system refuses is in the error, and what holds in the
// result.
func Protect() (Protection, error) {
	core := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	trace := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	return Protected(), errors.Join(core, trace)
}

// Protected tells how this process is protected now.
func Protected() Protection {
	var p Protection
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_CORE, &limit) == nil {
		p.NoCore = limit.Cur == 0
	}
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err == nil {
		p.NoTrace = dumpable == 0
	}
	if unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit) == nil {
		p.LockedBytes = int64(min(limit.Cur, 1<<62))
		if limit.Cur == unix.RLIM_INFINITY {
			p.LockedBytes = -1
		}
	}
	return p
}
