package server_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"moorfast/internal/api"
	"moorfast/internal/server/servertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// ask calls the server with headers, of which Host is one.
func ask(t *testing.T, s *servertest.Server, method, path string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequest(method, strings.TrimSuffix(s.URL, "/v1")+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response
}

// TestEveryAnswerHasTheHeaders walks the table (N-6). What each endpoint answers
// to a guest, whatever it is, has the headers; the golden file is their values,
// with how many endpoints gave each.
func TestEveryAnswerHasTheHeaders(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	seen := map[string]int{}
	for _, e := range s.Table {
		project := app.ID
		if e.Rules.Where == api.ConsoleOnly {
			project = ""
		}
		path := hole.ReplaceAllString(e.Path, "nothing")
		for _, method := range []string{e.Method, http.MethodOptions} {
			for _, secure := range []string{"http", "https"} {
				r := ask(t, s, method, path, "X-Appwrite-Project", project, "X-Forwarded-Proto", secure)
				for _, name := range []string{
					"Server", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy", "Vary", "Strict-Transport-Security",
					"Access-Control-Allow-Origin",
				} {
					seen[fmt.Sprintf("%-5s  %s: %s", secure, name, strings.Join(r.Header.Values(name), " | "))]++
				}
				corp := r.Header.Get("Cross-Origin-Resource-Policy")
				if corp != "same-origin" && (corp != "cross-origin" || r.Header.Get("Content-Type") == "application/json; charset=UTF-8") {
					t.Errorf("%s %s: Cross-Origin-Resource-Policy is %q for %s", method, path, corp, r.Header.Get("Content-Type"))
				}
			}
		}
	}
	var lines []string
	for _, line := range slices.Sorted(maps.Keys(seen)) {
		what := "some"
		if seen[line] == 2*len(s.Table) {
			what = "all"
		}
		lines = append(lines, what+"  "+line)
	}
	got := strings.Join(lines, "\n") + "\n"
	const golden = "testdata/headers.txt"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("got\n%s\nwant\n%s(%v)", got, want, err)
	}
}

// N-7: which pages may read what a project answers.
func TestPagesThatMayRead(t *testing.T) {
	s := servertest.New(t, "_APP_DOMAIN=api.example.org", "_APP_CONSOLE_SCHEMA=acme")
	app := s.Found()
	for id, host := range map[string]string{"site": "shop.example.com", "wild": "*.apps.example.net"} {
		app.Admin.Must("POST", "/project/platforms/web", servertest.M{"platformId": id, "name": id, "hostname": host})
	}
	for _, c := range []struct {
		origin string
		may    bool
	}{
		{"https://shop.example.com", true},
		{"http://shop.example.com", true}, // a platform is a host, of either scheme and any port
		{"https://shop.example.com:8443", true},
		{"https://SHOP.example.com", true},
		{"https://a.apps.example.net", true},
		{"https://a.b.apps.example.net", true},
		{"https://api.example.org", true},
		{"http://localhost:3000", true},
		{"http://127.0.0.1:3000", true},
		{"http://[::1]:3000", true},
		{"acme://x", true},
		{"appwrite-callback-app://", true},

		{"https://apps.example.net", false},
		{"https://aapps.example.net", false},
		{"https://example.com", false},
		{"https://evil-shop.example.com", false},
		{"https://shop.example.com.evil.org", false},
		{"https://shop.example.comevil.org", false},
		{"https://evil.org/shop.example.com", false},
		{"https://shop.example.com@evil.org", false},
		{"https://evil.org?shop.example.com", false},
		{"https://evil.org#.apps.example.net", false},
		{"https://127.0.0.1.evil.org", false},
		{"https://localhost.evil.org", false},
		{"appwrite-callback-other://", false},
		{"ftp://shop.example.com", false},
		{"null", false},
		{"file://", false},
		{"https://", false},
		{"shop.example.com", false},
	} {
		want := ""
		if c.may {
			want = strings.ToLower(c.origin)
		}
		r := ask(t, s, "GET", "/v1/locale", "X-Appwrite-Project", "app", "Origin", c.origin)
		if got := r.Header.Get("Access-Control-Allow-Origin"); got != want || (r.StatusCode == 200) != c.may || !c.may && r.StatusCode != 403 {
			t.Errorf("%s: %d, may read %q, want %q", c.origin, r.StatusCode, got, want)
		}
		if r.Header.Get("Vary") != "Origin" || r.Header.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("%s: Vary is %q", c.origin, r.Header.Get("Vary"))
		}
		// What is asked ahead is told by the project, where that is known.
		r = ask(t, s, "OPTIONS", "/v1/locale?project=app", "Origin", c.origin, "Access-Control-Request-Method", "GET")
		if got := r.Header.Get("Access-Control-Allow-Origin"); got != want || r.StatusCode != 204 {
			t.Errorf("%s ahead: %d, may %q, want %q", c.origin, r.StatusCode, got, want)
		}
	}
	for origin, want := range map[string]string{"https://elsewhere.org": "https://elsewhere.org", "null": "", "https://a@b.org": "", "https://b.org/x": "", "": ""} {
		r := ask(t, s, "OPTIONS", "/v1/account", "Origin", origin, "Access-Control-Request-Method", "POST")
		if got := r.Header.Get("Access-Control-Allow-Origin"); got != want || r.StatusCode != 204 || r.Header.Get("Vary") != "Origin" {
			t.Errorf("%s ahead, without a project: %d, may %q, want %q", origin, r.StatusCode, got, want)
		}
	}
	if r := ask(t, s, "OPTIONS", "/v1/locale?project=nowhere", "Origin", "https://shop.example.com"); r.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a page may ask a project that is not there")
	}
}

