//go:build unix

package adminsock

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxPath is how long the name of a socket may be on every system.
const maxPath = 100

// shorten returns a name of a socket that the system takes. Where the path is too
// long it leads through the directory as this process has it open.
func shorten(path string) (short string, done func(), err error) {
	if len(path) <= maxPath {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	open := filepath.Join("/proc/self/fd", strconv.Itoa(int(dir.Fd())))
	if _, err := os.Stat(open); err != nil {
		dir.Close()
		return "", nil, errors.New("the path of the data directory is too long for a socket")
	}
	return filepath.Join(open, filepath.Base(path)), func() { dir.Close() }, nil
}

// nobody reports whether an error of a dial says that nothing listens.
func nobody(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ECONNREFUSED)
}
