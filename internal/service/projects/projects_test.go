package projects_test

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"moorfast/internal/server/servertest"
)

type m = servertest.M

func TestProjectsOfOthersAreNotThere(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	app.Owner.Must("POST", "/teams", m{"teamId": "away", "name": "Away"})
	away := app.Owner.With("X-Appwrite-Organization", "away")
	home := app.Owner.With("X-Appwrite-Organization", app.Admin.Must("GET", "/project", nil).Text("teamId"))
	for _, c := range []struct {
		client  *servertest.Client
		project string
	}{{home, "nothing"}, {away, "nothing"}, {away, app.ID}} {
		path := "/organization/projects/" + c.project
		c.client.Refused("GET", path, nil, 404, "project_not_found")
		c.client.Refused("PATCH", path, m{"name": "Taken"}, 404, "project_not_found")
		c.client.Refused("DELETE", path, nil, 404, "project_not_found")
	}
	home.Must("PATCH", "/organization/projects/"+app.ID, m{"name": "Mine"})
	// An organization that is named does not lend its roles to the projects of others.
	eve := member(t, s, app, "away", "eve", "owner")
	eve.Refused("PATCH", "/projects/"+app.ID, m{"name": "Taken"}, 401, "general_unauthorized_scope")
	eve.Refused("PATCH", "/organization/projects/"+app.ID, m{"name": "Taken"}, 404, "project_not_found")
}

// member is a new member of an organization, with roles.
func member(t *testing.T, s *servertest.Server, app servertest.Project, team, name string, roles ...string) *servertest.Client {
	t.Helper()
	invited := app.Owner.Must("POST", "/teams/"+team+"/memberships", m{"email": name + "@example.org", "roles": append([]string{}, roles...), "url": "http://localhost/"})
	c := s.Guest("X-Appwrite-Organization", team)
	accept(t, c, team, invited)
	return c
}

// accept has a client take an invitation.
func accept(t *testing.T, c *servertest.Client, team string, invited servertest.Answer) {
	t.Helper()
	link, err := url.Parse(invited.Text("inviteLink"))
	if err != nil {
		t.Fatal(err)
	}
	answer := link.Query()
	c.Must("PATCH", "/teams/"+team+"/memberships/"+answer.Get("membershipId")+"/status", m{"userId": answer.Get("userId"), "secret": answer.Get("secret")})
}

// A project goes only where its mover could have made it.
func TestProjectsAreMovedToOwnOrganizations(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	home := app.Admin.Must("GET", "/project", nil).Text("teamId")
	app.Owner.Must("POST", "/teams", m{"teamId": "away", "name": "Away"})
	app.Owner.Must("POST", "/teams", m{"teamId": "club", "name": "Club"})
	dev := member(t, s, app, home, "dan", "developer")
	path := "/projects/" + app.ID + "/team"
	dev.Refused("PATCH", path, m{"teamId": "away"}, 404, "team_not_found")
	dev.Refused("PATCH", path, m{"teamId": "nothing"}, 404, "team_not_found")
	guest := app.Owner.Must("POST", "/teams/club/memberships", m{"email": "dan@example.org", "roles": []string{"editor"}, "url": "http://localhost/"})
	accept(t, dev, "club", guest)
	dev.Refused("PATCH", path, m{"teamId": "club"}, 401, "user_unauthorized")
	if got := app.Owner.Must("PATCH", path, m{"teamId": "away"}).Text("teamId"); got != "away" {
		t.Errorf("the project is of %q", got)
	}
	dev.Refused("PATCH", path, m{"teamId": home}, 401, "general_unauthorized_scope")
}

// What a member of an organization cannot open is not in the lists, either.
func TestMembersSeeTheProjectsOfTheirRoles(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	team := app.Admin.Must("GET", "/project", nil).Text("teamId")
	app.Owner.With("X-Appwrite-Organization", team).Must("POST", "/organization/projects", m{"projectId": "my-shop", "name": "Shop"})
	for name, c := range map[string]struct {
		roles []string
		sees  []string
	}{
		"owner":     {[]string{"owner"}, []string{app.ID, "my-shop"}},
		"developer": {[]string{"developer"}, []string{app.ID, "my-shop"}},
		"one":       {[]string{"project-my-shop-developer"}, []string{"my-shop"}},
		"another":   {[]string{"editor", "project-" + app.ID + "-owner"}, []string{app.ID}},
		"nothing":   {[]string{"editor", "project-my-shop-editor", "project--owner"}, nil},
		"no roles":  {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			who := member(t, s, app, team, strings.ReplaceAll(name, " ", ""), c.roles...)
			for _, path := range []string{"/projects", "/organization/projects"} {
				list := who.Must("GET", path, nil)
				if got := list.Text("total"); got != strconv.Itoa(len(c.sees)) {
					t.Errorf("%s has %s of %v: %s", path, got, c.sees, list.Body)
				}
			}
			for _, id := range []string{app.ID, "my-shop"} {
				if slices.Contains(c.sees, id) {
					who.Must("GET", "/organization/projects/"+id, nil)
				} else {
					who.Refused("GET", "/organization/projects/"+id, nil, 404, "project_not_found")
				}
			}
		})
	}
	// Whom a role lets change projects needs one that sees them, too.
	admin := member(t, s, app, team, "admin", "admin")
	admin.Refused("PATCH", "/organization/projects/my-shop", m{"name": "Mine"}, 404, "project_not_found")
	admin.Refused("PATCH", "/projects/my-shop", m{"name": "Mine"}, 404, "project_not_found")
	admin.Refused("PATCH", "/projects/my-shop/team", m{"teamId": team}, 404, "project_not_found")
	admin.Refused("DELETE", "/organization/projects/my-shop", nil, 404, "project_not_found")
}

