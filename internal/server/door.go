package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"

	"moorfast/internal/certs"
	"moorfast/internal/config"
	"moorfast/internal/wire"
)

// door is where clients come in.
type door struct {
	main  net.Listener
	plain net.Listener // of redirects; nil where there is none
	admin net.Listener // of the console; nil where main serves it
	certs *certs.Certs // nil where TLS is not ours

	clients *x509.CertPool // whose certificates clients of admin show; nil asks for none
}

// outside marks the requests of a listener that does not serve the console (C-12).
type outside struct{}

// openDoor listens, and makes ready what TLS needs.
func (s *Server) openDoor(ctx context.Context, log *slog.Logger) (*door, error) {
	d := &door{}
	var err error
	if d.certs, err = s.certificates(log); err != nil {
		return nil, fmt.Errorf("MOORFAST_TLS=%s: %w", s.config.Network.TLS.Mode, err)
	}
	if d.main, err = listen(ctx, s.config.Listen); err == nil && s.config.Network.TLS.ListenHTTP != "" {
		d.plain, err = listen(ctx, s.config.Network.TLS.ListenHTTP)
	}
	if err == nil {
		err = d.openAdmin(ctx, s.config.Admin.Listen, s.config.Admin.ClientCA)
	}
	if err == nil && d.certs != nil {
		err = d.certs.Start(ctx, port(d.main), port(d.plain))
	}
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *door) openAdmin(ctx context.Context, addr, authorities string) (err error) {
	if addr == "" {
		return nil
	}
	if authorities != "" {
		pem, err := os.ReadFile(authorities)
		if err != nil {
			return fmt.Errorf("MOORFAST_ADMIN_CLIENT_CA: %w", err)
		}
		d.clients = x509.NewCertPool()
		if !d.clients.AppendCertsFromPEM(pem) {
			return fmt.Errorf("MOORFAST_ADMIN_CLIENT_CA: %s has no certificate in it", authorities)
		}
	}
	d.admin, err = listen(ctx, addr)
	return err
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return l, nil
}

func port(l net.Listener) int {
	if l == nil {
		return 0
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0
	}
	return addr.Port
}

func (d *door) close() {
	for _, l := range []net.Listener{d.main, d.plain, d.admin} {
		if l != nil {
			l.Close()
		}
	}
	if d.certs != nil {
		d.certs.Close()
	}
}

// certificates are where the settings say that they come from.
func (s *Server) certificates(log *slog.Logger) (*certs.Certs, error) {
	t := s.config.Network.TLS
	host, _, err := net.SplitHostPort(s.config.Listen)
	if err != nil {
		return nil, err
	}
	switch t.Mode {
	case config.TLSAuto:
		return certs.Auto(certs.AutoOptions{
			Dir: s.config.TLSPath(), Names: t.Names, Email: t.Email, Directory: t.ACME, Roots: t.Roots, Host: host, Hook: strings.Fields(t.Hook), Log: log,
		})
	case config.TLSFile:
		return certs.Files(certs.FileOptions{Cert: t.Cert, Key: t.Key, Now: s.now, Log: log})
	case config.TLSLocal:
		names := t.Names
		if ip := net.ParseIP(host); ip != nil && !ip.IsUnspecified() {
			names = append(names[:len(names):len(names)], ip.String())
		}
		return certs.Local(certs.LocalOptions{Dir: s.config.TLSPath(), Names: names, Now: s.now})
	}
	return nil, nil
}

// newHTTP returns a server with the bounds of every connection.
func newHTTP(handler http.Handler, log *slog.Logger) *http.Server {
	s := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	wire.Guard(s)
	return s
}

// accept serves what comes through the door until the servers are shut down: for
// everybody, and for the console where that is apart.
func (s *Server) accept(server, admin *http.Server, d *door, log *slog.Logger) error {
	if d.admin != nil {
		server.BaseContext = func(net.Listener) context.Context { return context.WithValue(context.Background(), outside{}, true) }
		go func() {
			if err := d.serve(admin, d.admin, d.clients); !errors.Is(err, http.ErrServerClosed) {
				log.Error("serve the console", "err", err)
			}
		}()
	}
	if d.plain != nil {
		front := newHTTP(d.certs.Challenge(s.httpd.Plain(port(d.main))), log)
		defer front.Close()
		go func() {
			if err := front.Serve(wire.Listener(d.plain)); !errors.Is(err, http.ErrServerClosed) {
				log.Error("serve plain HTTP", "err", err)
			}
		}()
	}
	return d.serve(server, d.main, nil)
}

// serve serves a listener, by TLS where that is ours. Clients show certificates of
// some authorities, where there are any.
func (d *door) serve(server *http.Server, l net.Listener, authorities *x509.CertPool) error {
	if d.certs == nil {
		return server.Serve(wire.Listener(l))
	}
	server.TLSConfig = d.certs.TLS()
	if authorities != nil {
		server.TLSConfig.ClientCAs, server.TLSConfig.ClientAuth = authorities, tls.RequireAndVerifyClientCert
	}
	return server.ServeTLS(l, "", "")
}

// greet tells where the door is, and how clients get to trust it.
func (d *door) greet(out io.Writer, t config.TLS) {
	if d.admin != nil {
		fmt.Fprintf(out, "console:  at %s alone\n", d.admin.Addr())
	}
	if d.certs == nil {
		fmt.Fprintf(out, "API:      http://%s/v1 (Ctrl-C stops)\n", d.main.Addr())
		return
	}
	switch t.Mode {
	case config.TLSAuto:
		fmt.Fprintf(out, "TLS:      certificates from %s, whose terms this agrees to\n", t.ACME)
	case config.TLSFile:
		fmt.Fprintf(out, "TLS:      certificate of %s\n", t.Cert)
	case config.TLSLocal:
		fmt.Fprintf(out, "TLS:      clients have to trust %s: curl --cacert, NODE_EXTRA_CA_CERTS, or the list of authorities of a system or browser\n", d.certs.Root)
	}
	if d.plain != nil {
		fmt.Fprintf(out, "redirect: http://%s\n", d.plain.Addr())
	}
	fmt.Fprintf(out, "API:      https://%s/v1 (Ctrl-C stops)\n", d.main.Addr())
}
