package config

import (
	"time"

	"moorfast/internal/core/access"
)

// The bounds of console sessions in the profile hardened (S-2).
const (
	hardenedLife = 30 * 24 * time.Hour
	hardenedIdle = 12 * time.Hour
	// hardenedGrace is the longest time that a new owner has to get a second factor.
	hardenedGrace = 72 * time.Hour
)

// finishProfile gives the settings that depend on the profile their defaults
// (security.md D.00), and refuses those that would make hardened less than its
// name. What is stricter is fine.
func (l *loader) finishProfile() {
	c := l.config
	hardened := c.Profile == Hardened
	l.byProfile("router_protection", &c.Network.KnownHosts, hardened || Public(c.Domain.Name), "enabled", "disabled")
	l.byProfile("setup_token", &c.Console.Access.Setup, hardened, "required", "off")
	l.byProfile("enumeration", &c.Console.HideUnknown, hardened, "hide", "compat")
	if l.from("console.mfa") == "default" {
		if hardened {
			c.Console.Access.MFA = access.MFAOwners
		}
		l.show("console.mfa", c.Console.Access.MFA.String())
	}
	if !hardened {
		return
	}
	l.byProfile("force_https", &c.Network.ForceHTTPS, true, "enabled", "disabled")
	for key, field := range map[string]struct {
		is   *time.Duration
		most time.Duration
		text string
	}{
		"console.session_lifetime": {&c.Console.SessionLifetime, hardenedLife, "30d"},
		"console.session_idle":     {&c.Console.SessionIdle, hardenedIdle, "12h"},
	} {
		if l.from(key) == "default" {
			*field.is = field.most
			l.show(key, field.text)
		}
	}
	t := c.Network.TLS.On()
	if !t {
		c.Notices = append(c.Notices, "the profile hardened serves nothing by plain HTTP: set MOORFAST_TLS, or have a proxy on this machine that speaks TLS say X-Forwarded-Proto: https")
	}
	for _, rule := range []struct {
		key     string
		broken  bool
		remedy  string
		promise string
	}{
		{"router_protection", !c.Network.KnownHosts, "remove it", "only the names of this installation are answered"},
		{"setup_token", !c.Console.Access.Setup, "remove it", "the first account shows a setup token"},
		{"enumeration", !c.Console.HideUnknown, "remove it", "nobody finds out who has an account"},
		{"console.mfa", c.Console.Access.MFA == access.MFAOff, "set it to owners or all", "owners show a second factor"},
		{"console.enforce", c.Console.Access.Enforce != access.EnforceAll, "remove it", "the lists reach every request"},
		{"console.session_lifetime", c.Console.SessionLifetime > hardenedLife, "make it 30d or less", "a console session ends after 30 days"},
		{"console.mfa_grace", c.Console.Access.MFAGrace > hardenedGrace, "make it 72h or less", "an owner has a second factor after three days"},
		{"console.session_idle", c.Console.SessionIdle == 0 || c.Console.SessionIdle > hardenedIdle, "make it 12h or less", "an unused console session ends after 12 hours"},
		{"insecure_dev", c.InsecureDev, "remove it", "no published key is accepted"},
		{"force_https", !t && !c.Network.ForceHTTPS, "remove it", "nothing is served by plain HTTP"},
		{
			"listen", !t && hostPort(c.Listen) == nil && !loopback(c.Listen),
			"set MOORFAST_TLS to auto, file or local, or listen on 127.0.0.1 behind a proxy with TLS", "what leaves this machine is encrypted",
		},
	} {
		if rule.broken {
			l.wrong(l.from(rule.key), rule.remedy, "the profile hardened promises that %s", rule.promise)
		}
	}
}

// byProfile fills a setting of two words that was not set.
func (l *loader) byProfile(key string, field *bool, value bool, yes, no string) {
	if l.from(key) != "default" {
		return
	}
	*field = value
	if value {
		l.show(key, yes)
	} else {
		l.show(key, no)
	}
}
