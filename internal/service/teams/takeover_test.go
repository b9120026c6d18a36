package teams_test

import (
	"testing"

	"moorfast/internal/server/servertest"
)

// An owner who invites somebody gets the link himself where no mail is sent. It
// must not let him in as somebody who is there already.
func TestAnInviterCannotEnterAsTheInvited(t *testing.T) {
	s := servertest.New(t)
	olga := s.Found().Owner // whose account is to be taken
	link := accept(t, olga.Must("POST", "/teams/home/memberships", m{"email": "eve@example.com", "roles": []string{"developer"}, "url": "http://localhost/"}))
	eve := s.Guest()
	eve.Must("PATCH", "/teams/home/memberships/"+link["membershipId"]+"/status", m{"userId": link["userId"], "secret": link["secret"]})
	eve.Must("PATCH", "/account/password", m{"password": secret})

	eve.Must("POST", "/teams", m{"teamId": "trap", "name": "Trap"})
	trap := accept(t, eve.Must("POST", "/teams/trap/memberships", m{"email": "olga@example.org", "roles": []string{"owner"}, "url": "http://localhost/"}))
	body := m{"userId": trap["userId"], "secret": trap["secret"]}
	status := "/teams/trap/memberships/" + trap["membershipId"] + "/status"
	s.Guest().Refused("PATCH", status, body, 401, "user_unauthorized")
	eve.Refused("PATCH", status, body, 401, "team_invite_mismatch")

	// Nor as the one whom he has invited first, once she has been here.
	again := accept(t, eve.Must("POST", "/teams/trap/memberships", m{"email": "kim@example.com", "roles": []string{}, "url": "http://localhost/"}))
	kim := s.Guest()
	path := "/teams/trap/memberships/" + again["membershipId"] + "/status"
	kim.Must("PATCH", path, m{"userId": again["userId"], "secret": again["secret"]})
	kim.Must("PATCH", "/account/password", m{"password": secret})
	s.Guest().Refused("PATCH", path, m{"userId": again["userId"], "secret": again["secret"]}, 409, "membership_already_confirmed")
	eve.Must("DELETE", "/teams/trap/memberships/"+again["membershipId"], nil)
	renewed := accept(t, eve.Must("POST", "/teams/trap/memberships", m{"email": "kim@example.com", "roles": []string{}, "url": "http://localhost/"}))
	s.Guest().Refused("PATCH", "/teams/trap/memberships/"+renewed["membershipId"]+"/status", m{"userId": renewed["userId"], "secret": renewed["secret"]}, 401, "user_unauthorized")

	// She accepts it signed in.
	olga.Must("PATCH", status, body)
}
