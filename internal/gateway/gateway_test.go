package gateway_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/access"
	"moorfast/internal/gateway"
	"moorfast/internal/identity"
	"moorfast/internal/limit"
	"moorfast/internal/project"
	"moorfast/internal/token"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// world is a console with Olga, who owns the organization of two projects, and
// Dan, who is in it for one of them; and a project "app" with Ada and a key.
type world struct{ users map[string]*identity.User }

const secret = "s3cret"

func session(id string) []identity.SessionInfo {
	return []identity.SessionInfo{{ID: id, SecretHash: token.Sum(secret), ExpiresAt: noon.Add(time.Hour), Factors: []string{"password"}}}
}

func newWorld() world {
	return world{map[string]*identity.User{
		"console/olga": {ID: "olga", Email: "olga@ok.test", Sessions: session("so"), Memberships: []identity.Membership{{ID: "m1", TeamID: "home", Roles: []string{"owner"}}}},
		"console/dan":  {ID: "dan", Email: "dan@ok.test", Sessions: session("sd"), Memberships: []identity.Membership{{ID: "m2", TeamID: "home", Roles: []string{"project-app-developer"}}}},
		"console/eve":  {ID: "eve", Email: "eve@ok.test", Sessions: session("se")},
		"app/ada":      {ID: "ada", Email: "ada@x.org", EmailVerified: true, Labels: []string{"vip"}, Sessions: session("sa"), Memberships: []identity.Membership{{ID: "m3", TeamID: "crew", Roles: []string{"captain"}}}},
		"app/sam":      {ID: "sam", Email: "sam@x.org", Impersonator: true, Sessions: session("ss")},
		"app/bob":      {ID: "bob", Blocked: true, Sessions: session("sb")},
		"app/mia":      {ID: "mia", MFA: true, Sessions: session("sm")},
	}}
}

func (w world) Find(_ context.Context, id string) (*project.Project, error) {
	switch id {
	case "app":
		return &project.Project{ID: "app", TeamID: "home", Disabled: map[string]bool{"service:teams": true, "method:JWT": true}}, nil
	case "other":
		return &project.Project{ID: "other", TeamID: "home"}, nil
	case "console":
		return &project.Project{ID: "console"}, nil
	}
	return nil, nil
}

func (w world) Key(_ context.Context, project, secret string) (*identity.APIKey, error) {
	if project != "app" {
		return nil, nil
	}
	switch secret {
	case "standard_good", "old":
		return &identity.APIKey{ID: "k", Scopes: []string{"users.read"}}, nil
	case "standard_expired":
		return &identity.APIKey{ID: "x", ExpiresAt: noon.Add(-time.Second)}, nil
	}
	return nil, nil
}

func (w world) Touch(context.Context, *project.Project, *identity.APIKey, string) {}

func (w world) TokenKey(project, typ string) ([]byte, error) {
	key := make([]byte, 32)
	copy(key, project+"/"+typ)
	return key, nil
}

func (w world) Identity(_ context.Context, project, id string) (*identity.User, error) {
	return w.users[project+"/"+id], nil
}

func (w world) Search(_ context.Context, project, email, _ string) (string, error) {
	for name, u := range w.users {
		if strings.HasPrefix(name, project+"/") && u.Email == email {
			return u.ID, nil
		}
	}
	return "", nil
}

type userWorld struct{ world }

func (userWorld) Touch(context.Context, string, *identity.User, string) {}

func newGateway() *gateway.Gateway {
	w := newWorld()
	return &gateway.Gateway{
		Units:    api.Units{Now: func() time.Time { return noon }, NewID: func() string { return "new" }},
		Projects: w, Users: userWorld{w}, Tokens: w, Console: access.New(access.Settings{}), Limiter: new(limit.Limiter),
	}
}

func endpoint(change func(*api.Spec)) *api.Endpoint {
	spec := api.Spec{Name: "test.do", Method: "GET", Path: "/v1/test", Summary: "Test.", Auth: identity.Guest}
	if change != nil {
		change(&spec)
	}
	e := api.New(spec, func(context.Context, *api.Call, struct{}) (api.Text, error) { return "done", nil })
	return &e
}

func scopes(s ...string) func(*api.Spec) { return func(spec *api.Spec) { spec.Scopes = s } }

func cookie(user string) func(string) string {
	return func(string) string { return token.Cookie{UserID: user, Secret: secret}.Encode() }
}

func jwt(project, user, session string) string {
	key, _ := world{}.TokenKey(project, token.UserJWT.Name)
	text, err := token.Signer{Kind: token.UserJWT, Project: project, Key: key}.Mint(token.UserClaims{UserID: user, SessionID: session}, "j", noon, 15*time.Minute)
	if err != nil {
		panic(err)
	}
	return text
}

