package server_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"moorfast/internal/durable/durabletest"

	"golang.org/x/sys/unix"

	"moorfast/internal/server/servertest"
	"moorfast/internal/store"
)

// L-7: while the disk is full, changes and the console are refused, and what apps
// read goes on; afterwards, the log says how many were refused.
func TestAFullDiskStopsChangesAndTheConsole(t *testing.T) {
	if os.Getenv("MOORFAST_TEST_SERVER") == "postgres" {
		t.Skip("the disk of the database is another's")
	}
	dir := durabletest.SmallDisk(t, "24m")
	s := servertest.Open(t, dir)
	app := s.Found()
	app.Key.Must("POST", "/users", servertest.M{"userId": "ada", "email": "ada@example.org", "password": "correct horse 1"})
	app.Guest.Refused("GET", "/users", nil, 401, "general_unauthorized_scope")
	if r := verify(t, s); len(r.Findings) > 0 {
		t.Fatal(r.Findings)
	}

	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 32<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	name := servertest.M{"name": "Ada"}
	refused := 0
	for a := app.Key.Do("PATCH", "/users/ada/name", name); a.Status != 503; a = app.Key.Do("PATCH", "/users/ada/name", name) {
		if refused++; refused > 20_000 {
			t.Fatal("changes went on")
		}
	}
	app.Key.Refused("PATCH", "/users/ada/name", name, 503, "general_server_error")
	app.Guest.Refused("POST", "/users", servertest.M{"userId": "eve"}, 401, "general_unauthorized_scope")
	app.Admin.Must("GET", "/users", nil)
	ctx := context.Background()
	for range 2 { // the second time, the platform is to tell of the project
		if s.Audit.Flush(ctx) == nil {
			t.Fatal("the log was written")
		}
	}
	if !s.Audit.Writable() {
		t.Error("a moment is enough")
	}
	s.Clock.Advance(time.Minute)
	if s.Audit.Flush(ctx) == nil || s.Audit.Writable() {
		t.Fatal("the log was written")
	}
	app.Admin.Refused("GET", "/users", nil, 503, "general_server_error")
	app.Owner.Refused("GET", "/account", nil, 503, "general_server_error")
	app.Key.Refused("PATCH", "/users/ada/name", name, 503, "general_server_error")
	app.Key.Must("GET", "/users/ada", nil)

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, s); len(r.Findings) > 0 || r.Unsealed > 0 {
		t.Errorf("afterwards: %+v", r)
	}
	app.Admin.Must("GET", "/users", nil)
	app.Key.Must("PATCH", "/users/ada/name", name)
	blocked, turnedAway := 0, 0
	for _, r := range records(t, s, "app") {
		if r.Event == "audit.blocked" {
			blocked += r.Count
		}
		if r.Outcome == "general_unauthorized_scope" && r.Event == "user.create" {
			turnedAway += max(r.Count, 1)
		}
	}
	if blocked != 4 || turnedAway != 1 {
		t.Errorf("the log tells of %d calls that it stopped, and of %d that were turned away meanwhile", blocked, turnedAway)
	}
	told := false
	for _, r := range records(t, s, store.Platform) {
		told = told || r.Event == "audit.failing"
	}
	if !told {
		t.Error("the platform does not tell of it")
	}
}
