package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"moorfast/internal/config"
	"moorfast/internal/upkeep"
	"moorfast/internal/vault"
	"moorfast/internal/vault/vaulttest"
)

var now = time.Unix(1_800_000_000, 0)

// unit is a server that systemd keeps in.
var unit = Process{
	OpenFiles: 65536, Told: true, NoNewPrivs: true, Filtered: true, ReadOnly: true, PrivateTmp: true, NoHomes: true, Service: "moorfast.service",
}

// installation is one that was started once, has a project, and is well.
func installation(t *testing.T, environ ...string) *Subject {
	t.Helper()
	data := t.TempDir()
	chmod(t, data, 0o700)
	s := &Subject{
		Data: &database{
			claimed: true, projects: []string{"shop", "console"},
			audit: AuditFacts{Records: 9, Newest: now.Add(-time.Hour), Checkpoint: now.Add(-time.Hour)},
		},
		System: System{
			Protection: vault.Protection{NoCore: true, NoTrace: true, LockedBytes: 1 << 20},
			Process:    Process{OpenFiles: 65536, Told: true},
			Build:      Build{Version: "v1.2.3", Go: "go1.26.1", Revision: "0123abc", Modules: []Module{{"example.org/m", "v1.0.0"}}},
			Clock:      Clock{Told: true, Kept: true, Off: time.Millisecond},
			HashTime:   50 * time.Millisecond,
			disk: func(string) (Disk, error) {
				return Disk{Name: "a local file system", Lasts: true, Sync: time.Millisecond}, nil
			},
		},
		Live: &Live{Since: now.Add(-time.Hour), Process: unit},
		Ask: func(context.Context) (Answer, error) {
			return Answer{Secure: true, Header: map[string]string{
				"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "permissions-policy": "usb=()", "cross-origin-resource-policy": "same-origin",
				"strict-transport-security": "max-age=10886400", "server": "Appwrite",
			}}, nil
		},
		Now: now,
	}
	s.configure(t, append([]string{"MOORFAST_DATA=" + data}, environ...)...)
	v := vaulttest.Open(t, s.Ring, s.Config.Key)
	if err := v.Prepare(context.Background(), "shop"); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Subject) configure(t *testing.T, environ ...string) {
	t.Helper()
	c, err := config.Load(config.Sources{Environ: environ})
	var wrong *config.Error
	if errors.As(err, &wrong) {
		s.Mistakes = wrong.Mistakes
	} else if err != nil {
		t.Fatal(err)
	}
	s.Config, s.Ring = c, vault.NewRingFile(c.RingPath())
}

type database struct {
	facts    Facts
	audit    AuditFacts
	claimed  bool
	projects []string
	invites  int
	refused  int
	err      error
}

func (d *database) RootClaimed(context.Context) (bool, error)            { return d.claimed, d.err }
func (d *database) Projects(context.Context) ([]string, error)           { return d.projects, d.err }
func (d *database) StaleInvites(context.Context, time.Time) (int, error) { return d.invites, d.err }
func (d *database) Facts(context.Context) (Facts, error)                 { return d.facts, d.err }
func (d *database) Audit(context.Context, time.Time) (AuditFacts, error) { return d.audit, d.err }
func (d *database) Sample(context.Context) (tried, refused int, err error) {
	return 9, d.refused, d.err
}

const day = 24 * time.Hour

// note is a deed of the operator.
type note struct {
	kind      upkeep.Kind
	ago       time.Duration
	encrypted bool
}

type names struct{ addresses, certifiers []string }

func (n names) Addresses(context.Context, string) ([]string, error)  { return n.addresses, nil }
func (n names) Certifiers(context.Context, string) ([]string, error) { return n.certifiers, nil }

// leak is in the one module of the installation.
const leak = `{"id": "GO-2026-0001", "affected": [{"package": {"name": "example.org/m", "ecosystem": "Go"},
	"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.1"}]}]}]}`

