package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// Cookie is what a session's cookie says: the user and a secret of his. The
// same text travels in X-Appwrite-Session and X-Fallback-Cookies.
type Cookie struct {
	UserID string `json:"id"`
	Secret string `json:"secret"`
}

// What a cookie may be at most. It comes from anyone, before any other check.
const (
	maxCookie       = 2048
	maxCookieUser   = 36
	maxCookieSecret = 512
)

var errCookie = errors.New("token: not a session cookie")

// Encode returns the cookie's text: its JSON in base64.
func (c Cookie) Encode() string {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // two strings
	}
	return base64.StdEncoding.EncodeToString(b)
}

// ParseCookie reverses [Cookie.Encode]. It forgives missing padding, which some
// cookie jars eat, and refuses what is too long or leaves something out.
func ParseCookie(text string) (Cookie, error) {
	if len(text) > maxCookie {
		return Cookie{}, errCookie
	}
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil || !utf8.Valid(b) {
		return Cookie{}, errCookie
	}
	c, ours := plainCookie(string(b))
	if !ours {
		if err := json.Unmarshal(b, &c); err != nil {
			return Cookie{}, errCookie
		}
	}
	if c.UserID == "" || len(c.UserID) > maxCookieUser || c.Secret == "" || len(c.Secret) > maxCookieSecret {
		return Cookie{}, errCookie
	}
	return c, nil
}

// plainCookie reads a cookie as [Cookie.Encode] writes it, which every request
// of a user has: reading JSON in general would cost as much as reading a row.
func plainCookie(text string) (c Cookie, ok bool) {
	rest, begins := strings.CutPrefix(text, `{"id":"`)
	user, rest, parts := strings.Cut(rest, `","secret":"`)
	secret, ends := strings.CutSuffix(rest, `"}`)
	if !begins || !parts || !ends || strings.ContainsFunc(user, special) || strings.ContainsFunc(secret, special) {
		return c, false
	}
	return Cookie{UserID: user, Secret: secret}, true
}

// special reports what JSON writes otherwise, or not at all.
func special(r rune) bool { return r < ' ' || r == '"' || r == '\\' }
