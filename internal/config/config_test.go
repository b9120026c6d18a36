package config_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"moorfast/internal/config"
	"moorfast/internal/core/access"
)

func load(t *testing.T, environ ...string) config.Config {
	t.Helper()
	c, err := config.Load(config.Sources{Environ: environ})
	if err != nil {
		t.Fatalf("load %q: %v", environ, err)
	}
	return c
}

// mistakes loads what is wrong, and returns what is said about it.
func mistakes(t *testing.T, s config.Sources) []string {
	t.Helper()
	_, err := config.Load(s)
	var all *config.Error
	if !errors.As(err, &all) {
		t.Fatalf("load %+v: %v, want mistakes", s, err)
	}
	lines := make([]string, len(all.Mistakes))
	for i, m := range all.Mistakes {
		lines[i] = m.String()
	}
	return lines
}

func TestDefaults(t *testing.T) {
	c := load(t)
	a := c.Console.Access
	for name, ok := range map[string]bool{
		"data": c.Data == "./data", "listen": c.Listen == "127.0.0.1:8080", "db": !c.Postgres(),
		"key":     c.Key.String() == "file:data/keys/master.key",
		"profile": c.Profile == config.Standard, "production": !c.Development,
		"root only": a.RootOnly, "lists": a.Emails.Empty() && a.Addrs.Empty(),
		"enforce": a.Enforce == access.EnforceAll, "bypass": !a.InvitesBypassList,
		"abuse": c.Abuse, "https": !c.Network.ForceHTTPS, "headers": fmt.Sprint(c.Network.TrustedHeaders) == "[x-forwarded-for]",
		"proxies": fmt.Sprint(c.Network.TrustedProxies) == "[127.0.0.0/8 ::1/128]",
		"session": c.Console.SessionLifetime == 365*24*time.Hour && c.Console.SessionIdle == 30*24*time.Hour,
		"storage": c.Storage.Limit == 30_000_000 && c.Storage.PreviewLimit == 20_000_000 && !c.Storage.S3.Set(),
		"scanner": !c.Storage.Antivirus.Enabled && c.Storage.Antivirus.Addr() == "clamav:3310", "build": c.Compute.BuildTimeout == 45*time.Minute,
		"console": c.Domain.Console == "localhost", "a": fmt.Sprint(c.Domain.A) == "[127.0.0.1]",
		"mail": c.SMTP.Host == "", "vcs": len(c.VCS.Providers()) == 0, "notices": len(c.Notices) == 0,
		"ring": c.RingPath() == "data/keys/keyring.json",
	} {
		if !ok {
			t.Errorf("the default of %s is wrong: %+v", name, c)
		}
	}
}

func TestWhatWins(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.toml")
	write(t, file, 0o600, "listen = '127.0.0.1:1'\nlocale = 'de'\n[log]\nlevel = 'warn'\n")
	environ := []string{"MOORFAST_LISTEN=127.0.0.1:2", "_APP_LOCALE=fr"}
	flags := map[string]string{"listen": "127.0.0.1:3"}
	c, err := config.Load(config.Sources{Flags: flags, Environ: environ, File: file})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][2]string{
		"listen":    {"127.0.0.1:3", "--listen"},
		"locale":    {"fr", "_APP_LOCALE"},
		"log.level": {"warn", file + ": log.level"},
		"profile":   {"standard", "default"},
	} {
		for _, v := range c.Describe() {
			if v.Key == key && (v.Text != want[0] || v.From != want[1]) {
				t.Errorf("%s is %q from %q, want %q", key, v.Text, v.From, want)
			}
		}
	}
	c, err = config.Load(config.Sources{Environ: environ, File: file})
	if err != nil || c.Listen != "127.0.0.1:2" {
		t.Errorf("the environment: %q, %v", c.Listen, err)
	}
}

func TestTheFileInTheDataDirectory(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "moorfast.toml"), 0o644, `
abuse = false
trusted_proxies = ["10.0.0.0/8", "loopback"]
[console]
whitelist_root = true
session_idle = 3600
[compute]
cpus = 1.5
`)
	c := load(t, "MOORFAST_DATA="+dir)
	if c.Abuse || !c.Console.Access.RootOnly || c.Console.SessionIdle != time.Hour || c.Compute.CPUs != 1.5 ||
		len(c.Network.TrustedProxies) != 3 {
		t.Errorf("got %+v", c)
	}
}

