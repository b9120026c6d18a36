package httpd

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"moorfast/internal/api"
	"moorfast/internal/project"
	"moorfast/internal/token"
)

const cookiePrefix = "a_session_"

// sessionText finds the text of a project's session: in its cookie, in the
// cookie for old browsers, in a header of programs, or in the header of scripts
// whose browser keeps no cookies for us.
func sessionText(r *http.Request, project string) (text string, fallback bool) {
	name := cookiePrefix + project
	for _, n := range []string{name, name + "_legacy"} {
		if c, err := r.Cookie(n); err == nil && readable(unescape(c.Value)) {
			return unescape(c.Value), false
		}
	}
	if text := r.Header.Get("X-Appwrite-Session"); readable(text) {
		return text, false
	}
	header := r.Header.Get("X-Fallback-Cookies")
	if header == "" || len(header) > 8192 {
		return "", false
	}
	var cookies map[string]string
	if json.Unmarshal([]byte(header), &cookies) != nil { // "[]" when there are none
		return "", true
	}
	return cookies[name], true
}

// readable tells whether a text is one of a session at all. What is not, such as
// what a deleted cookie leaves behind, hides no other.
func readable(text string) bool {
	_, err := token.ParseCookie(text)
	return text != "" && err == nil
}

// unescape undoes the percent encoding that some clients give to a cookie.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// setSession sends a change to the client's session: two cookies, and the
// header that stands in for them where the page is of another site than we are.
func setSession(w http.ResponseWriter, p *project.Project, c api.Client, change *api.SessionCookie, now time.Time) {
	name := cookiePrefix + p.ID
	expires := change.ExpiresAt
	if change.Value == "" {
		expires = now.Add(-time.Hour)
	}
	cookie := http.Cookie{ //nolint:gosec // G124: Secure where the request was, and SameSite as the contract has it
		Name: name, Value: change.Value, Path: "/", Domain: cookieDomain(c.Host),
		Expires: expires, HttpOnly: true, Secure: c.Secure,
	}
	legacy := cookie //nolint:gosec // G124: as above
	legacy.Name += "_legacy"
	cookie.SameSite = http.SameSiteNoneMode
	http.SetCookie(w, &legacy)
	http.SetCookie(w, &cookie)

	if c.Origin == "" || sameSite(c.Origin, c.Host) {
		return
	}
	fallback := "[]"
	if change.Value != "" {
		b, err := json.Marshal(map[string]string{name: change.Value})
		if err != nil {
			return
		}
		fallback = string(b)
	}
	w.Header().Set("X-Fallback-Cookies", fallback)
}

// cookieDomain lets sub-domains of a name see a cookie, as the contract has it.
// A number or "localhost" has none.
func cookieDomain(hostport string) string {
	host := project.Host(hostport)
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || !strings.Contains(host, ".") {
		return ""
	}
	return host
}

// sameSite reports whether an origin and a host have the same registrable domain.
func sameSite(origin, hostport string) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	a, b := project.Host(u.Host), project.Host(hostport)
	if a == b {
		return true
	}
	da, errA := publicsuffix.EffectiveTLDPlusOne(a)
	db, errB := publicsuffix.EffectiveTLDPlusOne(b)
	return errA == nil && errB == nil && da == db
}
