package teams_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"moorfast/internal/server/servertest"
)

type m = servertest.M

const secret = "correct horse 1"

func signUp(t *testing.T, s *servertest.Server, p servertest.Project, id string) *servertest.Client {
	t.Helper()
	p.Key.Must("POST", "/users", m{"userId": id, "email": id + "@example.com", "name": id})
	session := p.Key.Must("POST", "/users/"+id+"/sessions", nil).Text("secret")
	return s.Guest("X-Appwrite-Project", p.ID, "X-Appwrite-Session", session)
}

func want(t *testing.T, a servertest.Answer, fields map[string]string) {
	t.Helper()
	for path, want := range fields {
		if got := a.Text(path); got != want {
			t.Errorf("%s = %q, want %q in %s", path, got, want, a.Body)
		}
	}
}

func TestTeams(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	walter, jesse := signUp(t, s, p, "walter"), signUp(t, s, p, "jesse")

	p.Guest.Refused("POST", "/teams", m{"teamId": "cooks", "name": "Cooks"}, 401, "general_unauthorized_scope")
	want(t, walter.Must("POST", "/teams", m{"teamId": "cooks", "name": "Cooks", "roles": []string{"chef"}}), map[string]string{
		"$id": "cooks", "name": "Cooks", "total": "1", "prefs": "{}", "$createdAt": "2026-01-02T03:04:05.678+00:00",
	})
	walter.Refused("POST", "/teams", m{"teamId": "cooks", "name": "Cooks"}, 409, "team_already_exists")
	walter.Refused("POST", "/teams", m{"teamId": "x", "name": "X", "roles": []string{"no role!"}}, 400, "general_argument_invalid")
	want(t, p.Key.Must("POST", "/teams", m{"teamId": "empty", "name": "Empty"}), map[string]string{"total": "0"})

	want(t, walter.Must("GET", "/teams", nil), map[string]string{"total": "1"})
	want(t, jesse.Must("GET", "/teams", nil), map[string]string{"total": "0", "teams": "[]"})
	want(t, p.Key.Must("GET", "/teams", nil), map[string]string{"total": "2"})
	want(t, p.Key.Must("GET", "/teams?search=cook", nil), map[string]string{"total": "1"})
	want(t, p.Key.Must("GET", `/teams?queries[]={"method":"equal","attribute":"name","values":["Empty"]}`, nil), map[string]string{"total": "1"})
	p.Key.Refused("GET", `/teams?queries[]={"method":"equal","attribute":"prefs","values":["x"]}`, nil, 400, "general_argument_invalid")

	jesse.Refused("GET", "/teams/cooks", nil, 404, "team_not_found")
	jesse.Refused("PUT", "/teams/cooks", m{"name": "Mine"}, 404, "team_not_found")
	p.Key.Must("POST", "/teams/cooks/memberships", m{"userId": "jesse", "roles": []string{"cook"}})
	want(t, jesse.Must("GET", "/teams/cooks", nil), map[string]string{"total": "2"})
	jesse.Refused("PUT", "/teams/cooks", m{"name": "Mine"}, 401, "user_unauthorized")
	jesse.Refused("PUT", "/teams/cooks/prefs", m{"prefs": m{}}, 401, "user_unauthorized")
	jesse.Refused("DELETE", "/teams/cooks", nil, 401, "user_unauthorized")

	want(t, walter.Must("PUT", "/teams/cooks", m{"name": "Chefs"}), map[string]string{"name": "Chefs"})
	if a := walter.Must("PUT", "/teams/cooks/prefs", m{"prefs": m{"a": 1}}); a.Body != `{"a":1}` {
		t.Errorf("prefs = %s", a.Body)
	}
	if a := jesse.Must("GET", "/teams/cooks/prefs", nil); a.Body != `{"a":1}` {
		t.Errorf("prefs = %s", a.Body)
	}
	walter.Must("DELETE", "/teams/cooks", nil)
	jesse.Refused("GET", "/teams/cooks", nil, 404, "team_not_found")
	want(t, jesse.Must("GET", "/teams", nil), map[string]string{"total": "0"})
}

