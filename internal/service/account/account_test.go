package account_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"moorfast/internal/server/servertest"
	"moorfast/internal/token"
)

type m = servertest.M

const secret = "correct horse 1"

// signUp makes a user of a project, and signs him in.
func signUp(t *testing.T, s *servertest.Server, p servertest.Project, id string) *servertest.Client {
	t.Helper()
	c := s.Guest("X-Appwrite-Project", p.ID)
	c.Must("POST", "/account", m{"userId": id, "email": id + "@example.com", "password": secret, "name": id})
	c.Must("POST", "/account/sessions/email", m{"email": id + "@example.com", "password": secret})
	return c
}

func want(t *testing.T, a servertest.Answer, fields map[string]string) {
	t.Helper()
	for path, want := range fields {
		if got := a.Text(path); got != want {
			t.Errorf("%s = %q, want %q in %s", path, got, want, a.Body)
		}
	}
}

func TestSignUp(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	guest := p.Guest
	valid := func(change ...any) m {
		body := m{"userId": "walter", "email": "Walter@Example.com", "password": secret, "name": "Walter"}
		for i := 0; i+1 < len(change); i += 2 {
			body[change[i].(string)] = change[i+1]
		}
		return body
	}
	for _, tt := range []struct {
		name string
		body m
		want string
	}{
		{"no id", m{"email": "a@example.com", "password": secret}, `Param "userId" is not optional.`},
		{"a bad id", valid("userId", "_x"), "Invalid `userId` param: Parameter must contain at most 36 chars. Valid chars are a-z, A-Z, 0-9, period, hyphen, and underscore. Can't start with a special char"},
		{"no address", valid("email", "walter"), "Invalid `email` param: Value must be a valid email address"},
		{"a short password", valid("password", "short"), "Invalid `password` param: Password must be between 8 and 256 characters long."},
		{"a long name", valid("name", strings.Repeat("x", 129)), "Invalid `name` param: Value must be a valid string and at least 1 chars and no longer than 128 chars"},
	} {
		a := guest.Refused("POST", "/account", tt.body, 400, "general_argument_invalid")
		if a.Text("message") != tt.want {
			t.Errorf("%s: %s\nwant %s", tt.name, a.Text("message"), tt.want)
		}
	}
	a := guest.Must("POST", "/account", valid())
	if a.Status != 201 {
		t.Errorf("status = %d", a.Status)
	}
	want(t, a, map[string]string{
		"$id": "walter", "email": "walter@example.com", "name": "Walter", "status": "true", "emailVerification": "false",
		"labels": "[]", "prefs": "{}", "phone": "", "mfa": "false", "passwordUpdate": "2026-01-02T03:04:05.678+00:00",
		"registration": "2026-01-02T03:04:05.678+00:00", "emailCanonical": "walter@example.com", "emailIsCorporate": "true",
	})
	if targets, _ := a.JSON["targets"].([]any); len(targets) != 1 {
		t.Errorf("targets = %v", a.JSON["targets"])
	}
	if _, has := a.JSON["password"]; has {
		t.Error("a user sees the hash of his password")
	}
	guest.Refused("POST", "/account", valid("userId", "unique()"), 409, "user_already_exists")
	guest.Refused("POST", "/account", valid("email", "other@example.com"), 409, "user_already_exists")

	user := p.Key.Must("GET", "/users/walter", nil)
	want(t, user, map[string]string{"hash": "argon2", "hashOptions": `{"memoryCost":19456,"threads":1,"timeCost":2,"type":"argon2"}`})
	if !strings.HasPrefix(user.Text("password"), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("password = %q", user.Text("password"))
	}
}

