package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"moorfast/internal/config"
)

// The lights of Appwrite's doctor.
const (
	green = "🟢"
	red   = "🔴"
	white = "⚪"
)

// connectWithin is how long a service may take to be reached.
const connectWithin = 3 * time.Second

// fullFrom is the share of a disk in use, in percent, from which its light is red.
const fullFrom = 80

// sheet is the report of Appwrite's doctor as it grows. Scripts read it by lines.
type sheet struct{ strings.Builder }

func (p *sheet) line(light, format string, args ...any) {
	fmt.Fprintf(p, "%s %s\n", light, fmt.Sprintf(format, args...))
}

// either is a line whose words go with its light.
func (p *sheet) either(good bool, yes, no string) {
	if good {
		p.line(green, "%s", yes)
	} else {
		p.line(red, "%s", no)
	}
}

// named is a line on a name that ought to be public.
func (p *sheet) named(what, name string, good bool) {
	is := "is not valid"
	if good {
		is = "is valid"
	}
	p.either(good, fmt.Sprintf("%s %s (%s)", what, is, name), fmt.Sprintf("%s %s (%s)", what, is, orNone(name)))
}

// service is a line on whether something is reached.
func (p *sheet) service(name string, reached bool) {
	padded := name + strings.Repeat(".", max(1, 50-len(name)))
	p.either(reached, padded+"connected", padded+"disconnected")
}

// WriteAppwrite writes what Appwrite's own doctor says of an installation, in its
// sections and in the order of its lines, for the scripts that read them. Each
// light is that of the checks that look at the same thing. Services that Appwrite
// runs beside itself, and this program has within, are reached when its database
// is.
func (r Report) WriteAppwrite(ctx context.Context, w io.Writer, s Subject, version string) error {
	var p sheet
	fmt.Fprintf(&p, "moorfast doctor, version %s\n\n[Settings]\n", version)
	r.settings(&p, s.Config)
	p.WriteString("\n[Connectivity]\n")
	connectivity(ctx, &p, s)
	p.WriteString("\n[Volumes]\n")
	volumes(&p, s.Config)
	p.WriteString("\n[Disk Space]\n")
	space(&p, s)
	_, err := io.WriteString(w, p.String())
	return err
}

// fine reports whether all of some checks passed.
func (r Report) fine(ids ...string) bool {
	return !slices.ContainsFunc(r.Results, func(result Result) bool {
		return result.Status != Pass && slices.Contains(ids, result.ID)
	})
}

func (r Report) settings(p *sheet, c config.Config) {
	d := c.Domain
	p.named("Hostname", d.Name, config.Public(d.Name))
	p.named("CNAME record target", d.CNAME, config.Public(d.CNAME))
	p.named("A record target", addresses(d.A), public(d.A))
	p.named("AAAA record target", addresses(d.AAAA), public(d.AAAA))
	p.either(r.fine("KEY-01", "KEY-02"), "Using a unique secret key for encryption", "Not using a unique secret key for encryption")
	p.either(r.fine("CMP-02"), "App environment is set for production", "App environment is set for development")
	p.either(r.fine("AUT-01", "AUT-02"), "Abuse protection is enabled", "Abuse protection is disabled")
	p.either(r.fine("CON-02", "CON-03"), "Console access limits are enabled", "Console access limits are disabled")
	force := c.Network.ForceHTTPS || c.Network.TLS.On()
	p.either(force, "HTTPS force option is enabled", "HTTPS force option is disabled")
	p.either(force, "Router HTTPS force option is enabled", "Router HTTPS force option is disabled")
	p.either(r.fine("AUD-01"), "Logging adapter is enabled (log, audit log)", "Logging adapter is disabled")
}

func public(addrs []netip.Addr) bool {
	return len(addrs) > 0 && !slices.ContainsFunc(addrs, func(a netip.Addr) bool {
		return a.IsLoopback() || a.IsUnspecified() || a.IsPrivate() || a.IsLinkLocalUnicast()
	})
}

func connectivity(ctx context.Context, p *sheet, s Subject) {
	for _, name := range []string{"Console.DB", "Projects.DB", "Cache", "Queue", "PubSub"} {
		p.service(name, s.Data != nil)
	}
	if a := s.Config.Storage.Antivirus; a.Enabled {
		p.service("Antivirus", reached(ctx, a.Addr()))
	}
	p.line(white, "SMTP: no mail is sent")
}

func reached(ctx context.Context, addr string) bool {
	conn, err := (&net.Dialer{Timeout: connectWithin}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// volume is where this program has what Appwrite mounts as one.
type volume struct{ name, dir string }

func volumesOf(c config.Config) []volume {
	return []volume{
		{"Uploads", filepath.Join(c.Data, "storage")},
		{"Cache", filepath.Join(c.Data, "cache")},
		{"Config", filepath.Join(c.Data, "keys")},
		{"Certs", filepath.Join(c.Data, "tls")},
	}
}

func volumes(p *sheet, c config.Config) {
	for _, v := range volumesOf(c) {
		_, err := os.ReadDir(v.dir)
		if errors.Is(err, fs.ErrNotExist) {
			p.line(white, "%s Volume is not there: nothing is in it", v.name)
			continue
		}
		p.either(err == nil, v.name+" Volume is readable", v.name+" Volume is unreadable")
		p.either(writable(v.dir), v.name+" Volume is writeable", v.name+" Volume is unwriteable")
	}
}

func space(p *sheet, s Subject) {
	for _, v := range volumesOf(s.Config) {
		if _, err := os.Stat(v.dir); errors.Is(err, fs.ErrNotExist) {
			v.dir = s.Config.Data
		}
		free, total, err := s.System.roomOf(v.dir)
		if err != nil || total == 0 {
			p.line(white, "%s Volume does not tell how full it is", v.name)
			continue
		}
		used := int(100 - free*100/total)
		text := fmt.Sprintf("%s Volume has %.1f GiB of free space (%d%% used)", v.name, float64(free)/(1<<30), used)
		p.either(used < fullFrom, text, text)
	}
}
