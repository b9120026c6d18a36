package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"moorfast/internal/durable"
)

// How long certificates of the local authority hold. Browsers take none of more
// than 398 days.
const (
	rootLife = 10 * 365 * 24 * time.Hour
	leafLife = 90 * 24 * time.Hour
	renewAt  = 30 * 24 * time.Hour // before its end
	backdate = time.Hour           // for clients whose clock is behind
)

// LocalOptions say what a local authority is for.
type LocalOptions struct {
	Dir   string   // of its files, which only the owner may read
	Names []string // beside localhost and the addresses of loopback
	Now   func() time.Time
}

// Local returns certificates of an authority that is made here at first use. It
// can speak for the names it was made for and no others, so that trusting it
// does not trust this machine with the rest of the web.
func Local(o LocalOptions) (*Certs, error) {
	l := &local{LocalOptions: o}
	l.dns = []string{"localhost"}
	l.ips = []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}
	for _, name := range o.Names {
		if addr, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
			if !slices.Contains(l.ips, addr) {
				l.ips = append(l.ips, addr)
			}
		} else if name = strings.ToLower(name); !slices.Contains(l.dns, name) {
			l.dns = append(l.dns, name)
		}
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	root, err := l.root()
	if err != nil {
		return nil, err
	}
	l.ca = root
	if _, err := l.get(nil); err != nil {
		return nil, err
	}
	return &Certs{get: l.get, shown: alone(l.get), Root: l.path()}, nil
}

type local struct {
	LocalOptions

	dns []string
	ips []netip.Addr
	ca  *tls.Certificate

	mu   sync.Mutex
	leaf *tls.Certificate
}

func (l *local) path() string { return filepath.Join(l.Dir, "root.pem") }

// root reads the authority, or makes it where there is none.
func (l *local) root() (*tls.Certificate, error) {
	key := filepath.Join(l.Dir, "root.key")
	_, err := os.Stat(l.path())
	if errors.Is(err, fs.ErrNotExist) {
		return l.newRoot(key)
	}
	if err != nil {
		return nil, err
	}
	if err := private(key); err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(l.path(), key)
	if err != nil {
		return nil, fmt.Errorf("read the local authority: %w", err)
	}
	again := "remove " + l.Dir + " to make another at the next start, and have clients trust that"
	root, err := leaf(pair, l.Now().Add(leafLife))
	if err != nil {
		return nil, fmt.Errorf("the local authority ends soon: %w; %s", err, again)
	}
	if !l.covered(root.Leaf) {
		return nil, fmt.Errorf("the local authority may not speak for all of %s; %s", strings.Join(l.dns, ", "), again)
	}
	return root, nil
}

// covered reports whether the authority may speak for every name.
func (l *local) covered(root *x509.Certificate) bool {
	for _, name := range l.dns {
		if !slices.Contains(root.PermittedDNSDomains, name) {
			return false
		}
	}
	for _, addr := range l.ips {
		if !slices.ContainsFunc(root.PermittedIPRanges, func(n *net.IPNet) bool { return n.Contains(addr.AsSlice()) }) {
			return false
		}
	}
	return true
}

func (l *local) newRoot(keyPath string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := l.template("moorfast local authority", rootLife)
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	template.PermittedDNSDomainsCritical = true
	template.PermittedDNSDomains = l.dns
	for _, addr := range l.ips {
		bits := addr.BitLen()
		template.PermittedIPRanges = append(template.PermittedIPRanges, &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(bits, bits)})
	}
	root, err := sign(template, template, key, key)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	// The key first: with a certificate and no key, nothing could be made later.
	if err := write(keyPath, "PRIVATE KEY", der); err != nil {
		return nil, err
	}
	return root, write(l.path(), "CERTIFICATE", root.Certificate[0])
}

// get returns a certificate of the authority, and makes a new one in time. It is
// in memory alone: nobody is to remember it.
func (l *local) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.leaf != nil && l.Now().Before(l.leaf.Leaf.NotAfter.Add(-renewAt)) {
		return l.leaf, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := l.template(l.dns[len(l.dns)-1], leafLife)
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.DNSNames = l.dns
	for _, addr := range l.ips {
		template.IPAddresses = append(template.IPAddresses, addr.AsSlice())
	}
	made, err := sign(template, l.ca.Leaf, key, l.ca.PrivateKey)
	if err == nil {
		l.leaf = made
	}
	return made, err
}

func (l *local) template(name string, life time.Duration) *x509.Certificate {
	now := l.Now()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(life),
	}
}

func sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey, by crypto.PrivateKey) (*tls.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert}, err
}

// write makes a file of PEM, which only the owner may read.
func write(path, kind string, der []byte) error {
	return durable.Replace(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), nil)
}
