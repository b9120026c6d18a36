package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"moorfast/internal/server/servertest"
	"moorfast/internal/token"
)

type m = servertest.M

// hardened runs a server of the profile behind a proxy on this machine.
func hardened(t *testing.T, env ...string) (*servertest.Server, *servertest.Client) {
	t.Helper()
	s := servertest.New(t, append(env, "MOORFAST_PROFILE=hardened")...)
	return s, s.Guest("X-Forwarded-Proto", "https")
}

// owner signs up the first account, which founds an organization.
func owner(t *testing.T, s *servertest.Server, guest *servertest.Client) *servertest.Client {
	t.Helper()
	guest.With("X-Moorfast-Setup-Token", s.Setup).Must("POST", "/account", m{"userId": "olga", "email": "olga@example.org", "password": "correct horse battery"})
	olga := s.Guest("X-Forwarded-Proto", "https")
	olga.Must("POST", "/account/sessions/email", m{"email": "olga@example.org", "password": "correct horse battery"})
	olga.Must("POST", "/teams", m{"teamId": "home", "name": "Home"})
	return olga
}

// C-8, P-2: the first account.
func TestHardenedTheFirstAccountShowsTheSetupToken(t *testing.T) {
	s, guest := hardened(t)
	account := m{"userId": "olga", "email": "olga@example.org", "password": "correct horse battery"}
	if len(s.Setup) < 32 {
		t.Fatalf("the token is %q", s.Setup)
	}
	holder := guest.With("X-Moorfast-Setup-Token", s.Setup)
	guest.Refused("POST", "/account", account, 401, "user_unauthorized")
	guest.With("X-Moorfast-Setup-Token", "x"+s.Setup).Refused("POST", "/account", account, 401, "user_unauthorized")
	holder.Refused("POST", "/account", m{"userId": "olga", "email": "olga@example.org", "password": "fourteen chars"}, 400, "general_argument_invalid")
	holder.Must("POST", "/account", account)
	other := m{"userId": "eve", "email": "eve@example.org", "password": "correct horse battery"}
	holder.Refused("POST", "/account", other, 401, "user_unauthorized")
	guest.Refused("POST", "/account", other, 501, "user_console_count_exceeded")
	if strings.Contains(s.Log.String(), s.Setup) {
		t.Error("the token is in the log")
	}
}

func TestHardenedTheSetupTokenEndsAndARestartMakesAnother(t *testing.T) {
	s, guest := hardened(t)
	s.Clock.Advance(31 * time.Minute)
	account := m{"userId": "olga", "email": "olga@example.org", "password": "correct horse battery"}
	guest.With("X-Moorfast-Setup-Token", s.Setup).Refused("POST", "/account", account, 401, "user_unauthorized")
	s.Stop()
	again := servertest.Open(t, s.Dir, "MOORFAST_PROFILE=hardened")
	guest = again.Guest("X-Forwarded-Proto", "https")
	guest.With("X-Moorfast-Setup-Token", s.Setup).Refused("POST", "/account", account, 401, "user_unauthorized")
	owner(t, again, guest)
	again.Stop()
	if third := servertest.Open(t, s.Dir, "MOORFAST_PROFILE=hardened"); third.Setup != "" {
		t.Error("there is an account, and a token is waited for")
	}
}

