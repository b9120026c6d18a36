package config_test

import (
	"slices"
	"strings"
	"testing"

	"moorfast/internal/config"
)

func TestTLSSettingsThatDoNotGoTogether(t *testing.T) {
	for _, c := range []struct {
		environ string
		want    string // of one mistake; "" is none
	}{
		{"MOORFAST_TLS=local MOORFAST_LISTEN=0.0.0.0:443", ""},
		{"MOORFAST_TLS=file MOORFAST_TLS_CERT=c MOORFAST_TLS_KEY=k MOORFAST_LISTEN=0.0.0.0:443 MOORFAST_LISTEN_HTTP=0.0.0.0:80", ""},
		{"MOORFAST_TLS=auto _APP_DOMAIN=app.example.org", ""},
		{"MOORFAST_TLS=auto MOORFAST_TLS_NAMES=app.example.org,www.example.org", ""},
		{"MOORFAST_TLS=on", `MOORFAST_TLS: "on" is not one of off, auto, file, local`},
		{"MOORFAST_TLS=auto", "MOORFAST_TLS: there is no public name"},
		{"MOORFAST_TLS=auto _APP_DOMAIN=10.1.2.3", "MOORFAST_TLS: there is no public name"},
		{"MOORFAST_TLS=auto MOORFAST_TLS_NAMES=a.example.org,localhost", `MOORFAST_TLS_NAMES: "localhost" is not a name that an authority can check`},
		{"MOORFAST_TLS=auto MOORFAST_TLS_ACME=http://ca.test/ _APP_DOMAIN=a.example.org", "MOORFAST_TLS_ACME: it is not an address of https"},
		{"MOORFAST_TLS=file MOORFAST_TLS_CERT=c", "MOORFAST_TLS_KEY: tls=file needs it"},
		{"MOORFAST_TLS=local MOORFAST_TLS_KEY=k", "MOORFAST_TLS_KEY: tls is local, which has no use for it"},
		{"MOORFAST_TLS_CERT=c", "MOORFAST_TLS_CERT: tls is off"},
		{"MOORFAST_TLS=local MOORFAST_TLS_ACME_ROOTS=r", "MOORFAST_TLS_ACME_ROOTS: tls is local"},
		{"MOORFAST_LISTEN_HTTP=127.0.0.1:80", "MOORFAST_LISTEN_HTTP: tls is off"},
		{"MOORFAST_TLS=local MOORFAST_LISTEN=127.0.0.1:80 MOORFAST_LISTEN_HTTP=127.0.0.1:80", "MOORFAST_LISTEN_HTTP: it is where TLS is listened for"},
	} {
		t.Run(c.environ, func(t *testing.T) {
			s := config.Sources{Environ: strings.Fields(c.environ)}
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

func TestNamesOfCertificatesFollowFromTheDomains(t *testing.T) {
	domains := []string{"_APP_DOMAIN=API.example.org", "_APP_CONSOLE_DOMAIN=localhost", "_APP_CONSOLE_HOSTNAMES=console.example.org,10.1.2.3"}
	for mode, want := range map[string][]string{
		config.TLSAuto:  {"api.example.org", "console.example.org"},
		config.TLSLocal: {"api.example.org", "localhost", "console.example.org", "10.1.2.3"},
	} {
		if got := load(t, append(domains, "MOORFAST_TLS="+mode)...).Network.TLS.Names; !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", mode, got, want)
		}
	}
}
