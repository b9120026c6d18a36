package shamir

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"testing"
)

// The examples of FIPS 197, 4.2, and what a field is.
func TestTheFieldIsThatOfAES(t *testing.T) {
	for _, v := range [][3]byte{{0x57, 0x83, 0xc1}, {0x57, 0x13, 0xfe}, {0x57, 0x02, 0xae}, {0x57, 0x10, 0x07}, {0x53, 0xca, 0x01}} {
		if got := mul(v[0], v[1]); got != v[2] {
			t.Errorf("%#x * %#x = %#x, want %#x", v[0], v[1], got, v[2])
		}
	}
	if inverse(0) != 0 {
		t.Error("0 has an inverse")
	}
	for a := range 256 {
		for b := range 256 {
			x, y := byte(a), byte(b)
			if mul(x, y) != slow(x, y) || mul(x, y) != mul(y, x) || a != 0 && mul(mul(inverse(x), x), y) != y {
				t.Fatalf("%d and %d", a, b)
			}
		}
	}
}

// slow multiplies as one does on paper: all products of powers, and then the rest
// of the division.
func slow(a, b byte) byte {
	var product uint16
	for i := range 8 {
		if b>>i&1 == 1 {
			product ^= uint16(a) << i
		}
	}
	for n := bits.Len16(product); n > 8; n = bits.Len16(product) {
		product ^= 0x11b << (n - 9)
	}
	return byte(product)
}

func split(t *testing.T, threshold, shares int) (secret []byte, list []Share) {
	t.Helper()
	secret = make([]byte, SecretSize)
	rand.Read(secret)
	list, err := Split(secret, threshold, shares)
	if err != nil || len(list) != shares {
		t.Fatalf("split: %d shares, %v", len(list), err)
	}
	return secret, list
}

// Any as many as are needed open the secret, and any one fewer do not.
func TestAnyThresholdOfSharesOpensTheSecret(t *testing.T) {
	for _, c := range [][2]int{{2, 2}, {2, 3}, {3, 5}, {5, 5}, {4, 7}} {
		secret, list := split(t, c[0], c[1])
		for chosen := range 1 << c[1] {
			var some []Share
			for i := range list {
				if chosen>>i&1 == 1 {
					some = append(some, list[len(list)-1-i])
				}
			}
			got, err := Combine(some)
			if len(some) < c[0] {
				if !errors.Is(err, ErrTooFew) || got != nil {
					t.Errorf("%v: %d shares gave %x, %v", c, len(some), got, err)
				}
			} else if err != nil || !bytes.Equal(got, secret) {
				t.Errorf("%v: %d shares: %v", c, len(some), err)
			}
		}
	}
	secret, list := split(t, 128, MaxShares)
	if got, err := Combine(list[100:230]); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("128 of 255: %v", err)
	}
}

// Whatever the secret is, one share less than is needed is as likely: there is a
// polynomial through them for each value.
func TestFewerSharesSayNothingOfTheSecret(t *testing.T) {
	_, list := split(t, 3, 5)
	seen := map[byte]bool{}
	for y := range 256 {
		third := list[4]
		third.value[0] = byte(y)
		seen[interpolate([]Share{list[0], list[2], third})[0]] = true
	}
	if len(seen) != 256 {
		t.Errorf("two shares leave %d of 256 values", len(seen))
	}
}

// A vector worked out by hand: f(x) = 0x42 + 0x01 x over one byte, the rest alike.
func TestSharesAreValuesOfThePolynomial(t *testing.T) {
	for x, want := range map[byte]byte{1: 0x42 ^ 1, 2: 0x42 ^ 2, 0x83: 0x42 ^ 0x83} {
		if got := evaluate([]byte{0x42, 1}, x); got != want {
			t.Errorf("f(%d) = %#x, want %#x", x, got, want)
		}
	}
	if got := evaluate([]byte{0x01, 0x57, 0x01}, 0x83); got != 0x01^0xc1^mul(0x83, 0x83) {
		t.Errorf("a square: %#x", got)
	}
	var a, b Share
	a.Index, b.Index = 1, 2
	for i := range a.value {
		a.value[i], b.value[i] = 0x43, 0x40
	}
	if got := interpolate([]Share{a, b}); !bytes.Equal(got, bytes.Repeat([]byte{0x42}, SecretSize)) {
		t.Errorf("interpolate: %x", got)
	}
}