// N-8: what a page of another site makes a browser send.
func TestForgedRequestsAreRefused(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	for _, c := range []struct {
		name                 string
		method, origin, site string
		key, refused         bool
	}{
		{name: "a program", method: "POST"},
		{name: "a program with a key", method: "POST", key: true, origin: "https://evil.org", site: "cross-site"},
		{name: "a page of ours", method: "POST", origin: "http://localhost:3000", site: "same-site"},
		{name: "a foreign form", method: "POST", origin: "https://evil.org", site: "cross-site", refused: true},
		{name: "a foreign form without an origin", method: "POST", site: "cross-site", refused: true},
		{name: "a page in a sandbox", method: "POST", origin: "null", site: "cross-site", refused: true},
		{name: "PUT", method: "PUT", site: "cross-site", refused: true},
		{name: "PATCH", method: "PATCH", site: "cross-site", refused: true},
		{name: "DELETE", method: "DELETE", site: "cross-site", refused: true},
		{name: "a link", method: "GET", site: "cross-site"},
		{name: "a foreign script", method: "GET", origin: "https://evil.org", site: "cross-site", refused: true},
		{name: "HEAD", method: "HEAD", site: "cross-site"},
		{name: "typed by hand", method: "GET", site: "none"},
	} {
		key := ""
		if c.key {
			key = app.Key.Must("GET", "/project", nil).Text("$id") // any text is a key until it is looked at
		}
		path := map[string]string{"POST": "/v1/account/sessions/email", "PUT": "/v1/account/mfa/challenges", "DELETE": "/v1/account/sessions", "PATCH": "/v1/account/name"}[c.method]
		if path == "" {
			path = "/v1/locale"
		}
		for _, project := range []string{"app", ""} {
			r := ask(t, s, c.method, path, "Origin", c.origin, "Sec-Fetch-Site", c.site, "X-Appwrite-Key", key, "X-Appwrite-Project", project)
			if c.key && project == "" {
				continue // which has no keys, and says so with 403
			}
			if (r.StatusCode == http.StatusForbidden) != c.refused {
				t.Errorf("%s to project %q: %d, refused: want %v", c.name, project, r.StatusCode, c.refused)
			}
		}
	}
}

