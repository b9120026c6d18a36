package doctor

import (
	"slices"
	"strings"
)

// A mount is a file system, and where it is.
type mount struct {
	root, point string // what of it is where
	kind        string // such as ext4
	options     []string
}

func (m mount) option(name string) bool { return slices.Contains(m.options, name) }

// careless are the options by which what was synced may be lost all the same.
var careless = []string{"nobarrier", "barrier=0", "volatile", "fsync_mode=nobarrier"}

// loses returns the first option by which a file system breaks its word, or "".
func (m mount) loses() string {
	for _, o := range m.options {
		if slices.Contains(careless, o) {
			return o
		}
	}
	return ""
}

// maxMounts bounds what is read of a machine with very many.
const maxMounts = 10_000

// parseMounts reads /proc/self/mountinfo (proc_pid_mountinfo(5)). Lines that are
// none are left out.
func parseMounts(text string) (list []mount) {
	for line := range strings.Lines(text) {
		before, after, ok := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 6 || len(right) < 3 || len(list) == maxMounts {
			continue
		}
		list = append(list, mount{
			root: unescape(left[3]), point: unescape(left[4]), kind: right[0],
			options: append(strings.Split(left[5], ","), strings.Split(right[2], ",")...),
		})
	}
	return list
}

// unescape reads a path, in which spaces and the like are octal: "\040".
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && octal(s[i+1]) && octal(s[i+2]) && octal(s[i+3]) {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func octal(c byte) bool { return '0' <= c && c <= '7' }

// mountOf returns the mount that an absolute, clean path is on.
func mountOf(list []mount, path string) (found mount) {
	for _, m := range list {
		under := m.point == "/" || path == m.point || strings.HasPrefix(path, m.point+"/")
		if under && len(m.point) >= len(found.point) {
			found = m
		}
	}
	return found
}
