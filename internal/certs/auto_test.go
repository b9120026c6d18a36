package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func TestAutoNeedsNamesAndItsFiles(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	os.WriteFile(empty, nil, 0o600)
	log := slog.New(slog.DiscardHandler)
	for name, o := range map[string]AutoOptions{
		"no names":      {Dir: t.TempDir(), Log: log},
		"no such roots": {Dir: t.TempDir(), Names: []string{"a.test"}, Roots: empty + "x", Log: log},
		"empty roots":   {Dir: t.TempDir(), Names: []string{"a.test"}, Roots: empty, Log: log},
	} {
		if c, err := Auto(o); err == nil {
			c.Close()
			t.Errorf("%s: no error", name)
		}
	}
}

// TestAnAuthorityIsAsked gets certificates from a real one, by each challenge.
// It runs where MOORFAST_TEST_PEBBLE names the program of the ACME test server.
func TestAnAuthorityIsAsked(t *testing.T) {
	pebble := os.Getenv("MOORFAST_TEST_PEBBLE")
	if pebble == "" {
		t.Skip("MOORFAST_TEST_PEBBLE is not set; make acme-server prints it")
	}
	for _, c := range []struct {
		name  string
		plain bool
		hook  bool
	}{{"TLS-ALPN-01", false, false}, {"HTTP-01", true, false}, {"DNS-01", false, true}} {
		t.Run(c.name, func(t *testing.T) {
			secure, plain := listen(t), listen(t)
			wrong := port(listen(t)) // where the authority looks for the challenge that is not to be used
			tlsPort, httpPort := port(secure), wrong
			records, program := recorder(t)
			switch {
			case c.plain:
				tlsPort, httpPort = wrong, port(plain)
			case c.hook:
				tlsPort = wrong
			}
			directory, root := authority(t, pebble, tlsPort, httpPort, records)
			var argv []string
			if c.hook {
				argv = []string{program}
			}
			dir := filepath.Join(t.TempDir(), "acme")
			certs, err := Auto(AutoOptions{
				Dir: dir, Names: []string{"app.test"}, Email: "olga@example.org", Directory: directory, Roots: root,
				Host: "127.0.0.1", Hook: argv, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer certs.Close()
			server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
			defer server.Close()
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			plainPort := 0
			if c.plain {
				plainPort = port(plain)
			}
			if err := certs.Start(ctx, port(secure), plainPort); err != nil {
				t.Fatal(err)
			}
			go server.Serve(tls.NewListener(secure, certs.TLS()))
			if c.plain {
				front := &http.Server{Handler: certs.Challenge(http.NotFoundHandler()), ReadHeaderTimeout: time.Second}
				defer front.Close()
				go front.Serve(plain)
			}
			var chain []*x509.Certificate
			for ctx.Err() == nil && chain == nil {
				conn, err := tls.Dial("tcp", secure.Addr().String(), &tls.Config{ServerName: "app.test", InsecureSkipVerify: true})
				if err != nil {
					time.Sleep(50 * time.Millisecond) // until the certificate is there
					continue
				}
				chain = conn.ConnectionState().PeerCertificates
				conn.Close()
			}
			if len(chain) < 2 || chain[0].VerifyHostname("app.test") != nil {
				t.Fatalf("no certificate for app.test: %v", chain)
			}
			if ends := certs.Ends(); !ends["app.test"].Equal(chain[0].NotAfter) {
				t.Errorf("they end at %v, want %v", ends, chain[0].NotAfter)
			}
			if left, err := os.ReadDir(records); err != nil || len(left) > 0 {
				t.Errorf("records are left of name servers: %v, %v", left, err)
			}
			if conn, err := tls.Dial("tcp", secure.Addr().String(), &tls.Config{ServerName: "other.test", InsecureSkipVerify: true}); err == nil {
				conn.Close()
				t.Error("a name that was not asked for has a certificate")
			}
			err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				info, err := d.Info()
				if err == nil && info.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s can be read by others: %v", path, info.Mode())
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// authority runs the ACME test server, which looks for challenges on two ports.
func authority(t *testing.T, pebble string, tlsPort, httpPort int, records string) (directory, root string) {
	t.Helper()
	dir := t.TempDir()
	local, err := Local(LocalOptions{Dir: filepath.Join(dir, "local"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	own, err := local.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	free, management := listen(t), listen(t)
	settings, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": free.Addr().String(), "managementListenAddress": management.Addr().String(), "tlsPort": tlsPort, "httpPort": httpPort,
		"certificate": file("cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]})),
		"privateKey":  file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}})
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	management.Close()
	cmd := exec.Command(pebble, "-config", file("pebble.json", settings), "-dnsserver", names(t, records))
	cmd.Env = []string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0"}
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for range 200 {
		conn, err := net.Dial("tcp", free.Addr().String())
		if err == nil {
			conn.Close()
			return "https://" + free.Addr().String() + "/dir", local.Root
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the authority does not start")
	return "", ""
}

// recorder is a hook, and the directory where it keeps the value of each name.
func recorder(t *testing.T) (records, program string) {
	t.Helper()
	records = t.TempDir()
	program = filepath.Join(t.TempDir(), "hook")
	script := "#!/bin/sh\ncase $1 in\npresent) printf %s \"$3\" >" + records + "/$2 ;;\ncleanup) rm -f " + records + "/$2 ;;\n*) echo no such verb; exit 2 ;;\nesac\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return records, program
}

// names is a name server, by TCP, for which every name is this machine's, and has
// the text that a file of its name has.
func names(t *testing.T, records string) string {
	t.Helper()
	l := listen(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answer(conn, records)
		}
	}()
	return l.Addr().String()
}

func answer(conn net.Conn, records string) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		var m dnsmessage.Message
		if _, err := io.ReadFull(conn, query); err != nil || m.Unpack(query) != nil || len(m.Questions) == 0 {
			return
		}
		q := m.Questions[0]
		reply := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true}, Questions: m.Questions}
		if q.Type == dnsmessage.TypeA {
			reply.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
				Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
			}}
		}
		if text, err := os.ReadFile(filepath.Join(records, filepath.Base(strings.TrimSuffix(q.Name.String(), ".")))); err == nil && q.Type == dnsmessage.TypeTXT {
			reply.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
				Body:   &dnsmessage.TXTResource{TXT: []string{string(text)}},
			}}
		}
		packed, err := reply.Pack()
		if err != nil {
			return
		}
		conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...))
	}
}
