package httpd

import (
	"maps"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"moorfast/internal/apierr"
	"moorfast/internal/project"
)

// Plain is the handler of plain HTTP beside TLS: it serves nothing. A reader is
// sent on to where TLS is; everyone else is refused, as with ForceHTTPS. Who
// named no port came by the usual one, and is sent to the usual one.
func (s *Server) Plain(port int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{s: s, w: w, r: r, start: time.Now(), client: s.Peer(r)}
		maps.Copy(w.Header(), fixed)
		host := project.Host(r.Host)
		if _, _, err := net.SplitHostPort(r.Host); err == nil && port != 443 {
			host += ":" + strconv.Itoa(port)
		}
		switch {
		case !s.here(r.Host):
			x.fail(apierr.AccessForbidden)
		case r.Method != http.MethodGet && r.Method != http.MethodHead, host == "":
			x.fail(apierr.ProtocolUnsupported)
		default:
			x.redirect(host)
		}
	})
}

// here reports whether a request to a host is one to us.
func (s *Server) here(hostport string) bool {
	if s.Hosts == nil {
		return true
	}
	host := strings.TrimSuffix(project.Host(hostport), ".")
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	return s.Hosts(host)
}

// redirect sends the client on to the same address by HTTPS.
func (x *exchange) redirect(host string) {
	x.w.Header().Set("Location", "https://"+host+x.r.URL.RequestURI())
	x.w.WriteHeader(http.StatusMovedPermanently)
}
