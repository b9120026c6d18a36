package server_test

import (
	"strings"
	"testing"

	"moorfast/internal/server/servertest"
)

// TestPlaces: an endpoint for the console or for projects asks who calls before
// it says that this is the wrong place. Those for data of a project say so first.
func TestPlaces(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	home := app.Owner.With("X-Appwrite-Organization", "home")
	guest := s.Guest()
	for _, test := range []struct {
		name   string
		client *servertest.Client
		path   string
		typ    string
	}{
		{"a guest asks the console for users", guest, "/users", "general_unauthorized_scope"},
		{"an owner asks the console for users", home, "/users", "general_access_forbidden"},
		{"a guest asks the console for its project", guest, "/project", "general_unauthorized_scope"},
		{"an owner asks the console for its project", home, "/project", "general_access_forbidden"},
		{"an owner asks the console for webhooks", home, "/webhooks", "general_access_forbidden"},
		{"a guest asks the console for databases", guest, "/databases", "general_access_forbidden"},
		{"a guest asks the console for rows", guest, "/tablesdb/a/tables/b/rows", "general_access_forbidden"},
		{"a guest asks a project for projects", app.Guest, "/projects", "general_unauthorized_scope"},
		{"an admin asks a project for projects", app.Admin, "/projects", "general_access_forbidden"},
	} {
		t.Run(test.name, func(t *testing.T) { test.client.Refused("GET", test.path, nil, 401, test.typ) })
	}
	for client, want := range map[*servertest.Client]string{
		guest:                                    "No Appwrite project was specified.",
		s.Guest("X-Appwrite-Project", "console"): "This endpoint is not available for the console project. The Appwrite Console is a reserved project ID",
	} {
		if got := client.Refused("GET", "/databases", nil, 401, "general_access_forbidden").Text("message"); !strings.HasPrefix(got, want) {
			t.Errorf("message\ngot  %s\nwant %s", got, want)
		}
	}
	for _, path := range []string{"/console/oauth2-providers", "/console/scopes/project", "/console/scopes/organization"} {
		guest.Must("GET", path, nil)
		app.Guest.Must("GET", path, nil)
	}
}

// TestUnreadableSessions: a cookie that is none does not hide a session that is
// sent in another way.
func TestUnreadableSessions(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	app.Key.Must("POST", "/users", servertest.M{"userId": "walter"})
	session := app.Key.Must("POST", "/users/walter/sessions", nil).Text("secret")
	for name, headers := range map[string][]string{
		"a header":           {"X-Appwrite-Session", session},
		"the older cookie":   {"Cookie", "a_session_app=deleted; a_session_app_legacy=" + session},
		"a header, a cookie": {"X-Appwrite-Session", session, "Cookie", "a_session_app=deleted"},
		"fallback cookies":   {"X-Fallback-Cookies", `{"a_session_app":"` + session + `"}`, "X-Appwrite-Session", "deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := app.Guest.With(headers...).Must("GET", "/account", nil); got.Text("$id") != "walter" {
				t.Errorf("GET /account: %s", got.Body)
			}
		})
	}
}

func TestTextsThatNoStoreKeeps(t *testing.T) {
	app := servertest.New(t).Found()
	body := servertest.M{"userId": "unique()", "email": "walter@example.com", "password": "correct horse 1", "name": "a\x00b"}
	app.Guest.Refused("POST", "/account", body, 400, "general_argument_invalid")
	app.Key.Refused("GET", "/users?search=a%00b", nil, 400, "general_argument_invalid")
	app.Admin.Refused("POST", "/project/platforms/web", servertest.M{"platformId": "unique()", "name": "X", "type": "toaster", "key": "a.b"}, 400, "general_argument_invalid")
	app.Admin.Refused("POST", "/project/platforms/apple", servertest.M{"platformId": "unique()", "name": "  ", "bundleIdentifier": "a.b"}, 400, "general_argument_invalid")
}

// Clients of before there was an endpoint for each kind have one for all.
func TestPlatformsOfOlderClients(t *testing.T) {
	app := servertest.New(t).Found()
	old := app.Owner.With("X-Appwrite-Response-Format", "1.8.0")
	path := "/projects/" + app.ID + "/platforms"
	for _, typ := range []string{"web", "flutter-web", "unity", "apple", "flutter-ios", "apple-tvos", "android", "react-native-android", "windows", "flutter-windows", "linux"} {
		made := old.Must("POST", path, servertest.M{"type": typ, "name": typ, "key": "org.example.app", "hostname": ""})
		changed := old.Must("PUT", path+"/"+made.Text("$id"), servertest.M{"name": "New", "key": "org.example.new", "hostname": "example.org"})
		for field, want := range map[string]string{"type": typ, "name": "New", "key": "org.example.new"} {
			if got := changed.Text(field); got != want {
				t.Errorf("%s of %s = %s, want %s", field, typ, got, want)
			}
		}
	}
	app.Admin.Must("POST", "/project/platforms/apple", servertest.M{"platformId": "mine", "name": "X", "bundleIdentifier": "a.b"})
	app.Admin.Refused("PUT", "/project/platforms/web/mine", servertest.M{"name": "X", "hostname": "example.org"}, 400, "platform_method_unsupported")
	app.Admin.Refused("POST", "/project/platforms/web", servertest.M{"platformId": "unique()", "name": "X", "key": "a.b"}, 400, "general_argument_invalid")
}

func TestMockPhonesAreCountedOnRequest(t *testing.T) {
	admin := servertest.New(t).Found().Admin
	admin.Must("POST", "/project/mock-phones", servertest.M{"number": "+14155552671", "otp": "123456"})
	for path, want := range map[string]string{"/project/mock-phones": "1", "/project/mock-phones?total=false": "0"} {
		if got := admin.Must("GET", path, nil); got.Text("total") != want {
			t.Errorf("GET %s: total %s, want %s", path, got.Text("total"), want)
		}
	}
	admin.Refused("GET", "/project/mock-phones?total=x", nil, 400, "general_argument_invalid")
}
