package audit_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"moorfast/internal/audit"
)

// existing makes the log anew, of projects of which exists tells whether they are.
func (f *fixture) existing(exists func(project string) (bool, error)) {
	f.log = audit.New(audit.Options{
		DB: f.db, Key: f.key, Instance: "test", Now: f.clock.Now, Log: slog.New(slog.DiscardHandler),
		Exists: func(_ context.Context, project string) (bool, error) { return exists(project) },
	})
}

// removing is a sink during whose work the project is removed.
type removing struct{ gone, done atomic.Bool }

func (*removing) Name() string { return "removing" }

func (r *removing) Send(context.Context, []audit.Entry) error {
	r.gone.Store(true)
	r.done.Store(true)
	return nil
}

func TestNothingOfARemovedProjectWaitsForASink(t *testing.T) {
	f, sink := setup(t), &removing{}
	f.existing(func(string) (bool, error) { return !sink.gone.Load(), nil })
	f.log.Attach(sink)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { f.log.Run(ctx); close(done) }()
	f.write("shop", 1, 5)
	f.flush()
	deadline := time.Now().Add(10 * time.Second)
	for !sink.done.Load() || f.log.Lags()["removing"].Records > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("it is behind by %+v", f.log.Lags()["removing"])
		}
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	<-done
}

// Where nobody knows whether a project is there, opening its database might make it.
func TestARefusalWaitsUntilItsProjectIsKnown(t *testing.T) {
	f := setup(t)
	down := errors.New("the platform does not answer")
	f.existing(func(string) (bool, error) { return true, down })
	f.log.Refuse("shop", audit.Record{Event: "team.create", Outcome: "refused"})
	if err := f.log.Flush(context.Background()); !errors.Is(err, down) {
		t.Errorf("meanwhile: %v", err)
	}
	if list, err := f.db.Projects(context.Background()); err != nil || slices.Contains(list, "shop") {
		t.Errorf("databases were made: %v, %v", list, err)
	}
	down = nil
	f.flush() // the second record is that it could not be written
	if r := f.verify(); r.Records != 2 || len(r.Findings) > 0 {
		t.Errorf("afterwards: %+v", r)
	}
}
