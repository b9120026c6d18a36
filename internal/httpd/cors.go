package httpd

import (
	"net/http"
	"net/url"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/gateway"
	"moorfast/internal/project"
)

// What scripts of an allowed origin may send and read. The lists are the contract's.
const (
	corsMethods = "GET, POST, PUT, PATCH, DELETE"
	corsHeaders = "Accept, Origin, Cookie, Set-Cookie, Content-Type, Content-Range, X-Appwrite-Project, X-Appwrite-Key, " +
		"X-Appwrite-Dev-Key, X-Appwrite-Locale, X-Appwrite-Mode, X-Appwrite-JWT, X-Appwrite-Organization, " +
		"X-Appwrite-Response-Format, X-Appwrite-Timeout, X-Appwrite-ID, X-Appwrite-Timestamp, X-Appwrite-Session, " +
		"X-Appwrite-Platform, X-Appwrite-Impersonate-User-Id, X-Appwrite-Impersonate-User-Email, " +
		"X-Appwrite-Impersonate-User-Phone, X-SDK-Version, X-SDK-Name, X-SDK-Language, X-SDK-Platform, X-SDK-GraphQL, " +
		"X-SDK-Profile, Range, Cache-Control, Expires, Pragma, X-Fallback-Cookies, X-Requested-With, X-Forwarded-For, " +
		"X-Forwarded-User-Agent"
	corsExposed = "X-Appwrite-Session, X-Fallback-Cookies"
	corsMaxAge  = "86400" // seconds
)

// fixed are the headers that every answer has. Their values are shared: they
// are replaced, and never changed in place.
var fixed = http.Header{
	"Server":                           {"Appwrite"},
	"X-Content-Type-Options":           {"nosniff"},
	"Referrer-Policy":                  {"no-referrer"}, // an address of ours may hold a secret of a link
	"Cross-Origin-Resource-Policy":     {"same-origin"}, // scripts ask by CORS; pictures and files have another
	"Permissions-Policy":               {"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"},
	"Vary":                             {"Origin"},
	"Access-Control-Allow-Methods":     {corsMethods},
	"Access-Control-Allow-Headers":     {corsHeaders},
	"Access-Control-Expose-Headers":    {corsExposed},
	"Access-Control-Allow-Credentials": {"true"},
	"Access-Control-Max-Age":           {corsMaxAge},
}

// cors tells a browser whether scripts of the request's origin may see the
// answer. Only an origin of the project is echoed; p may be nil, for before it
// is known.
func (s *Server) cors(h http.Header, origin string, p *project.Project) {
	if origin == "" {
		return
	}
	if p == nil {
		p = &project.Project{}
	}
	if allowed, _ := p.AllowsOrigin(origin, s.Own); allowed {
		h.Set("Access-Control-Allow-Origin", strings.ToLower(origin))
	}
}

// preflight answers a browser that asks whether it may ask. Which project it is
// about to ask for is in a header that it does not send yet, so that any page
// may, unless the query names the project; the answer to the request itself goes
// to pages of the project alone.
func (x *exchange) preflight() {
	h, origin := x.w.Header(), x.client.Origin
	if id := (&lazyQuery{r: x.r}).get("project"); id != "" {
		if p, err := x.s.Gateway.Find(x.r.Context(), &gateway.Credentials{Project: id}); err == nil {
			x.s.cors(h, origin, p)
		}
	} else if isOrigin(origin) {
		h.Set("Access-Control-Allow-Origin", strings.ToLower(origin))
	}
	x.w.WriteHeader(http.StatusNoContent)
}

// isOrigin tells the origin of a page from "null", which is that of a page in a
// sandbox or a file, and from what no browser sends.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme != "" && u.Host != "" && u.User == nil && u.Path == "" && u.RawQuery == "" && u.Fragment == ""
}

// checkOrigin refuses requests that a browser sends for a page which is not of
// the project. A browser names the origin with whatever may change something, or
// says at least that it is another site's page that asks; who says neither is a
// program.
func (s *Server) checkOrigin(r *http.Request, e *api.Endpoint, p *project.Project) error {
	origin := r.Header.Get("Origin")
	switch {
	case e.Rules.AnyOrigin || r.Header.Get("X-Appwrite-Key") != "":
		return nil
	case origin == "" && r.Header.Get("Sec-Fetch-Site") == "cross-site" && !safe(r.Method):
		return apierr.UnknownOrigin.Detail("Invalid Origin.")
	case origin == "":
		return nil
	}
	if ok, message := p.AllowsOrigin(origin, s.Own); !ok {
		return apierr.UnknownOrigin.Detail("%s", message)
	}
	return nil
}

// safe tells the methods that change nothing (RFC 9110 §9.2.1): following a link
// and showing a picture, which other sites' pages may do.
func safe(method string) bool { return method == http.MethodGet || method == http.MethodHead }
