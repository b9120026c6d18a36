package users_test

import (
	"strings"
	"testing"
	"time"

	"moorfast/internal/server/servertest"
)

type m = servertest.M

func want(t *testing.T, a servertest.Answer, fields map[string]string) {
	t.Helper()
	for path, want := range fields {
		if got := a.Text(path); got != want {
			t.Errorf("%s = %q, want %q in %s", path, got, want, a.Body)
		}
	}
}

func TestUsers(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	key := p.Key
	want(t, key.Must("POST", "/users", m{"userId": "walter", "email": "Walter@Example.com", "phone": "+14155552671", "name": "Walter"}), map[string]string{
		"$id": "walter", "email": "walter@example.com", "phone": "+14155552671", "status": "true", "hash": "argon2", "password": "", "passwordUpdate": "",
	})
	key.Refused("POST", "/users", m{"userId": "walter"}, 409, "user_already_exists")
	key.Refused("POST", "/users", m{"userId": "x", "email": "walter@example.com"}, 409, "user_already_exists")
	for name, values := range map[string][]any{"phone": {"123", "", 5}, "email": {"", 5, []string{}}, "password": {"", 12345678}, "name": {"", 5}} {
		for _, v := range values {
			key.Refused("POST", "/users", m{"userId": "x", name: v}, 400, "general_argument_invalid")
		}
	}
	for path, body := range map[string]m{"email": {"email": 5}, "phone": {"number": 5}, "password": {"password": 5}} {
		key.Refused("PATCH", "/users/walter/"+path, body, 400, "general_argument_invalid") // and clears nothing
	}
	key.Must("POST", "/users", m{"userId": "jesse", "email": nil, "name": "Jesse"})
	s.Clock.Advance(time.Second)
	key.Must("POST", "/users", m{"userId": "saul", "email": "saul@example.com", "name": "Saul"})
	p.Guest.Refused("GET", "/users", nil, 401, "general_unauthorized_scope")
	p.Owner.Refused("GET", "/users", nil, 401, "general_unauthorized_scope")
	p.Owner.With("X-Appwrite-Organization", "home").Refused("GET", "/users", nil, 401, "general_access_forbidden")

	list := key.Must("GET", "/users", nil)
	want(t, list, map[string]string{"total": "3"})
	if !strings.Contains(list.Body, `"identifier":"walter@example.com"`) {
		t.Errorf("the list has no targets: %s", list.Body)
	}
	for query, total := range map[string]string{
		`queries[]={"method":"equal","attribute":"email","values":["walter@example.com"]}`:                           "1",
		`queries[]={"method":"isNull","attribute":"email"}`:                                                          "1",
		`queries[]={"method":"startsWith","attribute":"name","values":["S"]}`:                                        "1",
		`queries[]={"method":"greaterThan","attribute":"registration","values":["2026-01-02T03:04:06.000%2B00:00"]}`: "1",
		`queries[]={"method":"equal","attribute":"status","values":[true]}`:                                          "3",
		`search=jes`:     "1",
		`search=%2B1415`: "1",
		`total=false`:    "0",
		`queries[0]={"method":"orderDesc","values":[]}&queries[1]={"method":"limit","values":[1]}`: "3",
	} {
		if a := key.Must("GET", "/users?"+query, nil); a.Text("total") != total {
			t.Errorf("%s: total = %s, want %s", query, a.Text("total"), total)
		}
	}
	if a := key.Must("GET", `/users?queries[0]={"method":"cursorAfter","values":["jesse"]}`, nil); !strings.Contains(a.Body, `"$id":"saul"`) || strings.Contains(a.Body, `"$id":"walter"`) {
		t.Errorf("after jesse: %s", a.Body)
	}
	key.Refused("GET", `/users?queries[0]={"method":"cursorAfter","values":["nobody"]}`, nil, 400, "general_cursor_not_found")
	key.Refused("GET", `/users?queries[0]={"method":"equal","attribute":"password","values":["x"]}`, nil, 400, "general_argument_invalid")

	key.Must("DELETE", "/users/saul", nil)
	key.Refused("DELETE", "/users/saul", nil, 404, "user_not_found")
	key.Refused("GET", "/users/saul", nil, 404, "user_not_found")
}