func TestPoliciesOfPasswordsAndUsers(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	p.Admin.Must("PATCH", "/project/policies/password-dictionary", m{"enabled": true})
	p.Admin.Must("PATCH", "/project/policies/password-personal-data", m{"enabled": true})
	p.Admin.Must("PATCH", "/project/policies/password-history", m{"total": 2})
	p.Admin.Must("PATCH", "/project/policies/user-limit", m{"total": 1})
	body := func(password string) m {
		return m{"userId": "walter", "email": "walter@example.com", "password": password, "name": "Heisenberg"}
	}
	a := p.Guest.Refused("POST", "/account", body("password"), 400, "general_argument_invalid")
	if want := "Invalid `password` param: Password must be between 8 and 265 characters long, and should not be one of the commonly used password."; a.Text("message") != want {
		t.Errorf("message = %s", a.Text("message"))
	}
	p.Guest.Refused("POST", "/account", body("iamheisenberg"), 400, "password_personal_data")
	c := signUp(t, s, p, "walter")
	p.Guest.Refused("POST", "/account", m{"userId": "jesse", "email": "jesse@example.com", "password": secret}, 400, "user_count_exceeded")
	p.Guest.Refused("POST", "/account/sessions/anonymous", nil, 400, "user_count_exceeded")

	change := func(next string) m { return m{"password": next, "oldPassword": secret} }
	c.Refused("PATCH", "/account/password", change(secret), 400, "password_recently_used")
	c.Refused("PATCH", "/account/password", m{"password": "battery staple 1"}, 401, "user_invalid_credentials")
	c.Must("PATCH", "/account/password", change("battery staple 1"))
	c.Must("GET", "/account", nil)
}

func TestSessions(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	c := signUp(t, s, p, "walter")
	login := m{"email": "WALTER@example.com", "password": secret}

	c.Refused("POST", "/account/sessions/email", login, 401, "user_session_already_exists")
	for name, body := range map[string]m{
		"a wrong password": {"email": "walter@example.com", "password": "wrong horse 1"},
		"nobody":           {"email": "nobody@example.com", "password": secret},
	} {
		if a := p.Guest.Do("POST", "/account/sessions/email", body); a.Status != 401 || a.Text("type") != "user_invalid_credentials" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}

	phone := s.Guest("X-Appwrite-Project", p.ID, "User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.3538.77 Safari/537.36")
	opened := phone.Must("POST", "/account/sessions/email", login)
	want(t, opened, map[string]string{
		"userId": "walter", "provider": "email", "providerUid": "walter@example.com", "current": "true", "secret": "",
		"factors": `["password"]`, "expire": "2027-01-02T03:04:05.678+00:00", "ip": "127.0.0.1", "countryCode": "--", "countryName": "Unknown",
		"osCode": "WIN", "osName": "Windows", "osVersion": "10", "clientType": "browser", "clientCode": "CH", "clientName": "Chrome",
		"clientVersion": "70.0", "clientEngine": "Blink", "deviceName": "desktop", "deviceBrand": "", "deviceModel": "", "mfaUpdatedAt": "",
	})
	id := opened.Text("$id")
	if a := c.Must("GET", "/account/sessions", nil); a.Text("total") != "2" || strings.Count(a.Body, `"current":true`) != 1 {
		t.Errorf("sessions = %s", a.Body)
	}
	want(t, c.Must("GET", "/account/sessions/"+id, nil), map[string]string{"$id": id, "current": "false"})
	want(t, phone.Must("GET", "/account/sessions/current", nil), map[string]string{"$id": id, "current": "true"})
	c.Refused("GET", "/account/sessions/nothing", nil, 404, "user_session_not_found")

	s.Clock.Advance(time.Hour)
	want(t, phone.Must("PATCH", "/account/sessions/current", nil), map[string]string{"expire": "2027-01-02T04:04:05.678+00:00"})

	c.Must("DELETE", "/account/sessions/"+id, nil)
	phone.Refused("GET", "/account", nil, 401, "general_unauthorized_scope")
	c.Must("DELETE", "/account/sessions", nil)
	c.Refused("GET", "/account", nil, 401, "general_unauthorized_scope")
}

func TestASessionEndsByTheClock(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	c := signUp(t, s, p, "walter")
	c.Must("GET", "/account", nil)
	s.Clock.Advance(366 * 24 * time.Hour)
	c.Refused("GET", "/account", nil, 401, "general_unauthorized_scope")
}

func TestAServerGetsTheSecretOfASession(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	signUp(t, s, p, "walter")
	a := p.Key.Must("POST", "/account/sessions/email", m{"email": "walter@example.com", "password": secret})
	if a.Text("secret") == "" {
		t.Fatalf("session = %s", a.Body)
	}
	ssr := s.Guest("X-Appwrite-Project", p.ID, "X-Appwrite-Session", a.Text("secret"))
	want(t, ssr.Must("GET", "/account", nil), map[string]string{"$id": "walter"})
}

