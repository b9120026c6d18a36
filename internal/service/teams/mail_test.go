package teams_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"testing"
	"time"

	"moorfast/internal/apierr"
	"moorfast/internal/core/projects"
	"moorfast/internal/core/users"
	"moorfast/internal/id"
	"moorfast/internal/project"
	"moorfast/internal/store"
)

func TestInvitationsByMail(t *testing.T) {
	o := newOffice(t)
	o.user("walter", func(*users.User) {})
	o.must("create", "walter", m{"teamId": "cooks", "name": "Cooks & Co"})

	invite := m{"teamId": "cooks", "email": "Jesse@example.com", "roles": []string{"cook"}, "url": "https://shop.test/join?a=1"}
	made := o.must("createMembership", "walter", invite)
	if _, shown := made["inviteLink"]; shown || made["confirm"] != false {
		t.Errorf("invitation = %v", made)
	}
	if l := o.letter; l.Email != "jesse@example.com" || l.Phone != "" || l.Name != "jesse@example.com" || l.Team != "Cooks & Co" {
		t.Errorf("letter = %+v", l)
	}
	u, err := url.Parse(o.letter.Link)
	if err != nil || u.Query().Get("a") != "1" || u.Query().Get("teamName") != "Cooks & Co" || len(u.Query().Get("secret")) != 256 {
		t.Errorf("link = %s, %v", o.letter.Link, err)
	}
	jesse := made["userId"].(string)

	o.clock.Advance(100 * 24 * time.Hour) // invitations of projects do not expire
	accepted := o.must("updateMembershipStatus", "", o.answer())
	if accepted["confirm"] != true || accepted["userEmail"] != "jesse@example.com" {
		t.Errorf("membership = %v", accepted)
	}
	if o.reply.Session == nil || o.reply.Session.Value == "" {
		t.Error("who accepts an invitation as a guest is not signed in")
	}
	who := o.identity(jesse)
	if !who.EmailVerified || len(who.Sessions) != 1 || !slices.Equal(who.Sessions[0].Factors, []string{"email"}) {
		t.Errorf("user = %+v", who)
	}
	if team := o.must("get", jesse, m{"teamId": "cooks"}); team["total"] != 2.0 {
		t.Errorf("team = %v", team)
	}
	o.refused("createMembership", "walter", invite, apierr.MembershipAlreadyConfirmed)
	o.refused("createMembership", jesse, invite, apierr.UserUnauthorized)

	// Who is signed in keeps the session that he has.
	o.user("skyler", func(*users.User) {})
	o.must("createMembership", "walter", m{"teamId": "cooks", "userId": "skyler", "roles": []string{}, "url": "https://shop.test/"})
	o.must("updateMembershipStatus", "skyler", o.answer())
	if o.reply.Session != nil || len(o.identity("skyler").Sessions) != 0 {
		t.Error("who is signed in is signed in again")
	}
	if !o.identity("skyler").EmailVerified {
		t.Error("the address is not verified, though its letter came back")
	}
}

// A letter proves the address that it went to, and not the one that the user
// has by the time that he answers.
func TestALetterProvesItsOwnAddress(t *testing.T) {
	o := newOffice(t)
	o.user("walter", func(*users.User) {})
	o.user("jesse", func(*users.User) {})
	o.must("create", "walter", m{"teamId": "cooks", "name": "Cooks"})
	o.must("createMembership", "walter", m{"teamId": "cooks", "userId": "jesse", "roles": []string{}, "url": "https://shop.test/"})
	o.update(func(ctx context.Context, tx store.Tx) error {
		r, err := o.users.Get(ctx, tx, "jesse")
		if err != nil {
			return err
		}
		return o.users.ChangeEmail(ctx, tx, r, "victim@example.com")
	})
	o.refused("updateMembershipStatus", "", o.answer(), apierr.UserUnauthorized)
	o.must("updateMembershipStatus", "jesse", o.answer())
	if o.identity("jesse").EmailVerified {
		t.Error("a letter to one address has verified another")
	}
}

