// Package certs has the certificates that the server shows: from an authority
// that speaks ACME, from files, or from an authority of this installation's own.
package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"time"
)

// Certs are the certificates of one server.
type Certs struct {
	get       func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	protocols []string // beside those of HTTP
	challenge func(http.Handler) http.Handler
	start     func(ctx context.Context, tlsPort, plainPort int) error
	stop      func()
	shown     func() map[string]*x509.Certificate // by name, of those that there are

	// Root is the file of the authority that clients have to trust, or "" where
	// it is one that they do.
	Root string
}

// suites are those of TLS 1.2 that keep a connection's secrets when the key of
// the certificate gets out, and that nobody has found a hole in (RFC 9325 §4.2).
// Those of TLS 1.3 are all of that kind.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// TLS returns the settings of a listener: TLS 1.2 and 1.3.
func (c *Certs) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, CipherSuites: suites, GetCertificate: c.get,
		NextProtos: append([]string{"h2", "http/1.1"}, c.protocols...),
	}
}

// Challenge answers what an authority asks a listener of plain HTTP to prove
// that a name leads here, and gives everything else to next.
func (c *Certs) Challenge(next http.Handler) http.Handler {
	if c.challenge == nil {
		return next
	}
	return c.challenge(next)
}

// Start gets the certificates that are missing, and keeps them from running out,
// until ctx ends. It returns at once. The ports are those that are listened on;
// plain is 0 where none is.
func (c *Certs) Start(ctx context.Context, secure, plain int) error {
	if c.start == nil {
		return nil
	}
	return c.start(ctx, secure, plain)
}

// Close ends what Start began.
func (c *Certs) Close() {
	if c.stop != nil {
		c.stop()
	}
}

// Ends tells when the certificates end that are shown for the names.
func (c *Certs) Ends() map[string]time.Time {
	ends := map[string]time.Time{}
	for name, cert := range c.shown() {
		ends[name] = cert.NotAfter
	}
	return ends
}

// alone shows one certificate, under one of its names.
func alone(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) func() map[string]*x509.Certificate {
	return func() map[string]*x509.Certificate {
		cert, err := get(nil)
		if err != nil {
			return nil
		}
		name := cert.Leaf.Subject.CommonName
		if len(cert.Leaf.DNSNames) > 0 {
			name = cert.Leaf.DNSNames[len(cert.Leaf.DNSNames)-1]
		}
		return map[string]*x509.Certificate{name: cert.Leaf}
	}
}

var errNone = errors.New("no certificate was sent")

// leaf returns a pair with its first certificate parsed, which has to be valid.
func leaf(pair tls.Certificate, now time.Time) (*tls.Certificate, error) {
	if len(pair.Certificate) == 0 {
		return nil, errNone
	}
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, err
	}
	if now.After(cert.NotAfter) {
		return nil, errors.New("it ran out at " + cert.NotAfter.UTC().Format(time.DateTime))
	}
	pair.Leaf = cert
	return &pair, nil
}
