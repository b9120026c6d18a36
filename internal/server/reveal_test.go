package server_test

import (
	"strings"
	"testing"
	"time"

	"moorfast/internal/secevent"
	"moorfast/internal/server/servertest"
)

func TestASecretIsShownAgainToAnOwnerWhoHasJustSignedInWhereThatIsSet(t *testing.T) {
	dir := t.TempDir()
	env := servertest.Environment(t)
	s := servertest.Open(t, dir, append(env, "MOORFAST_API_KEY_REVEAL=compat")...)
	p := s.Found()
	made := p.Admin.Must("POST", "/project/keys", servertest.M{"keyId": "one", "name": "One", "scopes": []string{"users.read"}}).Text("secret")
	masked := "standard_••••" + made[len(made)-4:]

	if got := p.Admin.Must("GET", "/project/keys/one", nil).Text("secret"); got != made {
		t.Errorf("to the owner: %s", got)
	}
	if got := p.Key.Must("GET", "/project/keys/one", nil).Text("secret"); got != masked {
		t.Errorf("to a key: %s", got)
	}
	if body := p.Admin.Must("GET", "/project/keys", nil).Body; strings.Contains(body, made) {
		t.Error("the list shows it")
	}
	jwt := p.Owner.Must("POST", "/account/jwts", nil).Text("jwt")
	if got := s.Guest("X-Appwrite-Project", p.ID, "X-Appwrite-Mode", "admin", "X-Appwrite-JWT", jwt).Must("GET", "/project/keys/one", nil).Text("secret"); got != masked {
		t.Errorf("to a token of the owner: %s", got)
	}
	s.Clock.Advance(16 * time.Minute)
	if got := p.Admin.Must("GET", "/project/keys/one", nil).Text("secret"); got != masked {
		t.Errorf("after a quarter of an hour: %s", got)
	}
	if e, ok := heard(t, s)[secevent.KeyRevealed]; !ok || e.Project != p.ID || e.User != "olga" || e.Details["keyId"] != "one" {
		t.Errorf("the event: %+v", e)
	}
	if body := p.Admin.Must("GET", "/activities/events", nil).Body; strings.Count(body, "project.key.reveal") != 1 {
		t.Errorf("the audit log: %s", body)
	}
	s.Stop()

	s = servertest.Open(t, dir, env...)
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	s = servertest.Open(t, dir, append(env, "MOORFAST_API_KEY_REVEAL=compat")...)
	owner := s.Guest("X-Appwrite-Project", p.ID, "X-Appwrite-Mode", "admin")
	s.Guest().Must("GET", "/health/version", nil)
	signed := s.Guest()
	signed.Must("POST", signIn, login("olga@example.org", right))
	if got := signed.With("X-Appwrite-Project", p.ID, "X-Appwrite-Mode", "admin").Must("GET", "/project/keys/one", nil).Text("secret"); got != masked {
		t.Errorf("after a sweep without the setting: %s", got)
	}
	owner.Refused("GET", "/project/keys/one", nil, 401, "general_unauthorized_scope")
}
