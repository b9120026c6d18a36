package vault

import (
	"errors"
	"os"
)

// Make makes the key of a file, with 32 random bytes, and reports whether it
// did: a key that is there is left alone.
func (s Source) Make() (made bool, err error) {
	if s.kind != "file" {
		return false, errors.New(s.String() + " is not a file, where a key can be put")
	}
	if _, err := os.Lstat(s.name); err == nil {
		return false, nil
	}
	err = s.create()
	return err == nil, err
}
