package doctor

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"moorfast/internal/config"
)

// Live is what only the running server knows.
type Live struct {
	Since     time.Time `json:"since"`               // it runs
	Listen    string    `json:"listen"`              // host and port
	Ignored   uint64    `json:"ignored"`             // requests whose forwarding header was not believed
	IgnoredBy string    `json:"ignoredBy,omitempty"` // who sent the last of them
	Collected time.Time `json:"collected"`           // when its metrics were last asked for; zero is never
	Process   Process   `json:"process"`             // that it is
}

// fewIgnored is what strangers try without there being a proxy.
const fewIgnored = 100

func proxiesAreKnown(_ context.Context, s *Subject) outcome {
	switch {
	case s.Live == nil:
		return unknown("no server runs, and only it sees who sends")
	case s.Live.Ignored > fewIgnored:
		return fail("if it is your proxy, name it in MOORFAST_TRUSTED_PROXIES; if not, it is somebody who pretends to be another, in vain",
			"%d requests since %s came with a forwarding header that was not believed, the last from %s",
			s.Live.Ignored, s.Live.Since.UTC().Format(time.DateTime), s.Live.IgnoredBy)
	}
	return pass("%d requests since %s had a forwarding header from elsewhere, and were not believed", s.Live.Ignored, s.Live.Since.UTC().Format(time.DateTime))
}

func hostsAreKnown(_ context.Context, s *Subject) outcome {
	switch {
	case s.Config.Network.KnownHosts:
		return pass("names of %s, and addresses", s.Config.Domain.Name)
	case s.desk():
		return pass("only this machine reaches %s", s.Config.Listen)
	}
	return fail("_APP_DOMAIN with the name of the API, and _APP_OPTIONS_ROUTER_PROTECTION=enabled", "every name is answered")
}

func metricsAreAside(_ context.Context, s *Subject) outcome {
	m := s.Config.Metrics
	host, _, err := net.SplitHostPort(m.Listen)
	addr, badAddr := netip.ParseAddr(host)
	switch {
	case m.Listen == "":
		return pass("there are none, and no profiler")
	case err != nil:
		return unknown("%v", err)
	case host == "localhost" || badAddr == nil && addr.IsLoopback():
		return pass("only this machine reaches %s", m.Listen)
	case badAddr == nil && addr.IsPrivate() && m.Token.Set():
		return pass("%s is in a private network, and asks for a token", m.Listen)
	}
	return fail("MOORFAST_METRICS_LISTEN with an address of loopback or of a private network", "%s is plain HTTP: its token can be read on the way", m.Listen)
}

// How far the clock may be off.
const (
	mostOff   = time.Second
	mostAhead = 2 * time.Minute // that files are
)

func clockIsRight(_ context.Context, s *Subject) outcome {
	const fix = "run chrony, systemd-timesyncd or ntpd, on the host of a container"
	// What was written lately tells of a clock that was set back.
	for _, name := range []string{"platform.db-wal", "platform.db", filepath.Join("audit", "checkpoint")} {
		info, err := os.Stat(filepath.Join(s.Config.Data, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return unknown("%v", err)
		case info.ModTime().Sub(s.Now) > mostAhead:
			return fail(fix, "%s is of %s, which is in the future", name, info.ModTime().UTC().Format(time.DateTime))
		}
	}
	switch c := s.System.Clock; {
	case !c.Told:
		return unknown("this system does not tell how its clock is kept")
	case !c.Kept:
		return fail(fix, "nothing sets it right")
	case c.Off > mostOff:
		return fail(fix, "it may be off by %v", c.Off)
	default:
		return pass("it is off by %v at most", c.Off)
	}
}

// Names looks names up.
type Names interface {
	// Addresses of a name; none where it leads nowhere.
	Addresses(ctx context.Context, name string) ([]string, error)
	// Certifiers are the records by which a name, or the nearest one above it that
	// has any, says which authorities may certify it (RFC 8659).
	Certifiers(ctx context.Context, name string) ([]string, error)
}

func domainIsKept(ctx context.Context, s *Subject) outcome {
	name := s.Config.Domain.Name
	if !config.Public(name) {
		return pass("there is no public domain to look up")
	}
	if s.Names == nil {
		return unknown("names are not looked up here")
	}
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	addrs, err := s.Names.Addresses(ctx, name)
	switch {
	case err != nil:
		return unknown("%v", err)
	case len(addrs) == 0:
		return fail("an A or AAAA record for it", "%s has no address", name)
	}
	records, err := s.Names.Certifiers(ctx, name)
	switch {
	case err != nil:
		return unknown("%s leads to %d addresses; who may certify it was not found out: %v", name, len(addrs), err)
	case len(records) == 0:
		return fail(`a CAA record for it, such as: `+name+`. CAA 0 issue "letsencrypt.org"`, "%s leads to %d addresses, and any authority may certify it", name, len(addrs))
	}
	return pass("%s leads to %d addresses, CAA %s", name, len(addrs), strings.Join(records, "; "))
}