// S-3, D.00: the cookies of the console and of projects.
func TestCookiesOfTheConsoleAndOfProjects(t *testing.T) {
	for _, c := range []struct {
		name, env, host, proto string
		console, project       []string
	}{
		{
			"loopback", "", "localhost:80", "http",
			[]string{"a_session_console_legacy=*; Path=/; Expires=*; HttpOnly", "a_session_console=*; Path=/; Expires=*; HttpOnly; SameSite=Lax"},
			[]string{"a_session_app_legacy=*; Path=/; Expires=*; HttpOnly", "a_session_app=*; Path=/; Expires=*; HttpOnly; SameSite=None"},
		},
		{
			"a domain", "_APP_DOMAIN=api.example.org", "api.example.org", "https",
			[]string{"a_session_console_legacy=*; Path=/; Expires=*; HttpOnly; Secure", "a_session_console=*; Path=/; Expires=*; HttpOnly; Secure; SameSite=Lax"},
			[]string{
				"a_session_app_legacy=*; Path=/; Domain=api.example.org; Expires=*; HttpOnly; Secure",
				"a_session_app=*; Path=/; Domain=api.example.org; Expires=*; HttpOnly; Secure; SameSite=None",
			},
		},
		{
			"a console of another site", "_APP_DOMAIN=api.example.org _APP_CONSOLE_HOSTNAMES=console.example.net", "api.example.org", "https",
			[]string{"a_session_console_legacy=*; Path=/; Expires=*; HttpOnly; Secure", "a_session_console=*; Path=/; Expires=*; HttpOnly; Secure; SameSite=None"},
			nil,
		},
		{
			"a console of the same site", "_APP_DOMAIN=api.example.org _APP_CONSOLE_HOSTNAMES=console.example.org", "api.example.org", "https",
			[]string{"a_session_console_legacy=*; Path=/; Expires=*; HttpOnly; Secure", "a_session_console=*; Path=/; Expires=*; HttpOnly; Secure; SameSite=Lax"},
			nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := servertest.New(t, strings.Fields(c.env)...)
			app := s.Found()
			app.Key.Must("POST", "/users", servertest.M{"userId": "ulf", "email": "ulf@example.org", "password": "correct horse 1"})
			for project, want := range map[string][]string{"": c.console, "app": c.project} {
				email := map[string]string{"": "olga@example.org", "app": "ulf@example.org"}[project]
				body := strings.NewReader(`{"email":"` + email + `","password":"correct horse 1"}`)
				r, err := http.NewRequest("POST", s.URL+"/account/sessions/email", body)
				if err != nil {
					t.Fatal(err)
				}
				r.Host = c.host
				for name, value := range map[string]string{"Content-Type": "application/json", "X-Forwarded-Proto": c.proto, "X-Appwrite-Project": project} {
					r.Header.Set(name, value)
				}
				response, err := http.DefaultTransport.RoundTrip(r)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				if got := shapes(response); want != nil && !slices.Equal(got, want) {
					t.Errorf("project %q, %d: got\n%s\nwant\n%s", project, response.StatusCode, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		})
	}
}

// shapes are the cookies that were set, with stars for what differs every time.
func shapes(r *http.Response) (list []string) {
	for _, line := range r.Header.Values("Set-Cookie") {
		parts := strings.Split(line, "; ")
		for i, p := range parts {
			if name, value, ok := strings.Cut(p, "="); ok && (i == 0 && value != "" || name == "Expires") {
				parts[i] = name + "=*"
			}
		}
		list = append(list, strings.Join(parts, "; "))
	}
	return list
}

// N-9: names that are not ours.
func TestRequestsToNamesOfOthersAreRefused(t *testing.T) {
	for _, c := range []struct{ env, host, proxied, want string }{
		{"", "anything.example.org", "", "here"}, // there is no name yet
		{"_APP_DOMAIN=api.example.org", "api.example.org", "", "here"},
		{"_APP_DOMAIN=api.example.org", "API.Example.ORG:8080", "", "here"},
		{"_APP_DOMAIN=api.example.org", "api.example.org.", "", "here"},
		{"_APP_DOMAIN=api.example.org", "127.0.0.1", "", "here"},
		{"_APP_DOMAIN=api.example.org", "[::1]:80", "", "here"},
		{"_APP_DOMAIN=api.example.org", "10.0.0.7", "", "here"},
		{"_APP_DOMAIN=api.example.org", "localhost", "", "here"},
		{"_APP_DOMAIN=api.example.org", "x.localhost", "", "here"},
		{"_APP_DOMAIN=api.example.org _APP_CONSOLE_DOMAIN=console.example.org", "console.example.org", "", "here"},
		{"_APP_DOMAIN=api.example.org _APP_CONSOLE_HOSTNAMES=c.example.net", "c.example.net", "", "here"},
		{"_APP_DOMAIN=api.example.org", "example.org", "", ""},
		{"_APP_DOMAIN=api.example.org", "x.api.example.org", "", ""},
		{"_APP_DOMAIN=api.example.org", "api.example.org.evil.org", "", ""},
		{"_APP_DOMAIN=api.example.org", "evil.org", "", ""},
		{"_APP_DOMAIN=api.example.org", "evil.org:443", "", ""},
		{"_APP_DOMAIN=api.example.org", "evil.org", "api.example.org", ""}, // the header is not believed
		{"_APP_DOMAIN=api.example.org _APP_TRUSTED_HEADERS=x-forwarded-host", "backend", "api.example.org", "here"},
		{"_APP_DOMAIN=api.example.org _APP_TRUSTED_HEADERS=x-forwarded-host", "api.example.org", "evil.org", ""},
		{"_APP_DOMAIN=api.example.org _APP_OPTIONS_ROUTER_PROTECTION=disabled", "evil.org", "", "here"},
		{"_APP_OPTIONS_ROUTER_PROTECTION=enabled", "evil.org", "", ""},
		{"_APP_OPTIONS_ROUTER_PROTECTION=enabled", "localhost", "", "here"},
	} {
		s := servertest.New(t, strings.Fields(c.env)...)
		for _, method := range []string{"GET", "OPTIONS"} {
			want := map[string]int{"": 401, "GET": 200, "OPTIONS": 204}[method]
			if c.want == "" {
				want = 401
			}
			r := ask(t, s, method, "/v1/health/version", "Host", c.host, "X-Forwarded-Host", c.proxied)
			if r.StatusCode != want || r.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s with %q for %q (%q): %d, want %d", method, c.env, c.host, c.proxied, r.StatusCode, want)
			}
		}
		s.Stop()
	}
}
