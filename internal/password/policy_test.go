package password

import (
	"strings"
	"testing"
)

func TestStrength(t *testing.T) {
	all := Strength{Min: 12, Uppercase: true, Lowercase: true, Number: true, Symbol: true}
	tests := []struct {
		name     string
		strength Strength
		plain    string
		want     string
	}{
		{"seven bytes", Strength{}, "1234567", "Password must be between 8 and 256 characters long."},
		{"eight bytes", Strength{}, "12345678", ""},
		{"four runes of two bytes", Strength{}, "éééé", ""},
		{"the longest", Strength{}, strings.Repeat("x", 256), ""},
		{"longer", Strength{}, strings.Repeat("x", 257), "Password must be between 8 and 256 characters long."},
		{"a minimum below the floor", Strength{Min: 1}, "1234567", "Password must be between 8 and 256 characters long."},
		{"a higher minimum", Strength{Min: 10}, "123456789", "Password must be between 10 and 256 characters long."},
		{"no number", Strength{Number: true}, "abcdefgh", "Password must be between 8 and 256 characters long, include a number."},
		{"all and right", all, "Correct horse 1", ""},
		{"all and no capital", all, "correct horse 1", "Password must be between 12 and 256 characters long, include an uppercase letter, include a lowercase letter, include a number, include a symbol."},
	}
	for _, tt := range tests {
		got := ""
		if err := tt.strength.Check(tt.plain); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: Check = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestCheckCommon(t *testing.T) {
	if n := len(common()); n < 3000 {
		t.Fatalf("the list has %d entries", n)
	}
	for plain, want := range map[string]bool{"password": true, "12345678": true, "PassWord": false, "correct horse": false, "": false} {
		if got := CheckCommon(plain) != nil; got != want {
			t.Errorf("CheckCommon(%q) refused: %v, want %v", plain, got, want)
		}
	}
}

func TestPersonWithin(t *testing.T) {
	p := Person{ID: "walter01", Email: "walter.white@example.com", Name: "Heisenberg", Phone: "+14155552671"}
	for plain, want := range map[string]bool{
		"xxWALTER01xx":              true,
		"WALTER.WHITE@example.com1": true,
		"walter.white1":             true,
		"iamheisenberg":             true,
		"14155552671!":              true,
		"+14155552671":              true,
		"say my name":               false,
	} {
		if got := p.Within(plain); got != want {
			t.Errorf("Within(%q) = %v, want %v", plain, got, want)
		}
	}
	if (Person{}).Within("anything") {
		t.Error("nothing known of a person is within a password")
	}
}
