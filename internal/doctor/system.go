package doctor

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"moorfast/internal/vault"
)

// System is what the machine allows this program, which is what it allows the
// server too when both are started alike.
type System struct {
	Protection vault.Protection
	Swap       []string // devices and files that memory is written to
	Error      error    // why it is not known
}

// ReadSystem asks the machine. The program has called [vault.Protect] before.
func ReadSystem() System {
	s := System{Protection: vault.Protected()}
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
