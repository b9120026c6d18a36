package teams_test

import (
	"fmt"
	"sync"
	"testing"

	"moorfast/internal/server/servertest"
)

func invitation(email string, roles ...string) m {
	return m{"email": email, "roles": append([]string{}, roles...), "url": "http://localhost/invite"}
}

// join invites somebody to the organization "home", and accepts it for him.
func join(t *testing.T, s *servertest.Server, owner *servertest.Client, email string, roles ...string) (c *servertest.Client, membership string) {
	t.Helper()
	link := accept(t, owner.Must("POST", "/teams/home/memberships", invitation(email, roles...)))
	c, membership = s.Guest(), "/teams/home/memberships/"+link["membershipId"]
	c.Must("PATCH", membership+"/status", m{"userId": link["userId"], "secret": link["secret"]})
	return c, membership
}

// The e-mail list of the console holds for who is invited, and tells the owner.
func TestTheListHoldsForInvitations(t *testing.T) {
	const path = "/teams/home/memberships"
	for _, tt := range []struct {
		name string
		env  []string
		want int
		typ  string
	}{
		{"not in the list", []string{"_APP_CONSOLE_WHITELIST_EMAILS=*@example.org"}, 401, "user_email_not_whitelisted"},
		{"past the list", []string{"_APP_CONSOLE_WHITELIST_EMAILS=*@example.org", "MOORFAST_CONSOLE_INVITES_BYPASS_LIST=true"}, 201, ""},
		{"switched off", []string{"_APP_CONSOLE_INVITES=disabled"}, 501, "user_auth_method_unsupported"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := servertest.New(t, tt.env...)
			owner := s.Found().Owner
			a := owner.Do("POST", path, invitation("kim@example.com", "developer"))
			if a.Status != tt.want || a.Text("type") != tt.typ {
				t.Errorf("got %d %s, want %d %s", a.Status, a.Body, tt.want, tt.typ)
			}
			if tt.want == 201 {
				link := accept(t, a)
				s.Guest().Must("PATCH", path+"/"+link["membershipId"]+"/status", m{"userId": link["userId"], "secret": link["secret"]})
				return
			}
			want(t, owner.Must("GET", path, nil), map[string]string{"total": "1"})
		})
	}
}

func TestAnInvitationIsAcceptedOnce(t *testing.T) {
	s := servertest.New(t)
	owner := s.Found().Owner
	link := accept(t, owner.Must("POST", "/teams/home/memberships", invitation("kim@example.com")))
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		count = map[int]int{}
	)
	const people = 20
	for range people {
		wg.Go(func() {
			a := s.Guest().Do("PATCH", "/teams/home/memberships/"+link["membershipId"]+"/status", m{"userId": link["userId"], "secret": link["secret"]})
			mu.Lock()
			count[a.Status]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if count[200] != 1 || count[409] != people-1 {
		t.Errorf("got %v, want one 200 and %d times 409", count, people-1)
	}
	want(t, owner.Must("GET", "/teams/home", nil), map[string]string{"total": "2"})
}

// Two owners who take the role from each other at once leave one of them.
func TestOwnersWhoDemoteEachOther(t *testing.T) {
	s := servertest.New(t)
	olga := s.Found().Owner
	kim, kims := join(t, s, olga, "kim@example.org", "owner")
	list := olga.Must("GET", "/teams/home/memberships", nil).JSON["memberships"].([]any)
	olgas := "/teams/home/memberships/" + list[0].(map[string]any)["$id"].(string)
	var (
		wg   sync.WaitGroup
		a, b servertest.Answer
	)
	wg.Go(func() { a = olga.Do("PATCH", kims, m{"roles": []string{"developer"}}) })
	wg.Go(func() { b = kim.Do("PATCH", olgas, m{"roles": []string{"developer"}}) })
	wg.Wait()
	if (a.Status == 200) == (b.Status == 200) {
		t.Errorf("got %s and %s, want one to be refused", a.Body, b.Body)
	}
}

// A member's roles decide what he may do from his next request on.
func TestRolesHoldAtOnce(t *testing.T) {
	s := servertest.New(t)
	olga := s.Found().Owner
	kim, kims := join(t, s, olga, "kim@example.org", "developer")
	kim.Refused("PUT", "/teams/home", m{"name": "Mine"}, 401, "user_unauthorized")
	olga.Must("PATCH", kims, m{"roles": []string{"owner"}})
	kim.Must("PUT", "/teams/home", m{"name": "Ours"})
	olga.Must("DELETE", kims, nil)
	kim.Refused("GET", "/teams/home", nil, 404, "team_not_found")
	kim.Refused("PUT", "/teams/home", m{"name": "Mine"}, 404, "team_not_found")
}

// Ten invitations an hour go from one address.
func TestInvitationsAreLimited(t *testing.T) {
	s := servertest.New(t, "_APP_OPTIONS_ABUSE=enabled")
	owner := s.Found().Owner
	for i := range 10 {
		owner.Must("POST", "/teams/home/memberships", invitation(fmt.Sprintf("p%d@example.org", i)))
	}
	owner.Refused("POST", "/teams/home/memberships", invitation("p10@example.org"), 429, "general_rate_limit_exceeded")
}
