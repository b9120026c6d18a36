package doctor

import "time"

// Disk is where the data is.
type Disk struct {
	Name     string        // of its kind; "" is unknown
	Lasts    bool          // it outlives a loss of power
	Careless string        // the option of its mount by which it does not keep its word
	Sync     time.Duration // that a page takes to be kept; 0 is unknown
}

// The kinds of disks that keep nothing, or not by themselves.
const (
	inMemory    = "a file system in memory"
	elsewhere   = "a network or user-space file system"
	ofContainer = "the layer of a container, which goes with it"
)

// quickSync is faster than any device answers: what claims to keep a page in less
// has not asked one.
const quickSync = 8 * time.Microsecond

// Clock is how the machine's clock is kept.
type Clock struct {
	Told bool
	Kept bool          // something sets it right
	Off  time.Duration // at most, as far as that is known
}