// Each check has one way to fail here and, in a healthy installation, passes.
func TestEveryCheckFailsAndPasses(t *testing.T) {
	change := func(f func(*testing.T, *Subject)) func(*testing.T) *Subject {
		return func(t *testing.T) *Subject {
			s := installation(t)
			f(t, s)
			return s
		}
	}
	with := func(environ ...string) func(*testing.T) *Subject {
		return func(t *testing.T) *Subject { return installation(t, environ...) }
	}
	known := func(f func(*Facts)) func(*testing.T) *Subject {
		return change(func(_ *testing.T, s *Subject) { f(&s.Data.(*database).facts) })
	}
	running := func(f func(*Live)) func(*testing.T) *Subject {
		return change(func(_ *testing.T, s *Subject) { f(s.Live) })
	}
	answer := func(name, value string) func(*testing.T) *Subject {
		return change(func(t *testing.T, s *Subject) {
			s.configure(t, "MOORFAST_DATA="+s.Config.Data, "MOORFAST_LISTEN=0.0.0.0:443", "_APP_OPTIONS_FORCE_HTTPS=enabled")
			a, err := s.Ask(context.Background())
			a.Header[name] = value
			s.Ask = func(context.Context) (Answer, error) { return a, err }
		})
	}
	recorded := func(f func(*AuditFacts)) func(*testing.T) *Subject {
		return change(func(_ *testing.T, s *Subject) { f(&s.Data.(*database).audit) })
	}
	noted := func(list ...note) func(*testing.T) *Subject {
		return change(func(t *testing.T, s *Subject) {
			for _, n := range list {
				if err := upkeep.Note(s.Config.Data, n.kind, upkeep.Deed{At: now.Add(-n.ago), Encrypted: n.encrypted}); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	file := func(text string, age time.Duration, set func(s *Subject, path string)) func(*testing.T) *Subject {
		return change(func(t *testing.T, s *Subject) {
			path := filepath.Join(t.TempDir(), "file")
			write(t, path, text)
			if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
				t.Fatal(err)
			}
			set(s, path)
		})
	}
	releases := func(s *Subject, path string) { s.Config.Doctor.Releases = path }
	advisories := func(s *Subject, path string) { s.Config.Doctor.Vulnerabilities = path }
	checksums := func(s *Subject, path string) {
		s.Config.Doctor.Checksums, s.System.Build.Path = path, filepath.Join(filepath.Dir(path), "program")
		write(t, s.System.Build.Path, "the program")
	}
	public := []string{"_APP_DOMAIN=api.example.org", "MOORFAST_LISTEN=0.0.0.0:443", "_APP_OPTIONS_FORCE_HTTPS=enabled"}
	key := func(text string) func(*testing.T) *Subject {
		return change(func(_ *testing.T, s *Subject) { s.Config.Key = vault.KeyText("K", vault.Hide(text)) })
	}
	sick := map[string]func(*testing.T) *Subject{
		"KEY-01": key("your-secret-key"),
		"KEY-02": key("tr0ub4dor&3"),
		"KEY-03": change(func(t *testing.T, s *Subject) { chmod(t, s.Config.Key.Path(), 0o644) }),
		"KEY-04": key("a key in the environment, and a long one"),
		"KEY-05": with(),
		"KEY-06": key("another key, and not a short one either"),
		"KEY-07": change(func(_ *testing.T, s *Subject) { s.Now = now.Add(300 * 24 * time.Hour) }),
		"KEY-08": change(halfRotated),
		"KEY-09": change(func(t *testing.T, s *Subject) { touch(t, s.Config.Key.Path()+".retired") }),
		"KEY-10": change(func(_ *testing.T, s *Subject) { s.Data.(*database).projects = nil }),
		"KEY-11": known(func(f *Facts) { f.Legacy = []string{"shop/users.password"} }),
		"KEY-13": change(func(_ *testing.T, s *Subject) {
			s.Config.Key = vault.KeyFrom("exec", "/bin/key", func() ([]byte, error) { return nil, vault.ErrSourceDown })
		}),
		"KEY-12": change(func(_ *testing.T, s *Subject) { s.Data.(*database).refused = 1 }),
		"KEY-14": change(func(_ *testing.T, s *Subject) { s.System.Swap = []string{"/dev/sda2"} }),
		"CON-01": change(func(_ *testing.T, s *Subject) { s.Data.(*database).claimed = false }),
		"CON-02": with("_APP_CONSOLE_WHITELIST_ROOT=disabled"),
		"CON-03": change(func(t *testing.T, s *Subject) { s.configure(t, "_APP_CONSOLE_WHITELIST_IPS=10.0.0.0/33") }),
		"CON-04": with("_APP_CONSOLE_WHITELIST_EMAILS=*@x.io,!*@x.io"),
		"CON-05": with("_APP_CONSOLE_WHITELIST_IPS=10.0.0.0/8", "MOORFAST_CONSOLE_ENFORCE=signup"),
		"CON-08": change(func(_ *testing.T, s *Subject) { s.Data.(*database).invites = 2 }),
		"CON-09": with("_APP_CONSOLE_WHITELIST_IPS=10.0.0.0/8,0.0.0.0/0"),
		"CON-10": change(func(_ *testing.T, s *Subject) { s.Data.(*database).claimed = false }),
		"CON-11": with(public...),
		"CON-12": change(func(t *testing.T, s *Subject) {
			s.configure(t, "MOORFAST_DATA="+s.Config.Data, "_APP_CONSOLE_WHITELIST_IPS=10.0.0.0/8")
			s.Caller = netip.MustParseAddr("192.0.2.7")
		}),
		"CON-06": known(func(f *Facts) { f.OwnersWithoutMFA = []string{"olga"} }),
		"CON-07": known(func(f *Facts) { f.StaleOwners = []string{"olga"} }),
		"NET-01": with("MOORFAST_LISTEN=0.0.0.0:80", "_APP_OPTIONS_FORCE_HTTPS=disabled"),
		"NET-02": change(func(t *testing.T, s *Subject) {
			path := filepath.Join(t.TempDir(), "cert.pem")
			certificate(t, path, s.Now.Add(24*time.Hour))
			s.Config.Network.TLS = config.TLS{Mode: config.TLSFile, Cert: path}
		}),
		"NET-03": with("MOORFAST_LISTEN=0.0.0.0:80", "_APP_OPTIONS_FORCE_HTTPS=disabled"),
		"NET-05": with("MOORFAST_TRUSTED_PROXIES=0.0.0.0/0"),
		"NET-08": with("MOORFAST_OUTBOUND_ALLOW=10.0.0.0/8"),
		"NET-09": known(func(f *Facts) { f.AnyPlatform = []string{"shop"} }),
		"NET-11": with("MOORFAST_LISTEN=0.0.0.0:80", "_APP_OPTIONS_FORCE_HTTPS=enabled"),
		"NET-04": answer("strict-transport-security", "max-age=60"),
		"NET-06": running(func(l *Live) { l.Ignored, l.IgnoredBy = 200, "172.18.0.2" }),
		"NET-07": with("MOORFAST_LISTEN=0.0.0.0:443", "_APP_OPTIONS_FORCE_HTTPS=enabled"),
		"NET-10": answer("x-content-type-options", "sniff"),
		"NET-12": with("MOORFAST_METRICS_LISTEN=0.0.0.0:9100", "MOORFAST_METRICS_TOKEN=0123456789abcdef"),
		"NET-13": change(func(_ *testing.T, s *Subject) { s.System.Clock.Kept = false }),
		"NET-14": change(func(_ *testing.T, s *Subject) {
			s.Config.Domain.Name, s.Names = "api.example.org", names{addresses: []string{"192.0.2.1"}}
		}),
		"AUT-01": with("_APP_OPTIONS_ABUSE=disabled"),
		"AUT-02": with("MOORFAST_DANGEROUS_NO_BRUTE_FORCE=1"),
		"AUT-03": with("MOORFAST_CONSOLE_SESSION_IDLE=0s"),
		"AUT-04": known(func(f *Facts) { f.WeakPolicies = []string{"shop"} }),
		"AUT-05": change(func(_ *testing.T, s *Subject) { s.System.HashTime = 10 * time.Millisecond }),
		"AUT-06": known(func(f *Facts) { f.ForeignHash = 2 }),
		"AUT-07": known(func(f *Facts) { f.KeysUnused = []string{"shop/old", "shop/older"} }),
		"AUT-08": change(func(t *testing.T, s *Subject) {
			s.configure(t, append(public, "MOORFAST_DATA="+s.Config.Data)...)
			s.Data.(*database).facts.Mocked = []string{"shop"}
		}),
		"AUT-09": known(func(f *Facts) { f.Patterns = []string{"shop/*.example.org"} }),
		"AUT-10": with("_APP_SMTP_HOST=mail.example.org"),
		"AUT-11": known(func(f *Facts) { f.OpenTables = []string{"shop/main/orders"} }),
		"AUT-12": known(func(f *Facts) { f.PlainWebhooks = []string{"shop/hook"} }),
		"DAT-01": known(func(f *Facts) { f.UnsealedBuckets = []string{"shop/pics"} }),
		"DAT-02": with(),
		"DAT-03": known(func(f *Facts) { f.OpenBuckets = []string{"shop/pics"} }),
		"DAT-04": known(func(f *Facts) { f.PublicBuckets = []string{"shop/pics"} }),
		"DAT-05": change(func(t *testing.T, s *Subject) { chmod(t, s.Config.Data, 0o755) }),
		"DAT-06": change(func(_ *testing.T, s *Subject) {
			s.System.room = func(string) (uint64, uint64, error) { return 10, 100, nil }
		}),
		"DAT-07": known(func(f *Facts) { f.Damaged = []string{"shop"} }),
		"DAT-08": known(func(f *Facts) { f.LogBytes = 1 << 30 }),
		"DAT-09": noted(note{kind: upkeep.Backup, ago: 8 * day}),
		"DAT-10": noted(note{kind: upkeep.Backup, ago: day}),
		"DAT-11": noted(note{kind: upkeep.Backup, ago: day}, note{kind: upkeep.Drill, ago: 200 * day}),
		"DAT-12": change(func(t *testing.T, s *Subject) { touch(t, filepath.Join(s.Config.Data, "users.sql")) }),
		"HST-01": running(func(l *Live) { l.Process.Root = true }),
		"HST-02": running(func(l *Live) { l.Process.Container, l.Process.Caps = "Docker", 0xa80425fb }),
		"HST-03": running(func(l *Live) { l.Process.ReadOnly, l.Process.NoHomes = false, false }),
		"HST-04": change(func(t *testing.T, s *Subject) {
			chmod(t, s.Config.Data, 0o755)
			touch(t, filepath.Join(s.Config.Data, "open"))
			chmod(t, filepath.Join(s.Config.Data, "open"), 0o644)
		}),
		"HST-05": running(func(l *Live) { l.Process.OpenFiles = 1024 }),
		"HST-06": change(func(_ *testing.T, s *Subject) {
			s.System.disk = func(string) (Disk, error) {
				return Disk{Name: "a local file system", Lasts: true, Sync: time.Microsecond}, nil
			}
		}),
		"SUP-01": file("v1.2.2\nv1.3.0\n", day, releases),
		"SUP-02": file(leak, day, advisories),
		"SUP-03": file(strings.Repeat("ab", 32)+"  moorfast\n", day, checksums),
		"SUP-04": change(func(_ *testing.T, s *Subject) { s.System.Build.Modules = nil }),
		"SUP-05": change(func(_ *testing.T, s *Subject) { s.System.Build.Revision = "0123abc dirty" }),
		"SUP-06": change(func(_ *testing.T, s *Subject) { s.System.Build.Go = "go1.25.9" }),
		"CMP-01": with("MOORFAST_LISTEN=0.0.0.0:80", "_APP_OPTIONS_FORCE_HTTPS=enabled", "_APP_DOMAIN=localhost"),
		"CMP-02": with("_APP_ENV=development"),
		"CMP-03": with("_APP_SMTP_HOST=mail.example.org"),
		"CMP-04": with("_APP_DOMAIN=api.example.org"),
		"AUD-01": recorded(func(a *AuditFacts) { a.Records = 0 }),
		"AUD-02": recorded(func(a *AuditFacts) { a.Findings = []string{"shop: record 7: it was changed"} }),
		"AUD-04": recorded(func(a *AuditFacts) { a.Checkpoint = now.Add(-2 * time.Hour) }),
		"AUD-05": with("MOORFAST_AUDIT_FAILURE=degrade"),
		"AUD-07": with(public...),
		"AUD-08": with(public...),
		"AUD-03": with(),
		"AUD-06": with("_APP_MAINTENANCE_RETENTION_AUDIT=3600"),
	}
	well := map[string]func(*testing.T) *Subject{
		"CON-11": with(append(public, "_APP_CONSOLE_WHITELIST_IPS=10.0.0.0/8")...),
		"CON-12": change(func(t *testing.T, s *Subject) {
			s.configure(t, "MOORFAST_DATA="+s.Config.Data, "_APP_CONSOLE_WHITELIST_IPS=10.0.0.0/8")
			s.Caller = netip.MustParseAddr("10.2.3.4")
		}),
		"NET-04": answer("x", "y"),
		"NET-12": with("MOORFAST_METRICS_LISTEN=10.0.0.1:9100", "MOORFAST_METRICS_TOKEN=0123456789abcdef"),
		"NET-14": change(func(_ *testing.T, s *Subject) {
			s.Config.Domain.Name = "api.example.org"
			s.Names = names{addresses: []string{"192.0.2.1"}, certifiers: []string{`0 "issue" "ca.example"`}}
		}),
		"DAT-09": noted(note{kind: upkeep.Backup, ago: day}, note{kind: upkeep.Check, ago: 30 * day}),
		"DAT-10": noted(note{kind: upkeep.Backup, ago: day, encrypted: true}),
		"DAT-11": noted(note{kind: upkeep.Drill, ago: 100 * day}),
		"HST-02": running(func(l *Live) { l.Process.Container, l.Process.Caps = "Docker", capBindService }),
		"SUP-01": file("# of this program\nv1.2.3\nv1.3.0-rc.1\n", day, releases),
		"SUP-02": file(strings.ReplaceAll(leak, `"1.0.1"`, `"1.0.0"`), day, advisories),
		"SUP-03": file("50fda23bf0a5115d4f893dc10d122c10a4705f47688f5620e80611c092d4053e  moorfast\n", day, checksums),
		"CMP-04": with("_APP_DOMAIN=api.example.org", "_APP_DOMAIN_TARGET_CNAME=api.example.org"),
		"AUD-07": change(func(_ *testing.T, s *Subject) {
			s.Config.Metrics.Listen, s.Live.Collected = "127.0.0.1:9100", now.Add(-time.Minute)
		}),
		"AUD-08": with(append(public, "MOORFAST_EVENTS_WEBHOOK=https://pager.example.org", "MOORFAST_EVENTS_WEBHOOK_SECRET="+strings.Repeat("s", 32))...),
		"KEY-05": with("MOORFAST_DB=postgres://db.internal/x"),
		"CON-05": with("_APP_CONSOLE_WHITELIST_IPS=10.0.0.0/8"),
		"AUT-03": with("MOORFAST_CONSOLE_SESSION_IDLE=720h"),
		"DAT-02": with("_APP_STORAGE_ANTIVIRUS=enabled"),
		"DAT-06": change(func(_ *testing.T, s *Subject) {
			s.System.room = func(string) (uint64, uint64, error) { return 90, 100, nil }
		}),
		"AUD-03": with("MOORFAST_AUDIT_SYSLOG=tls://logs.example.org:6514"),
	}
	for _, c := range checks() {
		t.Run(c.ID, func(t *testing.T) {
			if sick[c.ID] == nil {
				t.Fatal("there is no case in which it fails")
			}
			got := result(t, sick[c.ID](t), c.ID)
			if got.Status != Fail || got.Evidence == "" || got.Fix == "" || got.Why == "" {
				t.Errorf("where it should fail: %+v", got)
			}
			healthy := well[c.ID]
			if healthy == nil {
				healthy = with()
			}
			got = result(t, healthy(t), c.ID)
			if got.Status != Pass || got.Evidence == "" || got.Fix != "" {
				t.Errorf("where it should pass: %+v", got)
			}
		})
	}
}

func TestASyslogThatLosesRecordsIsFound(t *testing.T) {
	s := installation(t, "MOORFAST_AUDIT_SYSLOG=udp://logs.example.org:514")
	if r := result(t, s, "AUD-05"); r.Status != Fail || !strings.Contains(r.Evidence, "udp://") {
		t.Errorf("%+v", r)
	}
}

func result(t *testing.T, s *Subject, id string) Result {
	t.Helper()
	for _, r := range Run(context.Background(), *s).Results {
		if r.ID == id {
			return r
		}
	}
	t.Fatalf("no result for %s", id)
	return Result{}
}

// halfRotated puts a second root key into the ring, which a change of the root
// key would do.
func halfRotated(t *testing.T, s *Subject) {
	path := s.Config.RingPath()
	ring, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	status, err := vault.Inspect(context.Background(), s.Ring)
	if err != nil {
		t.Fatal(err)
	}
	var tree struct {
		Roots []json.RawMessage `json:"roots"`
	}
	if err := json.Unmarshal(ring, &tree); err != nil {
		t.Fatal(err)
	}
	root := string(tree.Roots[0])
	second := strings.Replace(root, status.Active().Fingerprint, "mfk1:AAAA-AAAA-AAAA-AAAA", 1)
	second = strings.Replace(second, `"active"`, `"retiring"`, 1)
	changed := strings.Replace(string(ring), root, root+","+second, 1)
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestADefaultInstallationGetsAnA(t *testing.T) {
	r := Run(context.Background(), *installation(t))
	if s := r.Summary(); s.Grade != "A" || s.Failed != 0 {
		t.Errorf("got %+v", s)
	}
	// What nobody has told the doctor it does not know, and all else it does.
	var open []string
	for _, one := range r.Results {
		if one.Status == Unknown {
			open = append(open, one.ID)
		}
	}
	if want := []string{"DAT-09", "DAT-10", "DAT-11", "SUP-01", "SUP-02", "SUP-03"}; !slices.Equal(open, want) {
		t.Errorf("unknown: %v, want %v", open, want)
	}
}

func TestAnOpenConsoleOnAPublicAddressGetsNoA(t *testing.T) {
	s := installation(t, "_APP_CONSOLE_WHITELIST_ROOT=disabled", "MOORFAST_LISTEN=0.0.0.0:80", "_APP_OPTIONS_FORCE_HTTPS=disabled")
	r := Run(context.Background(), *s)
	if sum := r.Summary(); sum.Grade == "A" || sum.Grade == "B" || !r.Fails(Critical) {
		t.Errorf("got %+v", sum)
	}
}

func (s *Subject) summary() Summary { return Run(context.Background(), *s).Summary() }

func TestWithoutDatabaseAndRingThingsAreUnknown(t *testing.T) {
	s := installation(t)
	s.Ring, s.Data = nil, nil
	for _, r := range Run(context.Background(), *s).Results {
		switch r.ID {
		case "KEY-06", "KEY-07", "KEY-08", "KEY-10", "KEY-12", "CON-01", "CON-08":
			if r.Status != Unknown || r.Evidence == "" {
				t.Errorf("%+v", r)
			}
		}
	}
	s = installation(t)
	s.Data.(*database).err = errors.New("no connection")
	if got := s.summary(); got.Unknown != 31 {
		t.Errorf("got %+v", got)
	}
}

func TestMistakesInTheSettingsLeaveTheRestUnknown(t *testing.T) {
	s := installation(t)
	s.configure(t, "_APP_CONSOLE_WHITELIST_IPS=10.0.0.0/33")
	got := s.summary()
	if got.Failed != 1 || got.Unknown != got.Total-1 {
		t.Errorf("got %+v", got)
	}
}

// The doctor never changes what it looks at, even when it finds nothing there.
func TestTheDoctorChangesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := &Subject{Now: now}
	s.configure(t, "MOORFAST_DATA="+dir)
	Run(context.Background(), *s)
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Error("there is a data directory now")
	}
}

func TestText(t *testing.T) {
	r := Report{Results: []Result{
		{"KEY-01", "Keys", Critical, Pass, "It is good", "x", "", "", nil},
		{"KEY-02", "Keys", High, Fail, "It is strong", "it is not", "because", "do this", []string{"ASVS 13.3", "CIS 4.7"}},
		{"CON-01", "Console", Medium, Fail, "It is closed", "it is not", "because", "do that", nil},
	}}
	var b strings.Builder
	if err := r.WriteText(&b, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	const want = `Keys
  FAIL    KEY-02  It is strong
                  found it is not
                  why   because
                  fix   do this
                  see   ASVS 13.3, CIS 4.7
Console
  WARN    CON-01  It is closed
                  found it is not
                  why   because
                  fix   do that

1 failed, 1 warning of 3 · score 86/100 (B)
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	for _, c := range []struct {
		least Severity
		want  bool
	}{{Critical, false}, {High, true}, {Medium, true}} {
		if r.Fails(c.least) != c.want {
			t.Errorf("fails at %v: %v", c.least, !c.want)
		}
	}
	b.Reset()
	if (Report{Results: r.Results[:1]}).WriteText(&b, TextOptions{}); b.String() != "all 1 checks pass · score 100/100 (A)\n" {
		t.Errorf("got %q", b.String())
	}
	b.Reset()
	if err := r.WriteJSON(&b); err != nil || !json.Valid([]byte(b.String())) || !strings.Contains(b.String(), `"severity": "high"`) {
		t.Errorf("got %s, %v", b.String(), err)
	}
}

func TestSwaps(t *testing.T) {
	const text = `Filename				Type		Size		Used		Priority
/dev/zram0                              partition	8388604		0		100
/dev/dm-1                               partition	8388604		0		-2
`
	if got := swaps(text); len(got) != 1 || got[0] != "/dev/dm-1" {
		t.Errorf("got %q", got)
	}
	if got := swaps("Filename Type\n"); len(got) != 0 {
		t.Errorf("got %q", got)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func touch(t *testing.T, path string) {
	t.Helper()
	write(t, path, "")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
