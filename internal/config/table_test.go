package config

import (
	"regexp"
	"testing"
)

// Every name is in the tables once, so nothing is read twice or explained away.
func TestEveryNameIsThereOnce(t *testing.T) {
	var c Config
	seen := make(map[string]string)
	add := func(name, by string) {
		if other := seen[name]; other != "" {
			t.Errorf("%s is a name of %s and of %s", name, other, by)
		}
		seen[name] = by
	}
	for _, row := range c.settings() {
		add(row.env(), row.key)
		add(row.key, "itself")
		for _, name := range row.app {
			add(name, row.key)
		}
		if row.doc == "" || row.kind.read == nil {
			t.Errorf("%s has no doc or no kind", row.key)
		}
		if row.start != "" {
			if err := row.kind.read(row.start); err != nil {
				t.Errorf("the default of %s: %v", row.key, err)
			}
		}
		if !regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)*$`).MatchString(row.key) {
			t.Errorf("%q is not a key", row.key)
		}
	}
	names := unusedNames()
	for name, why := range names {
		add(name, "what is unused")
		if why == "" || !regexp.MustCompile(`^[A-Z0-9_]+$`).MatchString(name) {
			t.Errorf("%s: why %q", name, why)
		}
	}
	if total := len(seen); total < 300 {
		t.Errorf("the tables have %d names", total)
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"listen", "listen", 0}, {"lisen", "listen", 1}, {"lisetn", "listen", 1}, {"kitten", "sitting", 3},
	} {
		if got := edits(c.a, c.b); got != c.want {
			t.Errorf("%q to %q takes %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
