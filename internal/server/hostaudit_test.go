package server_test

import (
	"context"
	"strings"
	"testing"

	"moorfast/internal/audit"
	"moorfast/internal/server"
	"moorfast/internal/server/servertest"
	"moorfast/internal/store"
)

// L-1: what is done from the host is recorded like what is done over the API.
func TestACommandOfTheHostLeavesOneRecord(t *testing.T) {
	s := servertest.New(t)
	account := server.Account{Email: "olga@example.org", Password: "correct horse 1"}
	for _, c := range []struct {
		name    string
		in      any
		outcome string
		records int
	}{
		{"admin.create", account, "", 1},
		{"admin.create", account, "failed_input", 1}, // it is there
		{"admin.reset-password", server.Account{Email: "olga@example.org", Password: "correct horse 2"}, "", 1},
		{"admin.reset-mfa", account, "", 1},
		{"admin.unlock", account, "", 1},
		{"admin.unlock", server.Account{Email: "nobody@example.org"}, "failed_input", 1},
		{"admin.sessions", account, "", 0}, // it only looks
		{"admin.sessions", server.Account{Email: "olga@example.org", Session: "all"}, "", 1},
		{"admin.allow-ip", server.Exception{Network: "192.0.2.1", Seconds: 60}, "", 1},
		{"admin.allow-ip", server.Exception{Network: "0.0.0.0/0", Seconds: 60}, "failed_input", 1},
		{"access.explain", server.Question{Email: "olga@example.org"}, "", 0},
		{"key.verify", struct{}{}, "", 1},
		{"key.inventory", struct{}{}, "", 0},
		{"key.renew", server.Renew{Tokens: true, Dry: true}, "", 0},
		{"key.renew", server.Renew{Tokens: true}, "", 1},
		{"key.rotate", server.KeyChange{To: "file:/nowhere/at/all/k", File: "/nowhere/at/all/k", Dry: true}, "", 0},
		{"key.finalize", server.Finalize{}, "", 1},
	} {
		before := len(records(t, s, store.Platform))
		err := do(t, s.Server, c.name, c.in, nil)
		fresh := records(t, s, store.Platform)[before:]
		if (err != nil) != (c.outcome != "") || len(fresh) != c.records {
			t.Errorf("%s %+v: %v, and %d records, want %d: %+v", c.name, c.in, err, len(fresh), c.records, fresh)
			continue
		}
		if c.records == 0 {
			continue
		}
		r := fresh[0]
		if r.Event != c.name || r.Outcome != c.outcome || r.Actor.Kind != audit.Host || strings.HasPrefix(c.name, "admin.") && c.outcome == "" && c.name != "admin.allow-ip" && !strings.HasPrefix(r.Resource, "user/") {
			t.Errorf("%s left %+v", c.name, r)
		}
		if strings.Contains(r.Resource, "correct horse") {
			t.Errorf("a password is in %+v", r)
		}
	}
	if r := verify(t, s); len(r.Findings) > 0 {
		t.Errorf("new keys for tokens have spoiled the log: %v", r.Findings)
	}
}

func TestACommandAsksForNoOtherRecordThanItsOwn(t *testing.T) {
	s := servertest.New(t)
	if err := do(t, s.Server, "audit.tell", server.Told{Event: "key.export", Resource: "instance/x"}, nil); err != nil {
		t.Error(err)
	}
	list := records(t, s, store.Platform)
	if r := list[len(list)-1]; r.Event != "key.export" || r.Actor.Kind != audit.Host {
		t.Errorf("%+v", r)
	}
	if err := do(t, s.Server, "audit.tell", server.Told{Event: "user.delete"}, nil); err == nil {
		t.Error("a command has made up a record")
	}
}

func TestWhatWasDoneWithoutAServerIsRecordedAtItsStart(t *testing.T) {
	s := servertest.New(t)
	path := server.PendingPath(t.TempDir())
	ctx := context.Background()
	for _, event := range []string{"doctor.run", "key.export"} {
		if err := audit.Leave(path, audit.Record{At: 7, Project: "elsewhere", Event: event, Actor: audit.Actor{Kind: audit.Host, ID: "0"}}); err != nil {
			t.Fatal(err)
		}
	}
	before := len(records(t, s, store.Platform))
	for range 2 { // the second time there is nothing left
		if err := s.Audit.Take(ctx, path); err != nil {
			t.Fatal(err)
		}
	}
	fresh := records(t, s, store.Platform)[before:]
	if len(fresh) != 2 || fresh[0].Event != "doctor.run" || fresh[1].Event != "key.export" || fresh[1].Project != store.Platform || fresh[1].At != 7 {
		t.Errorf("%+v", fresh)
	}
}

func TestAChangedSettingIsRecordedByNameAndNeverByValue(t *testing.T) {
	s := servertest.New(t)
	ctx := context.Background()
	key, changed := []byte("a key of 32 bytes for the tests."), func(values map[string]string) (names []string) {
		t.Helper()
		before := len(records(t, s, store.Platform))
		if err := s.Audit.Settings(ctx, []byte("a key of 32 bytes for the tests."), values); err != nil {
			t.Fatal(err)
		}
		for _, r := range records(t, s, store.Platform)[before:] {
			if r.Event != "settings.change" {
				t.Errorf("%+v", r)
			}
			names = append(names, r.Resource)
		}
		return names
	}
	for _, c := range []struct {
		what   string
		values map[string]string
		want   string
	}{
		{"the first start", map[string]string{"listen": ":80", "smtp.password": "hush"}, ""},
		{"the same", map[string]string{"listen": ":80", "smtp.password": "hush"}, ""},
		{"a secret", map[string]string{"listen": ":80", "smtp.password": "hush hush"}, "setting/smtp.password"},
		{"a new version has one more", map[string]string{"listen": ":80", "smtp.password": "hush hush", "new": ""}, ""},
		{"both", map[string]string{"listen": ":81", "smtp.password": "hush", "new": ""}, "setting/listen setting/smtp.password"},
	} {
		if got := strings.Join(changed(c.values), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
	err := s.DB().View(ctx, store.Platform, func(tx store.Tx) error {
		return store.Each(ctx, tx, `SELECT digest FROM audit_settings`, nil, func(rows store.Rows) error {
			if len(rows.Blob(0)) != 32 || strings.Contains(string(rows.Blob(0)), "hush") || strings.Contains(string(rows.Blob(0)), string(key)) {
				t.Error("more than a digest is kept of a setting")
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}

func TestNewKeysForTokensLeaveTheLogWhole(t *testing.T) {
	dir := t.TempDir()
	s := servertest.Open(t, dir)
	app := s.Found()
	app.Key.Must("POST", "/users", servertest.M{"userId": "ada", "email": "ada@example.org", "password": "correct horse 1"})
	verify(t, s)
	if err := do(t, s.Server, "key.renew", server.Renew{Tokens: true}, nil); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	s = servertest.Open(t, dir)
	if r := verify(t, s); len(r.Findings) > 0 || r.Records == 0 {
		t.Errorf("%+v", r)
	}
}
