package doctor

import (
	"errors"
	"io/fs"
	"os"
	"runtime/debug"
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

	Root       bool
	NoNewPrivs bool
	OpenFiles  uint64        // most at once; 0 is unknown
	Modules    int           // that the program is made of
	HashTime   time.Duration // of a password, at the least cost; 0 is unknown
	Revision   string        // that it was built from; "dirty" in it means with changes

	// What tells of the disk of a path instead of [room] and [fileSystem].
	room       func(path string) (free, total uint64, err error)
	fileSystem func(path string) (name string, durable bool, err error)
}

// ReadSystem asks the machine. The program has called [vault.Protect] before.
func ReadSystem() System {
	s := System{Protection: vault.Protected(), Root: os.Geteuid() == 0, OpenFiles: openFiles()}
	s.HashTime = password.Measure(password.DefaultCost, clock.System{}.Now)
	if info, ok := debug.ReadBuildInfo(); ok {
		s.Modules = len(info.Deps)
		s.Revision = revision(info.Settings)
	}
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		s.NoNewPrivs = strings.Contains(string(status), "NoNewPrivs:\t1")
	}
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

// revision is the state that a program was built from.
func revision(settings []debug.BuildSetting) (text string) {
	for _, setting := range settings {
		switch {
		case setting.Key == "vcs.revision":
			text = setting.Value + text
		case setting.Key == "vcs.modified" && setting.Value == "true":
			text += " dirty"
		}
	}
	return text
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

func (s System) fileSystemOf(path string) (name string, durable bool, err error) {
	if s.fileSystem != nil {
		return s.fileSystem(path)
	}
	return fileSystem(path)
}
