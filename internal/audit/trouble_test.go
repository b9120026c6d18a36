package audit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"moorfast/internal/audit"
	"moorfast/internal/store"
)

// broken is a store whose updates of one project fail.
type broken struct {
	store.DB
	project string
}

func (b *broken) Update(ctx context.Context, project string, fn func(store.Tx) error) error {
	if project == b.project {
		return fmt.Errorf("%w: a full disk", store.ErrUnavailable)
	}
	return b.DB.Update(ctx, project, fn)
}

// fails runs a pass of the relay that does not succeed, and lets time go by.
func (f *fixture) fails(after time.Duration) {
	f.t.Helper()
	if f.log.Flush(context.Background()) == nil {
		f.t.Error("the relay succeeded")
	}
	f.clock.Advance(after)
}

func (f *fixture) admits(when string, want map[string]bool) {
	f.t.Helper()
	for project, ok := range want {
		err := f.log.Admit(project)
		if (err == nil) != ok || err != nil && !errors.Is(err, audit.ErrUnwritable) {
			f.t.Errorf("%s, a call of %s: %v", when, project, err)
		}
	}
}

func TestACheckpointThatCannotBeKeptStopsEverythingAfterAWhile(t *testing.T) {
	f := setup(t)
	full := true
	var kept []string
	var told []string
	f.log.Failing = func(project string) { told = append(told, project) }
	f.log.Publish = func(note string) error {
		if full {
			return errors.New("a full disk")
		}
		kept = append(kept, note)
		return nil
	}
	f.write("shop", 1, 3)
	f.fails(20 * time.Second)
	f.admits("in the first moment", map[string]bool{"shop": true, "app": true})
	f.fails(20 * time.Second)
	f.fails(0)
	f.admits("after 40 seconds", map[string]bool{"shop": false, "app": false, store.Platform: false})
	if len(told) != 1 || told[0] != store.Platform || f.log.Writable() {
		t.Errorf("it was told %v", told)
	}
	f.log.Degrade = true
	f.admits("where it goes on all the same", map[string]bool{"shop": true})
	f.log.Degrade = false
	full = false
	f.flush()
	f.flush()
	f.admits("afterwards", map[string]bool{"shop": true, "app": true})
	if r := f.whole("afterwards", kept...); len(kept) == 0 || r.Saved != len(kept) || !f.log.Writable() {
		t.Errorf("%d checkpoints were kept, %+v", len(kept), r)
	}
}

func TestALogThatCannotBeWrittenStopsItsProjectAndForgetsNobody(t *testing.T) {
	f := setup(t)
	b := &broken{DB: f.db, project: "shop"}
	f.log = audit.New(audit.Options{DB: b, Key: f.key, Instance: "test", Now: f.clock.Now, Log: slog.New(slog.DiscardHandler)})
	r := record(1)
	r.Outcome = "user_invalid_credentials"
	for i := range 400 {
		r.Address = fmt.Sprintf("10.0.0.%d", i%250)
		r.Endpoint = fmt.Sprint("e", i/250)
		f.log.Refuse("shop", r)
		f.log.Refuse("shop", r)
	}
	if f.log.Forgo("shop", store.ErrUnavailable) {
		t.Error("a change went on without its record")
	}
	f.fails(time.Minute)
	f.fails(time.Minute)
	f.admits("in trouble", map[string]bool{"shop": false, "app": true})
	b.project = ""
	f.flush()
	f.admits("afterwards", map[string]bool{"shop": true})
	refused, blocked := 0, 0
	err := f.db.View(context.Background(), "shop", func(tx store.Tx) error {
		return audit.Each(context.Background(), tx, audit.Search{}, func(r *audit.Stored) error {
			switch r.Event {
			case "team.create":
				refused += max(r.Count, 1)
			case "audit.blocked":
				blocked += r.Count
			}
			return nil
		})
	})
	if err != nil || refused < 499 || refused+overflow(t, f) != 800 || blocked != 2 {
		t.Errorf("%d refusals and %d that were only counted, of 800, and %d blocked calls: %v", refused, overflow(t, f), blocked, err)
	}
	f.whole("afterwards")
}

// overflow is how many refusals are only counted.
func overflow(t *testing.T, f *fixture) (n int) {
	t.Helper()
	err := f.db.View(context.Background(), store.Platform, func(tx store.Tx) error {
		return audit.Each(context.Background(), tx, audit.Search{}, func(r *audit.Stored) error {
			if r.Event == "audit.refusals" {
				n += r.Count
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
