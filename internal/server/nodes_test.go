package server_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"moorfast/internal/server/servertest"
)

// nodes are two servers on one database.
func nodes(t *testing.T) (one, two *servertest.Server) {
	t.Helper()
	if os.Getenv("MOORFAST_TEST_SERVER") != "postgres" {
		t.Skip("set MOORFAST_TEST_SERVER=postgres for two servers on one database")
	}
	env := append(servertest.Environment(t), "_APP_OPENSSL_KEY_V1=a key that both of the nodes have, 0123456789")
	return servertest.Open(t, t.TempDir(), env...), servertest.Open(t, t.TempDir(), env...)
}

// TestWhatOneNodeRevokesIsWorthNothingOnAnother runs two servers on one database
// . The clock of the other is moved by a second, which is all it may take.
func TestWhatOneNodeRevokesIsWorthNothingOnAnother(t *testing.T) {
	one, two := nodes(t)
	p := one.Found()
	p.Guest.Must("POST", "/account", servertest.M{"userId": "walter", "email": "walter@example.com", "password": right})
	user := one.Guest("X-Appwrite-Project", p.ID)
	user.Must("POST", signIn, login("walter@example.com", right))
	thief, key, owner := user.Copy().At(two), p.Key.At(two), p.Owner.Copy().At(two)
	thief.Must("GET", "/account", nil)
	key.Must("GET", "/users", nil)
	owner.Must("GET", "/account", nil)

	user.Must("DELETE", "/account/sessions", nil)
	p.Admin.Must("DELETE", "/project/keys/all", nil)
	p.Owner.Must("DELETE", "/account/sessions", nil)
	two.Clock.Advance(time.Second)

	thief.Refused("GET", "/account", nil, 401, "general_unauthorized_scope")
	key.Refused("GET", "/users", nil, 401, "general_unauthorized_scope")
	owner.Refused("GET", "/account", nil, 401, "general_unauthorized_scope")
}

// TestGuessesAtAllNodesAreCountedTogether is R-4: whoever is sent to one node and
// then to another does not guess twice as often.
func TestGuessesAtAllNodesAreCountedTogether(t *testing.T) {
	one, two := nodes(t)
	p := one.Found()
	p.Guest.Must("POST", "/account", servertest.M{"userId": "walter", "email": "walter@example.com", "password": right})
	for i := range 10 {
		node := []*servertest.Server{one, two}[i%2]
		calling(node, p.ID, fmt.Sprintf("198.51.100.%d", i)).Refused("POST", signIn, login("walter@example.com", wrong), 401, "user_invalid_credentials")
	}
	for _, node := range []*servertest.Server{one, two, one} { // whoever meets first has not heard of the others
		if err := node.Meet(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	for _, node := range []*servertest.Server{one, two} {
		calling(node, p.ID, "198.51.100.77").Refused("POST", signIn, login("walter@example.com", right), 429, tooMany)
	}
}
