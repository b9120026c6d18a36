package health_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"math/big"
	"net"
	"slices"
	"testing"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/service/health"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// host is somebody else's, which answers at one name.
type host struct {
	t     *testing.T
	name  string
	until time.Time
	mute  bool // it accepts, and says nothing of TLS
}

// Dial connects to the host through memory.
func (h host) Dial(_ context.Context, network, address string) (net.Conn, error) {
	if network != "tcp" || address != h.name+":443" {
		return nil, errors.New("there is no such host")
	}
	ours, theirs := net.Pipe()
	if h.mute {
		return ours, theirs.Close()
	}
	go func() {
		server := tls.Server(theirs, &tls.Config{Certificates: []tls.Certificate{h.certificate()}})
		_ = server.Handshake() // the client tells whether it went well
	}()
	return ours, nil
}

func (h host) certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.t.Error(err)
	}
	name := pkix.Name{Country: []string{"CH"}, Organization: []string{"Example"}, CommonName: h.name}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: name, NotBefore: now.Add(-time.Hour), NotAfter: h.until, DNSNames: []string{h.name}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		h.t.Error(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// get calls an endpoint with parameters of its query.
func get(t *testing.T, s *health.Service, name string, pairs ...string) (string, error) {
	t.Helper()
	list := s.Endpoints()
	e := &list[slices.IndexFunc(list, func(e api.Endpoint) bool { return e.Name == "health."+name })]
	values := new(api.Values)
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], api.Quote(pairs[i+1]))
	}
	call := new(api.Call)
	call.Start(e, api.Units{Now: func() time.Time { return now }})
	in, err := e.Bind(call, values)
	if err != nil {
		return "", err
	}
	out, err := e.Run(t.Context(), call, in)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(out)
	return string(b), err
}

func TestCertificatesOfHostsAreShown(t *testing.T) {
	valid := host{t, "www.example.org", now.Add(time.Hour), false}
	const shown = `{"name":"/C=CH/O=Example/CN=www.example.org","subjectSN":"www.example.org","issuerOrganisation":"Example",` +
		`"validFrom":"1767319445","validTo":"1767326645","signatureTypeSN":"ecdsa-with-SHA256"}`
	for _, test := range []struct {
		name, domain string
		host         host
		want         string // the answer, or the type of the error
	}{
		{"a domain", "www.example.org", valid, shown},
		{"an address", "https://www.example.org:8443/page?a=b", valid, shown},
		{"expired", "www.example.org", host{t, "www.example.org", now.Add(-time.Second), false}, "health_certificate_expired"},
		{"nobody there", "example.com", valid, "health_invalid_host"},
		{"no TLS", "www.example.org", host{t, "www.example.org", now, true}, "health_invalid_host"},
		{"inside", "localhost", valid, "general_argument_invalid"},
		{"an address inside", "http://10.0.0.1/", valid, "general_argument_invalid"},
		{"with a port", "www.example.org:443", valid, "general_argument_invalid"},
		{"empty", "", valid, "general_argument_invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &health.Service{Now: func() time.Time { return now }, Out: test.host}
			got, err := get(t, s, "getCertificate", "domain", test.domain)
			if err != nil {
				got = apierr.From(err).Type
			}
			if got != test.want {
				t.Errorf("%q: got %s %v, want %s", test.domain, got, err, test.want)
			}
		})
	}
	if _, err := get(t, &health.Service{Now: func() time.Time { return now }, Out: valid}, "getCertificate"); apierr.From(err).Type != "health_invalid_host" {
		t.Errorf("without a domain: %v", err)
	}
}

func TestQueuesHaveNoFailedJobs(t *testing.T) {
	for threshold, want := range map[string]string{
		"": `{"size":0}`, "1": `{"size":0}`, "0": "health_queue_size_exceeded", "-1": "health_queue_size_exceeded",
		"x": "general_argument_invalid", "2147483648": "general_argument_invalid",
	} {
		pairs := []string{"name", "v1-database"}
		if threshold != "" {
			pairs = append(pairs, "threshold", threshold)
		}
		got, err := get(t, new(health.Service), "getFailedJobs", pairs...)
		if err != nil {
			got = apierr.From(err).Type
		}
		if got != want {
			t.Errorf("threshold %q: got %s %v, want %s", threshold, got, err, want)
		}
	}
}