func TestChanges(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	key := p.Key
	key.Must("POST", "/users", m{"userId": "walter", "email": "walter@example.com"})
	key.Must("POST", "/users", m{"userId": "jesse", "email": "jesse@example.com", "phone": "+14155550000"})
	const path = "/users/walter"
	for _, c := range []struct {
		method, path string
		body         m
		field, want  string
	}{
		{"PATCH", "/name", m{"name": "Heisenberg"}, "name", "Heisenberg"},
		{"PATCH", "/name", m{"name": ""}, "name", ""},
		{"PATCH", "/verification", m{"emailVerification": true}, "emailVerification", "true"},
		{"PATCH", "/email", m{"email": "WW@example.com"}, "email", "ww@example.com"},
		{"PATCH", "/email", m{"email": "w@example.com"}, "emailVerification", "false"},
		{"PATCH", "/email", m{"email": ""}, "email", ""},
		{"PATCH", "/phone", m{"number": "+14155552671"}, "phone", "+14155552671"},
		{"PATCH", "/verification/phone", m{"phoneVerification": true}, "phoneVerification", "true"},
		{"PATCH", "/phone", m{"number": ""}, "phone", ""},
		{"PATCH", "/mfa", m{"mfa": true}, "mfa", "true"},
		{"PATCH", "/impersonator", m{"impersonator": true}, "impersonator", "true"},
		{"PUT", "/labels", m{"labels": []string{"vip", "a1", "vip"}}, "labels", `["vip","a1"]`},
		{"PATCH", "/status", m{"status": false}, "status", "false"},
		{"PATCH", "/status", m{"status": "1"}, "status", "true"},
		{"PATCH", "/password", m{"password": "correct horse 1"}, "hash", "argon2"},
		{"PATCH", "/password", m{"password": ""}, "password", ""},
	} {
		want(t, key.Must(c.method, path+c.path, c.body), map[string]string{c.field: c.want})
	}
	key.Refused("PATCH", path+"/email", m{"email": "jesse@example.com"}, 409, "user_target_already_exists")
	key.Refused("PATCH", path+"/phone", m{"number": "+14155550000"}, 409, "user_target_already_exists")
	key.Refused("PUT", path+"/labels", m{"labels": []string{"no label!"}}, 400, "general_argument_invalid")
	key.Refused("PATCH", "/users/nobody/name", m{"name": "x"}, 404, "user_not_found")
	if a := key.Must("PATCH", path+"/prefs", m{"prefs": m{"b": m{"c": 1}}}); a.Body != `{"b":{"c":1}}` {
		t.Errorf("prefs = %s", a.Body)
	}
	if a := key.Must("GET", path+"/prefs", nil); a.Body != `{"b":{"c":1}}` {
		t.Errorf("prefs = %s", a.Body)
	}
	want(t, key.Must("GET", path+"/targets", nil), map[string]string{"total": "0"})
}

