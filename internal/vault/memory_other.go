//go:build !linux

package vault

func lockedPage(size int) (page []byte, locked bool) { return make([]byte, size), false }

// Protect does nothing on this system, and says so in its result.
func Protect() (Protection, error) { return Protection{}, nil }

// Protected tells how this process is protected now.
func Protected() Protection { return Protection{} }
