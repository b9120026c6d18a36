package email

import (
	"strings"
	"testing"
)

func TestValid(t *testing.T) {
	for s, want := range map[string]bool{
		"walter@example.com":                          true,
		"walter.white+tag@sub.example.co.uk":          true,
		"o'brien@example.com":                         true,
		`"walter white"@example.com`:                  false, // the quotes are not needed by a mailbox of today
		"walter@example":                              false,
		"walter@example.":                             false,
		"walter":                                      false,
		"@example.com":                                false,
		"walter@":                                     false,
		"wal ter@example.com":                         false,
		"Walter <walter@example.com>":                 false,
		"<walter@example.com>":                        false,
		"walter@[192.0.2.1]":                          false,
		"walter@exa\r\nmple.com":                      false,
		strings.Repeat("w", 65) + "@example.com":      false,
		"walter@" + strings.Repeat("x.", 130) + "com": false,
		"": false,
	} {
		if got := Valid(s); got != want {
			t.Errorf("Valid(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestCanonical(t *testing.T) {
	for address, want := range map[string]string{
		"Walter.White+blue@GMail.com": "walterwhite@gmail.com",
		"w.w@googlemail.com":          "ww@gmail.com",
		"walter.white@outlook.com":    "walter.white@outlook.com",
		"walter+blue@hotmail.com":     "walter@outlook.com",
		"walter+blue@live.com":        "walter@outlook.com",
		"walter+blue@msn.com":         "walter@outlook.com",
		"walter-white-blue@ymail.com": "walter-white@yahoo.com",
		"walter+blue@yahoo.com":       "walter+blue@yahoo.com",
		"walter+blue@me.com":          "walter@icloud.com",
		"walter+blue@pm.me":           "walter+blue@protonmail.com",
		"walter+blue@fastmail.fm":     "walter+blue@fastmail.com",
		"Walter+Blue@Example.com":     "walter+blue@example.com",
		"+blue@gmail.com":             "+blue@gmail.com",
		"no address":                  "no address",
	} {
		got := Canonical(address)
		if got != want {
			t.Errorf("Canonical(%q) = %q, want %q", address, got, want)
		}
		if again := Canonical(got); again != got {
			// Yahoo's rule cuts one tag at a time, so only a second "-" changes it.
			if !strings.HasSuffix(got, "@yahoo.com") {
				t.Errorf("Canonical(%q) = %q: it is not stable", got, again)
			}
		}
	}
}

func TestAbout(t *testing.T) {
	for address, want := range map[string]Facts{
		"walter@gmail.com":         {Canonical: "walter@gmail.com", IsCanonical: true, Free: true},
		"W.alter@gmail.com":        {Canonical: "walter@gmail.com", Free: true},
		"Walter@Example.com":       {Canonical: "walter@example.com", IsCanonical: true, Corporate: true},
		"x@mailinator.com":         {Canonical: "x@mailinator.com", IsCanonical: true, Disposable: true},
		"x@team.mailinator.com":    {Canonical: "x@team.mailinator.com", IsCanonical: true, Disposable: true},
		"x@notmailinator.com":      {Canonical: "x@notmailinator.com", IsCanonical: true, Corporate: true},
		"heisenberg@graymatter.io": {Canonical: "heisenberg@graymatter.io", IsCanonical: true, Corporate: true},
	} {
		if got := About(address); got != want {
			t.Errorf("About(%q) = %+v, want %+v", address, got, want)
		}
	}
	if len(free()) < 100 || len(disposable()) < 100 {
		t.Errorf("the lists have %d and %d entries", len(free()), len(disposable()))
	}
}

func FuzzAbout(f *testing.F) {
	f.Add("walter.white+blue@gmail.com")
	f.Add(`"a@b"@c.d`)
	f.Fuzz(func(t *testing.T, address string) {
		facts := About(address)
		if facts.IsCanonical != (strings.ToLower(address) == facts.Canonical) {
			t.Errorf("About(%q) = %+v", address, facts)
		}
		if Valid(address) && !Valid(facts.Canonical) {
			t.Errorf("the canonical form of %q is %q, which is not valid", address, facts.Canonical)
		}
	})
}
