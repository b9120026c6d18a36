package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/secevent"
	"moorfast/internal/server"
	"moorfast/internal/server/servertest"
	"moorfast/internal/store"
)

// heard returns the kinds of the events that have come.
func heard(t *testing.T, s *servertest.Server) map[secevent.Kind]secevent.Event {
	t.Helper()
	l, err := s.Events.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	kinds := map[secevent.Kind]secevent.Event{}
	list, _ := l.Take()
	for _, e := range list {
		kinds[e.Kind] = e
	}
	return kinds
}

func TestWhatAnOperatorWantsToHearIsTold(t *testing.T) {
	s := servertest.New(t, "_APP_CONSOLE_WHITELIST_IPS=127.0.0.1", "MOORFAST_DANGEROUS_NO_BRUTE_FORCE=false")
	p := s.Found()
	p.Guest.Must("POST", "/account", servertest.M{"userId": "walter", "email": "walter@example.com", "password": right})
	for i := range 60 {
		calling(s, p.ID, "203.0.113.9").Do("POST", signIn, login(fmt.Sprintf("user%d@example.com", i), wrong))
	}
	for i := range 11 {
		calling(s, p.ID, fmt.Sprintf("198.51.100.%d", i)).Do("POST", signIn, login("walter@example.com", wrong))
	}
	for i := range 100 {
		calling(s, p.ID, fmt.Sprintf("198.51.%d.7", i)).Do("POST", signIn, login(fmt.Sprintf("u%d@example.com", i), wrong))
	}
	s.Guest("X-Forwarded-For", "203.0.113.4").Refused("GET", "/teams", nil, 401, "user_ip_not_whitelisted")
	p.Owner.Must("POST", "/teams/home/memberships", servertest.M{"email": "dan@example.org", "roles": []string{"owner"}, "url": "http://localhost/invite"})
	p.Owner.Must("PATCH", "/account/mfa", servertest.M{"mfa": false})
	p.Key.Must("PATCH", "/users/walter/status", servertest.M{"status": false})
	p.Key.Must("PATCH", "/users/walter/impersonator", servertest.M{"impersonator": true})
	p.Key.Do("GET", "/avatars/image?url=http://127.0.0.1:1/x.png", nil)
	p.Admin.Must("DELETE", "/project", nil)

	kinds := heard(t, s)
	for kind, want := range map[secevent.Kind]string{
		secevent.RootClaimed: "console", secevent.KeyCreated: "app", secevent.Spray: "app", secevent.BruteForce: "app", secevent.SprayDistributed: "app",
		secevent.ConsoleDenied: "console", secevent.OwnerAdded: "console", secevent.MFADisabled: "console", secevent.UserBlocked: "app",
		secevent.Impersonation: "app", secevent.SSRFBlocked: "", secevent.ProjectDeleted: "app",
	} {
		if e, ok := kinds[kind]; !ok || e.Project != want {
			t.Errorf("%s: got %+v, want one of project %q", kind, e, want)
		}
	}
	if e := kinds[secevent.ConsoleDenied]; e.Address != "203.0.113.4" || e.Details["rule"] != "address" {
		t.Errorf("console.denied: %+v", e)
	}
}

func TestAKeyThatDoesNotFitIsTold(t *testing.T) {
	dir := t.TempDir()
	servertest.Open(t, dir).Stop()
	c, err := config.Load(config.Sources{Flags: map[string]string{"data": dir}, Environ: []string{"_APP_OPENSSL_KEY_V1=" + strings.Repeat("another key ", 4)}})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	if _, err := server.New(context.Background(), c, slog.New(slog.NewTextHandler(&log, nil)), clock.System{}); err == nil {
		t.Fatal("it starts")
	}
	if !strings.Contains(log.String(), "kind=key.mismatch severity=critical") {
		t.Errorf("log: %s", log.String())
	}
}

func TestALogThatWasChangedIsTold(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	p.Key.Must("POST", "/users", servertest.M{"userId": "ada", "email": "ada@example.org", "password": right})
	if err := s.Audit.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	if err := s.CheckAudit(t.Context(), log); err != nil {
		t.Fatal(err)
	}
	if e, ok := heard(t, s)[secevent.AuditTampered]; ok {
		t.Fatalf("a whole log is told of: %+v", e)
	}
	err := s.DB().Update(t.Context(), p.ID, func(tx store.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE audit_records SET body = replace(body, 'ada', 'eve')`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CheckAudit(t.Context(), log); err != nil {
		t.Fatal(err)
	}
	if e, ok := heard(t, s)[secevent.AuditTampered]; !ok || e.Project != p.ID || e.Severity != secevent.Critical {
		t.Errorf("got %+v", e)
	}
}
