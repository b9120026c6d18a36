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

// Cookies is how the cookies of the console are set (S-3). Those of projects are
// for pages of any site, and are as the contract has them.
type Cookies struct {
	// Strict gives them a name that binds them to this very host and to HTTPS
	// ("__Host-", RFC 6265bis §4.1.3), and takes no others.
	Strict bool

	// CrossSite lets pages of other sites send them, where the console is served
	// from one.
	CrossSite bool
}

// names are those of a project's session cookie, the one to set first.
func (c Cookies) names(id string) []string {
	name := cookiePrefix + id
	if c.Strict && id == project.Console {
		return []string{"__Host-" + name}
	}
	return []string{name, name + "_legacy"}
}

// session finds the text of a project's session: in its cookie, in the cookie
// for old browsers, in a header of programs, or in the header of scripts whose
// browser keeps no cookies for us.
func (c Cookies) session(r *http.Request, id string) (text string, fallback bool) {
	name := cookiePrefix + id
	for _, n := range c.names(id) {
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

// set sends a change to the client's session: its cookies, and the header that
// stands in for them where the page is of another site than we are.
func (c Cookies) set(w http.ResponseWriter, p *project.Project, client api.Client, change *api.SessionCookie, now time.Time) {
	expires := change.ExpiresAt
	if change.Value == "" {
		expires = now.Add(-time.Hour)
	}
	cookie := http.Cookie{ //nolint:gosec // G124: Secure where the request was, and SameSite as the contract has it
		Value: change.Value, Path: "/", Expires: expires, HttpOnly: true, Secure: client.Secure,
	}
	mode := http.SameSiteNoneMode
	switch {
	case !p.IsConsole():
		cookie.Domain = cookieDomain(client.Host)
	case c.Strict || !c.CrossSite: // and no domain: the console is of this host
		mode = http.SameSiteLaxMode
		cookie.Secure = client.Secure || c.Strict
	}
	names := c.names(p.ID)
	for i := len(names) - 1; i >= 0; i-- {
		cookie.Name = names[i]
		if cookie.SameSite = mode; i > 0 {
			cookie.SameSite = 0 // for browsers that know none
		}
		http.SetCookie(w, &cookie)
	}
	if c.Strict && p.IsConsole() {
		return // nothing that a script can read
	}
	fallback(w, cookiePrefix+p.ID, client, change)
}

func fallback(w http.ResponseWriter, name string, c api.Client, change *api.SessionCookie) {
	if c.Origin == "" || SameSite(c.Origin, c.Host) {
		return
	}
	text := "[]"
	if change.Value != "" {
		b, err := json.Marshal(map[string]string{name: change.Value})
		if err != nil {
			return
		}
		text = string(b)
	}
	w.Header().Set("X-Fallback-Cookies", text)
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

// SameSite reports whether an origin and a host have the same registrable domain.
func SameSite(origin, hostport string) bool {
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