// C-5, C-3 and the rest of what is refused. Each mistake names where it is.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ environ, want string }{
		{"_APP_CONSOLE_WHITELIST_ROOT=true", `_APP_CONSOLE_WHITELIST_ROOT: "true" is neither enabled nor disabled`},
		{"_APP_CONSOLE_WHITELIST_ROOT=Enabled", "neither enabled nor disabled"},
		{"_APP_CONSOLE_WHITELIST_ROOT=1", "neither enabled nor disabled"},
		{"_APP_CONSOLE_WHITELIST_IPS=10.0.0.1,10.0.0.0/33", `_APP_CONSOLE_WHITELIST_IPS: "10.0.0.0/33" is not an address`},
		{"_APP_CONSOLE_WHITELIST_EMAILS=*", `_APP_CONSOLE_WHITELIST_EMAILS: "*" is neither an e-mail address nor *@domain`},
		{"_APP_CONSOLE_WHITELIST_EMAILS=,", "the list has no entries"},
		{"_APP_CONSOLE_COUNTRIES_DENYLIST=ru", "let in whom it keeps out"},
		{"_APP_CONSOLE_COUNTRIES_DENYLIST=ru,UK", `_APP_CONSOLE_COUNTRIES_DENYLIST: "UK" is not the code of a country`},
		{"_APP_CONSOLE_COUNTRIES_DENYLIST=!DE", `_APP_CONSOLE_COUNTRIES_DENYLIST: "DE" is not the code of a country`},
		{"_APP_CONSOLE_COUNTRIES_DENYLIST=,", "the list has no entries"},
		{"MOORFAST_CONSOLE_ENFORCE=everything", "MOORFAST_CONSOLE_ENFORCE: it is one of signup, auth, all"},
		{"MOORFAST_CONSOLE_ENFROCE=all", "there is no such setting; did you mean MOORFAST_CONSOLE_ENFORCE?"},
		{"MOORFAST_ZZZZ=1", "MOORFAST_ZZZZ: there is no such setting"},
		{"MOORFAST_LISTEN=8080", `"8080" is not host:port`},
		{"MOORFAST_LISTEN=127.0.0.1:99999", "port"},
		{"MOORFAST_LISTEN=0.0.0.0:80", "MOORFAST_LISTEN: 0.0.0.0:80 can be reached from other machines, over plain HTTP"},
		{"MOORFAST_LISTEN=:80", "over plain HTTP"},
		{"MOORFAST_ADMIN_LISTEN=0.0.0.0:81", "MOORFAST_ADMIN_LISTEN: 0.0.0.0:81 can be reached from other machines, over plain HTTP"},
		{"MOORFAST_ADMIN_CLIENT_CA=ca.pem", "MOORFAST_ADMIN_CLIENT_CA: there is no listener to ask for certificates"},
		{"MOORFAST_PROFILE=paranoid", "not one of standard, hardened"},
		{"MOORFAST_TRUSTED_PROXIES=10.0.0.0/33", `"10.0.0.0/33" is not`},
		{"MOORFAST_OUTBOUND_ALLOW=internal", `MOORFAST_OUTBOUND_ALLOW: "internal" is not a network`},
		{"MOORFAST_OUTBOUND_ALLOW=10.1.2.3/16", "did you mean 10.1.0.0/16?"},
		{"MOORFAST_OUTBOUND_ALLOW=10.0.0.0/8,0.0.0.0/0", `"0.0.0.0/0" is so wide`},
		{"MOORFAST_OUTBOUND_ALLOW=::/0", "so wide"},
		{"MOORFAST_OUTBOUND_ALLOW=::ffff:10.0.0.1", "is not a network"},
		{"MOORFAST_OUTBOUND_ALLOW=fe80::1%eth0", "is not a network"},
		{"_APP_BROWSER_HOST=appwrite-browser:3000", "_APP_BROWSER_HOST: it is not an address such as"},
		{"_APP_BROWSER_HOST=http://a:hunter2@b", "_APP_BROWSER_HOST: it is not an address such as"},
		{"MOORFAST_LOG_LEVEL=loud", "debug, info, warn, error"},
		{"MOORFAST_CONSOLE_SESSION_IDLE=soon", "not a time"},
		{"MOORFAST_KEY_MAX_AGE=1h", "neither 0 nor at least 24h"},
		{"MOORFAST_KEY_MAX_AGE=-1d", "less than 0s"},
		{"MOORFAST_DB=mysql://user:hunter2@host/db", "MOORFAST_DB: it is not a postgres:// URL"},
		{"MOORFAST_DB=postgres://user:hunter2@ho st:x/db", "MOORFAST_DB: it is not a postgres:// URL"},
		{"_APP_DB_ADAPTER=mariadb", "not a database moorfast speaks"},
		{"_APP_STORAGE_LIMIT=much", "not a number"},
		{"_APP_COMPRESSION_ENABLED=yes", "neither enabled nor disabled"},
		{"_APP_LOCALE=../etc", "not a language"},
		{"_APP_DOMAIN=https://api.example.com", "not a host name"},
		{"_APP_DOMAIN_TARGET_A=::1", "not an IPv4 address"},
		{"_APP_SYSTEM_RESPONSE_FORMAT=newest", "not a version"},
		{"MOORFAST_KEY=hunter2hunter2hunter2", "it is not a key source"},
		{"MOORFAST_KEY=vault-transit:key", "it is written vault-transit:MOUNT"},
		{"MOORFAST_KEY=file:", "it is not a key source"},
		{"_APP_SMTP_PASSWORD_FILE=/nonexistent", "_APP_SMTP_PASSWORD_FILE: can not be read"},
		{"MOORFAST_CONFIG=/nonexistent", "MOORFAST_CONFIG: can not be read"},
	} {
		t.Run(c.environ, func(t *testing.T) {
			got := mistakes(t, config.Sources{Environ: []string{c.environ}})
			if len(got) != 1 || !strings.Contains(got[0], c.want) || strings.Contains(got[0], "hunter2") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.toml")
	write(t, file, 0o644, "lisen = 'x'\ndb = 'postgres://localhost'\n[log]\nlevel = true\n")
	got := mistakes(t, config.Sources{File: file, Environ: []string{
		"MOORFAST_ABUSE=no", "_APP_OPTIONS_ABUSE=disabled", "_APP_CONSOLE_WHITELIST_IPS=x,y",
	}})
	for _, want := range []string{
		file + ": lisen: there is no such setting; did you mean listen?",
		file + ": db: it is a secret in a file that others can read; chmod 600",
		file + ": log.level: it is not true or false",
		"MOORFAST_ABUSE and _APP_OPTIONS_ABUSE: they mean the same and differ; remove one of them",
		`MOORFAST_ABUSE: "no" is neither`,
		`_APP_CONSOLE_WHITELIST_IPS: "x" is not`,
		`_APP_CONSOLE_WHITELIST_IPS: "y" is not`,
	} {
		found := false
		for _, line := range got {
			found = found || strings.HasPrefix(line, want)
		}
		if !found {
			t.Errorf("got\n%s\nwant %q", strings.Join(got, "\n"), want)
		}
	}
	if len(got) != 7 {
		t.Errorf("got %d mistakes, want 7", len(got))
	}
}

// Where Appwrite takes the default, so do we: it is not a mistake.
func TestEmptyAndZeroAreUnset(t *testing.T) {
	c := load(t, "_APP_CONSOLE_WHITELIST_ROOT=", "_APP_STORAGE_LIMIT=0", "_APP_CONSOLE_WHITELIST_EMAILS=", "_APP_OPTIONS_ABUSE=0")
	if !c.Console.Access.RootOnly || c.Storage.Limit != 30_000_000 || !c.Abuse {
		t.Errorf("got %+v", c)
	}
	if !load(t, "_APP_CONSOLE_WHITELIST_ROOT=0").Console.Access.RootOnly {
		t.Error("0 opens the console")
	}
}

func TestOlderNames(t *testing.T) {
	c := load(t, "_APP_FUNCTIONS_SIZE_LIMIT=7", "_APP_FUNCTIONS_BUILD_TIMEOUT=60")
	if c.Compute.SizeLimit != 7 || c.Compute.BuildTimeout != time.Minute {
		t.Errorf("got %+v", c.Compute)
	}
	if c := load(t, "_APP_FUNCTIONS_SIZE_LIMIT=7", "_APP_COMPUTE_SIZE_LIMIT=8"); c.Compute.SizeLimit != 8 {
		t.Errorf("got %+v", c.Compute)
	}
}

// What is set in the environment of a real Appwrite starts, but for its key.
func TestAppwritesOwnEnvironment(t *testing.T) {
	c := load(t, "MOORFAST_LISTEN=0.0.0.0:80", "_APP_OPTIONS_FORCE_HTTPS=disabled", "_APP_REDIS_HOST=redis",
		"_APP_WORKER_PER_CORE=6", "_APP_SMTP_HOST=mail.example.com", "_APP_DB_ROOT_PASS=rootsecretpassword", "_APP_FROM_THE_FUTURE=1", "_APP_DOMIAN=x")
	if len(c.Notices) != 3 || !strings.Contains(c.Notices[0], "did you mean _APP_DOMAIN?") ||
		!strings.HasPrefix(c.Notices[1], "_APP_FROM_THE_FUTURE:") || !strings.HasPrefix(c.Notices[2], "4 settings do nothing") {
		t.Errorf("notices %q", c.Notices)
	}
	if unused := c.Unused(); len(unused) != 4 || unused[0].Name != "_APP_SMTP_HOST" || unused[0].Why == "" || unused[1].Name != "_APP_DB_ROOT_PASS" {
		t.Errorf("unused %v", unused)
	}
}

func TestKeySources(t *testing.T) {
	for _, c := range []struct {
		name    string
		environ []string
		flag    string
		want    string
	}{
		{"Appwrite's variable", []string{"_APP_OPENSSL_KEY_V1=x"}, "", "env:_APP_OPENSSL_KEY_V1"},
		{"an empty one is there too", []string{"_APP_OPENSSL_KEY_V1="}, "", "env:_APP_OPENSSL_KEY_V1"},
		{"its file", []string{"_APP_OPENSSL_KEY_V1_FILE=/run/k"}, "", "file:/run/k"},
		{"ours", []string{"MOORFAST_KEY=file:/run/k"}, "", "file:/run/k"},
		{"ours by name", []string{"MOORFAST_KEY=env:K", "K=x"}, "", "env:K"},
		{"the same twice", []string{"MOORFAST_KEY=env:_APP_OPENSSL_KEY_V1", "_APP_OPENSSL_KEY_V1=x"}, "", "env:_APP_OPENSSL_KEY_V1"},
		{"the flag", []string{"MOORFAST_KEY=file:/run/k"}, "file:B", "file:B"},
		{"none, elsewhere", []string{"MOORFAST_DATA=/srv/m"}, "", "file:/srv/m/keys/master.key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := config.Sources{Environ: c.environ}
			if c.flag != "" {
				s.Flags = map[string]string{"key": c.flag}
			}
			got, err := config.Load(s)
			if err != nil || got.Key.String() != c.want {
				t.Errorf("got %v, %v; want %s", got.Key, err, c.want)
			}
		})
	}
	got := mistakes(t, config.Sources{Environ: []string{"MOORFAST_KEY=file:/run/k", "_APP_OPENSSL_KEY_V1=x"}})
	if len(got) != 1 || !strings.Contains(got[0], "they mean the same and differ") {
		t.Errorf("got %q", got)
	}
}

func TestPostgres(t *testing.T) {
	c := load(t, "_APP_DB_ADAPTER=postgresql", "_APP_DB_HOST=db.internal", "_APP_DB_PORT=6543", "_APP_DB_SCHEMA=app",
		"_APP_DB_USER=me", "_APP_DB_PASS=p@ss/word")
	if got := c.DB.Reveal(); got != "postgres://me:p%40ss%2Fword@db.internal:6543/app" {
		t.Errorf("got %q", got)
	}
	if got := load(t, "MOORFAST_DB=postgres://localhost/x").DB.Reveal(); got != "postgres://localhost/x" {
		t.Errorf("got %q", got)
	}
	if load(t, "_APP_DB_HOST=db.internal").Postgres() {
		t.Error("a host alone asks for PostgreSQL")
	}
	got := mistakes(t, config.Sources{Environ: []string{"MOORFAST_DB=postgres://localhost/x", "_APP_DB_ADAPTER=postgresql"}})
	if len(got) != 1 || !strings.Contains(got[0], "both name the database") {
		t.Errorf("got %q", got)
	}
	got = mistakes(t, config.Sources{Environ: []string{"MOORFAST_DB=postgres://localhost/x", "MOORFAST_DB_ENCRYPTION=enabled"}})
	if len(got) != 1 || !strings.Contains(got[0], "it is for SQLite") {
		t.Errorf("got %q", got)
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, 0o600, "hunter2\n")
	c := load(t, "_APP_SMTP_PASSWORD_FILE="+file, "_APP_ASSISTANT_OPENAI_API_KEY=hunter2", "MOORFAST_DB=postgres://u:hunter2@h/d",
		"_APP_OPENSSL_KEY_V1=hunter2")
	if c.SMTP.Password.Reveal() != "hunter2" || c.Assistant.Reveal() != "hunter2" {
		t.Errorf("the secrets were not read")
	}
	// The key itself where its source should be.
	wrong, _ := config.Load(config.Sources{Environ: []string{"MOORFAST_KEY=hunter2"}})
	for _, text := range []string{fmt.Sprint(wrong.Describe()), fmt.Sprintf("%v", c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprint(c.Describe())} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("a secret shows: %s", text)
		}
	}
}

