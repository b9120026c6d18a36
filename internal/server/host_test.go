package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"moorfast/internal/adminsock"
	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/core/keyring"
	"moorfast/internal/server"
	"moorfast/internal/server/servertest"
	"moorfast/internal/service/console"
	"moorfast/internal/vault"
)

// do runs a command of the host on a server.
func do(t *testing.T, s *server.Server, name string, in, out any) error {
	t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	result, failed := s.Commands(slog.New(slog.DiscardHandler))[name](t.Context(), text, func(any) {})
	if text, err = json.Marshal(result); err == nil && failed == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return failed
}

// C-10: whoever is locked out of the console is let in from the host.
func TestTheHostLetsPeopleBackIn(t *testing.T) {
	s := servertest.New(t)
	type m = servertest.M
	var a server.AccountState
	if err := do(t, s.Server, "admin.create", server.Account{Email: "Olga@Example.org", Password: "correct horse 1"}, &a); err != nil || !a.Root {
		t.Fatalf("create: %+v, %v", a, err)
	}
	owner := s.Guest()
	signIn := m{"email": "olga@example.org", "password": "correct horse 1"}
	owner.Must("POST", "/account/sessions/email", signIn)
	s.Guest().Refused("POST", "/account", m{"userId": "x", "email": "x@example.org", "password": "correct horse 1"}, 501, "user_console_count_exceeded")
	if err := do(t, s.Server, "admin.create", server.Account{Email: "ivan@example.org", Password: "correct horse 1"}, &a); err != nil || a.Root {
		t.Fatalf("create another: %+v, %v", a, err)
	}
	for name, in := range map[string]server.Account{
		"taken":       {Email: "olga@example.org", Password: "correct horse 1"},
		"no address":  {Email: "olga", Password: "correct horse 1"},
		"short":       {Email: "new@example.org", Password: "short"},
		"no password": {Email: "new@example.org"},
	} {
		if err := do(t, s.Server, "admin.create", in, nil); server.Kind(err) != server.KindInput {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := do(t, s.Server, "admin.sessions", server.Account{Email: "olga@example.org"}, &a); err != nil || len(a.Sessions) != 1 {
		t.Errorf("sessions: %+v, %v", a, err)
	}
	if err := do(t, s.Server, "admin.sessions", server.Account{Email: "olga@example.org", Session: "none"}, nil); server.Kind(err) != server.KindInput {
		t.Errorf("a session there is not: %v", err)
	}
	if err := do(t, s.Server, "admin.sessions", server.Account{Email: "olga@example.org", Session: a.Sessions[0].ID}, &a); err != nil || a.Ended != 1 || len(a.Sessions) > 0 {
		t.Errorf("revoke: %+v, %v", a, err)
	}
	owner.Refused("GET", "/account", nil, 401, "general_unauthorized_scope")

	owner = s.Guest()
	owner.Must("POST", "/account/sessions/email", signIn)
	owner.Must("POST", "/account/mfa/authenticators/totp", nil)
	owner.Must("POST", "/account/mfa/recovery-codes", nil)
	if err := do(t, s.Server, "admin.reset-mfa", server.Account{Email: "olga@example.org"}, &a); err != nil || a.MFA || a.Ended != 1 {
		t.Errorf("reset the factors: %+v, %v", a, err)
	}
	if err := do(t, s.Server, "admin.reset-password", server.Account{Email: "olga@example.org", Password: "another horse 2"}, &a); err != nil {
		t.Error(err)
	}
	s.Guest().Refused("POST", "/account/sessions/email", signIn, 401, "user_invalid_credentials")
	signIn["password"] = "another horse 2"
	owner = s.Guest()
	owner.Must("POST", "/account/sessions/email", signIn)
	owner.Must("PATCH", "/account/status", nil)
	s.Guest().Refused("POST", "/account/sessions/email", signIn, 403, "user_blocked")
	if err := do(t, s.Server, "admin.unlock", server.Account{Email: "olga@example.org"}, &a); err != nil || !a.Active {
		t.Errorf("unlock: %+v, %v", a, err)
	}
	s.Guest().Must("POST", "/account/sessions/email", signIn)
	if err := do(t, s.Server, "admin.unlock", server.Account{Email: "nobody@example.org"}, nil); server.Kind(err) != server.KindInput {
		t.Errorf("nobody: %v", err)
	}
}

func TestAnAddressIsLetInForAWhile(t *testing.T) {
	s := servertest.New(t, "_APP_CONSOLE_WHITELIST_IPS=192.0.2.1")
	guest := s.Guest()
	guest.Refused("POST", "/account", servertest.M{"userId": "x", "email": "x@example.org", "password": "correct horse 1"}, 401, "user_ip_not_whitelisted")
	for _, in := range []server.Exception{{"x", 60}, {"0.0.0.0/0", 60}, {"127.0.0.1", 0}, {"127.0.0.1", 1e6}, {"127.0.0.1/8", 60}} {
		if err := do(t, s.Server, "admin.allow-ip", in, nil); server.Kind(err) != server.KindInput {
			t.Errorf("%+v: %v", in, err)
		}
	}
	if err := do(t, s.Server, "admin.allow-ip", server.Exception{Network: "127.0.0.1", Seconds: 60}, nil); err != nil {
		t.Fatal(err)
	}
	guest.Must("POST", "/account", servertest.M{"userId": "x", "email": "x@example.org", "password": "correct horse 1"})
	var a console.Access
	if err := do(t, s.Server, "access.explain", server.Question{Email: "y@example.org", IP: "127.0.0.1"}, &a); err != nil || !a.Claimed || len(a.Verdicts) != 4 || a.Verdicts[0].Allowed || !a.Verdicts[2].Allowed {
		t.Errorf("explain: %+v, %v", a, err)
	}
}

func TestOwnersSeeThePolicy(t *testing.T) {
	s := servertest.New(t, "_APP_CONSOLE_WHITELIST_EMAILS=*@example.org", "MOORFAST_CONSOLE_INVITES_BYPASS_LIST=true")
	p := s.Found()
	a := p.Owner.Must("GET", "/console/access?email=x@example.com&ip=192.0.2.1", nil)
	if a.Text("policy.emailsAllowed") != `["*@example.org"]` || a.Text("claimed") != "true" || !strings.Contains(a.Body, `"type":"user_email_not_whitelisted"`) {
		t.Errorf("got %s", a.Body)
	}
	if b := p.Owner.Must("GET", "/console/access", nil); b.Text("verdicts") != "[]" {
		t.Errorf("without a question: %s", b.Body)
	}
	p.Owner.Refused("GET", "/console/access?ip=x", nil, 400, "general_argument_invalid")
	s.Guest().Refused("GET", "/console/access", nil, 401, "general_unauthorized_scope")
	if err := do(t, s.Server, "admin.create", server.Account{Email: "ivan@example.org", Password: "correct horse 1"}, nil); err != nil {
		t.Fatal(err)
	}
	ivan := s.Guest()
	ivan.Must("POST", "/account/sessions/email", servertest.M{"email": "ivan@example.org", "password": "correct horse 1"})
	ivan.Refused("GET", "/console/access", nil, 401, "user_unauthorized")
}

// A command finds the server that runs, and its data directory when none does.
func TestCommandsReachARunningServer(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	c, err := config.Load(config.Sources{Flags: map[string]string{"data": dir, "listen": address}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, c, slog.New(slog.DiscardHandler), io.Discard) }()
	var list keyring.Inventory
	for range 200 {
		if err = adminsock.Call(t.Context(), dir, "key.inventory", nil, &list, nil); !errors.Is(err, adminsock.ErrNobody) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil || len(list.Keys) != 3 {
		t.Errorf("inventory: %+v, %v", list, err)
	}
	if err := server.Tell(t.Context(), dir, "0", 1, server.Told{Event: "key.export"}); err != nil {
		t.Errorf("a record that a command asks for: %v", err)
	}
	if _, err := os.Stat(server.PendingPath(dir)); err == nil {
		t.Error("the record waits, although a server runs")
	}
	next := keyFile(t)
	var changed vault.Changed
	if err := adminsock.Call(t.Context(), dir, "key.rotate", server.KeyChange{To: next.String(), File: next.Path()}, &changed, nil); err != nil || changed.Keys != 3 {
		t.Errorf("rotate: %+v, %v", changed, err)
	}
	var final server.Finalized
	var remote *adminsock.RemoteError
	if err := adminsock.Call(t.Context(), dir, "key.finalize", server.Finalize{}, &final, nil); !errors.As(err, &remote) || !strings.Contains(remote.Text, "settings") {
		t.Errorf("finalize with the old key in the settings: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := adminsock.Call(t.Context(), dir, "key.inventory", nil, &list, nil); !errors.Is(err, adminsock.ErrNobody) {
		t.Errorf("after the end: %v", err)
	}
	c.Key = vault.KeyFile(next.Path())
	alone, err := server.OpenAlone(t.Context(), c, slog.New(slog.DiscardHandler), clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	if err := do(t, alone, "key.finalize", server.Finalize{}, &final); err != nil || len(final.Gone) != 1 {
		t.Errorf("finalize: %+v, %v", final, err)
	}
	if err := do(t, alone, "admin.allow-ip", server.Exception{Network: "127.0.0.1", Seconds: 60}, nil); server.Kind(err) != server.KindInput {
		t.Errorf("an exception without a server: %v", err)
	}
}
