package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// knock sends a request of the console, and returns the status and the body.
func knock(t *testing.T, client *http.Client, method, url, body string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(b)
}

// C-12: where the console has a listener of its own, no path of it is there for
// those who come in elsewhere.
func TestTheConsoleIsServedAtItsOwnListenerAlone(t *testing.T) {
	out := run(t, t.TempDir(), "MOORFAST_ADMIN_LISTEN=127.0.0.1:0")
	app, admin := out.find(t, `API: +(http://\S+)/v1 `)+"/v1", "http://"+out.find(t, `console: +at (\S+) alone`)+"/v1"
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	owner := &http.Client{Jar: jar} // cookies are for a host, whatever the port
	account := `{"userId":"root","email":"root@example.test","password":"a long password"}`
	for _, c := range []struct{ path, body string }{
		{"/account", account},
		{"/account/sessions/email", account},
		{"/teams", `{"teamId":"acme","name":"Acme"}`},
		{"/projects", `{"projectId":"shop","name":"Shop","teamId":"acme","region":"default"}`},
	} {
		if status, body := knock(t, owner, "POST", admin+c.path, c.body, "X-Appwrite-Project", "console"); status != http.StatusCreated {
			t.Fatalf("POST %s at the console's own listener: %d %s", c.path, status, body)
		}
	}
	for _, c := range []struct{ method, path, body, project, mode string }{
		{"POST", "/account", account, "console", ""},
		{"POST", "/account/sessions/email", account, "console", ""},
		{"GET", "/account", "", "console", ""},
		{"GET", "/projects", "", "console", ""},
		{"GET", "/console/variables", "", "console", ""},
		{"GET", "/users", "", "shop", "admin"},
	} {
		headers := []string{"X-Appwrite-Project", c.project, "X-Appwrite-Mode", c.mode}
		if status, body := knock(t, owner, c.method, app+c.path, c.body, headers...); status != http.StatusNotFound || !strings.Contains(body, `"general_route_not_found"`) {
			t.Errorf("%s %s where the console is not: %d %s", c.method, c.path, status, body)
		}
		if status, body := knock(t, owner, c.method, admin+c.path, c.body, headers...); status == http.StatusNotFound {
			t.Errorf("%s %s where the console is: %d %s", c.method, c.path, status, body)
		}
	}
	if status, body := knock(t, owner, "GET", app+"/account", "", "X-Appwrite-Project", "shop"); status != http.StatusUnauthorized {
		t.Errorf("an app's endpoint where the console is not: %d %s", status, body)
	}
	if status, body := knock(t, owner, "GET", app+"/health/version", ""); status != http.StatusOK {
		t.Errorf("an open endpoint where the console is not: %d %s", status, body)
	}
}

// authority makes a certificate authority, and a certificate of a client by it.
func authority(t *testing.T) (root []byte, client tls.Certificate) {
	t.Helper()
	sign := func(c, parent *x509.Certificate, key, by *ecdsa.PrivateKey) []byte {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	fresh := func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "operators"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caKey, key := fresh(), fresh()
	root = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: sign(ca, ca, caKey, caKey)})
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "operator"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	return root, tls.Certificate{Certificate: [][]byte{sign(leaf, ca, key, caKey)}, PrivateKey: key}
}

func TestTheConsolesListenerAsksForCertificates(t *testing.T) {
	dir := t.TempDir()
	root, known := authority(t)
	_, stranger := authority(t)
	file := filepath.Join(t.TempDir(), "operators.pem")
	if err := os.WriteFile(file, root, 0o600); err != nil {
		t.Fatal(err)
	}
	out := run(t, dir, "MOORFAST_TLS=local", "MOORFAST_ADMIN_LISTEN=127.0.0.1:0", "MOORFAST_ADMIN_CLIENT_CA="+file)
	app, admin := out.find(t, `API: +(https://\S+)/v1 `)+"/v1", "https://"+out.find(t, `console: +at (\S+) alone`)+"/v1"
	local, err := os.ReadFile(out.find(t, `have to trust (\S+):`))
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(local)
	with := func(certs ...tls.Certificate) *http.Client {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, Certificates: certs}}
		t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport}
	}
	for who, c := range map[string]struct {
		client *http.Client
		base   string
		status int
	}{
		"with a certificate":         {with(known), admin, http.StatusUnauthorized},
		"without one":                {with(), admin, 0},
		"with one of somebody else":  {with(stranger), admin, 0},
		"without one, of an app":     {with(), app, http.StatusNotFound},
		"with a certificate, of app": {with(known), app, http.StatusNotFound},
	} {
		if status, body := knock(t, c.client, "GET", c.base+"/console/variables", "", "X-Appwrite-Project", "console"); status != c.status {
			t.Errorf("%s: %d %s, want %d", who, status, body, c.status)
		}
	}
}
