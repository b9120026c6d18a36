package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"moorfast/internal/durable"
	"moorfast/internal/failpoint"
)

// retired is what the name of a key's file ends with while it is being removed.
const retired = ".retired"

// Discard removes the file of a root key that the ring has given up, and returns
// the fingerprint. A file with any other key is left alone. Interrupted, it goes
// on when it is called again.
//
// The name goes first: a start that is told to use the file does not find it,
// whatever a power cut leaves of it.
func (v *Vault) Discard(file Source) (string, error) {
	path := file.Path()
	if path == "" {
		return "", fmt.Errorf("%w: %v is no file", ErrRotation, file)
	}
	there, moved := path, false
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		there, moved = path+retired, true
	}
	print, err := v.Names(KeyFile(there))
	if err != nil {
		return "", err
	}
	given := func(r RootStatus) bool { return r.Fingerprint == print && r.State == Destroyed }
	if !slices.ContainsFunc(v.Status().Roots, given) {
		return "", fmt.Errorf("%w: %v has %s, which is not a root key that was given up", ErrRotation, file, print)
	}
	dir := filepath.Dir(path)
	if !moved {
		if err := os.Rename(path, path+retired); err != nil {
			return "", err
		}
		if err := durable.SyncDir(dir); err != nil {
			return "", err
		}
	}
	failpoint.Hit(failpoint.SinkRetired)
	if err := os.Remove(path + retired); err != nil {
		return "", err
	}
	if err := durable.SyncDir(dir); err != nil {
		return "", err
	}
	failpoint.Hit(failpoint.SinkRemoved)
	return print, nil
}
