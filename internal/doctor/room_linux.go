package doctor

import (
	"os"

	"golang.org/x/sys/unix"
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

// fileSystem names the file system of a path, and tells whether what it was told
// to keep survives a loss of power.
func fileSystem(path string) (name string, durable bool, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return "", false, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	switch s.Type {
	case unix.TMPFS_MAGIC, unix.RAMFS_MAGIC:
		return "a file system in memory", false, nil
	case unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.FUSE_SUPER_MAGIC:
		return "a network or user-space file system", false, nil
	case unix.OVERLAYFS_SUPER_MAGIC:
		return "the layer of a container, which goes with it", false, nil
	}
	return "a local file system", true, nil
}
