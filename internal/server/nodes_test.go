package server_test

import (
	"os"
	"testing"
	"time"

	"moorfast/internal/server/servertest"
)

// TestWhatOneNodeRevokesIsWorthNothingOnAnother runs two servers on one database
// . The clock of the other is moved by a second, which is all it may take.
func TestWhatOneNodeRevokesIsWorthNothingOnAnother(t *testing.T) {
	if os.Getenv("MOORFAST_TEST_SERVER") != "postgres" {
		t.Skip("set MOORFAST_TEST_SERVER=postgres for two servers on one database")
	}
	env := servertest.Environment(t)
	one := servertest.Open(t, t.TempDir(), append(env, "_APP_OPENSSL_KEY_V1=a key that both of the nodes have, 0123456789")...)
	two := servertest.Open(t, t.TempDir(), append(env, "_APP_OPENSSL_KEY_V1=a key that both of the nodes have, 0123456789")...)
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