// Whoever comes from another program keeps his password, which is hashed anew
// when he signs in.
func TestImports(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	for _, c := range []struct {
		path string
		body m
		hash string
	}{
		{"md5", m{"password": "144fa7eaa4904e8ee120651997f70dcc"}, "md5"},
		{"bcrypt", m{"password": "$2a$05$LvX9bTFrfwzsWH.fwESd/uWlODIOJbPvdM4j4M14Xul6OhT9wlqq2"}, "bcrypt"},
		{"phpass", m{"password": "$P$Br387rwferoKN7uwHZqNMu98q3U8RO."}, "phpass"},
		{"sha", m{"password": "4243da0a694e8a2f727c8060fe0507c8fa01ca68146c76d2c190805b638c20c6bf6ba04e21f11ae138785d0bff63c416e6f87badbffad37f6dee50094cc38c70", "passwordVersion": "sha512"}, "sha"},
		{"scrypt", m{"password": "a91d3618d75885a4ae4f5afdb00567c3", "passwordSalt": "some-salt", "passwordCpu": 8, "passwordMemory": 4, "passwordParallel": 1, "passwordLength": 16}, "scrypt"},
		{"scrypt-modified", m{
			"password": "UlM7JiXRcQhzAGlaonpSqNSLIz475WMddOgLjej5De9vxTy48K6WtqlEzrRFeK4t0COfMhWCb8wuMHgxOFCHFQ==", "passwordSalt": "UxLMreBr6tYyjQ==", "passwordSaltSeparator": "Bw==",
			"passwordSignerKey": "XyEKE9RcTDeLEsL/RjwPDBv/RqDl8fb3gpYEOQaPihbxf1ZAtSOHCjuAAa7Q3oHpCYhXSN9tizHgVOwn6krflQ==",
		}, "scryptMod"},
	} {
		c.body["userId"], c.body["email"], c.body["name"] = c.path, c.path+"@example.com", c.path
		want(t, p.Key.Must("POST", "/users/"+c.path, c.body), map[string]string{"hash": c.hash, "hashOptions.type": c.hash})
		if c.path == "bcrypt" {
			continue // whose password is another
		}
		login := m{"email": c.path + "@example.com", "password": "appwrite"}
		s.Guest("X-Appwrite-Project", p.ID).Must("POST", "/account/sessions/email", login)
		want(t, p.Key.Must("GET", "/users/"+c.path, nil), map[string]string{"hash": "argon2"})
		s.Guest("X-Appwrite-Project", p.ID).Must("POST", "/account/sessions/email", login)
	}
	want(t, p.Key.Must("POST", "/users/argon2", m{"userId": "a", "email": "a@example.com", "password": "$argon2id$v=19$m=65536,t=4,p=3$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"}),
		map[string]string{"hashOptions": `{"memoryCost":65536,"threads":3,"timeCost":4,"type":"argon2"}`})
	p.Key.Refused("POST", "/users/bcrypt", m{"userId": "b", "email": "b@example.com", "password": "$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}, 400, "general_argument_invalid")
}

func TestSessionsOfUsers(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	p.Key.Must("POST", "/users", m{"userId": "walter"})
	opened := p.Key.Must("POST", "/users/walter/sessions", nil)
	want(t, opened, map[string]string{"provider": "server", "factors": `["server"]`})
	c := s.Guest("X-Appwrite-Project", p.ID, "X-Appwrite-Session", opened.Text("secret"))
	c.Must("GET", "/account", nil)
	want(t, p.Key.Must("GET", "/users/walter/sessions", nil), map[string]string{"total": "1"})

	jwt := p.Key.Must("POST", "/users/walter/jwts", m{}).Text("jwt")
	by := s.Guest("X-Appwrite-Project", p.ID, "X-Appwrite-JWT", jwt)
	want(t, by.Must("GET", "/account", nil), map[string]string{"$id": "walter"})
	p.Key.Refused("DELETE", "/users/walter/sessions/nothing", nil, 404, "user_session_not_found")
	p.Key.Must("DELETE", "/users/walter/sessions/"+opened.Text("$id"), nil)
	by.Refused("GET", "/account", nil, 401, "general_unauthorized_scope")
	c.Refused("GET", "/account", nil, 401, "general_unauthorized_scope")

	// Without a session, a token ends by the clock alone, and soon.
	jwt = p.Key.Must("POST", "/users/walter/jwts", m{"duration": 3600}).Text("jwt")
	by = s.Guest("X-Appwrite-Project", p.ID, "X-Appwrite-JWT", jwt)
	by.Must("GET", "/account", nil)
	s.Clock.Advance(16 * time.Minute)
	by.Refused("GET", "/account", nil, 401, "user_jwt_invalid")

	p.Key.Must("POST", "/users/walter/sessions", nil)
	p.Key.Must("DELETE", "/users/walter/sessions", nil)
	want(t, p.Key.Must("GET", "/users/walter/sessions", nil), map[string]string{"total": "0", "sessions": "[]"})
}

func TestBelongings(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	key := p.Key
	key.Must("POST", "/users", m{"userId": "walter", "email": "walter@example.com"})
	const path = "/users/walter/targets"
	key.Refused("POST", path, m{"targetId": "t", "providerType": "email", "identifier": "no"}, 400, "general_invalid_email")
	key.Refused("POST", path, m{"targetId": "t", "providerType": "sms", "identifier": "no"}, 400, "general_invalid_phone")
	key.Refused("POST", path, m{"targetId": "t", "providerType": "fax", "identifier": "no"}, 400, "general_argument_invalid")
	want(t, key.Must("POST", path, m{"targetId": "t", "providerType": "push", "identifier": "device", "name": "Phone"}), map[string]string{"name": "Phone", "userId": "walter"})
	key.Refused("POST", path, m{"targetId": "t", "providerType": "push", "identifier": "device2"}, 409, "user_target_already_exists")
	want(t, key.Must("PATCH", path+"/t", m{"identifier": "other"}), map[string]string{"identifier": "other", "name": "Phone"})
	key.Refused("PATCH", path+"/t", m{"providerId": "none"}, 404, "provider_not_found")
	want(t, key.Must("GET", path, nil), map[string]string{"total": "2"})
	want(t, key.Must("GET", path+`?queries[]={"method":"equal","attribute":"providerType","values":["push"]}`, nil), map[string]string{"total": "1"})
	key.Must("DELETE", path+"/t", nil)
	key.Refused("GET", path+"/t", nil, 404, "user_target_not_found")

	want(t, key.Must("GET", "/users/identities", nil), map[string]string{"total": "0"})
	key.Refused("DELETE", "/users/identities/nothing", nil, 404, "user_identity_not_found")
	want(t, key.Must("GET", "/users/walter/memberships", nil), map[string]string{"total": "0", "memberships": "[]"})
	key.Refused("GET", "/users/nobody/memberships", nil, 404, "user_not_found")

	want(t, key.Must("GET", "/users/walter/mfa/factors", nil), map[string]string{"totp": "false", "email": "false"})
	key.Refused("GET", "/users/walter/mfa/recovery-codes", nil, 404, "user_recovery_codes_not_found")
	key.Refused("PUT", "/users/walter/mfa/recovery-codes", nil, 404, "user_recovery_codes_not_found")
	key.Must("PATCH", "/users/walter/mfa/recovery-codes", nil)
	key.Refused("PATCH", "/users/walter/mfa/recovery-codes", nil, 409, "user_recovery_codes_already_exists")
	key.Must("PUT", "/users/walter/mfa/recovery-codes", nil)
	key.Refused("DELETE", "/users/walter/mfa/authenticators/totp", nil, 404, "user_authenticator_not_found")
	key.Refused("GET", "/users/walter/mfa/challenges/nothing", nil, 401, "user_invalid_token")
}
