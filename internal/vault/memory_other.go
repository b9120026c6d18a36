//go:build !linux

package vault

func lockedPage(size int) []byte { return make([]byte, size) }

// Protect does nothing on this system, and says so in its result.
func Protect() (Protection, error) { return Protection{}, nil }

// Protected tells how this process is protected now.
func Protected() Protection { return Protection{} }
