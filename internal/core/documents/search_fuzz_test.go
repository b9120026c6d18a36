package documents

import (
	"regexp"
	"strings"
	"testing"
)

// Whatever a user looks for, it is words in quotes and nothing else.
func FuzzSearch(f *testing.F) {
	for _, s := range []string{`dune`, `"dune messiah"`, `a' OR "b`, `NEAR(x, 3)`, `a:* & !b`, `ё́ 漢字`, "\x00", `"`} {
		f.Add(s)
	}
	sqlite := regexp.MustCompile(`^"[\pL\pN\pM\p{Co} ]+"( \*)?( OR "[\pL\pN\pM\p{Co} ]+"( \*)?)*$`)
	postgres := regexp.MustCompile(`^\('[\pL\pN\pM\p{Co}]+'( <-> '[\pL\pN\pM\p{Co}]+')*(:\*)?\)( \| \('[\pL\pN\pM\p{Co}]+'( <-> '[\pL\pN\pM\p{Co}]+')*(:\*)?\))*$`)
	f.Fuzz(func(t *testing.T, text string) {
		phrases := parseSearch(text)
		if len(phrases) == 0 {
			return
		}
		if s := match(phrases); !sqlite.MatchString(s) {
			t.Errorf("%q: %s", text, s)
		}
		if s := tsquery(phrases); !postgres.MatchString(s) {
			t.Errorf("%q: %s", text, s)
		}
	})
}

// What is written for PostgreSQL has no more open ends than what came in, and
// nothing but ASCII.
func FuzzRegex(f *testing.F) {
	for _, s := range []string{`^a(b|c)*$`, `[^a-z]{2,3}`, `(?i)\bx\B`, `\p{Greek}+?`, `(?:`, `[[:alpha:]]`, `\x{10FFFF}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		s, err := translate(pattern)
		if err != nil {
			return
		}
		if strings.Count(s, "(") != strings.Count(s, ")") || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q: %q", pattern, s)
		}
	})
}
