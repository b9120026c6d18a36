package doctor

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"moorfast/internal/clock"
	"moorfast/internal/password"
	"moorfast/internal/vault"
)

// System is what the machine allows this program, which is what it allows the
// server too when both are started alike.
type System struct {
	Protection vault.Protection
	Swap       []string // devices and files that memory is written to
	Error      error    // why it is not known

	Process
	Build    Build
	Clock    Clock
	HashTime time.Duration // of a password, at the least cost; 0 is unknown

	// What tells of the disk of a path instead of [room] and [readDisk].
	room func(path string) (free, total uint64, err error)
	disk func(path string) (Disk, error)
}

// ReadSystem asks the machine. The program has called [vault.Protect] before.
func ReadSystem() System {
	s := System{Protection: vault.Protected(), Process: ReadProcess(), Build: readBuild(), Clock: readClock()}
	s.HashTime = password.Measure(password.DefaultCost, clock.System{}.Now)
	data, err := os.ReadFile("/proc/swaps")
	if errors.Is(err, fs.ErrNotExist) {
		s.Error = errors.New("this system does not tell about its swap")
		return s
	}
	if err != nil {
		s.Error = err
		return s
	}
	s.Swap = swaps(string(data))
	return s
}

// swaps reads /proc/swaps: a heading, and then a line for each. Compressed swap
// in memory does not count.
func swaps(text string) []string {
	var names []string
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		fields := strings.Fields(line)
		if i == 0 || len(fields) == 0 || strings.HasPrefix(fields[0], "/dev/zram") {
			continue
		}
		names = append(names, fields[0])
	}
	return names
}

func (s System) roomOf(path string) (free, total uint64, err error) {
	if s.room != nil {
		return s.room(path)
	}
	return room(path)
}

func (s System) diskOf(path string) (Disk, error) {
	if s.disk != nil {
		return s.disk(path)
	}
	return readDisk(path)
}
