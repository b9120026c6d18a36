package schema

import (
	"math"
	"strconv"
)

// thousands writes a number as the contract's messages do: "-2,147,483,648".
func thousands(n int64) string { return grouped(strconv.FormatInt(n, 10)) }

// rounded writes a number with a fraction the same way, without the fraction:
// that is what clients are shown.
func rounded(f float64) string {
	f = math.Round(f) + 0 // -0 is 0
	return grouped(strconv.FormatFloat(f, 'f', 0, 64))
}

func grouped(s string) string {
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}