// C-13, P-2: owners and their second factor, by session and by token.
func TestHardenedOwnersShowASecondFactor(t *testing.T) {
	s, guest := hardened(t)
	olga := owner(t, s, guest)
	const more = "user_more_factors_required"
	olga.Refused("GET", "/teams", nil, 401, more)
	olga.Refused("POST", "/account/jwts", nil, 401, more)
	olga.Refused("PATCH", "/account/password", m{"password": "another long password", "oldPassword": "correct horse battery"}, 401, more)
	olga.With("X-Appwrite-Organization", "home").Refused("POST", "/organization/projects", m{"projectId": "app", "name": "app"}, 401, more)
	olga.Must("GET", "/account", nil)
	olga.Must("GET", "/account/mfa/factors", nil)
	secret := olga.Must("POST", "/account/mfa/authenticators/totp", nil).Text("secret")
	olga.Must("PUT", "/account/mfa/authenticators/totp", m{"otp": token.TOTP(secret, s.Clock.Now())})
	olga.Refused("GET", "/teams", nil, 401, more) // it is set up, and not yet asked for
	olga.Must("PATCH", "/account/mfa", m{"mfa": true})
	olga.Must("GET", "/teams", nil)
	olga.With("X-Appwrite-Organization", "home").Must("POST", "/organization/projects", m{"projectId": "app", "name": "app"})
	admin := []string{"X-Appwrite-Project", "app", "X-Appwrite-Mode", "admin"}
	olga.With(admin...).Must("GET", "/users", nil)
	jwt := olga.Must("POST", "/account/jwts", nil).Text("jwt")
	guest.With("X-Appwrite-JWT", jwt).Must("GET", "/teams", nil)

	second := s.Guest("X-Forwarded-Proto", "https")
	second.Must("POST", "/account/sessions/email", m{"email": "olga@example.org", "password": "correct horse battery"})
	for _, path := range []string{"/account", "/teams", "/account/sessions"} {
		second.Refused("GET", path, nil, 401, more)
	}
	second.With(admin...).Refused("GET", "/users", nil, 401, more)
	second.Refused("POST", "/account/mfa/authenticators/totp", nil, 401, more) // a second one is no way around the first

	// With a second factor eight characters do, and then it stays.
	olga.Refused("PATCH", "/account/password", m{"password": "7 chars", "oldPassword": "correct horse battery"}, 400, "general_argument_invalid")
	olga.Refused("PATCH", "/account/password", m{"password": "password1", "oldPassword": "correct horse battery"}, 400, "general_argument_invalid")
	olga.Must("PATCH", "/account/password", m{"password": "xk7#pqv9", "oldPassword": "correct horse battery"})
	olga.Refused("PATCH", "/account/mfa", m{"mfa": false}, 401, "general_access_forbidden")
}

// S-2, S-3: sessions and their cookies.
func TestHardenedConsoleSessions(t *testing.T) {
	s, guest := hardened(t)
	guest.With("X-Moorfast-Setup-Token", s.Setup).Must("POST", "/account", m{"userId": "olga", "email": "olga@example.org", "password": "correct horse battery"})
	signIn := func() (*servertest.Client, servertest.Answer) {
		c := s.Guest("X-Forwarded-Proto", "https", "Origin", "http://localhost:1")
		return c, c.Must("POST", "/account/sessions/email", m{"email": "olga@example.org", "password": "correct horse battery"})
	}
	c, a := signIn()
	if got := shapes(&http.Response{Header: a.Header}); !slices.Equal(got, []string{"__Host-a_session_console=*; Path=/; Expires=*; HttpOnly; Secure; SameSite=Lax"}) {
		t.Errorf("cookies: %q", got)
	}
	if a.Header.Get("X-Fallback-Cookies") != "" {
		t.Error("a script can read the session")
	}
	_, value, _ := strings.Cut(a.Header.Get("Set-Cookie"), "=")
	value, _, _ = strings.Cut(value, ";")
	for _, name := range []string{"a_session_console", "a_session_console_legacy"} {
		s.Guest("X-Forwarded-Proto", "https", "Cookie", name+"="+value).Refused("GET", "/account", nil, 401, "general_unauthorized_scope")
	}
	s.Guest("X-Forwarded-Proto", "https", "Cookie", "__Host-a_session_console="+value).Must("GET", "/account", nil)
	s.Clock.Advance(11 * time.Hour)
	c.Must("GET", "/account", nil)
	s.Clock.Advance(11 * time.Hour)
	c.Must("GET", "/account", nil)
	s.Clock.Advance(12*time.Hour + time.Minute)
	c.Refused("GET", "/account", nil, 401, "general_unauthorized_scope")

	c, a = signIn()
	if end := a.Text("expire"); !strings.HasPrefix(end, s.Clock.Now().Add(30*24*time.Hour).UTC().Format("2006-01-02T15:04")) {
		t.Errorf("the session ends at %s", end)
	}
	// Extending it does not make it live longer than that, and neither does use.
	for range 65 {
		s.Clock.Advance(11 * time.Hour)
		c.Must("PATCH", "/account/sessions/current", nil)
	}
	s.Clock.Advance(6 * time.Hour) // 30 days and an hour
	c.Refused("GET", "/account", nil, 401, "general_unauthorized_scope")
	c, _ = signIn()
	a = c.Must("DELETE", "/account/sessions/current", nil)
	if got := a.Header.Values("Set-Cookie"); len(got) != 1 || !strings.HasPrefix(got[0], "__Host-a_session_console=; Path=/; Expires=") {
		t.Errorf("signing out: %q", got)
	}
}

