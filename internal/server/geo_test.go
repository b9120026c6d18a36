package server_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/geo/geotest"
	"moorfast/internal/server"
	"moorfast/internal/server/servertest"
)

// With a file of countries, a client is told where it is from, and so is the
// owner of a session.
func TestCountries(t *testing.T) {
	file := geotest.File(t, geotest.MaxMind, map[string]string{"8.8.8.0/24": "US", "2a00::/16": "DE"})
	s := servertest.New(t, "MOORFAST_GEO_DATABASE="+file)
	app := s.Found()
	at := func(address string) *servertest.Client {
		return s.Guest("X-Appwrite-Project", "app", "X-Forwarded-For", address, "X-Appwrite-Locale", "de")
	}
	for address, want := range map[string]string{
		"8.8.8.8": "US Vereinigte Staaten NA false USD", "2a00::1": "DE Deutschland EU true ", "9.9.9.9": "-- Unknown -- false ", "127.0.0.1": "-- Unknown -- false ",
	} {
		a := at(address).Must("GET", "/locale", nil)
		got := strings.Join([]string{a.Text("countryCode"), a.Text("country"), a.Text("continentCode"), a.Text("eu"), a.Text("currency")}, " ")
		if got != want || a.Text("ip") != address {
			t.Errorf("%s: got %s of %s, want %s", address, got, a.Text("ip"), want)
		}
	}
	app.Guest.Must("POST", "/account", servertest.M{"userId": "walter", "email": "walter@example.org", "password": "correct horse 1"})
	for address, want := range map[string]string{"2a00::1": "de Deutschland", "9.9.9.9": "-- Unknown"} {
		c := at(address)
		made := c.Must("POST", "/account/sessions/email", servertest.M{"email": "walter@example.org", "password": "correct horse 1"})
		read := c.Must("GET", "/account/sessions/current", nil)
		for _, a := range []servertest.Answer{made, read} {
			if got := a.Text("countryCode") + " " + a.Text("countryName"); got != want {
				t.Errorf("%s: the session is from %s, want %s", address, got, want)
			}
		}
	}
	if list := app.Key.Must("GET", "/users/walter/sessions", nil).Body; !strings.Contains(list, `"countryCode":"de","countryName":"Germany"`) {
		t.Errorf("the sessions of the user are %s", list)
	}
}

// Who is in a denied country may not sign up or in at the console, whatever he
// sends, and, where the lists reach that far, may not call it at all. Projects are
// for everybody.
func TestCountriesThatTheConsoleIsNotFor(t *testing.T) {
	file := geotest.File(t, geotest.MaxMind, map[string]string{"8.8.8.0/24": "US", "2a00::/16": "DE"})
	for _, reach := range []string{"signup", "all"} {
		t.Run(reach, func(t *testing.T) {
			s := servertest.New(t, "MOORFAST_GEO_DATABASE="+file, "_APP_CONSOLE_COUNTRIES_DENYLIST=us,KP", "MOORFAST_CONSOLE_ENFORCE="+reach)
			s.Found()
			denied, known, unknown := s.Guest("X-Forwarded-For", "8.8.8.8"), s.Guest("X-Forwarded-For", "2a00::1"), s.Guest("X-Forwarded-For", "9.9.9.9")
			const typ = "general_region_access_denied"
			for _, call := range []struct{ method, path string }{
				{"POST", "/account"},
				{"POST", "/account/sessions/email"},
				{"POST", "/account/sessions/anonymous"},
				{"POST", "/account/tokens/magic-url"},
				{"POST", "/account/tokens/email"},
				{"POST", "/account/tokens/phone"},
			} {
				denied.Refused(call.method, call.path, servertest.M{}, 451, typ)
				for _, other := range []*servertest.Client{known, unknown} {
					if a := other.Do(call.method, call.path, servertest.M{}); a.Status == 451 {
						t.Errorf("%s %s from a country that is not denied: %s", call.method, call.path, a.Body)
					}
				}
			}
			if reach == "all" {
				denied.Refused("GET", "/account", nil, 451, typ)
			} else {
				// A guest has not the scope for these, and is told that first.
				denied.Refused("POST", "/account/jwts", servertest.M{}, 401, "general_unauthorized_scope")
				denied.Refused("GET", "/account", nil, 401, "general_unauthorized_scope")
			}
			denied.With("X-Appwrite-Project", "app").Must("POST", "/account", servertest.M{"userId": "walter", "email": "walter@example.org", "password": "correct horse 1"})
		})
	}
}

// A file of countries that can not be read stops the start before anything is
// made.
func TestAFileOfCountriesThatIsNone(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "countries.mmdb")
	if err := os.WriteFile(file, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	c, err := config.Load(config.Sources{Flags: map[string]string{"data": data}, Environ: []string{"MOORFAST_GEO_DATABASE=" + file}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = server.New(context.Background(), c, slog.New(slog.DiscardHandler), clock.NewManual(time.Unix(0, 0)))
	if err == nil || !strings.Contains(err.Error(), "MOORFAST_GEO_DATABASE") || !strings.Contains(err.Error(), "countries.mmdb: it is no database") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("the data directory: %v", err)
	}
}