func invoke(e *api.Endpoint, c gateway.Credentials) (*api.Call, error) {
	g := newGateway()
	if c.Cookie == nil {
		c.Cookie = func(string) string { return "" }
	}
	if !c.Client.Addr.IsValid() {
		c.Client.Addr = netip.MustParseAddr("192.0.2.1")
	}
	p, err := g.Find(context.Background(), &c)
	if err != nil {
		return nil, err
	}
	call, err := g.Authenticate(context.Background(), e, p, &c)
	if err != nil {
		return nil, err
	}
	_, err = g.Invoke(context.Background(), e, call, &api.Values{})
	return call, err
}

func TestWhoMay(t *testing.T) {
	for _, test := range []struct {
		name string
		e    func(*api.Spec)
		c    gateway.Credentials
		want string // the type of the error, or "" where the call is served
	}{
		{"guest, open to all", nil, gateway.Credentials{Project: "app"}, ""},
		{"guest, of the guests' scopes", scopes("rows.read"), gateway.Credentials{Project: "app"}, ""},
		{"guest, of others", scopes("account"), gateway.Credentials{Project: "app"}, "general_unauthorized_scope"},
		{"no such project", nil, gateway.Credentials{Project: "nothing"}, "project_not_found"},
		{"admin mode of the console", nil, gateway.Credentials{Admin: true}, "general_bad_request"},
		{"user", scopes("account"), gateway.Credentials{Project: "app", Cookie: cookie("ada")}, ""},
		{"user, one scope of several", scopes("users.read", "account"), gateway.Credentials{Project: "app", Cookie: cookie("ada")}, ""},
		{"user of another project", scopes("account"), gateway.Credentials{Project: "other", Cookie: cookie("ada")}, "general_unauthorized_scope"},
		{"user, server scope", scopes("users.read"), gateway.Credentials{Project: "app", Cookie: cookie("ada")}, "general_unauthorized_scope"},
		{"blocked user", scopes("account"), gateway.Credentials{Project: "app", Cookie: cookie("bob")}, "user_blocked"},
		{"short of a factor", scopes("account"), gateway.Credentials{Project: "app", Cookie: cookie("mia")}, "user_more_factors_required"},
		{"short of a factor, where one is shown", func(s *api.Spec) { s.Rules.MFA = true }, gateway.Credentials{Project: "app", Cookie: cookie("mia")}, ""},
		{"short of a factor, by JWT of the session", scopes("account"), gateway.Credentials{Project: "app", JWT: jwt("app", "mia", "sm")}, "user_more_factors_required"},
		{"not just challenged", func(s *api.Spec) { s.Rules.Challenged = true }, gateway.Credentials{Project: "app", Cookie: cookie("ada")}, "user_challenge_required"},
		{"signed in already", func(s *api.Spec) { s.Rules.NoSession = true }, gateway.Credentials{Project: "app", Cookie: cookie("ada")}, "user_session_already_exists"},
		{"service switched off", func(s *api.Spec) { s.Rules.Service = "teams" }, gateway.Credentials{Project: "app", Cookie: cookie("ada")}, "general_service_disabled"},
		{"service switched off, for a key", func(s *api.Spec) { s.Rules.Service = "teams" }, gateway.Credentials{Project: "app", Key: "standard_good"}, ""},
		{"method switched off", func(s *api.Spec) { s.Rules.AuthMethod = "JWT" }, gateway.Credentials{Project: "app"}, "user_auth_method_unsupported"},
		{"console only", func(s *api.Spec) { s.Rules.Where = api.ConsoleOnly }, gateway.Credentials{Project: "app"}, "general_access_forbidden"},
		{"project only", func(s *api.Spec) { s.Rules.Where = api.ProjectOnly }, gateway.Credentials{}, "general_access_forbidden"},

		{"JWT", scopes("account"), gateway.Credentials{Project: "app", JWT: jwt("app", "ada", "sa")}, ""},
		{"JWT of an ended session", scopes("account"), gateway.Credentials{Project: "app", JWT: jwt("app", "ada", "gone")}, "general_unauthorized_scope"},
		{"JWT of another project", nil, gateway.Credentials{Project: "other", JWT: jwt("app", "ada", "sa")}, "user_jwt_invalid"},
		{"JWT on the console", nil, gateway.Credentials{JWT: jwt("app", "ada", "sa")}, "user_jwt_invalid"},
		{"JWT in admin mode", nil, gateway.Credentials{Project: "app", Admin: true, JWT: jwt("app", "ada", "sa")}, "user_jwt_invalid"},
		{"JWT that is none", nil, gateway.Credentials{Project: "app", JWT: "x"}, "user_jwt_invalid"},
		{"JWT and session", nil, gateway.Credentials{Project: "app", JWT: "x", Cookie: cookie("ada")}, "user_jwt_and_cookie_set"},

		{"key", scopes("users.read"), gateway.Credentials{Project: "app", Key: "standard_good"}, ""},
		{"key of before there were types", scopes("users.read"), gateway.Credentials{Project: "app", Key: "old"}, ""},
		{"key without the scope", scopes("users.write"), gateway.Credentials{Project: "app", Key: "standard_good"}, "general_unauthorized_scope"},
		{"key and session: the key", scopes("account"), gateway.Credentials{Project: "app", Key: "standard_good", Cookie: cookie("ada")}, "general_unauthorized_scope"},
		{"key of another project", scopes("users.read"), gateway.Credentials{Project: "other", Key: "standard_good"}, "general_unauthorized_scope"},
		{"key without a project", nil, gateway.Credentials{Key: "standard_good"}, "project_id_missing"},
		{"expired key", nil, gateway.Credentials{Project: "app", Key: "standard_expired"}, "project_key_expired"},
		{"key that is none", scopes("users.read"), gateway.Credentials{Project: "app", Key: "standard_bad"}, "general_unauthorized_scope"},
		{"key of an unknown type", scopes("users.read"), gateway.Credentials{Project: "app", Key: "root_x"}, "general_unauthorized_scope"},
		{"ephemeral key that is none", nil, gateway.Credentials{Project: "app", Key: "ephemeral_x"}, "project_key_expired"},
		{"user's JWT as an ephemeral key", nil, gateway.Credentials{Project: "app", Key: "ephemeral_" + jwt("app", "ada", "sa")}, "project_key_expired"},
		{"account key without its user", nil, gateway.Credentials{Project: "app", Key: "account_x"}, "user_id_missing"},
		{"organization key without it", nil, gateway.Credentials{Project: "app", Key: "organization_x"}, "organization_id_missing"},

		{"owner in admin mode", scopes("users.write"), gateway.Credentials{Project: "app", Admin: true, Cookie: cookie("olga")}, ""},
		{"developer of the project", scopes("users.write"), gateway.Credentials{Project: "app", Admin: true, Cookie: cookie("dan")}, ""},
		{"developer of another project", nil, gateway.Credentials{Project: "other", Admin: true, Cookie: cookie("dan")}, "project_not_found"},
		{"stranger in admin mode", nil, gateway.Credentials{Project: "app", Admin: true, Cookie: cookie("eve")}, "user_unauthorized"},
		{"guest in admin mode", scopes("users.read"), gateway.Credentials{Project: "app", Admin: true}, "general_unauthorized_scope"},
		{"older path", scopes("users.write"), gateway.Credentials{PathProject: "app", Cookie: cookie("olga")}, ""},
		{"older path, to a stranger", nil, gateway.Credentials{PathProject: "app", Cookie: cookie("eve")}, "user_unauthorized"},
		{"owner of the organization", scopes("projects.write"), gateway.Credentials{Team: "home", Cookie: cookie("olga")}, ""},
		{"stranger to the organization", scopes("projects.write"), gateway.Credentials{Team: "home", Cookie: cookie("eve")}, "general_unauthorized_scope"},
		{"owner, about a project", scopes("projects.write"), gateway.Credentials{About: "app", Cookie: cookie("olga")}, ""},
		{"developer, about his project", scopes("projects.write"), gateway.Credentials{About: "app", Cookie: cookie("dan")}, ""},
		{"developer, about another", scopes("projects.write"), gateway.Credentials{About: "other", Cookie: cookie("dan")}, "general_unauthorized_scope"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := invoke(endpoint(test.e), test.c)
			got := ""
			if err != nil {
				got = apierr.From(err).Type
			}
			if got != test.want {
				t.Errorf("got %q (%v), want %q", got, err, test.want)
			}
		})
	}
}

