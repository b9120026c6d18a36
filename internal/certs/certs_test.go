package certs

import (
	"bytes"
	"crypto/fips140"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hands is a clock that a test moves.
type hands struct{ time.Time }

func (h *hands) now() time.Time { return h.Time }

func start() *hands { return &hands{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

// serve listens with the certificates, and returns the address.
func serve(t *testing.T, c *Certs) string {
	t.Helper()
	s := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)}
	l := listen(t)
	go s.Serve(tls.NewListener(l, c.TLS()))
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

func roots(t *testing.T, path string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal("no certificate in " + path)
	}
	return pool
}

func TestTheLocalAuthorityIsTrustedForItsNamesAlone(t *testing.T) {
	clock, dir := start(), filepath.Join(t.TempDir(), "local")
	c, err := Local(LocalOptions{Dir: dir, Names: []string{"app.test", "10.1.2.3"}, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	addr, pool := serve(t, c), roots(t, c.Root)
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "app.test", "10.1.2.3"} {
		conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: pool, ServerName: name, Time: clock.now})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		conn.Close()
	}
	if conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: pool, ServerName: "bank.example", Time: clock.now}); err == nil {
		conn.Close()
		t.Error("it spoke for a name that is not its own")
	}
	// Somebody who has its key gets no further.
	again, err := Local(LocalOptions{Dir: dir, Names: []string{"app.test", "10.1.2.3"}, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	thief := &local{LocalOptions: LocalOptions{Dir: dir, Now: clock.now}, dns: []string{"bank.example"}}
	pair, err := tls.LoadX509KeyPair(c.Root, filepath.Join(dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	thief.ca, _ = leaf(pair, clock.now())
	forged, err := thief.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := forged.Leaf.Verify(x509.VerifyOptions{DNSName: "bank.example", Roots: pool, CurrentTime: clock.now()}); err == nil {
		t.Error("a certificate for a name that the authority was not made for verifies")
	}
	if _, err := Local(LocalOptions{Dir: dir, Names: []string{"other.test"}, Now: clock.now}); err == nil || !strings.Contains(err.Error(), "other.test") {
		t.Errorf("another name: %v", err)
	}
	// The certificate is renewed in time, and by the same authority.
	first, _ := again.get(nil)
	clock.Time = clock.Add(61 * 24 * time.Hour)
	second, _ := again.get(nil)
	if !second.Leaf.NotAfter.After(first.Leaf.NotAfter) {
		t.Error("the certificate was not renewed")
	}
	if ends := again.Ends(); len(ends) != 1 || !ends["app.test"].Equal(second.Leaf.NotAfter) {
		t.Errorf("they end at %v, want %v", ends, second.Leaf.NotAfter)
	}
	for _, name := range []string{"root.key", "root.pem"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestOldProtocolsAndWeakSuitesAreRefused(t *testing.T) {
	c, err := Local(LocalOptions{Dir: filepath.Join(t.TempDir(), "local"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	addr := serve(t, c)
	try := func(config *tls.Config) (tls.ConnectionState, error) {
		config.InsecureSkipVerify = true
		conn, err := tls.Dial("tcp", addr, config)
		if err != nil {
			return tls.ConnectionState{}, err
		}
		defer conn.Close()
		return conn.ConnectionState(), nil
	}
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		if _, err := try(&tls.Config{MinVersion: version, MaxVersion: version}); err == nil {
			t.Errorf("%s is spoken", tls.VersionName(version))
		}
	}
	strong := map[uint16]bool{}
	for _, id := range suites {
		strong[id] = true
	}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if len(s.SupportedVersions) == 1 && s.SupportedVersions[0] == tls.VersionTLS13 {
			continue
		}
		// The certificate is of ECDSA, so that suites of RSA have nothing to show.
		want := strong[s.ID] && strings.Contains(s.Name, "ECDSA") && !(fips140.Enabled() && strings.Contains(s.Name, "CHACHA20"))
		if _, err := try(&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{s.ID}}); (err == nil) != want {
			t.Errorf("%s is spoken: %v, want %v", s.Name, err == nil, want)
		}
	}
	if state, err := try(&tls.Config{NextProtos: []string{"h2"}}); err != nil || state.Version != tls.VersionTLS13 || state.NegotiatedProtocol != "h2" {
		t.Errorf("TLS 1.3 with HTTP/2: %v, %v", state.NegotiatedProtocol, err)
	}
}

// pair writes a certificate and its key.
func pair(t *testing.T, dir string, now func() time.Time) (cert, key string) {
	t.Helper()
	c, err := Local(LocalOptions{Dir: t.TempDir(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	made, err := c.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made.Certificate[0]}), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func TestFilesAreReadAgainWhenTheyChange(t *testing.T) {
	clock, dir, log := start(), t.TempDir(), new(bytes.Buffer)
	cert, key := pair(t, dir, clock.now)
	stamp := func(n int) {
		for _, path := range []string{cert, key} {
			at := clock.Add(time.Duration(n) * time.Hour)
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	stamp(0)
	c, err := Files(FileOptions{Cert: cert, Key: key, Now: clock.now, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	first, _ := c.get(nil)
	pair(t, dir, clock.now)
	stamp(1)
	if now, _ := c.get(nil); now != first {
		t.Error("the files were read before it was time")
	}
	clock.Time = clock.Add(reread)
	second, _ := c.get(nil)
	if second == first || !strings.Contains(log.String(), "was changed") {
		t.Error("the newer certificate is not used")
	}
	if err := os.WriteFile(cert, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	stamp(2)
	for range 3 {
		clock.Time = clock.Add(reread)
		if now, err := c.get(nil); err != nil || now != second {
			t.Errorf("a broken file took the place of a good one: %v", err)
		}
	}
	if n := strings.Count(log.String(), "can not be used"); n != 1 {
		t.Errorf("the log says so %d times:\n%s", n, log)
	}
	// A renewal that forgot the mode of the key is refused until that is changed.
	pair(t, dir, clock.now)
	os.Chmod(key, 0o644)
	stamp(3)
	clock.Time = clock.Add(reread)
	if now, _ := c.get(nil); now != second {
		t.Error("a key that everybody can read is used")
	}
	os.Chmod(key, 0o600)
	clock.Time = clock.Add(reread)
	if now, _ := c.get(nil); now == second {
		t.Errorf("the certificate is not used once its key is closed:\n%s", log)
	}
}

func TestFilesThatCanNotBeUsedAreRefused(t *testing.T) {
	clock, dir := start(), t.TempDir()
	cert, key := pair(t, dir, clock.now)
	for _, c := range []struct {
		name, cert, key, want string
		mode                  os.FileMode
		later                 time.Duration
	}{
		{"fine", cert, key, "", 0o640, 0},
		{"no certificate", filepath.Join(dir, "none"), key, "no such file", 0o600, 0},
		{"no key", cert, filepath.Join(dir, "none"), "no such file", 0o600, 0},
		{"a key that all can read", cert, key, "chmod o= ", 0o644, 0},
		{"the wrong way round", key, cert, "", 0o600, 0},
		{"a folder", cert, dir, "not a file", 0o600, 0},
		{"run out", cert, key, "ran out at 2026-04-02", 0o600, leafLife + time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			os.Chmod(key, c.mode)
			_, err := Files(FileOptions{Cert: c.cert, Key: c.key, Now: func() time.Time { return clock.Add(c.later) }, Log: slog.New(slog.DiscardHandler)})
			if c.name == "fine" && err != nil || c.name != "fine" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }
