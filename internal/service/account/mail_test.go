package account_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/clock"
	"moorfast/internal/core/access"
	"moorfast/internal/core/teams"
	"moorfast/internal/core/users"
	"moorfast/internal/id"
	"moorfast/internal/identity"
	"moorfast/internal/password"
	"moorfast/internal/project"
	"moorfast/internal/service/account"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/vault/vaulttest"
)

// post is a server of mails and texts that keeps the last one.
type post struct {
	mail   account.Mail
	number string
	code   string
}

func (p *post) Send(_ context.Context, _ *project.Project, m account.Mail) error {
	p.mail = m
	return nil
}

func (p *post) Text(_ context.Context, _ *project.Project, number, code, _ string) error {
	p.number, p.code = number, code
	return nil
}

// link reads the query of the link in the last mail.
func (p *post) link(t *testing.T) url.Values {
	t.Helper()
	u, err := url.Parse(p.mail.Link)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// office is the service with a post office, called at its endpoints.
type office struct {
	t       *testing.T
	table   api.Table
	units   api.Units
	clock   *clock.Manual
	users   *users.Users
	post    *post
	project *project.Project
}

func newOffice(t *testing.T, change ...func(*account.Service)) *office {
	t.Helper()
	v := vaulttest.New(t)
	db, err := sqlite.Open(sqlite.Options{Dir: t.TempDir(), Vault: v, Migrations: func(string) []migrate.Migration {
		return []migrate.Migration{{Number: 1, Name: "users", SQL: users.Tables}, {Number: 2, Name: "teams", SQL: teams.Tables}}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	o := &office{
		t: t, post: &post{}, clock: clock.NewManual(time.Unix(1_800_000_000, 0)),
		project: &project.Project{ID: "shop", Name: "Shop", Auths: project.DefaultAuths(), SMTP: true},
	}
	o.units = api.Units{DB: db, Now: o.clock.Now, NewID: func() string { return id.New(o.clock.Now()) }}
	o.users = users.New(o.units, teams.Memberships{}, users.Options{}, slog.New(slog.DiscardHandler))
	service := &account.Service{
		Users: o.users, Tokens: v, Console: access.New(access.Settings{RootOnly: true}), Mailer: o.post, Texter: o.post,
		Passwords: users.Passwords{Hasher: password.NewHasher(password.Cost{Memory: 64, Time: 1, Threads: 1}, 10)},
	}
	for _, fn := range change {
		fn(service)
	}
	if o.table, err = api.Compile(service); err != nil {
		t.Fatal(err)
	}
	return o
}

// call runs an endpoint for a user, or for a guest where he is "".
func (o *office) call(name, user string, params m) (any, error) {
	o.t.Helper()
	call := &api.Call{Project: o.project, Client: api.Client{
		Addr: netip.MustParseAddr("192.0.2.7"), Host: "api.example.com", Secure: true, Refuses: func(string) string { return "" },
	}}
	call.Actor.Kind = identity.Guest
	if user != "" {
		u, err := o.users.Identity(o.t.Context(), o.project.ID, user)
		if err != nil || u == nil {
			o.t.Fatalf("user %s: %v, %v", user, u, err)
		}
		call.Actor = identity.Actor{Kind: identity.Session, User: u}
		if len(u.Sessions) > 0 {
			call.Actor.SessionID = u.Sessions[len(u.Sessions)-1].ID
		}
	}
	values := &api.Values{}
	for name, v := range params {
		raw, err := json.Marshal(v)
		if err != nil {
			o.t.Fatal(err)
		}
		values.Fields = append(values.Fields, api.Field{Name: name, Raw: raw})
	}
	for i := range o.table {
		e := &o.table[i]
		if e.Name != "account."+name {
			continue
		}
		call.Start(e, o.units)
		in, err := e.Bind(call, values)
		if err != nil {
			return nil, err
		}
		return e.Run(o.t.Context(), call, in)
	}
	o.t.Fatalf("there is no endpoint %s", name)
	return nil, nil
}

// must calls an endpoint that has to succeed, and returns its answer.
func (o *office) must(name, user string, params m) map[string]any {
	o.t.Helper()
	out, err := o.call(name, user, params)
	if err != nil {
		o.t.Fatalf("%s: %v", name, err)
	}
	b, err := json.Marshal(out)
	if err != nil {
		o.t.Fatal(err)
	}
	var object map[string]any
	if json.Unmarshal(b, &object) != nil {
		return nil
	}
	return object
}

func (o *office) refused(name, user string, params m, want error) {
	o.t.Helper()
	if _, err := o.call(name, user, params); !errors.Is(err, want) {
		o.t.Errorf("%s: got %v, want %v", name, err, want)
	}
}

func (o *office) verified(user string) (email, phone bool) {
	o.t.Helper()
	u, err := o.users.Identity(o.t.Context(), o.project.ID, user)
	if err != nil || u == nil {
		o.t.Fatalf("user %s: %v, %v", user, u, err)
	}
	return u.EmailVerified, u.PhoneVerified
}

func TestMagicURL(t *testing.T) {
	o := newOffice(t)
	made := o.must("createMagicURLToken", "", m{"userId": "walter", "email": "walter@example.com", "phrase": true})
	if made["secret"] != "" || made["phrase"] == "" || made["phrase"] != o.post.mail.Phrase {
		t.Errorf("token = %v, mail = %+v", made, o.post.mail)
	}
	q := o.post.link(t)
	if o.post.mail.To != "walter@example.com" || q.Get("userId") != "walter" || q.Get("project") != "shop" || q.Get("expire") != made["expire"] {
		t.Errorf("mail = %+v", o.post.mail)
	}
	session := o.must("updateMagicURLSession", "", m{"userId": "walter", "secret": q.Get("secret")})
	if session["provider"] != "magic-url" {
		t.Errorf("session = %v", session)
	}
	if email, _ := o.verified("walter"); !email {
		t.Error("the address is not verified, though its link came back")
	}
	o.refused("createSession", "", m{"userId": "walter", "secret": q.Get("secret")}, apierr.UserInvalidToken)

	o.must("createMagicURLToken", "", m{"userId": "unique()", "email": "walter@example.com", "url": "https://shop.example.com/in?a=1"})
	q = o.post.link(t)
	if q.Get("userId") != "walter" || q.Get("a") != "1" {
		t.Errorf("link = %s", o.post.mail.Link)
	}
	o.clock.Advance(61 * time.Minute)
	o.refused("createSession", "", m{"userId": "walter", "secret": q.Get("secret")}, apierr.UserInvalidToken)
}

func TestCodesByMailAndPhone(t *testing.T) {
	o := newOffice(t)
	o.must("createEmailToken", "", m{"userId": "walter", "email": "walter@example.com"})
	if len(o.post.mail.Code) != 6 {
		t.Errorf("mail = %+v", o.post.mail)
	}
	o.must("createSession", "", m{"userId": "walter", "secret": o.post.mail.Code})

	o.must("createPhoneToken", "", m{"userId": "jesse", "phone": "+14155552671"})
	if o.post.number != "+14155552671" {
		t.Errorf("text to %s", o.post.number)
	}
	code := o.post.code
	for range 10 {
		o.refused("createSession", "", m{"userId": "jesse", "secret": "no"}, apierr.UserInvalidToken)
	}
	o.refused("createSession", "", m{"userId": "jesse", "secret": code}, apierr.UserInvalidToken) // ten wrong ones spend it
	o.must("createPhoneToken", "", m{"userId": "unique()", "phone": "+14155552671"})
	session := o.must("updatePhoneSession", "", m{"userId": "jesse", "secret": o.post.code})
	if session["provider"] != "phone" {
		t.Errorf("session = %v", session)
	}
}

func TestRecovery(t *testing.T) {
	o := newOffice(t)
	o.refused("createRecovery", "", m{"email": "walter@example.com", "url": "https://x.io/"}, apierr.UserNotFound)
	o.must("create", "", m{"userId": "walter", "email": "walter@example.com", "password": secret})
	o.must("createEmailPasswordSession", "", m{"email": "walter@example.com", "password": secret})
	o.must("createRecovery", "", m{"email": "walter@example.com", "url": "https://x.io/"})
	key := o.post.link(t).Get("secret")
	if len(key) != 256 {
		t.Errorf("secret of %d digits", len(key))
	}
	o.refused("createSession", "", m{"userId": "walter", "secret": key}, apierr.UserInvalidToken) // it is not for signing in
	o.refused("updateRecovery", "", m{"userId": "walter", "secret": "no", "password": "battery staple"}, apierr.UserInvalidToken)
	o.must("updateRecovery", "", m{"userId": "walter", "secret": key, "password": "battery staple"})
	o.refused("updateRecovery", "", m{"userId": "walter", "secret": key, "password": "battery staple"}, apierr.UserInvalidToken)
	o.refused("createEmailPasswordSession", "", m{"email": "walter@example.com", "password": secret}, apierr.UserInvalidCredentials)
	if u, _ := o.users.Identity(t.Context(), "shop", "walter"); len(u.Sessions) != 0 || !u.EmailVerified {
		t.Errorf("after the recovery: %+v", u)
	}
	o.must("createEmailPasswordSession", "", m{"email": "walter@example.com", "password": "battery staple"})
}

func TestVerification(t *testing.T) {
	o := newOffice(t)
	o.must("create", "", m{"userId": "walter", "email": "walter@example.com", "password": secret})
	o.refused("createPhoneVerification", "walter", nil, apierr.UserPhoneNotFound)
	o.must("updatePhone", "walter", m{"phone": "+14155552671", "password": secret})
	o.must("createEmailVerification", "walter", m{"url": "https://x.io/"})
	link := o.post.link(t)

	// What went to an address proves nothing about the next one.
	o.must("updateEmail", "walter", m{"email": "victim@example.com", "password": secret})
	o.refused("updateEmailVerification", "", m{"userId": "walter", "secret": link.Get("secret")}, apierr.UserInvalidToken)

	o.must("createEmailVerification", "walter", m{"url": "https://x.io/"})
	o.must("updateEmailVerification", "", m{"userId": "walter", "secret": o.post.link(t).Get("secret")})
	o.refused("createEmailVerification", "walter", m{"url": "https://x.io/"}, apierr.UserEmailAlreadyVerified)
	o.must("createPhoneVerification", "walter", nil)
	o.must("updatePhoneVerification", "", m{"userId": "walter", "secret": o.post.code})
	if email, phone := o.verified("walter"); !email || !phone {
		t.Errorf("verified: %v, %v", email, phone)
	}
	o.refused("createPhoneVerification", "walter", nil, apierr.UserPhoneAlreadyVerified)
}

func TestChallengesByMail(t *testing.T) {
	o := newOffice(t)
	o.must("create", "", m{"userId": "walter", "email": "walter@example.com", "password": secret})
	o.must("createEmailPasswordSession", "", m{"email": "walter@example.com", "password": secret})
	o.refused("createMfaChallenge", "walter", m{"factor": "email"}, apierr.UserEmailNotVerified)
	o.must("createEmailVerification", "walter", m{"url": "https://x.io/"})
	o.must("updateEmailVerification", "", m{"userId": "walter", "secret": o.post.link(t).Get("secret")})
	c := o.must("createMfaChallenge", "walter", m{"factor": "email"})
	o.refused("updateMfaChallenge", "walter", m{"challengeId": c["$id"], "otp": "no"}, apierr.UserInvalidToken)
	session := o.must("updateMfaChallenge", "walter", m{"challengeId": c["$id"], "otp": o.post.mail.Code})
	if got, _ := json.Marshal(session["factors"]); string(got) != `["password","email"]` || session["mfaUpdatedAt"] == "" {
		t.Errorf("session = %v", session)
	}
}

// P-3: where the settings say so, projects tell no more than the console does.
func TestProjectsHideWhoIsThereWhereTheyAreTold(t *testing.T) {
	for _, hide := range []bool{false, true} {
		o := newOffice(t, func(s *account.Service) { s.HideUnknown = hide })
		o.must("create", "", m{"userId": "ulf", "email": "ulf@x.io", "password": secret})
		first := o.must("createRecovery", "", m{"email": "ulf@x.io", "url": "https://x.io/"})
		second := o.must("createRecovery", "", m{"email": "ulf@x.io", "url": "https://x.io/"})
		if hide == (first["userId"] == second["userId"]) || !strings.Contains(o.post.mail.Link, "userId=ulf") {
			t.Errorf("hide %v: users %v and %v, link %s", hide, first["userId"], second["userId"], o.post.mail.Link)
		}
		o.post.mail = account.Mail{}
		if !hide {
			o.refused("createRecovery", "", m{"email": "nobody@x.io", "url": "https://x.io/"}, apierr.UserNotFound)
			continue
		}
		unknown := o.must("createRecovery", "", m{"email": "nobody@x.io", "url": "https://x.io/"})
		if o.post.mail.To != "" || unknown["expire"] != first["expire"] || len(unknown) != len(first) {
			t.Errorf("nobody: %v", unknown)
		}
	}
}

// Who asks the console for a recovery learns nothing about who has an account.
func TestTheConsoleHidesWhoIsThere(t *testing.T) {
	o := newOffice(t)
	o.project.ID = project.Console
	o.must("create", "", m{"userId": "root", "email": "root@x.io", "password": secret})
	known := o.must("createRecovery", "", m{"email": "root@x.io", "url": "https://x.io/"})
	o.post.mail = account.Mail{}
	unknown := o.must("createRecovery", "", m{"email": "nobody@x.io", "url": "https://x.io/"})
	if o.post.mail.To != "" {
		t.Error("a mail went to nobody")
	}
	for field := range known {
		if _, ok := unknown[field]; !ok || field != "$id" && field != "userId" && known[field] != unknown[field] {
			t.Errorf("%s: %v and %v", field, known[field], unknown[field])
		}
	}
	o.refused("createEmailToken", "", m{"userId": "unique()", "email": "next@x.io"}, apierr.UserCountExceeded)
}
