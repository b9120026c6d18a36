package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"moorfast/internal/api"
	"moorfast/internal/identity"
	"moorfast/internal/server/servertest"
)

// doors are the endpoints by which somebody without a session can get an
// account of the console, or into one, and a request that knocks. Those that
// cannot open, whoever knocks, say with which error.
//
// Codes and links of the console need mail, which is not set up here: the tests
// of the service show that a right one does not open either.
var doors = map[string]struct {
	body   servertest.M
	closed string
}{
	"account.create":                     {body: servertest.M{"userId": "unique()", "email": "x@example.org", "password": "correct horse 1"}},
	"account.createEmailPasswordSession": {body: servertest.M{"email": "olga@example.org", "password": "correct horse 1"}},
	"account.createAnonymousSession":     {closed: "user_anonymous_console_prohibited"},
	"account.createSession":              {body: servertest.M{"userId": "olga", "secret": "SECRET"}, closed: "user_invalid_token"},
	"account.updateMagicURLSession":      {body: servertest.M{"userId": "olga", "secret": "SECRET"}, closed: "user_invalid_token"},
	"account.updatePhoneSession":         {body: servertest.M{"userId": "olga", "secret": "SECRET"}, closed: "user_invalid_token"},
	"account.createMagicURLToken":        {body: servertest.M{"userId": "unique()", "email": "x@example.org"}, closed: "general_smtp_disabled"},
	"account.createEmailToken":           {body: servertest.M{"userId": "unique()", "email": "x@example.org"}, closed: "general_smtp_disabled"},
	"account.createPhoneToken":           {body: servertest.M{"userId": "unique()", "phone": "+12025550143"}, closed: "general_phone_disabled"},
	"account.createRecovery":             {body: servertest.M{"email": "olga@example.org", "url": "http://localhost/recover"}, closed: "general_smtp_disabled"},
	"account.updateRecovery":             {body: servertest.M{"userId": "olga", "secret": "SECRET", "password": "correct horse 2"}, closed: "user_invalid_token"},
	"account.updateEmailVerification":    {body: servertest.M{"userId": "olga", "secret": "SECRET"}, closed: "user_invalid_token"},
	"account.updatePhoneVerification":    {body: servertest.M{"userId": "olga", "secret": "SECRET"}, closed: "user_invalid_token"},
	"teams.updateMembershipStatus":       {},
}

// TestEveryDoorOfTheConsoleAsks finds each endpoint that a guest may call to
// change something at the console, and knocks from an address that the list does
// not allow. The lists reach sign-ins only, so that the gateway lets the request
// through, and the endpoint itself has to ask. A new door fails here until it
// is in the list above, and refuses.
func TestEveryDoorOfTheConsoleAsks(t *testing.T) {
	dir := t.TempDir()
	before := servertest.Open(t, dir)
	app := before.Found()
	invited := app.Owner.Must("POST", "/teams/home/memberships", servertest.M{
		"email": "dan@example.org", "roles": []string{"developer"}, "url": "http://localhost/invite",
	})
	before.Stop()

	s := servertest.Open(t, dir, "_APP_CONSOLE_WHITELIST_IPS=10.0.0.0/8", "MOORFAST_CONSOLE_ENFORCE=auth", "_APP_CONSOLE_WHITELIST_ROOT=disabled")
	for _, e := range s.Table {
		if e.Method == http.MethodGet || e.Rules.Where == api.ProjectOnly || !open(e, identity.ScopesOf(identity.RoleGuests)) {
			continue
		}
		door, ok := doors[e.Name]
		if !ok {
			t.Errorf("%s can be called by guests of the console, and is not in the list of doors", e.Name)
			continue
		}
		path := strings.NewReplacer("{teamId}", "home", "{membershipId}", invited.Text("$id")).Replace(strings.TrimPrefix(e.Path, "/v1"))
		want := "user_ip_not_whitelisted"
		if door.closed != "" {
			want = door.closed
		}
		if e.Name == "teams.updateMembershipStatus" {
			link, err := url.Parse(invited.Text("inviteLink"))
			if err != nil {
				t.Fatal(err)
			}
			door.body = servertest.M{"userId": link.Query().Get("userId"), "secret": link.Query().Get("secret")}
		}
		a := s.Guest().Do(e.Method, path, door.body)
		if a.Text("type") != want {
			t.Errorf("%s: got %d %s, want %s", e.Name, a.Status, a.Body, want)
		}
	}
}

// TestOneOfManyBecomesRoot signs up 50 first accounts at once, over and over.
func TestOneOfManyBecomesRoot(t *testing.T) {
	const rounds, people = 3, 50
	for range rounds {
		s := servertest.New(t)
		var (
			wg    sync.WaitGroup
			mu    sync.Mutex
			count = map[int]int{}
		)
		for i := range people {
			wg.Go(func() {
				a := s.Guest().Do("POST", "/account", servertest.M{"userId": "unique()", "email": "p" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + "@example.org", "password": "correct horse 1"})
				mu.Lock()
				count[a.Status]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if count[201] != 1 || count[501] != people-1 {
			t.Errorf("got %v, want one 201 and %d times 501", count, people-1)
		}
	}
}
