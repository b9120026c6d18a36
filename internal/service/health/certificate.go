package health

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
)

// Dialer is the way out.
type Dialer interface {
	Dial(ctx context.Context, network, address string) (net.Conn, error)
}

// handshake is how long a host has to show its certificate.
const handshake = 10 * time.Second

// domain is the name of a public host, or an address of the web with one.
type domain string

// host returns the name.
func (d domain) host() string {
	if u, err := url.Parse(string(d)); err == nil && u.Host != "" {
		return u.Hostname()
	}
	return string(d)
}

// Check allows public hosts.
func (d domain) Check() error {
	if host := d.host(); len(d) > 2048 || strings.ContainsAny(host, "/:@ ") || !api.Public(host) {
		return api.Reject("Value must be a public domain")
	}
	return nil
}

type certificateParams struct {
	Domain domain `param:"domain" default:"\"\"" doc:"A domain, or an address with one."`
}

type certificate struct {
	Name          string `json:"name"`
	Subject       string `json:"subjectSN"`
	Issuer        string `json:"issuerOrganisation"`
	ValidFrom     string `json:"validFrom"` // seconds since 1970
	ValidTo       string `json:"validTo"`
	SignatureType string `json:"signatureTypeSN"`
}

// certificate tells what a host shows at port 443. Whether to trust it is for the
// reader to say, so that nothing of it is checked but its time.
func (s *Service) certificate(ctx context.Context, _ *api.Call, in certificateParams) (certificate, error) {
	shown, err := s.leaf(ctx, in.Domain.host())
	if err != nil {
		return certificate{}, apierr.HealthInvalidHost.Because(err)
	}
	if s.Now().After(shown.NotAfter) {
		return certificate{}, apierr.HealthCertificateExpired
	}
	c := certificate{
		Name: oneLine(shown.Subject), Subject: shown.Subject.CommonName,
		ValidFrom: strconv.FormatInt(shown.NotBefore.Unix(), 10), ValidTo: strconv.FormatInt(shown.NotAfter.Unix(), 10),
		SignatureType: signature(shown.SignatureAlgorithm),
	}
	if o := shown.Issuer.Organization; len(o) > 0 {
		c.Issuer = o[0]
	}
	return c, nil
}

// leaf returns the certificate that a host shows for its name.
func (s *Service) leaf(ctx context.Context, host string) (*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, handshake)
	defer cancel()
	conn, err := s.Out.Dial(ctx, "tcp", net.JoinHostPort(host, "443"))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	client := tls.Client(conn, &tls.Config{ServerName: host, InsecureSkipVerify: true}) //nolint:gosec // nothing is sent, and a wrong one is to be seen
	if err := client.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return client.ConnectionState().PeerCertificates[0], nil // a client has one, or an error
}

// oneLine writes a name as OpenSSL does: "/C=CH/O=Example/CN=example.org".
func oneLine(name pkix.Name) string {
	short := map[string]string{
		"2.5.4.3": "CN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU",
	}
	var b strings.Builder
	for _, part := range name.Names {
		label := short[part.Type.String()]
		if text, ok := part.Value.(string); ok && label != "" {
			b.WriteString("/" + label + "=" + text)
		}
	}
	return b.String()
}

// signature is OpenSSL's short name of an algorithm.
func signature(a x509.SignatureAlgorithm) string {
	switch a {
	case x509.ECDSAWithSHA256:
		return "ecdsa-with-SHA256"
	case x509.ECDSAWithSHA384:
		return "ecdsa-with-SHA384"
	case x509.ECDSAWithSHA512:
		return "ecdsa-with-SHA512"
	case x509.SHA256WithRSA:
		return "RSA-SHA256"
	case x509.SHA384WithRSA:
		return "RSA-SHA384"
	case x509.SHA512WithRSA:
		return "RSA-SHA512"
	case x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
		return "RSASSA-PSS"
	case x509.PureEd25519:
		return "ED25519"
	}
	return a.String()
}