func TestAnonymousUserBecomesPermanent(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	c := s.Guest("X-Appwrite-Project", p.ID)
	want(t, c.Must("POST", "/account/sessions/anonymous", nil), map[string]string{"provider": "anonymous", "factors": `["anonymous"]`})
	want(t, c.Must("GET", "/account", nil), map[string]string{"email": "", "passwordUpdate": "", "emailCanonical": ""})
	want(t, c.Must("PATCH", "/account/email", m{"email": "walter@example.com", "password": secret}), map[string]string{"email": "walter@example.com"})
	p.Guest.Must("POST", "/account/sessions/email", m{"email": "walter@example.com", "password": secret})
	s.Guest().Refused("POST", "/account/sessions/anonymous", nil, 401, "user_anonymous_console_prohibited")
}

func TestProfile(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	c := signUp(t, s, p, "walter")
	signUp(t, s, p, "jesse")

	want(t, c.Must("PATCH", "/account/name", m{"name": "Heisenberg"}), map[string]string{"name": "Heisenberg"})
	c.Refused("PATCH", "/account/name", m{"name": ""}, 400, "general_argument_invalid")
	want(t, c.Must("PATCH", "/account/prefs", m{"prefs": m{"theme": "dark", "n": 1}}), map[string]string{"prefs": `{"n":1,"theme":"dark"}`})
	if a := c.Must("GET", "/account/prefs", nil); a.Body != `{"n":1,"theme":"dark"}` {
		t.Errorf("prefs = %s", a.Body)
	}
	c.Refused("PATCH", "/account/prefs", m{"prefs": "no"}, 400, "general_argument_invalid")
	c.Must("PATCH", "/account/prefs", `{"prefs": {"a" : "`+strings.Repeat("x", 65535-len(`{"a":""}`))+`"} }`)
	c.Refused("PATCH", "/account/prefs", m{"prefs": m{"a": strings.Repeat("x", 65536-len(`{"a":""}`))}}, 400, "general_argument_invalid")

	c.Refused("PATCH", "/account/email", m{"email": "jesse@example.com", "password": secret}, 409, "user_target_already_exists")
	c.Refused("PATCH", "/account/email", m{"email": "ww@example.com", "password": "wrong horse 1"}, 401, "user_invalid_credentials")
	want(t, c.Must("PATCH", "/account/email", m{"email": "ww@example.com", "password": secret}), map[string]string{"email": "ww@example.com"})
	want(t, c.Must("PATCH", "/account/phone", m{"phone": "+14155552671", "password": secret}), map[string]string{"phone": "+14155552671"})

	other := s.Guest("X-Appwrite-Project", p.ID)
	other.Must("POST", "/account/sessions/email", m{"email": "ww@example.com", "password": secret})
	c.Must("PATCH", "/account/password", m{"password": "battery staple 1", "oldPassword": secret})
	other.Refused("GET", "/account", nil, 401, "general_unauthorized_scope") // by the project's policy
	c.Must("GET", "/account", nil)

	want(t, c.Must("PATCH", "/account/status", nil), map[string]string{"status": "false"})
	c.Refused("GET", "/account", nil, 401, "general_unauthorized_scope")
	p.Guest.Refused("POST", "/account/sessions/email", m{"email": "ww@example.com", "password": "battery staple 1"}, 403, "user_blocked")
	p.Guest.Refused("POST", "/account/sessions/email", m{"email": "ww@example.com", "password": "wrong horse 1"}, 401, "user_invalid_credentials")
}

func TestDelete(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	c := signUp(t, s, p, "walter")
	if a := c.Must("DELETE", "/account", nil); a.Status != 204 {
		t.Errorf("status = %d", a.Status)
	}
	p.Key.Refused("GET", "/users/walter", nil, 404, "user_not_found")
	p.Owner.Refused("DELETE", "/account", nil, 400, "user_deletion_prohibited")
}