func TestMemberships(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	walter, jesse := signUp(t, s, p, "walter"), signUp(t, s, p, "jesse")
	walter.Must("POST", "/teams", m{"teamId": "cooks", "name": "Cooks"})
	const path = "/teams/cooks/memberships"

	invite := m{"email": "saul@example.com", "roles": []string{"lawyer"}, "url": "http://localhost/join"}
	walter.Refused("POST", path, m{"email": "saul@example.com", "roles": []string{}}, 400, "general_argument_invalid")
	walter.Refused("POST", path, m{"email": "saul@example.com", "roles": []string{}, "url": "https://evil.test/"}, 400, "general_argument_invalid")
	walter.Refused("POST", path, m{"roles": []string{}, "url": "http://localhost/join"}, 400, "general_argument_invalid")
	walter.Refused("POST", path, invite, 503, "general_smtp_disabled")

	p.Key.Refused("POST", path, m{"userId": "nobody", "roles": []string{}}, 404, "user_not_found")
	p.Key.Refused("POST", path, m{"userId": "jesse", "email": "other@example.com", "roles": []string{}}, 409, "user_already_exists")
	p.Key.Refused("POST", "/teams/nothing/memberships", m{"userId": "jesse", "roles": []string{}}, 404, "team_not_found")
	added := p.Key.Must("POST", path, m{"userId": "jesse", "roles": []string{"cook", "cook"}})
	want(t, added, map[string]string{
		"userId": "jesse", "userName": "jesse", "userEmail": "jesse@example.com", "teamId": "cooks", "teamName": "Cooks",
		"confirm": "true", "roles": `["cook"]`, "mfa": "false", "joined": "2026-01-02T03:04:05.678+00:00",
	})
	p.Key.Refused("POST", path, m{"userId": "jesse", "roles": []string{}}, 409, "membership_already_confirmed")
	fresh := p.Key.Must("POST", path, m{"email": "saul@example.com", "roles": []string{"lawyer"}, "name": "Saul"})
	want(t, fresh, map[string]string{"userName": "Saul", "userEmail": "saul@example.com", "confirm": "true"})

	list := jesse.Must("GET", path, nil)
	want(t, list, map[string]string{"total": "3"})
	if !strings.Contains(list.Body, `"userAccessedAt":""`) {
		t.Errorf("members see when others were here: %s", list.Body)
	}
	want(t, p.Key.Must("GET", path+`?queries[]={"method":"contains","attribute":"roles","values":["lawyer"]}`, nil), map[string]string{"total": "1"})
	p.Admin.Must("PATCH", "/project/policies/membership-privacy", m{"userEmail": false, "userName": false})
	want(t, jesse.Must("GET", path+"/"+fresh.Text("$id"), nil), map[string]string{"userName": "", "userEmail": ""})
	want(t, p.Key.Must("GET", path+"/"+fresh.Text("$id"), nil), map[string]string{"userName": "Saul"})

	a := jesse.Refused("PATCH", path+"/"+added.Text("$id"), m{"roles": []string{"owner"}}, 401, "user_unauthorized")
	if a.Text("message") != "User is not allowed to modify roles" {
		t.Errorf("message = %s", a.Text("message"))
	}
	want(t, walter.Must("PATCH", path+"/"+added.Text("$id"), m{"roles": []string{"chef"}}), map[string]string{"roles": `["chef"]`})
	jesse.Refused("DELETE", path+"/"+fresh.Text("$id"), nil, 401, "user_unauthorized")
	jesse.Must("DELETE", path+"/"+added.Text("$id"), nil)
	jesse.Refused("GET", path, nil, 404, "team_not_found")
	walter.Refused("DELETE", path+"/nothing", nil, 404, "team_invite_not_found")
	want(t, walter.Must("GET", "/teams/cooks", nil), map[string]string{"total": "2"})
}

