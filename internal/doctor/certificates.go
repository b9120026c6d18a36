package doctor

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"moorfast/internal/config"
)

// holds is for how long a certificate has to hold on. Authorities have theirs
// renewed at a third of their life, which is a month, or longer before the end.
const holds = 14 * 24 * time.Hour

// certificatesHold looks at the files that certificates lie in.
func certificatesHold(_ context.Context, s *Subject) outcome {
	t := s.Config.Network.TLS
	var paths []string
	switch t.Mode {
	case config.TLSFile:
		paths = []string{t.Cert}
	case config.TLSLocal:
		paths = []string{filepath.Join(s.Config.TLSPath(), "root.pem")}
	case config.TLSAuto:
		var err error
		// An authority has a folder, and there each name.
		if paths, err = filepath.Glob(filepath.Join(s.Config.TLSPath(), "certificates", "*", "*", "*.crt")); err != nil {
			return unknown("%v", err)
		}
	default:
		return pass("the server has none: TLS is off")
	}
	if len(paths) == 0 {
		return unknown("there is no certificate yet; a started server asks for one, and its log says why none came")
	}
	var soonest *x509.Certificate
	for _, path := range paths {
		cert, err := firstCertificate(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return unknown("%s is not there; the first start makes what it can", path)
		case err != nil:
			return fail("a file with the certificate in PEM", "%s: %v", path, err)
		case soonest == nil || cert.NotAfter.Before(soonest.NotAfter):
			soonest = cert
		}
	}
	until := soonest.NotAfter.UTC().Format(time.DateTime)
	if s.Now.Add(holds).After(soonest.NotAfter) {
		return fail("renew it; with MOORFAST_TLS=auto, the log says why the authority did not", "%s runs out at %s", soonest.Subject.CommonName, until)
	}
	return pass("the first to run out does at %s", until)
}

func firstCertificate(path string) (*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("it does not begin with a certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}

func protocolsAreModern(_ context.Context, s *Subject) outcome {
	switch {
	case s.Config.Network.TLS.On():
		return pass("TLS 1.2 and 1.3, with forward secrecy alone")
	case s.loopback():
		return pass("only this machine reaches %s; what a proxy in front of it speaks is the proxy's", s.Config.Listen)
	case !s.Config.Network.ForceHTTPS:
		return fail("what NET-01 says", "other machines reach %s without any", s.Config.Listen)
	}
	return unknown("TLS is not ours: ask the proxy in front")
}