func TestMockNumbersOfOlderClients(t *testing.T) {
	app := servertest.New(t).Found()
	path := "/projects/" + app.ID + "/auth/mock-numbers"
	number := func(phone, otp any) m { return m{"phone": phone, "otp": otp} }
	many := make([]m, 11)
	for i := range many {
		many[i] = number("+1415555267"+string(rune('0'+i%10)), "123456")
	}
	const list = "Invalid `numbers` param: Value must a valid array no longer than 10 items and "
	for _, test := range []struct {
		name string
		body m
		typ  string
		want string
	}{
		{"nothing", m{}, "general_argument_invalid", `Param "numbers" is not optional.`},
		{"a text", m{"numbers": "x"}, "general_argument_invalid", list + `Invalid payload structure. Please check the "phone" and "otp" fields`},
		{"without a code", m{"numbers": []m{{"phone": "+14155552671"}}}, "general_argument_invalid", list + `Invalid payload structure. Please check the "phone" and "otp" fields`},
		{"no phone", m{"numbers": []m{number("x", "123456")}}, "general_argument_invalid", list + "Phone number must start"},
		{"short code", m{"numbers": []m{number("+14155552671", "12345")}}, "general_argument_invalid", list + "Invalid OTP. Please make sure the OTP is a 6 digit number"},
		{"code is a number", m{"numbers": []m{number("+14155552671", 123456)}}, "general_argument_invalid", list + "Invalid OTP."},
		{"too many", m{"numbers": many}, "general_argument_invalid", "Invalid `numbers` param: Value must a valid array no longer than 10 items"},
		{"twice", m{"numbers": []m{number("+14155552671", "123456"), number("+14155552671", "654321")}}, "general_bad_request", "Duplicate phone numbers are not allowed."},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := app.Owner.Refused("PATCH", path, test.body, 400, test.typ).Text("message"); !strings.HasPrefix(got, test.want) {
				t.Errorf("message\ngot  %s\nwant %s", got, test.want)
			}
		})
	}
	app.Owner.Must("PATCH", path, m{"numbers": []m{number("+14155552671", "123456")}})
	if got := app.Admin.Must("GET", "/project/mock-phones/+14155552671", nil); got.Text("otp") != "123456" {
		t.Errorf("mock phone = %s", got.Body)
	}
	app.Owner.Must("PATCH", path, m{"numbers": []m{}})
	app.Admin.Refused("GET", "/project/mock-phones/+14155552671", nil, 404, "mock_number_not_found")
	app.Guest.Refused("PATCH", path, m{"numbers": []m{}}, 401, "general_unauthorized_scope")
}

func TestThereAreNoDevKeys(t *testing.T) {
	app := servertest.New(t).Found()
	path := "/projects/" + app.ID + "/dev-keys"
	body := m{"name": "Dev", "expire": "2026-02-01T00:00:00.000+00:00"}
	app.Owner.Refused("POST", path, body, 410, "dev_key_gone")
	app.Owner.Refused("GET", path+"/key", nil, 404, "key_not_found")
	app.Owner.Refused("PUT", path+"/key", body, 404, "key_not_found")
	app.Owner.Refused("DELETE", path+"/key", nil, 404, "key_not_found")
	if got := app.Owner.Must("GET", path+"?queries[]="+url.QueryEscape(`{"method":"isNull","attribute":"expire"}`), nil); got.Text("total") != "0" {
		t.Errorf("dev keys = %s", got.Body)
	}
	app.Owner.Refused("GET", path+"?queries[]="+url.QueryEscape(`{"method":"isNull","attribute":"secret"}`), nil, 400, "general_argument_invalid")
}
