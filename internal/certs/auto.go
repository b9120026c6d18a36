package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	"go.uber.org/zap"
)

// AutoOptions say what an authority is asked for.
type AutoOptions struct {
	Dir       string   // of accounts, keys and certificates, which only the owner may read
	Names     []string // at least one
	Email     string   // where the authority writes to; may be ""
	Directory string   // of the authority (RFC 8555 §7.1.1)
	Roots     string   // a file of whom to trust when asking it; "" is who everybody trusts
	Host      string   // of the addresses that are listened on; "" is all
	Hook      []string // a program with arguments that writes records of name servers; empty is none
	Log       *slog.Logger
}

// Auto returns certificates that an authority hands out by ACME, with TLS-ALPN-01
// (RFC 8737), where plain HTTP is served as well with HTTP-01, and where there is a
// hook with DNS-01 alone. Its terms are agreed to. Names that are not asked for get nothing.
func Auto(o AutoOptions) (*Certs, error) {
	if len(o.Names) == 0 {
		return nil, errors.New("there is no name to ask a certificate for")
	}
	var roots *x509.CertPool
	if o.Roots != "" {
		pem, err := os.ReadFile(o.Roots)
		if err != nil {
			return nil, err
		}
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate in it", o.Roots)
		}
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	log := zap.New(bridge{o.Log})
	a := &auto{options: o, roots: roots, log: log}
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.config, nil },
		Logger:           log,
	})
	a.config = certmagic.New(a.cache, certmagic.Config{
		// A client that sends no name, or an address, gets the first certificate.
		Storage: &certmagic.FileStorage{Path: o.Dir}, DefaultServerName: o.Names[0], Logger: log,
	})
	return &Certs{
		get: a.get, protocols: []string{"acme-tls/1"}, challenge: a.challenge, start: a.start, stop: a.cache.Stop, shown: a.shown,
	}, nil
}

type auto struct {
	options AutoOptions
	roots   *x509.CertPool
	log     *zap.Logger
	cache   *certmagic.Cache
	config  *certmagic.Config
}

func (a *auto) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return a.config.GetCertificate(hello)
}

func (a *auto) shown() map[string]*x509.Certificate {
	list := map[string]*x509.Certificate{}
	for _, name := range a.options.Names {
		for _, c := range a.cache.AllMatchingCertificates(name) {
			// The one before may stay for a while.
			if c.Leaf != nil && (list[name] == nil || c.Leaf.NotAfter.After(list[name].NotAfter)) {
				list[name] = c.Leaf
			}
		}
	}
	return list
}

// challenge finds the answers in the store, so that it does not matter who of
// those who share it has asked.
func (a *auto) challenge(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, issuer := range a.config.Issuers {
			if acme, ok := issuer.(*certmagic.ACMEIssuer); ok && acme.HandleHTTPChallenge(w, r) {
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (a *auto) start(ctx context.Context, secure, plain int) error {
	// The ports are listened on already. Told of them, the solvers leave the
	// answers to those listeners.
	var names acmez.Solver
	if len(a.options.Hook) > 0 {
		names = hook{a.options.Hook}
	}
	a.config.Issuers = []certmagic.Issuer{certmagic.NewACMEIssuer(a.config, certmagic.ACMEIssuer{
		CA: a.options.Directory, Email: a.options.Email, Agreed: true, TrustedRoots: a.roots,
		ListenHost: a.options.Host, AltTLSALPNPort: secure, AltHTTPPort: plain, DisableHTTPChallenge: plain == 0,
		DNS01Solver: names, Logger: a.log,
	})}
	if err := a.config.ManageAsync(ctx, a.options.Names); err != nil {
		return fmt.Errorf("ask for certificates for %s: %w", strings.Join(a.options.Names, ", "), err)
	}
	return nil
}
