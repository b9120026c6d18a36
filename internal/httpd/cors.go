package httpd

import (
	"net/http"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
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
func (s *Server) cors(h http.Header, origin string, p *project.Project, preflight bool) {
	if origin == "" {
		return
	}
	if p == nil {
		p = &project.Project{}
	}
	if allowed, _ := p.AllowsOrigin(origin, s.Own); allowed || preflight {
		h.Set("Access-Control-Allow-Origin", strings.ToLower(origin))
	}
}

// checkOrigin refuses requests that a browser sends for a page which is not of
// the project. A browser cannot leave the origin out of a request that changes
// anything, so its absence means a program.
func (s *Server) checkOrigin(r *http.Request, e *api.Endpoint, p *project.Project) error {
	origin := r.Header.Get("Origin")
	switch {
	case e.Rules.AnyOrigin || r.Header.Get("X-Appwrite-Key") != "":
		return nil
	case origin == "" && r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Method != http.MethodGet:
		return apierr.UnknownOrigin.Detail("Invalid Origin.")
	case origin == "":
		return nil
	}
	if ok, message := p.AllowsOrigin(origin, s.Own); !ok {
		return apierr.UnknownOrigin.Detail("%s", message)
	}
	return nil
}