func TestInvitationsByPhone(t *testing.T) {
	o := newOffice(t)
	o.user("walter", func(*users.User) {})
	o.must("create", "walter", m{"teamId": "cooks", "name": "Cooks"})
	made := o.must("createMembership", "walter", m{"teamId": "cooks", "phone": "+12025550143", "roles": []string{}, "url": "https://shop.test/"})
	if o.letter.Email != "" || o.letter.Phone != "+12025550143" {
		t.Errorf("letter = %+v", o.letter)
	}
	o.must("updateMembershipStatus", "", o.answer())
	if who := o.identity(made["userId"].(string)); !who.PhoneVerified || who.EmailVerified {
		t.Errorf("user = %+v", who)
	}
}

func TestInvitationsThatAreRefused(t *testing.T) {
	o := newOffice(t)
	o.project.Auths.UserLimit = 2
	o.user("walter", func(*users.User) {})
	o.user("jesse", func(r *users.User) { r.SetPhone("+12025550143") })
	o.must("create", "walter", m{"teamId": "cooks", "name": "Cooks"})
	to := func(pairs ...string) m {
		body := m{"teamId": "cooks", "roles": []string{}, "url": "https://shop.test/"}
		for i := 0; i+1 < len(pairs); i += 2 {
			body[pairs[i]] = pairs[i+1]
		}
		return body
	}
	for _, tt := range []struct {
		name    string
		params  m
		want    error
		message string
	}{
		{"nobody", to(), apierr.ArgumentInvalid, "At least one of userId, email, or phone is required"},
		{"no page", to("email", "a@example.com", "url", ""), apierr.ArgumentInvalid, "URL is required"},
		{"who is not there", to("userId", "nobody"), apierr.UserNotFound, ""},
		{"another's address", to("userId", "jesse", "email", "walter@example.com"), apierr.UserAlreadyExists, "Given userId and email doesn't match"},
		{"another's number", to("userId", "walter", "phone", "+12025550143"), apierr.UserAlreadyExists, "Given userId and phone doesn't match"},
		{"a number of another", to("email", "walter@example.com", "phone", "+12025550143"), apierr.UserAlreadyExists, "Given email and phone doesn't match"},
		{"one too many", to("email", "saul@example.com"), apierr.UserCountExceeded, "Project registration is restricted. Contact your administrator for more information."},
		{"a role that is none", m{"teamId": "cooks", "roles": []string{"-x"}, "userId": "jesse"}, apierr.ArgumentInvalid, ""},
	} {
		_, err := o.call("createMembership", "walter", tt.params)
		if !errors.Is(err, tt.want) || tt.message != "" && apierr.From(err).Message != tt.message {
			t.Errorf("%s: got %v, want %v %s", tt.name, err, tt.want, tt.message)
		}
	}

	o.must("createMembership", "walter", to("userId", "jesse"))
	answer := o.answer()
	o.update(func(ctx context.Context, tx store.Tx) error {
		r, err := o.users.Get(ctx, tx, "jesse")
		if err != nil {
			return err
		}
		r.Active = false
		return o.users.Update(ctx, tx, r, "status")
	})
	o.refused("updateMembershipStatus", "", answer, apierr.UserBlocked)
	with := func(name, value string) m {
		body := m{}
		for k, v := range answer {
			body[k] = v
		}
		body[name] = value
		return body
	}
	o.must("create", "walter", m{"teamId": "others", "name": "Others"})
	o.refused("updateMembershipStatus", "", with("teamId", "others"), apierr.TeamMembershipMismatch)
	o.refused("updateMembershipStatus", "", with("teamId", "nothing"), apierr.TeamNotFound)
	o.refused("updateMembershipStatus", "", with("membershipId", "nothing"), apierr.MembershipNotFound)
	o.refused("updateMembershipStatus", "", with("secret", "x"), apierr.TeamInvalidSecret)
	o.refused("updateMembershipStatus", "", with("userId", "walter"), apierr.TeamInviteMismatch)
	o.refused("updateMembershipStatus", "walter", answer, apierr.TeamInviteMismatch)
	if n := len(o.identity("jesse").Memberships); n != 0 {
		t.Errorf("the invited person is a member of %d teams", n)
	}
}

