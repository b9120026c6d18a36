package gateway_test

import (
	"context"
	"testing"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/gateway"
	"moorfast/internal/identity"
	"moorfast/internal/token"
)

func TestWhereTheProfileIsHardenedSensitiveChangesNeedAFreshProof(t *testing.T) {
	e := endpoint(func(s *api.Spec) { s.Rules.Sensitive = true })
	for _, test := range []struct {
		name              string
		strict            bool
		opened, challenge time.Duration // ago
		want              string
	}{
		{"standard, a day old", false, 24 * time.Hour, 24 * time.Hour, ""},
		{"just signed in", true, 15 * time.Minute, 24 * time.Hour, ""},
		{"signed in a while ago", true, 16 * time.Minute, 24 * time.Hour, "user_challenge_required"},
		{"a factor was just proved", true, 24 * time.Hour, 15 * time.Minute, ""},
	} {
		w := newWorld()
		s := &w.users["app/ada"].Sessions[0]
		s.CreatedAt, s.ChallengedAt = noon.Add(-test.opened), noon.Add(-test.challenge)
		g := newGateway()
		g.Strict, g.Users = test.strict, userWorld{w}
		c := gateway.Credentials{Project: "app", Cookie: cookie("ada")}
		p, err := g.Find(context.Background(), &c)
		if err != nil {
			t.Fatal(err)
		}
		call, err := g.Authenticate(context.Background(), e, p, &c)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if _, err := g.Invoke(context.Background(), e, call, &api.Values{}); err != nil {
			got = apierr.From(err).Type
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestATokenWithoutASessionEndsWithThePasswordAndIsNoUseAtTheConsole(t *testing.T) {
	mint := func(project, user string, marked bool) string {
		key, _ := world{}.TokenKey(project, token.UserJWT.Name)
		text, err := token.Signer{Kind: token.UserJWT, Project: project, Key: key}.Mint(token.UserClaims{UserID: user, Server: marked}, "j", noon, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, test := range []struct {
		name, project, user string
		marked              bool
		password            time.Time
		want                string
	}{
		{"no password", "app", "ada", true, time.Time{}, ""},
		{"an older password", "app", "ada", true, noon.Add(-time.Hour), ""},
		{"a newer password", "app", "ada", true, noon.Add(time.Second), "user_jwt_invalid"},
		{"without its mark", "app", "ada", false, time.Time{}, "user_jwt_invalid"},
		{"at the console", "console", "olga", true, time.Time{}, "user_jwt_invalid"},
	} {
		w := newWorld()
		w.users[test.project+"/"+test.user].PasswordAt = test.password
		g := newGateway()
		g.Users = userWorld{w}
		c := gateway.Credentials{Project: test.project, JWT: mint(test.project, test.user, test.marked), Cookie: func(string) string { return "" }}
		p, err := g.Find(context.Background(), &c)
		if err != nil {
			t.Fatal(err)
		}
		call, err := g.Authenticate(context.Background(), endpoint(nil), p, &c)
		got := ""
		if err != nil {
			got = apierr.From(err).Type
		} else if call.Actor.Kind != identity.JWT {
			t.Errorf("%s: nobody is found", test.name)
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
