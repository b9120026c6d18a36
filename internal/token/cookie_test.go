package token

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

func TestCookie(t *testing.T) {
	c := Cookie{UserID: "walter", Secret: NewSecret()}
	text := c.Encode()
	for _, s := range []string{text, strings.TrimRight(text, "=")} {
		if got, err := ParseCookie(s); got != c || err != nil {
			t.Errorf("ParseCookie(%q) = %+v, %v, want %+v", s, got, err, c)
		}
	}
	// Cookies outlive an upgrade, so their bytes are a format.
	if got := (Cookie{"u1", "abc"}).Encode(); got != "eyJpZCI6InUxIiwic2VjcmV0IjoiYWJjIn0=" {
		t.Errorf("Encode = %s", got)
	}
}

func TestParseCookieRefuses(t *testing.T) {
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for name, text := range map[string]string{
		"nothing":          "",
		"no base64":        "%%%",
		"no JSON":          b64("hello"),
		"an array":         b64(`["a","b"]`),
		"a number":         b64(`{"id":1,"secret":"x"}`),
		"no user":          b64(`{"secret":"x"}`),
		"no secret":        b64(`{"id":"u"}`),
		"a long user":      b64(`{"id":"` + strings.Repeat("u", 37) + `","secret":"x"}`),
		"a long secret":    b64(`{"id":"u","secret":"` + strings.Repeat("x", 513) + `"}`),
		"a long cookie":    b64(`{"id":"u","secret":"x","x":"` + strings.Repeat("x", 4000) + `"}`),
		"more than one":    b64(`{"id":"u","secret":"x"}{"id":"v","secret":"y"}`),
		"bytes, not texts": b64("{\"id\":\"\xff\",\"secret\":\"x\"}"),
	} {
		if got, err := ParseCookie(text); err == nil || got != (Cookie{}) {
			t.Errorf("%s: ParseCookie = %+v, %v, want an error", name, got, err)
		}
	}
}

func FuzzParseCookie(f *testing.F) {
	f.Add(Cookie{"u1", "abc"}.Encode())
	f.Add("e30=")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCookie(text)
		if err != nil {
			return
		}
		raw, _ := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
		if plain, ours := plainCookie(string(raw)); ours {
			var want Cookie
			if err := json.Unmarshal(raw, &want); err != nil || want != plain {
				t.Errorf("%q is %+v, and read as %+v", raw, want, plain)
			}
		}
		if back, err := ParseCookie(c.Encode()); back != c || err != nil {
			t.Errorf("%+v came back as %+v, %v", c, back, err)
		}
	})
}
