//go:build !unix

package durable

// Lock does nothing where a directory can not be locked: the lock of the
// data directory has to do.
func Lock(string) (unlock func(), err error) { return func() {}, nil }

// SyncDir does nothing where a directory can not be opened.
func SyncDir(string) error { return nil }