// Who invites somebody by his id does not learn what the project hides.
func TestInvitingShowsNothingHidden(t *testing.T) {
	o := newOffice(t)
	o.project.Auths.Membership = project.Privacy{}
	o.user("walter", func(*users.User) {})
	o.user("jesse", func(r *users.User) { r.SetPhone("+12025550143") })
	o.must("create", "walter", m{"teamId": "cooks", "name": "Cooks"})
	invite := m{"teamId": "cooks", "userId": "jesse", "roles": []string{}, "url": "https://shop.test/"}
	hidden := func(out map[string]any, userID string) {
		t.Helper()
		for name, want := range map[string]string{"userId": userID, "userName": "", "userEmail": "", "userPhone": "", "userAccessedAt": ""} {
			if out[name] != want {
				t.Errorf("%s = %v, want %q", name, out[name], want)
			}
		}
	}
	made := o.must("createMembership", "walter", invite)
	hidden(made, "jesse")
	at := m{"teamId": "cooks", "membershipId": made["$id"]}
	hidden(o.must("getMembership", "walter", at), "")
	hidden(o.must("updateMembership", "walter", m{"teamId": "cooks", "membershipId": made["$id"], "roles": []string{"cook"}}), "jesse")
	invite["email"] = "jesse@example.com"
	if out := o.must("createMembership", "walter", invite); out["userEmail"] != "jesse@example.com" || out["userName"] != "" {
		t.Errorf("invitation = %v", out)
	}
	if out := o.must("updateMembershipStatus", "jesse", o.answer()); out["userName"] != "Mr jesse" {
		t.Errorf("his own membership = %v", out)
	}
}

func TestAnInvitationCanBeDeclined(t *testing.T) {
	o := newOffice(t)
	o.user("walter", func(*users.User) {})
	o.user("jesse", func(*users.User) {})
	o.user("gus", func(*users.User) {})
	o.must("create", "walter", m{"teamId": "cooks", "name": "Cooks"})
	o.must("create", "gus", m{"teamId": "hens", "name": "Hens"})
	made := o.must("createMembership", "walter", m{"teamId": "cooks", "userId": "jesse", "roles": []string{}, "url": "https://shop.test/"})
	at := m{"teamId": "cooks", "membershipId": made["$id"]}
	o.refused("getMembership", "jesse", at, apierr.TeamNotFound)
	o.refused("deleteMembership", "gus", at, apierr.TeamNotFound)
	o.refused("deleteMembership", "gus", m{"teamId": "hens", "membershipId": made["$id"]}, apierr.TeamMembershipMismatch)
	o.refused("getMembership", "gus", m{"teamId": "hens", "membershipId": made["$id"]}, apierr.MembershipNotFound)
	o.must("deleteMembership", "jesse", at)
	o.refused("updateMembershipStatus", "jesse", o.answer(), apierr.MembershipNotFound)
}

// An organization takes its projects with it, and a team of a project does not.
func TestAnOrganizationTakesItsProjectsWithIt(t *testing.T) {
	o := newOffice(t)
	o.project = &project.Project{ID: project.Console, Auths: project.DefaultAuths()}
	o.user("olga", func(*users.User) {})
	o.must("create", "olga", m{"teamId": "home", "name": "Home"})
	o.must("create", "olga", m{"teamId": "work", "name": "Work"})
	const mine = 60 // more than a page
	o.update(func(ctx context.Context, tx store.Tx) error {
		for i := range mine + 1 {
			row := projects.Row{ID: id.New(o.clock.Now()), Name: "x", TeamID: "home", Auths: project.DefaultAuths(), Disabled: []string{}, Labels: []string{}}
			if i == mine {
				row.ID, row.TeamID = "other", "work"
			}
			if err := projects.Insert(ctx, tx, &row); err != nil {
				return err
			}
		}
		return nil
	})
	o.must("delete", "olga", m{"teamId": "home"})
	o.refused("get", "olga", m{"teamId": "home"}, apierr.TeamNotFound)
	if len(o.removed) != mine || slices.Contains(o.removed, "other") {
		t.Errorf("removed %d projects: %v", len(o.removed), o.removed)
	}
}
