package doctor

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"moorfast/internal/clock"
)

// room tells how many bytes the disk of a path has, and how many are free.
func room(path string) (free, total uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, 0, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	size := uint64(s.Bsize)
	return s.Bavail * size, s.Blocks * size, nil
}

// kinds are the file systems that keep nothing, or not by themselves.
var kinds = map[int64]string{
	unix.TMPFS_MAGIC: inMemory, unix.RAMFS_MAGIC: inMemory,
	unix.NFS_SUPER_MAGIC: elsewhere, unix.SMB_SUPER_MAGIC: elsewhere, unix.SMB2_SUPER_MAGIC: elsewhere,
	unix.CIFS_SUPER_MAGIC: elsewhere, unix.FUSE_SUPER_MAGIC: elsewhere,
	unix.OVERLAYFS_SUPER_MAGIC: ofContainer,
}

// readDisk asks about the disk of a path: what its file system is, how it is
// mounted, and how long it takes to keep what it was told to.
func readDisk(path string) (Disk, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return Disk{}, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	name, passes := kinds[int64(s.Type)] //nolint:unconvert // it is shorter on some processors
	if !passes {
		name = "a local file system"
	}
	d := Disk{Name: name, Lasts: !passes}
	if mounts, err := os.ReadFile("/proc/self/mountinfo"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			if real, err = filepath.Abs(real); err == nil {
				d.Careless = mountOf(parseMounts(string(mounts)), real).loses()
			}
		}
	}
	var err error
	if d.Sync, err = syncTime(path); err != nil && !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.EISDIR) && !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EROFS) {
		return d, err
	}
	return d, nil
}

// syncs is how often it is measured how long the disk takes.
const syncs = 5

// syncTime measures how long a page takes to be on the disk, in a file that has
// no name and is gone with its descriptor: nobody ever sees it.
func syncTime(dir string) (time.Duration, error) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return 0, &os.PathError{Op: "open a file without a name in", Path: dir, Err: err}
	}
	defer unix.Close(fd)
	page, now := make([]byte, 4096), clock.System{}.Now
	took := make([]time.Duration, syncs)
	for i := range took {
		if _, err := unix.Pwrite(fd, page, int64(i*len(page))); err != nil {
			return 0, &os.PathError{Op: "write in", Path: dir, Err: err}
		}
		began := now()
		if err := unix.Fsync(fd); err != nil {
			return 0, &os.PathError{Op: "sync in", Path: dir, Err: err}
		}
		took[i] = now().Sub(began)
	}
	slices.Sort(took)
	return max(took[syncs/2], 1), nil
}

// readClock asks the kernel whether something keeps its clock right.
func readClock() Clock {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return Clock{}
	}
	return Clock{Told: true, Kept: state != unix.TIME_ERROR, Off: time.Duration(t.Esterror) * time.Microsecond} //nolint:unconvert // as above
}