func TestInsecureDevIsForLoopback(t *testing.T) {
	flags := map[string]string{"insecure_dev": "true", "listen": "0.0.0.0:80"}
	got := mistakes(t, config.Sources{Flags: flags, Environ: []string{"_APP_OPTIONS_FORCE_HTTPS=disabled"}})
	if len(got) != 1 || !strings.HasPrefix(got[0], "--insecure-dev: 0.0.0.0:80 is not a loopback address") {
		t.Errorf("got %q", got)
	}
	for _, listen := range []string{"127.0.0.1:80", "[::1]:80", "localhost:80"} {
		flags["listen"] = listen
		if c, err := config.Load(config.Sources{Flags: flags}); err != nil || !c.InsecureDev {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

func TestVCSProviders(t *testing.T) {
	c := load(t, "_APP_VCS_GITLAB_CLIENT_ID=a", "_APP_VCS_GITLAB_CLIENT_SECRET=b", "_APP_VCS_GITLAB_WEBHOOK_SECRET=c",
		"_APP_VCS_GITEA_CLIENT_ID=a", "_APP_VCS_ORIGIN_CLIENT_ID=a", "_APP_VCS_ORIGIN_PRIVATE_KEY=b")
	if got := fmt.Sprint(c.VCS.Providers()); got != "[gitlab origin]" {
		t.Errorf("got %s", got)
	}
}

func TestTheRuleForProxies(t *testing.T) {
	rule := load(t, "_APP_TRUSTED_HEADERS=X-Real-IP, x-forwarded-host,x-forwarded-for", "MOORFAST_TRUSTED_PROXIES=none").Network.Rule()
	if !rule.Host || len(rule.Trusted) != 0 || fmt.Sprint(rule.Headers) != "[x-real-ip x-forwarded-for]" {
		t.Errorf("got %+v", rule)
	}
	if load(t).Network.Rule().Host {
		t.Error("X-Forwarded-Host is believed by default")
	}
}

func TestWhereFetchesMayGo(t *testing.T) {
	c := load(t, "MOORFAST_OUTBOUND_ALLOW=10.1.0.0/16, 192.168.7.7,fd00::/8", "_APP_BROWSER_HOST=http://appwrite-browser:3000/v1")
	if got := fmt.Sprint(c.Network.OutboundAllow); got != "[10.1.0.0/16 192.168.7.7/32 fd00::/8]" {
		t.Errorf("the exceptions are %s", got)
	}
	if c.BrowserHost != "http://appwrite-browser:3000/v1" || len(c.Notices) != 0 {
		t.Errorf("the browser is at %q; notices %q", c.BrowserHost, c.Notices)
	}
	if c := load(t); c.Network.OutboundAllow != nil || c.BrowserHost != "" || c.GeoDatabase != "" {
		t.Errorf("the defaults are %+v, %q, %q", c.Network, c.BrowserHost, c.GeoDatabase)
	}
}

func TestTargets(t *testing.T) {
	c := load(t, "_APP_DOMAIN=api.example.com", "_APP_DOMAIN_TARGET_A=192.0.2.1, 192.0.2.2", "_APP_CONSOLE_HOSTNAMES=A.example.com,,b.example.com")
	if c.Domain.Console != "api.example.com" || len(c.Domain.A) != 2 || c.Domain.A[1] != netip.MustParseAddr("192.0.2.2") ||
		fmt.Sprint(c.Console.Hostnames) != "[a.example.com b.example.com]" {
		t.Errorf("got %+v", c)
	}
}

// F-19: whatever a file or a variable says, loading it ends in settings or in
// mistakes that say where.
func FuzzLoad(f *testing.F) {
	f.Add("listen = '127.0.0.1:1'\n[console]\nwhitelist_ips = ['10.0.0.0/8']", "_APP_OPTIONS_ABUSE=disabled")
	f.Add("[console\n", "MOORFAST_LISTEN=:")
	f.Add("a.b.c = 1\nabuse = [[1]]", "_APP_DB_PORT=-1")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, file, variable string) {
		path := filepath.Join(dir, "settings.toml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(variable, "_FILE=") || strings.HasPrefix(variable, "MOORFAST_CONFIG") {
			return // it could name any file of this machine
		}
		_, err := config.Load(config.Sources{File: path, Environ: []string{variable}})
		var all *config.Error
		if err != nil && !errors.As(err, &all) {
			t.Fatalf("got %v", err)
		}
		if err != nil {
			for _, m := range all.Mistakes {
				if m.Where == "" || m.What == "" {
					t.Errorf("a mistake without a place or a reason: %+v", m)
				}
			}
		}
	})
}

func write(t testing.TB, path string, mode os.FileMode, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