func TestJWT(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	c := signUp(t, s, p, "walter")
	jwt := c.Must("POST", "/account/jwts", nil).Text("jwt")
	by := s.Guest("X-Appwrite-Project", p.ID, "X-Appwrite-JWT", jwt)
	want(t, by.Must("GET", "/account", nil), map[string]string{"$id": "walter"})
	by.Refused("POST", "/account/jwts", nil, 403, "user_jwt_creation_denied")
	c.With("X-Appwrite-JWT", jwt).Refused("GET", "/account", nil, 403, "user_jwt_and_cookie_set")
	c.Refused("POST", "/account/jwts", m{"duration": 3601}, 400, "general_argument_invalid")

	q := s.Project(p.Owner, "other")
	for name, there := range map[string]*servertest.Client{
		"another project": s.Guest("X-Appwrite-Project", q.ID, "X-Appwrite-JWT", jwt),
		"the console":     s.Guest("X-Appwrite-JWT", jwt),
		"admin mode":      s.Guest("X-Appwrite-Project", p.ID, "X-Appwrite-Mode", "admin", "X-Appwrite-JWT", jwt),
	} {
		if a := there.Do("GET", "/account", nil); a.Status != 401 || a.Text("type") != "user_jwt_invalid" {
			t.Errorf("in %s: %d %s", name, a.Status, a.Body)
		}
	}
	c.Must("DELETE", "/account/sessions/current", nil)
	by.Refused("GET", "/account", nil, 401, "general_unauthorized_scope") // it ends with its session
}

func TestTokens(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	signUp(t, s, p, "walter")
	made := p.Key.Must("POST", "/users/walter/tokens", m{"length": 8})
	want(t, made, map[string]string{"userId": "walter", "expire": "2026-01-02T03:19:05.678+00:00"})
	if len(made.Text("secret")) != 8 {
		t.Errorf("secret = %q", made.Text("secret"))
	}
	c := s.Guest("X-Appwrite-Project", p.ID)
	c.Refused("POST", "/account/sessions/token", m{"userId": "nobody", "secret": "x"}, 401, "user_invalid_token")
	c.Refused("POST", "/account/sessions/token", m{"userId": "walter", "secret": "x"}, 401, "user_invalid_token")
	body := m{"userId": "walter", "secret": made.Text("secret")}
	want(t, c.Must("POST", "/account/sessions/token", body), map[string]string{"provider": "token", "factors": `["token"]`})
	s.Guest("X-Appwrite-Project", p.ID).Refused("POST", "/account/sessions/token", body, 401, "user_invalid_token")
}

// What needs mail or a phone says so where there is neither.
func TestWithoutMailAndPhone(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	c := signUp(t, s, p, "walter")
	const page = "http://localhost/page"
	mail := func(path string, body m) {
		t.Helper()
		p.Guest.Refused("POST", path, body, 503, "general_smtp_disabled")
	}
	mail("/account/recovery", m{"email": "walter@example.com", "url": page})
	mail("/account/tokens/email", m{"userId": "unique()", "email": "walter@example.com"})
	mail("/account/tokens/magic-url", m{"userId": "unique()", "email": "walter@example.com"})
	c.Refused("POST", "/account/verifications/email", m{"url": page}, 503, "general_smtp_disabled")
	c.Refused("POST", "/account/verification", m{"url": "https://evil.test/"}, 400, "general_argument_invalid")
	p.Guest.Refused("POST", "/account/tokens/phone", m{"userId": "unique()", "phone": "+14155552671"}, 503, "general_phone_disabled")
	c.Refused("POST", "/account/verifications/phone", nil, 503, "general_phone_disabled")
	p.Guest.Refused("GET", "/account/sessions/oauth2/github", nil, 412, "project_provider_disabled")
	p.Guest.Refused("GET", "/account/sessions/oauth2/nothing", nil, 400, "general_argument_invalid")
	browser := p.Guest.With("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	for path, want := range map[string]struct{ typ, content string }{
		"/account/sessions/oauth2/github": {"project_provider_disabled", "text/html"},
		"/account/tokens/oauth2/nothing":  {"general_argument_invalid", "text/html"},
		"/account":                        {"general_unauthorized_scope", "application/json"},
	} {
		if a := browser.Do("GET", path, nil); !strings.HasPrefix(a.Header.Get("Content-Type"), want.content) || !strings.Contains(a.Body, want.typ) {
			t.Errorf("%s to a browser: %d %s %s", path, a.Status, a.Header.Get("Content-Type"), a.Body)
		}
	}
	p.Guest.Refused("PUT", "/account/recovery", m{"userId": "walter", "secret": "x", "password": secret}, 401, "user_invalid_token")
	p.Guest.Refused("PUT", "/account/verification", m{"userId": "walter", "secret": "x"}, 401, "user_invalid_token")
}

