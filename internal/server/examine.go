package server

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"moorfast/internal/adminsock"
	"moorfast/internal/config"
	"moorfast/internal/doctor"
)

// seen is what a server notices while it runs, for the doctor.
type seen struct {
	mu        sync.Mutex
	since     time.Time
	ignored   uint64
	ignoredBy netip.Addr
	collected time.Time
}

// ignore notes that a forwarding header was not believed.
func (n *seen) ignore(by netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ignored, n.ignoredBy = n.ignored+1, by
}

// collect notes that the metrics are asked for.
func (n *seen) collect(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.collected = now
}

// live is what only a running server can tell the doctor.
func (s *Server) live(context.Context, nothing, func(any)) (*doctor.Live, error) {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	l := &doctor.Live{Since: s.seen.since, Listen: s.config.Listen, Ignored: s.seen.ignored, Collected: s.seen.collected, Process: doctor.ReadProcess()}
	if s.seen.ignoredBy.IsValid() {
		l.IgnoredBy = s.seen.ignoredBy.String()
	}
	return l, nil
}

// Running asks the server of a data directory what only it can tell the doctor. It
// is nil where none runs.
func Running(ctx context.Context, data string) *doctor.Live {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	l := new(doctor.Live)
	if adminsock.Call(ctx, data, "doctor.live", nothing{}, l, func(json.RawMessage) {}) != nil {
		return nil
	}
	return l
}

// examine runs the doctor on the running server, for somebody at an address, who
// may be nobody. The keyring is looked at with the keys that are in use.
func (s *Server) examine(ctx context.Context, caller netip.Addr) (doctor.Report, error) {
	ring, _, err := ringOf(ctx, s.config)
	if err != nil {
		return doctor.Report{}, err
	}
	dir := s.config.Data
	if s.config.Postgres() {
		dir = ""
	}
	now := s.now()
	live, err := s.live(ctx, nothing{}, nil)
	if err != nil {
		return doctor.Report{}, err
	}
	verifier := s.Verifier()
	if verifier.Saved, err = newestCheckpoint(s.config.Data); err != nil {
		return doctor.Report{}, err
	}
	return doctor.Run(ctx, doctor.Subject{
		Config: s.config, Ring: ring, Data: inspection{s.db, now, dir, verifier}, System: doctor.ReadSystem(), Now: now,
		Names: doctor.Resolver{}, Live: live, Ask: Asker(s.config), Caller: caller,
	}), nil
}

// askTimeout bounds what is asked of a server on the same machine.
const askTimeout = 2 * time.Second

// Asker returns what asks the server of these settings something that anybody may.
// Behind a proxy on this machine it is asked as that would, for a client by HTTPS.
func Asker(c config.Config) func(context.Context) (doctor.Answer, error) {
	return func(ctx context.Context) (doctor.Answer, error) {
		host, port, err := net.SplitHostPort(c.Listen)
		if err != nil {
			return doctor.Answer{}, err
		}
		if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
			host = "localhost"
		}
		scheme, name := "http", c.Domain.Name
		if c.Network.TLS.On() {
			scheme = "https"
			if len(c.Network.TLS.Names) > 0 {
				name = c.Network.TLS.Names[0]
			}
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/v1/health/version", http.NoBody)
		if err != nil {
			return doctor.Answer{}, err
		}
		r.Host = name
		r.Header.Set("X-Forwarded-Proto", "https")
		client := http.Client{
			Timeout: askTimeout,
			Transport: &http.Transport{
				DisableKeepAlives: true, Proxy: nil,
				// Nothing secret is said, and NET-02 looks at the certificate itself.
				TLSClientConfig: &tls.Config{ServerName: name, InsecureSkipVerify: true}, //nolint:gosec // as above
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		answer, err := client.Do(r)
		if err != nil {
			return doctor.Answer{}, err
		}
		defer answer.Body.Close()
		a := doctor.Answer{Header: map[string]string{}}
		for key, values := range answer.Header {
			a.Header[strings.ToLower(key)] = strings.Join(values, ", ")
		}
		// Only to those who came by HTTPS it says this.
		_, a.Secure = answer.Header["Strict-Transport-Security"]
		a.Secure = a.Secure || answer.TLS != nil
		return a, nil
	}
}
