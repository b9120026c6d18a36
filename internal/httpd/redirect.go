package httpd

import (
	"maps"
	"net"
	"net/http"
	"strconv"
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
		case r.Method != http.MethodGet && r.Method != http.MethodHead, host == "":
			x.fail(apierr.ProtocolUnsupported)
		default:
			x.redirect(host)
		}
	})
}

// redirect sends the client on to the same address by HTTPS.
func (x *exchange) redirect(host string) {
	x.w.Header().Set("Location", "https://"+host+x.r.URL.RequestURI())
	x.w.WriteHeader(http.StatusMovedPermanently)
}