// N-5, N-9: plain HTTP and other names.
func TestHardenedNothingIsServedByPlainHTTPOrToOtherNames(t *testing.T) {
	s, _ := hardened(t)
	for _, c := range []struct {
		method, host, proto string
		want                int
	}{
		{"GET", "localhost", "https", 200},
		{"GET", "127.0.0.1", "https", 200},
		{"GET", "localhost", "http", 301},
		{"GET", "127.0.0.1", "", 301},
		{"POST", "localhost", "", 500},
		{"GET", "app.example.org", "https", 401},
		{"GET", "app.example.org", "http", 401},
	} {
		if r := ask(t, s, c.method, "/v1/health/version", "Host", c.host, "X-Forwarded-Proto", c.proto); r.StatusCode != c.want {
			t.Errorf("%s to %s by %q: %d, want %d", c.method, c.host, c.proto, r.StatusCode, c.want)
		}
	}
}

// with keys.write, an API key could otherwise make one that may do everything.
func TestHardenedAKeyGivesNoScopeThatItHasNot(t *testing.T) {
	for _, profile := range []string{"standard", "hardened"} {
		s := servertest.New(t, "MOORFAST_PROFILE="+profile, "MOORFAST_CONSOLE_MFA_GRACE=1h")
		olga := owner(t, s, s.Guest("X-Forwarded-Proto", "https"))
		olga.With("X-Appwrite-Organization", "home").Must("POST", "/organization/projects", m{"projectId": "app", "name": "App"})
		admin := olga.With("X-Appwrite-Project", "app", "X-Appwrite-Mode", "admin")
		secret := admin.Must("POST", "/project/keys", m{"keyId": "one", "name": "One", "scopes": []string{"keys.write", "users.read"}}).Text("secret")
		key := s.Guest("X-Forwarded-Proto", "https", "X-Appwrite-Project", "app", "X-Appwrite-Key", secret)
		for _, c := range []struct {
			method, path string
			body         m
		}{
			{"POST", "/project/keys/ephemeral", m{"duration": 60}},
			{"PUT", "/project/keys/one", m{"name": "One"}},
		} {
			c.body["scopes"] = []string{"keys.write", "users.read"}
			key.Must(c.method, c.path, c.body)
			c.body["scopes"] = []string{"keys.write", "users.read", "users.write"}
			if profile == "standard" {
				key.Must(c.method, c.path, c.body)
			} else {
				key.Refused(c.method, c.path, c.body, 401, "general_unauthorized_scope")
			}
		}
	}
}

// C-13: a new account has a while to get its second factor, and no longer.
func TestHardenedANewOwnerHasAGrace(t *testing.T) {
	s := servertest.New(t, "MOORFAST_PROFILE=hardened", "MOORFAST_CONSOLE_MFA_GRACE=1h")
	olga := owner(t, s, s.Guest("X-Forwarded-Proto", "https"))
	olga.Must("GET", "/teams", nil)
	s.Clock.Advance(59 * time.Minute)
	olga.Must("GET", "/teams", nil)
	s.Clock.Advance(2 * time.Minute)
	olga.Refused("GET", "/teams", nil, 401, "user_more_factors_required")
}
