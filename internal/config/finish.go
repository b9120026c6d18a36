package config

import (
	"crypto/fips140"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"moorfast/internal/rootkey"
	"moorfast/internal/vault"
)

// database is settings that become one field of Config with others.
type database struct {
	key string

	keyPrevious string

	adapter  string
	host     string
	port     int64
	name     string
	user     string
	password vault.Secret
}

// finish fills what follows from several settings, and checks them together.
func (l *loader) finish() {
	c := l.config
	if fips140.Enforced() {
		l.wrong("GODEBUG", "set GODEBUG=fips140=on, which uses the same module", "fips140=only forbids what files and secrets are sealed with (docs/decisions/0022)")
	}
	l.finishKey()
	l.finishDB()
	l.finishStorage()
	if err := c.OTLP.check(); err != nil {
		l.wrong(l.from("otlp.headers"), "", "%v", err)
	}
	if key, err := c.Audit.check(); err != nil {
		l.wrong(l.from(key), "set both, or neither", "%s", err)
	}
	switch n := len(c.Events.Secret.Reveal()); {
	case c.Events.Webhook != "" && n < minWebhookSecret:
		l.wrong(l.from("events.webhook"), "set MOORFAST_EVENTS_WEBHOOK_SECRET to the output of openssl rand -hex 32",
			"events.webhook needs a secret of 32 characters or more, so that its receiver can tell who sends")
	case c.Events.Webhook == "" && n > 0:
		l.wrong(l.from("events.webhook_secret"), "set events.webhook too, or remove it", "it signs what is sent to events.webhook, which is not set")
	}
	if c.Domain.Console == "" {
		c.Domain.Console = c.Domain.Name
	}
	if c.SealedDB && c.Postgres() {
		l.wrong(l.from("db_encryption"), "encrypt the disk of PostgreSQL, and remove this", "it is for SQLite, and the database is PostgreSQL")
	}
	if !c.Console.Access.Countries.Empty() && c.GeoDatabase == "" {
		l.wrong(l.from("console.countries_denylist"), "set MOORFAST_GEO_DATABASE to a file of countries, or remove it",
			"without a file of countries no address is in one, so that the list would let in whom it keeps out")
	}
	l.finishProfile()
	l.finishTLS()
	l.checkListen()
	l.checkAdmin()
	if m := c.Metrics; m.Listen != "" && !loopback(m.Listen) && len(m.Token.Reveal()) < leastToken {
		l.wrong(l.from("metrics.listen"), "set MOORFAST_METRICS_TOKEN to at least 16 chars, such as the output of openssl rand -hex 16",
			"metrics beyond this machine need a token")
	}
	if c.KeyReveal == RevealCompat {
		c.Notices = append(c.Notices, "API keys that are made now can be shown again, by MOORFAST_API_KEY_REVEAL; each time is in the audit log")
	}
	if c.Unguarded {
		c.Notices = append(c.Notices, "DANGER: MOORFAST_DANGEROUS_NO_BRUTE_FORCE is set: passwords and codes can be guessed as fast as the server answers")
	}
}

// leastToken is the shortest token that nobody guesses, in chars.
const leastToken = 16

// keyVariable reads the root key's own variables, of which an empty one counts:
// it is refused as a key, and not taken for none.
func (l *loader) keyVariable(name string) (given, bool) {
	_, here := l.env[name]
	path := l.env[name+"_FILE"]
	if here && path != "" {
		l.wrong(name+" and "+name+"_FILE", "remove one of them", "both are set")
	}
	switch {
	case here:
		return given{"env:" + name, name}, true
	case path != "":
		return given{"file:" + path, name + "_FILE"}, true
	}
	return given{}, false
}

func keySource(s string) error {
	_, err := rootkey.Parse(s, func(string) (string, bool) { return "", false })
	return err
}