func TestRoles(t *testing.T) {
	call, err := invoke(endpoint(nil), gateway.Credentials{Project: "app", Cookie: cookie("ada")})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"any", "user:ada", "users", "user:ada/verified", "users/verified", "team:crew", "member:m3", "team:crew/captain", "label:vip"}
	if !slices.Equal(call.Actor.Roles, want) {
		t.Errorf("got %v, want %v", call.Actor.Roles, want)
	}
	if call.Actor.Server() {
		t.Error("a user is not a server")
	}
	call, _ = invoke(endpoint(nil), gateway.Credentials{Project: "app", Key: "standard_good"})
	if !call.Actor.Server() || len(call.Actor.Roles) != 0 {
		t.Errorf("a key: %+v", call.Actor)
	}
}

func TestImpersonation(t *testing.T) {
	for _, test := range []struct {
		name, who, want string
		target          gateway.Target
	}{
		{"by id", "sam", "ada", gateway.Target{ID: "ada"}},
		{"by e-mail", "sam", "ada", gateway.Target{Email: "ADA@x.org"}},
		{"nobody", "sam", "sam", gateway.Target{ID: "nobody"}},
		{"by who may not", "ada", "ada", gateway.Target{ID: "sam"}},
	} {
		call, err := invoke(endpoint(nil), gateway.Credentials{Project: "app", Cookie: cookie(test.who), Impersonate: test.target})
		if err != nil {
			t.Fatal(err)
		}
		if got := call.Actor.UserID(); got != test.want {
			t.Errorf("%s: acts as %s, want %s", test.name, got, test.want)
		}
		if by := call.Actor.Impersonator; (by != nil) != (test.who != test.want) {
			t.Errorf("%s: impersonator %v", test.name, by)
		}
	}
}

