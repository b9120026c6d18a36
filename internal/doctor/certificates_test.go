package doctor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"moorfast/internal/config"
)

func certificate(t *testing.T, path string, until time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app.test"}, NotBefore: until.Add(-time.Hour), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCertificatesAreLookedAtBeforeTheyRunOut(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	dir := t.TempDir()
	fine, soon, broken := filepath.Join(dir, "fine"), filepath.Join(dir, "soon"), filepath.Join(dir, "broken")
	certificate(t, fine, now.Add(60*24*time.Hour))
	certificate(t, soon, now.Add(13*24*time.Hour))
	certificate(t, filepath.Join(dir, "tls/auto/certificates/authority/a.test/a.test.crt"), now.Add(60*24*time.Hour))
	if err := os.WriteFile(broken, []byte("-----"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		tls  config.TLS
		data string
		want Status
	}{
		{"off", config.TLS{Mode: config.TLSOff}, dir, Pass},
		{"a file", config.TLS{Mode: config.TLSFile, Cert: fine}, dir, Pass},
		{"a file that runs out", config.TLS{Mode: config.TLSFile, Cert: soon}, dir, Fail},
		{"a broken file", config.TLS{Mode: config.TLSFile, Cert: broken}, dir, Fail},
		{"no file", config.TLS{Mode: config.TLSFile, Cert: fine + "x"}, dir, Unknown},
		{"from an authority", config.TLS{Mode: config.TLSAuto}, dir, Pass},
		{"from an authority, before the start", config.TLS{Mode: config.TLSAuto}, dir + "x", Unknown},
		{"local, before the start", config.TLS{Mode: config.TLSLocal}, dir, Unknown},
	} {
		s := &Subject{Config: config.Config{Data: c.data, Network: config.Network{TLS: c.tls}}, Now: now}
		if got := certificatesHold(context.Background(), s); got.status != c.want {
			t.Errorf("%s: %s (%s), want %s", c.name, got.status, got.evidence, c.want)
		}
	}
}
