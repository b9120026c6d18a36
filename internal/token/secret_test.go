package token

import (
	"regexp"
	"testing"
)

func TestNew(t *testing.T) {
	for name, tt := range map[string]struct {
		make func() string
		want string
	}{
		"secret": {NewSecret, `^[0-9a-f]{256}$`},
		"hex":    {func() string { return NewHex(7) }, `^[0-9a-f]{7}$`},
		"code":   {func() string { return NewCode(6) }, `^[0-9]{6}$`},
		"phrase": {NewPhrase, `^[A-Z][a-z]+ [A-Z][a-z]+$`},
	} {
		seen := map[string]bool{}
		for range 50 {
			got := tt.make()
			if !regexp.MustCompile(tt.want).MatchString(got) {
				t.Fatalf("%s: %q does not match %s", name, got, tt.want)
			}
			seen[got] = true
		}
		if len(seen) < 40 {
			t.Errorf("%s: 50 of them were only %d different ones", name, len(seen))
		}
	}
}

func TestSum(t *testing.T) {
	const sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, "abc"
	if got := Sum("abc"); got != sum {
		t.Errorf("Sum = %s, want %s", got, sum)
	}
	if !Matches("abc", sum) || Matches("abd", sum) || Matches("abc", "") {
		t.Error("Matches disagrees with Sum")
	}
}
