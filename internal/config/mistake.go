package config

import (
	"fmt"
	"strings"
)

// Mistake is one thing wrong with the settings.
type Mistake struct {
	Key    string // of the setting, if it is one
	Where  string // the name as the operator wrote it: a flag, a variable, a key of a file
	What   string
	Remedy string // what to do
}

func (m Mistake) String() string {
	s := m.Where + ": " + m.What
	if m.Remedy != "" {
		s += "; " + m.Remedy
	}
	return s
}

// Error is everything wrong with the settings at once. The program does not
// start with it, and exits with status 78 (EX_CONFIG).
type Error struct{ Mistakes []Mistake }

func (e *Error) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

// meant returns "did you mean X?" for the name nearest to one that is not
// known, if any is near.
func meant(name string, known []string) string {
	best, distance := "", 1+len(name)/4
	for _, k := range known {
		if d := edits(name, k); d <= distance && (best == "" || d < distance) {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %s?", best)
}

// edits counts the letters to insert, delete, replace or swap with the next one
// to get from a to b (optimal string alignment).
func edits(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