func TestMockPhones(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	p.Admin.Must("POST", "/project/mock-phones", m{"number": "+14155552671", "otp": "123456"})
	for _, path := range []string{"/+14155552671", "/%2B14155552671", "/%2014155552671", "/14155552671"} {
		want(t, p.Admin.Must("GET", "/project/mock-phones"+path, nil), map[string]string{"number": "+14155552671", "otp": "123456"})
	}
	p.Admin.Refused("GET", "/project/mock-phones/number", nil, 400, "general_argument_invalid")
	for list, query := range map[string]string{"mock-phones": `{"method":"orderRandom"}`, "policies": `{"method":"equal","attribute":"$id","values":["x"]}`} {
		p.Admin.Refused("GET", "/project/"+list+"?queries[]="+url.QueryEscape(query), nil, 400, "general_argument_invalid")
		p.Admin.Must("GET", "/project/"+list+"?queries[]="+url.QueryEscape(`{"method":"offset","values":[1]}`), nil)
	}
	a := p.Guest.Must("POST", "/account/tokens/phone", m{"userId": "walter", "phone": "+14155552671"})
	want(t, a, map[string]string{"userId": "walter", "secret": ""})
	c := s.Guest("X-Appwrite-Project", p.ID)
	c.Refused("PUT", "/account/sessions/phone", m{"userId": "walter", "secret": "654321"}, 401, "user_invalid_token")
	want(t, c.Must("PUT", "/account/sessions/phone", m{"userId": "walter", "secret": "123456"}), map[string]string{"provider": "phone", "factors": `["phone"]`})
	want(t, c.Must("GET", "/account", nil), map[string]string{"phone": "+14155552671", "phoneVerification": "true"})
}

func TestSecondFactor(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	c := signUp(t, s, p, "walter")
	otp := func(secret string) string { return token.TOTP(secret, s.Clock.Now()) }

	made := c.Must("POST", "/account/mfa/authenticators/totp", nil)
	if !strings.HasPrefix(made.Text("uri"), "otpauth://totp/app:walter@example.com?") {
		t.Errorf("uri = %s", made.Text("uri"))
	}
	c.Refused("PUT", "/account/mfa/authenticators/totp", m{"otp": "000000x"}, 401, "user_invalid_token")
	c.Must("PUT", "/account/mfa/authenticators/totp", m{"otp": otp(made.Text("secret"))})
	c.Refused("POST", "/account/mfa/authenticators/totp", nil, 409, "user_authenticator_already_verified")
	want(t, c.Must("PATCH", "/account/mfa", m{"mfa": true}), map[string]string{"mfa": "true"})
	codes := c.Must("POST", "/account/mfa/recovery-codes", nil).JSON["recoveryCodes"].([]any)
	if len(codes) != 6 || len(codes[0].(string)) != 10 {
		t.Errorf("recovery codes = %v", codes)
	}
	c.Refused("POST", "/account/mfa/recovery-codes", nil, 409, "user_recovery_codes_already_exists")
	c.Refused("GET", "/account/mfa/recovery-codes", nil, 401, "user_challenge_required")

	other := s.Guest("X-Appwrite-Project", p.ID)
	other.Must("POST", "/account/sessions/email", m{"email": "walter@example.com", "password": secret})
	other.Refused("GET", "/account", nil, 401, "user_more_factors_required")
	want(t, other.Must("GET", "/account/mfa/factors", nil), map[string]string{"totp": "true", "recoveryCode": "true", "email": "false"})
	ask := func(factor string) string {
		return other.Must("POST", "/account/mfa/challenges", m{"factor": factor}).Text("$id")
	}
	other.Refused("POST", "/account/mfa/challenges", m{"factor": "email"}, 503, "general_smtp_disabled")
	other.Refused("POST", "/account/mfa/challenges", m{"factor": "custom"}, 501, "user_auth_method_unsupported")
	mine := c.Must("POST", "/account/mfa/challenges", m{"factor": "totp"}).Text("$id")
	c.Must("PUT", "/account/mfa/challenges", m{"challengeId": mine, "otp": otp(made.Text("secret"))})                                          // the one that verified counts once more
	other.Refused("PUT", "/account/mfa/challenges", m{"challengeId": ask("totp"), "otp": otp(made.Text("secret"))}, 401, "user_invalid_token") // it was used
	s.Clock.Advance(time.Minute)
	want(t, other.Must("PUT", "/account/mfa/challenge", m{"challengeId": ask("totp"), "otp": otp(made.Text("secret"))}), map[string]string{"factors": `["password","totp"]`})
	other.Must("GET", "/account", nil)
	other.Must("GET", "/account/mfa/recovery-codes", nil)

	third := s.Guest("X-Appwrite-Project", p.ID)
	third.Must("POST", "/account/sessions/email", m{"email": "walter@example.com", "password": secret})
	challenge := third.Must("POST", "/account/mfa/challenges", m{"factor": "recoverycode"}).Text("$id") // as the web SDK has it
	answer := m{"challengeId": challenge, "otp": codes[2]}
	third.Must("PUT", "/account/mfa/challenges", answer)
	third.Refused("PUT", "/account/mfa/challenges", answer, 401, "user_invalid_token")
	third.Must("PATCH", "/account/mfa/recovery-codes", nil)
	third.Must("DELETE", "/account/mfa/authenticators/totp", nil)
	third.Refused("DELETE", "/account/mfa/authenticators/totp", nil, 404, "user_authenticator_not_found")
}