// The console's invitations need no mail: their link goes back to the owner.
func TestInvitationsToTheConsole(t *testing.T) {
	s := servertest.New(t)
	owner := s.Found().Owner
	const path = "/teams/home/memberships"
	users := func() string { return owner.Must("GET", path, nil).Text("total") }

	body := m{"email": "saul@example.com", "roles": []string{"developer"}, "url": "http://localhost/invite?x=1"}
	invited := owner.Must("POST", path, body)
	want(t, invited, map[string]string{"confirm": "false", "userEmail": "saul@example.com", "joined": ""})
	if users() != "2" {
		t.Errorf("memberships = %s", users())
	}
	first := accept(t, invited)
	again := accept(t, owner.Must("POST", path, body)) // which makes the first link worthless
	status := path + "/" + again["membershipId"] + "/status"
	answer := func(link map[string]string) m { return m{"userId": link["userId"], "secret": link["secret"]} }
	s.Guest().Refused("PATCH", status, answer(first), 401, "team_invalid_secret")
	owner.Refused("PATCH", status, answer(again), 401, "team_invite_mismatch")
	s.Guest().Refused("PATCH", path+"/nothing/status", answer(again), 404, "membership_not_found")

	saul := s.Guest()
	want(t, saul.Must("PATCH", status, answer(again)), map[string]string{"confirm": "true"})
	// The link went through the owner's hands, so it proves no address.
	want(t, saul.Must("GET", "/account", nil), map[string]string{"email": "saul@example.com", "emailVerification": "false"})
	want(t, saul.Must("GET", "/teams", nil), map[string]string{"total": "1"})
	s.Guest().Refused("PATCH", status, answer(again), 409, "membership_already_confirmed")
	saul.Must("PATCH", "/account/password", m{"password": secret}) // he had none

	saul.Refused("POST", path, m{"email": "kim@example.com", "roles": []string{"owner"}, "url": "http://localhost/"}, 401, "user_unauthorized")
	if users() != "2" {
		t.Error("who may not invite has made an account")
	}
	stranger := m{"email": "kim@example.com", "roles": []string{}, "url": "http://localhost/"}
	saul.Must("POST", "/teams", m{"teamId": "other", "name": "Other"})
	owner.Refused("POST", "/teams/other/memberships", stranger, 404, "team_not_found")

	late := accept(t, owner.Must("POST", path, m{"email": "gus@example.com", "roles": []string{"developer"}, "url": "http://localhost/"}))
	s.Clock.Advance(73 * time.Hour)
	s.Guest().Refused("PATCH", path+"/"+late["membershipId"]+"/status", answer(late), 401, "team_invalid_secret")
}

// accept reads the link of an invitation.
func accept(t *testing.T, a servertest.Answer) map[string]string {
	t.Helper()
	u, err := url.Parse(a.Text("inviteLink"))
	if err != nil || u.Query().Get("secret") == "" {
		t.Fatalf("invitation = %s", a.Body)
	}
	link := map[string]string{}
	for name := range u.Query() {
		link[name] = u.Query().Get(name)
	}
	return link
}

func TestTheLastOwnerStays(t *testing.T) {
	s := servertest.New(t)
	owner := s.Found().Owner
	const path = "/teams/home/memberships"
	list := owner.Must("GET", path, nil).JSON["memberships"].([]any)
	mine := path + "/" + list[0].(map[string]any)["$id"].(string)
	owner.Refused("DELETE", mine, nil, 400, "membership_deletion_prohibited")
	a := owner.Refused("PATCH", mine, m{"roles": []string{"developer"}}, 400, "membership_downgrade_prohibited")
	if a.Text("message") != "There must be at least one owner in the organization." {
		t.Errorf("message = %s", a.Text("message"))
	}
}