func TestWhatCanNotBeSplitIsRefused(t *testing.T) {
	for _, c := range []struct{ length, threshold, shares int }{{31, 3, 5}, {33, 3, 5}, {32, 1, 5}, {32, 0, 5}, {32, 6, 5}, {32, 3, 256}, {32, -1, -1}} {
		if list, err := Split(make([]byte, c.length), c.threshold, c.shares); !errors.Is(err, ErrBounds) || list != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestSharesThatDoNotBelongTogetherAreRefused(t *testing.T) {
	_, list := split(t, 3, 5)
	_, others := split(t, 3, 5)
	with := func(change func(*Share)) Share {
		s := list[2]
		change(&s)
		return s
	}
	for _, c := range []struct {
		name   string
		shares []Share
		want   error
	}{
		{"none", nil, ErrTooFew},
		{"two", list[:2], ErrTooFew},
		{"one of another set", []Share{list[0], list[1], others[2]}, ErrMixed},
		{"one twice", []Share{list[0], list[1], list[1]}, ErrRepeated},
		{"one twice, and enough", []Share{list[0], list[1], list[2], list[1]}, ErrRepeated},
		{"a value changed", []Share{list[0], list[1], with(func(s *Share) { s.value[7]++ })}, ErrWrong},
		{"an index changed", []Share{list[0], list[1], with(func(s *Share) { s.Index = 9 })}, ErrWrong},
		{"a threshold changed", []Share{list[0], list[1], with(func(s *Share) { s.Threshold = 2 })}, ErrWrong},
		{"all thresholds lowered", []Share{lower(list[0]), lower(list[1])}, ErrWrong},
	} {
		if secret, err := Combine(c.shares); !errors.Is(err, c.want) || secret != nil {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func lower(s Share) Share { s.Threshold = 2; return s }

func TestASharesTextIsReadAsItWasWritten(t *testing.T) {
	_, list := split(t, 3, 5)
	text := list[4].Text()
	for _, form := range []string{text, strings.ToLower(text), strings.ReplaceAll(text, "-", ""), strings.ReplaceAll(text, "-", " ")} {
		if got, err := Parse(form); err != nil || got != list[4] {
			t.Errorf("%d characters: %v", len(form), err)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%c"} {
		if printed := fmt.Sprintf(verb, list[4]); printed != list[4].String() || strings.Contains(printed, text[20:25]) {
			t.Errorf("with %s, it prints as %s", verb, printed)
		}
	}
	for i := range text {
		for _, c := range []byte{'A', 'B', '7', '1', '-'} {
			damaged := text[:i] + string(c) + text[i+1:]
			if got, err := Parse(damaged); damaged != text && (!errors.Is(err, ErrText) || got != Share{}) && text[i] != '-' {
				t.Errorf("character %d as %c: %v", i, c, err)
			}
		}
	}
	for _, c := range []string{"", "MFS1", text + "A", text[:len(text)-1], "MFS2" + text[4:], strings.Repeat("A", 300), strings.Replace(text, "-", "\x00", 1)} {
		if _, err := Parse(c); !errors.Is(err, ErrText) || c != "" && strings.Contains(err.Error(), c) && len(c) > 4 {
			t.Errorf("%.20q: %v", c, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	list, err := Split(bytes.Repeat([]byte{7}, SecretSize), 3, 5)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(list[0].Text())
	f.Add("MFS1-" + strings.Repeat("A", 74))
	f.Add("mfs1")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			if (s != Share{}) || !errors.Is(err, ErrText) {
				t.Fatalf("%v with %v", s, err)
			}
			return
		}
		again, err := Parse(s.Text())
		if err != nil || again != s {
			t.Fatalf("%v is not what it was: %v", again, err)
		}
	})
}