func TestPushTargets(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	c := signUp(t, s, p, "walter").With("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1.2 Mobile/15E148 Safari/604.1")
	want(t, c.Must("POST", "/account/targets/push", m{"targetId": "t1", "identifier": "device"}), map[string]string{
		"$id": "t1", "userId": "walter", "providerType": "push", "identifier": "device", "name": "Apple iPhone", "expired": "false", "providerId": "",
	})
	c.Refused("POST", "/account/targets/push", m{"targetId": "t2", "identifier": "device"}, 409, "user_target_already_exists")
	want(t, c.Must("PUT", "/account/targets/t1/push", m{"identifier": "other"}), map[string]string{"identifier": "other"})
	signUp(t, s, p, "jesse").Refused("DELETE", "/account/targets/t1/push", nil, 404, "user_target_not_found")
	c.Must("DELETE", "/account/targets/t1/push", nil)
	want(t, c.Must("GET", "/account/identities", nil), map[string]string{"total": "0", "identities": "[]"})
}

// Of two hundred who are first to sign up at the console, one is.
func TestTheConsoleHasOneRoot(t *testing.T) {
	s := servertest.New(t)
	const many = 200
	answers := make(chan string, many)
	var wg sync.WaitGroup
	for i := range many {
		guest := s.Guest()
		wg.Go(func() {
			a := guest.Do("POST", "/account", m{"userId": "unique()", "email": fmt.Sprintf("u%d@x.io", i), "password": secret})
			answers <- fmt.Sprint(a.Status, " ", a.Text("type"))
		})
	}
	wg.Wait()
	close(answers)
	counts := map[string]int{}
	for a := range answers {
		counts[a]++
	}
	if counts["201 "] != 1 || counts["501 user_console_count_exceeded"] != many-1 {
		t.Errorf("answers = %v", counts)
	}
}

func TestTheConsoleStaysClaimed(t *testing.T) {
	s := servertest.New(t)
	root := s.Guest()
	root.Must("POST", "/account", m{"userId": "root", "email": "root@x.io", "password": secret})
	root.Must("POST", "/account/sessions/email", m{"email": "root@x.io", "password": secret})
	root.Must("DELETE", "/account", nil)
	s.Guest().Refused("POST", "/account", m{"userId": "next", "email": "next@x.io", "password": secret}, 501, "user_console_count_exceeded")
}

func TestTheConsolesLists(t *testing.T) {
	s := servertest.New(t, "_APP_CONSOLE_WHITELIST_ROOT=disabled", "_APP_CONSOLE_WHITELIST_EMAILS=*@x.io")
	body := func(email string) m { return m{"userId": "unique()", "email": email, "password": secret} }
	s.Guest().Refused("POST", "/account", body("a@y.io"), 401, "user_email_not_whitelisted")
	c := s.Guest()
	c.Must("POST", "/account", body("a@x.io"))
	s.Guest().Must("POST", "/account", body("b@x.io"))
	c.Must("POST", "/account/sessions/email", m{"email": "a@x.io", "password": secret})
	c.Refused("PATCH", "/account/email", m{"email": "a@y.io", "password": secret}, 401, "user_email_not_whitelisted")
}
