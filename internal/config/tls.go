package config

import (
	"net/netip"
	"slices"
	"strings"
)

// finishTLS finds the names to have certificates for, and checks that what is
// set goes together.
func (l *loader) finishTLS() {
	t := &l.config.Network.TLS
	for _, s := range []struct{ key, text, mode string }{
		{"tls_cert", t.Cert, TLSFile},
		{"tls_key", t.Key, TLSFile},
		{"tls_acme_roots", t.Roots, TLSAuto},
		{"tls_acme_dns_hook", t.Hook, TLSAuto},
	} {
		if s.text != "" && t.Mode != s.mode {
			l.wrong(l.from(s.key), "set MOORFAST_TLS="+s.mode+", or remove it", "tls is %s, which has no use for it", t.Mode)
		}
	}
	if t.ListenHTTP != "" && !t.On() {
		l.wrong(l.from("listen_http"), "set MOORFAST_TLS, or remove it", "tls is off, so that MOORFAST_LISTEN is plain HTTP already")
	}
	if t.On() && t.ListenHTTP == l.config.Listen && !strings.HasSuffix(t.ListenHTTP, ":0") {
		l.wrong(l.from("listen_http"), "choose another port", "it is where TLS is listened for")
	}
	given := len(t.Names) > 0
	if !given {
		for _, name := range append([]string{l.config.Domain.Name, l.config.Domain.Console}, l.config.Console.Hostnames...) {
			if name = strings.ToLower(name); name != "" && !slices.Contains(t.Names, name) && (t.Mode == TLSLocal || Public(name)) {
				t.Names = append(t.Names, name)
			}
		}
	}
	switch t.Mode {
	case TLSFile:
		for _, s := range []struct{ key, text string }{{"tls_cert", t.Cert}, {"tls_key", t.Key}} {
			if s.text == "" {
				l.wrong("MOORFAST_"+strings.ToUpper(s.key), "", "tls=file needs it, and it is not set")
			}
		}
	case TLSAuto:
		if len(t.Names) == 0 {
			l.wrong(l.from("tls"), "set _APP_DOMAIN or MOORFAST_TLS_NAMES to the names that lead here, or MOORFAST_TLS=local",
				"there is no public name to ask a certificate for")
		}
		for _, name := range t.Names {
			if given && !Public(name) {
				l.wrong(l.from("tls_names"), "MOORFAST_TLS=local has certificates for such names", "%q is not a name that an authority can check", name)
			}
		}
	}
}

// Public reports whether a host is a name of the public internet, as far as its
// form tells.
func Public(host string) bool {
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || !strings.Contains(host, ".") {
		return false
	}
	return !strings.HasSuffix(host, ".localhost")
}
