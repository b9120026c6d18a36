//go:build !unix

package vault

// lockDir does nothing where a directory can not be locked: the lock of the
// data directory has to do.
func lockDir(string) (unlock func(), err error) { return func() {}, nil }

// syncDir does nothing where a directory can not be opened.
func syncDir(string) error { return nil }
