package postgres

import (
	"slices"
	"strings"
	"testing"
)

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		sql, want string
		marks     int
	}{
		{``, ``, 0},
		{`SELECT 1`, `SELECT 1`, 0},
		{`?`, `$1`, 1},
		{`a = ? AND b IN (?, ?)`, `a = $1 AND b IN ($2, $3)`, 3},
		{`'?' || ?`, `'?' || $1`, 1},
		{`'it''s ?' || ?`, `'it''s ?' || $1`, 1},
		{`"a?" = ?`, `"a?" = $1`, 1},
		{`? ESCAPE '\'`, `$1 ESCAPE '\'`, 1},
		{"? -- ?\n ?", "$1 -- ?\n $2", 2},
		{`? /* ? */ ?`, `$1 /* ? */ $2`, 2},
		{`? '?`, `$1 '?`, 1},
		{`? /* ?`, `$1 /* ?`, 1},
		{`é ? é`, `é $1 é`, 1},
	} {
		got, marks := number(c.sql)
		if got != c.want || marks != c.marks {
			t.Errorf("number(%q) = %q, %d, want %q, %d", c.sql, got, marks, c.want, c.marks)
		}
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{`a = ? AND 'b''?' = ?`, `"?`, `-- ?`, `/* ? */ ?`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		got, marks := number(sql)
		if marks > strings.Count(sql, "?") {
			t.Fatalf("%d marks in %q", marks, sql)
		}
		// What is left alone comes through: without marks, the text is the same.
		if marks == 0 && got != sql {
			t.Fatalf("number(%q) = %q", sql, got)
		}
	})
}

func TestKeyColumns(t *testing.T) {
	for detail, want := range map[string][]string{
		`Key (id)=(a) already exists.`:                         {"id"},
		`Key (source, target)=(a, b) already exists.`:          {"source", "target"},
		`Key (lower(email))=(a@b.c) already exists.`:           {"email"},
		`Schlüssel »(id)=(a)« existiert bereits.`:              {"id"},
		`Key (project, lower(email))=(p, (x)) already exists.`: {"project", "email"},
		``: nil,
	} {
		if got := keyColumns(detail); !slices.Equal(got, want) {
			t.Errorf("keyColumns(%q) = %q, want %q", detail, got, want)
		}
	}
}