func (l *loader) finishKey() {
	c := l.config
	if c.database.keyPrevious != "" {
		c.KeyPrevious, _ = c.KeySource(c.database.keyPrevious)
	}
	kind, name, _ := strings.Cut(c.database.key, ":")
	switch {
	case c.database.key == "":
		c.Key = vault.KeyFileOrNew(filepath.Join(c.Data, "keys", "master.key"))
		l.show("key", c.Key.String())
	case kind == "file":
		c.Key = vault.KeyFile(name)
	default:
		c.Key, _ = c.KeySource(c.database.key)
	}
}

// KeySource reads where a root key is, as the setting "key" does.
func (c Config) KeySource(text string) (vault.Source, error) { return rootkey.Parse(text, c.env) }

// finishDB makes one URL of the database settings, and checks it without
// repeating it: it may have a password in it.
func (l *loader) finishDB() {
	c, d := l.config, l.config.database
	if !c.DB.Set() {
		if d.adapter != "postgresql" {
			return
		}
		u := url.URL{
			Scheme: "postgres", Host: net.JoinHostPort(d.host, strconv.FormatInt(d.port, 10)), Path: "/" + d.name,
			User: url.UserPassword(d.user, d.password.Reveal()),
		}
		if !d.password.Set() {
			u.User = url.User(d.user)
		}
		c.DB = vault.Hide(u.String())
		return
	}
	if d.adapter != "" {
		l.wrong(l.from("db")+" and "+l.from("database.adapter"), "remove one of them", "both name the database")
	}
	u, err := url.Parse(c.DB.Reveal())
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		l.wrong(l.from("db"), "leave it unset for SQLite in the data directory", "it is not a postgres:// URL")
	}
}

// checkListen keeps what is only safe on this machine on this machine.
func (l *loader) checkListen() {
	c := l.config
	if hostPort(c.Listen) != nil || loopback(c.Listen) {
		return
	}
	if c.InsecureDev {
		l.wrong(l.from("insecure_dev"), "listen on 127.0.0.1", "%s is not a loopback address", c.Listen)
	}
	if !c.Network.TLS.On() && c.Profile != Hardened && l.from("force_https") == "default" {
		l.wrong(l.from("listen"),
			"set MOORFAST_TLS to auto, file or local, or listen on 127.0.0.1 behind a proxy with TLS, or say _APP_OPTIONS_FORCE_HTTPS=enabled where such a proxy is elsewhere, or =disabled to serve without encryption",
			"%s can be reached from other machines, over plain HTTP", c.Listen)
	}
}

// checkAdmin keeps the console from being served to other machines over plain HTTP.
func (l *loader) checkAdmin() {
	a, tls := l.config.Admin, l.config.Network.TLS.On()
	switch {
	case a.Listen == "" && a.ClientCA != "":
		l.wrong(l.from("admin.client_ca"), "set MOORFAST_ADMIN_LISTEN, or remove it", "there is no listener to ask for certificates")
	case a.ClientCA != "" && !tls:
		l.wrong(l.from("admin.client_ca"), "set MOORFAST_TLS, or remove it", "clients show certificates by TLS alone")
	case a.Listen != "" && !tls && hostPort(a.Listen) == nil && !loopback(a.Listen):
		l.wrong(l.from("admin.listen"), "set MOORFAST_TLS, or listen on 127.0.0.1", "%s can be reached from other machines, over plain HTTP", a.Listen)
	case a.Listen != "" && a.Listen == l.config.Listen && !strings.HasSuffix(a.Listen, ":0"):
		l.wrong(l.from("admin.listen"), "choose another port", "it is where everybody comes in")
	}
}

func loopback(listen string) bool {
	host, _, _ := net.SplitHostPort(listen)
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// from tells where a setting came from.
func (l *loader) from(key string) string {
	if i := slices.IndexFunc(l.config.values, func(v Value) bool { return v.Key == key }); i >= 0 {
		return l.config.values[i].From
	}
	return key
}

// show replaces the text of a setting whose default depends on others.
func (l *loader) show(key, text string) {
	if i := slices.IndexFunc(l.config.values, func(v Value) bool { return v.Key == key }); i >= 0 {
		l.config.values[i].Text = text
	}
}