func TestTheConsoleAsksItsPolicy(t *testing.T) {
	addrs, err := access.ParseAddrs("10.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	emails, err := access.ParseEmails("*@ok.test,!eve@ok.test")
	if err != nil {
		t.Fatal(err)
	}
	inside, outside := api.Client{Addr: netip.MustParseAddr("10.1.1.1")}, api.Client{Addr: netip.MustParseAddr("192.0.2.1")}
	for _, test := range []struct {
		name string
		open bool
		c    gateway.Credentials
		want string
	}{
		{"guest inside", false, gateway.Credentials{Client: inside}, ""},
		{"guest outside", false, gateway.Credentials{Client: outside}, "user_ip_not_whitelisted"},
		{"guest outside, of what is open", true, gateway.Credentials{Client: outside}, ""},
		{"listed user inside", false, gateway.Credentials{Client: inside, Cookie: cookie("olga")}, ""},
		{"listed user outside", false, gateway.Credentials{Client: outside, Cookie: cookie("olga")}, "user_ip_not_whitelisted"},
		{"unlisted user inside", false, gateway.Credentials{Client: inside, Cookie: cookie("eve")}, "user_email_not_whitelisted"},
		{"admin mode outside", false, gateway.Credentials{Project: "app", Admin: true, Client: outside, Cookie: cookie("olga")}, "user_ip_not_whitelisted"},
		{"older path outside", false, gateway.Credentials{PathProject: "app", Client: outside, Cookie: cookie("olga")}, "user_ip_not_whitelisted"},
		{"user of a project outside", false, gateway.Credentials{Project: "app", Client: outside, Cookie: cookie("ada")}, ""},
	} {
		g := newGateway()
		g.Console = access.New(access.Settings{Addrs: addrs, Emails: emails, Enforce: access.EnforceAll})
		if test.c.Cookie == nil {
			test.c.Cookie = func(string) string { return "" }
		}
		p, err := g.Find(context.Background(), &test.c)
		if err != nil {
			t.Fatal(err)
		}
		_, err = g.Authenticate(context.Background(), endpoint(func(s *api.Spec) { s.Rules.Open = test.open }), p, &test.c)
		got := ""
		if err != nil {
			got = apierr.From(err).Type
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestLimit(t *testing.T) {
	g := newGateway()
	e := endpoint(func(s *api.Spec) {
		s.Limit = api.Limit{N: 2, Keys: []string{"url:{url},ip:{ip}"}}
	})
	ask := func(addr, key string) (*api.Call, error) {
		c := gateway.Credentials{Project: "app", Key: key, Cookie: func(string) string { return "" }, Client: api.Client{Addr: netip.MustParseAddr(addr)}}
		p, _ := g.Find(context.Background(), &c)
		call, err := g.Authenticate(context.Background(), e, p, &c)
		if err != nil {
			t.Fatal(err)
		}
		_, err = g.Invoke(context.Background(), e, call, &api.Values{})
		return call, err
	}
	for i, want := range []string{"1", "0"} {
		call, err := ask("192.0.2.1", "")
		if err != nil || call.Reply.Header["X-RateLimit-Remaining"] != want || call.Reply.Header["X-RateLimit-Limit"] != "2" {
			t.Errorf("call %d: %v, %v", i+1, err, call.Reply.Header)
		}
	}
	if call, err := ask("192.0.2.1", ""); apierr.From(err).Type != "general_rate_limit_exceeded" || call.Reply.Header["X-RateLimit-Remaining"] != "0" {
		t.Errorf("call 3: %v, %v", err, call.Reply.Header)
	}
	if _, err := ask("192.0.2.2", ""); err != nil {
		t.Errorf("another address: %v", err)
	}
	if _, err := ask("192.0.2.1", "standard_good"); err != nil {
		t.Errorf("a key: %v", err)
	}
}
