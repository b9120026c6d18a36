package server_test

import (
	"slices"
	"testing"
	"time"

	"moorfast/internal/secevent"
	"moorfast/internal/server"
	"moorfast/internal/server/servertest"
)

// a key that is bound to networks works from there, and is told of elsewhere.
func TestABoundKeyWorksFromItsNetworksAlone(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	secret := p.Admin.Must("POST", "/project/keys", servertest.M{"keyId": "one", "name": "One", "scopes": []string{"users.read"}}).Text("secret")
	here := s.Guest("X-Appwrite-Project", p.ID, "X-Appwrite-Key", secret) // on this machine
	here.Must("GET", "/users", nil)

	var bound server.Binding
	bind := func(networks ...string) {
		t.Helper()
		if err := do(t, s.Server, "api-key.bind", server.Binding{Project: p.ID, Key: "one", Networks: networks}, &bound); err != nil {
			t.Fatal(err)
		}
	}
	bind("10.1.2.3/16", "2001:db8::1")
	if want := []string{"10.1.0.0/16", "2001:db8::1/128"}; !slices.Equal(bound.Networks, want) {
		t.Errorf("bound to %q, want %q", bound.Networks, want)
	}
	here.Refused("GET", "/users", nil, 401, "user_unauthorized")
	if e, ok := heard(t, s)[secevent.KeyElsewhere]; !ok || e.Project != p.ID || e.Details["keyId"] != "one" {
		t.Errorf("the event: %+v", e)
	}
	bind("10.0.0.0/8", "loopback")
	here.Must("GET", "/users", nil)
	bind("private")
	p.Admin.Must("PUT", "/project/keys/one", servertest.M{"name": "Another name", "scopes": []string{"users.read"}})
	here.Refused("GET", "/users", nil, 401, "user_unauthorized")
	list, err := server.ScanKeys(t.Context(), s.DB(), p.ID, time.Hour, s.Clock.Now())
	if err != nil || !slices.ContainsFunc(list, func(k server.ScannedKey) bool { return k.ID == "one" && len(k.Networks) == 4 }) {
		t.Errorf("a scan shows %+v, %v", list, err)
	}
	bind()
	here.Must("GET", "/users", nil)

	many := slices.Repeat([]string{"private"}, 20)
	for name, in := range map[string]server.Binding{
		"no project":     {Project: "nowhere", Key: "one"},
		"the console":    {Project: "console", Key: "one"},
		"no key":         {Project: p.ID, Key: "two"},
		"no network":     {Project: p.ID, Key: "one", Networks: []string{"10.0.0.0/33"}},
		"too many":       {Project: p.ID, Key: "one", Networks: many},
		"a mixed prefix": {Project: p.ID, Key: "one", Networks: []string{"::ffff:10.0.0.0/8"}},
	} {
		if err := do(t, s.Server, "api-key.bind", in, nil); server.Kind(err) != server.KindInput {
			t.Errorf("%s: %v", name, err)
		}
	}
	here.Must("GET", "/users", nil)
}
