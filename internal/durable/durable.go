// Package durable replaces small files so that a reader, and a power cut, find the
// old one or the new one, and never a part.
package durable

import (
	"errors"
	"os"
	"path/filepath"
)

// Suffix is of the file that [Replace] writes first. A crash may leave one behind,
// which the next Replace of that path takes over.
const Suffix = ".new"

// Replace makes data the content of a file that its owner alone may read. Once it
// returns nil, that survives a power cut. Two at once for one path are a mistake of
// their callers, which [Lock] keeps from happening. Written, unless it is nil, is
// called when the bytes are in the new file, which has not taken the place of the
// old one yet.
func Replace(path string, data []byte, written func()) error {
	fresh := path + Suffix
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if written != nil {
		written()
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	// The directory may itself be new.
	dir := filepath.Dir(path)
	if err := SyncDir(dir); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(dir))
}
