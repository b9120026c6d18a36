//go:build !unix

package disk

// syncNow does nothing where a directory can not be synced.
func (d *dirs) syncNow(string) error { return nil }
