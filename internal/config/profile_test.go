package config_test

import (
	"strings"
	"testing"
	"time"

	"moorfast/internal/config"
	"moorfast/internal/core/access"
)

func TestTheProfilesHaveTheirDefaults(t *testing.T) {
	s := load(t)
	if s.Network.KnownHosts || s.Console.Access.Setup || s.Console.Access.MFA != access.MFAOff || s.Console.HideUnknown ||
		s.Console.SessionLifetime != 365*24*time.Hour || s.Console.SessionIdle != 30*24*time.Hour || s.Network.ForceHTTPS {
		t.Errorf("standard: %+v", s)
	}
	h := load(t, "MOORFAST_PROFILE=hardened")
	if !h.Network.KnownHosts || !h.Console.Access.Setup || h.Console.Access.MFA != access.MFAOwners || !h.Console.HideUnknown ||
		h.Console.SessionLifetime != 30*24*time.Hour || h.Console.SessionIdle != 12*time.Hour || !h.Network.ForceHTTPS ||
		h.Console.Access.Enforce != access.EnforceAll {
		t.Errorf("hardened: %+v", h)
	}
	for key, want := range map[string]string{
		"router_protection": "enabled", "setup_token": "required", "console.mfa": "owners", "enumeration": "hide", "force_https": "enabled",
		"console.session_lifetime": "30d", "console.session_idle": "12h",
	} {
		for _, v := range h.Describe() {
			if v.Key == key && (v.Text != want || v.From != "default") {
				t.Errorf("%s is shown as %q from %s, want %q", key, v.Text, v.From, want)
			}
		}
	}
	if !load(t, "_APP_DOMAIN=api.example.org").Network.KnownHosts || load(t, "_APP_DOMAIN=10.1.2.3").Network.KnownHosts {
		t.Error("the names of an installation are known once it has a public one")
	}
}

func TestHardenedIsNeverLessThanItsName(t *testing.T) {
	for _, c := range []struct{ environ, want string }{
		{"", ""},
		{"MOORFAST_CONSOLE_MFA=all MOORFAST_CONSOLE_SESSION_LIFETIME=1d MOORFAST_CONSOLE_SESSION_IDLE=1h", ""}, // stricter
		{"MOORFAST_TLS=local MOORFAST_LISTEN=0.0.0.0:443 _APP_OPTIONS_FORCE_HTTPS=disabled", ""},
		{"_APP_OPTIONS_ROUTER_PROTECTION=disabled", "_APP_OPTIONS_ROUTER_PROTECTION: the profile hardened promises that only the names"},
		{"MOORFAST_CONSOLE_MFA_GRACE=73h", "MOORFAST_CONSOLE_MFA_GRACE: the profile hardened promises that an owner has a second factor"},
		{"MOORFAST_SETUP_TOKEN=off", "MOORFAST_SETUP_TOKEN: the profile hardened promises that the first account"},
		{"MOORFAST_ENUMERATION=compat", "MOORFAST_ENUMERATION: the profile hardened promises that nobody finds out"},
		{"MOORFAST_CONSOLE_MFA=off", "MOORFAST_CONSOLE_MFA: the profile hardened promises that owners"},
		{"MOORFAST_CONSOLE_ENFORCE=auth", "MOORFAST_CONSOLE_ENFORCE: the profile hardened promises that the lists"},
		{"MOORFAST_CONSOLE_SESSION_LIFETIME=31d", "MOORFAST_CONSOLE_SESSION_LIFETIME: the profile hardened promises that a console session"},
		{"MOORFAST_CONSOLE_SESSION_IDLE=0s", "MOORFAST_CONSOLE_SESSION_IDLE: the profile hardened promises that an unused"},
		{"MOORFAST_INSECURE_DEV=true", "MOORFAST_INSECURE_DEV: the profile hardened promises that no published key"},
		{"_APP_OPTIONS_FORCE_HTTPS=disabled", "_APP_OPTIONS_FORCE_HTTPS: the profile hardened promises that nothing"},
		{"MOORFAST_LISTEN=0.0.0.0:80", "MOORFAST_LISTEN: the profile hardened promises that what leaves"},
		{"MOORFAST_LISTEN=0.0.0.0:80 _APP_OPTIONS_FORCE_HTTPS=enabled", "MOORFAST_LISTEN: the profile hardened promises that what leaves"},
	} {
		t.Run(c.environ, func(t *testing.T) {
			s := config.Sources{Environ: append(strings.Fields(c.environ), "MOORFAST_PROFILE=hardened")}
			if c.want == "" {
				if _, err := config.Load(s); err != nil {
					t.Error(err)
				}
				return
			}
			if got := mistakes(t, s); len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
