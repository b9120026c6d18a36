package audit_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"moorfast/internal/audit"
	"moorfast/internal/store"
)

func TestOldRecordsGoAndTheChainIsStillWhole(t *testing.T) {
	f := setup(t)
	ctx := context.Background()
	keep := func() {
		t.Helper()
		f.log.Retention = 24 * time.Hour
		if err := f.log.Prune(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for day := range 4 {
		f.write("shop", 10*day+1, 10*day+10)
		f.flush()
		f.clock.Advance(13 * time.Hour)
		if day < 3 {
			keep()
		}
		if r := f.verify(f.notes...); len(r.Findings) > 0 {
			t.Errorf("day %d: %v", day, r.Findings)
		}
	}
	keep()
	keep()
	if r := f.verify(f.notes...); len(r.Findings) > 0 || r.Records != 11 {
		t.Errorf("after all: %+v", r)
	}
	// And it goes on, after a restart, even where nothing is left.
	f.clock.Advance(48 * time.Hour)
	keep()
	f.start()
	f.write("shop", 41, 45)
	f.flush()
	if r := f.verify(f.notes...); len(r.Findings) > 0 || r.Records != 7 { // with the one of each removal
		t.Errorf("afterwards: %+v", r)
	}
	r := f.spoiled("shop", nil, func(tx store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE audit_blocks SET position = position + 1 WHERE pruned = 1`)
		return err
	})
	if len(r.Findings) == 0 {
		t.Error("a changed stone was not found")
	}
}

// memory is a sink that can be away.
type memory struct {
	mu   sync.Mutex
	away bool
	got  []audit.Entry
	more chan struct{}
}

func (m *memory) Name() string { return "memory" }

func (m *memory) Send(_ context.Context, list []audit.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer func() {
		select {
		case m.more <- struct{}{}:
		default:
		}
	}()
	if m.away {
		return errors.New("away")
	}
	m.got = append(m.got, list...)
	return nil
}

func TestASinkThatIsAwayMissesNothing(t *testing.T) {
	f := setup(t)
	m := &memory{away: true, more: make(chan struct{}, 1)}
	run := func() (stop func()) {
		f.log = audit.New(audit.Options{DB: f.db, Key: f.key, Instance: "test", Now: f.clock.Now, Log: slog.New(slog.DiscardHandler)})
		f.log.Attach(m)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { f.log.Run(ctx); close(done) }()
		return func() { cancel(); <-done }
	}
	stop := run()
	f.write("shop", 1, 30)
	f.flush()
	<-m.more // it was asked, and was away
	f.clock.Advance(time.Minute)
	if lag := f.log.Lags()["memory"]; lag.Records != 30 || lag.For != time.Minute {
		t.Errorf("while it is away, it is behind by %+v", lag)
	}
	stop()
	m.mu.Lock()
	m.away = false
	m.mu.Unlock()
	stop = run()
	f.write("shop", 31, 40)
	f.flush()
	for deadline := time.After(20 * time.Second); ; {
		m.mu.Lock()
		n := len(m.got)
		m.mu.Unlock()
		if n >= 40 && f.log.Lags()["memory"] == (audit.Lag{}) {
			break
		}
		select {
		case <-m.more:
		case <-time.After(10 * time.Millisecond): // what it took is noted after that
		case <-deadline:
			t.Fatalf("%d records came", n)
		}
	}
	stop()
	for i, e := range m.got {
		if e.Position != int64(i+1) || e.Log != "shop" {
			t.Fatalf("record %d is %+v", i, e)
		}
	}
}

// L-6: a sink is away for a day, in which the log goes on, is pruned, and the
// program is started anew. The time in here is not that of the clock on the wall.
func TestASinkThatIsAwayForADayGetsEverythingInOrder(t *testing.T) {
	if os.Getenv("MOORFAST_TEST_SERVER") == "postgres" {
		t.Skip("the time of a bubble does not go on while a network answers")
	}
	synctest.Test(t, func(t *testing.T) {
		f := setup(t)
		m := &memory{away: true, more: make(chan struct{}, 1)}
		start := func() (stop func()) {
			f.log = audit.New(audit.Options{
				DB: f.db, Key: f.key, Instance: "test", Now: time.Now, Log: slog.New(slog.DiscardHandler), Retention: 48 * time.Hour, PlatformRetention: 48 * time.Hour,
			})
			f.log.Attach(m)
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan struct{})
			go func() { f.log.Run(ctx); close(done) }()
			return func() { cancel(); <-done }
		}
		stop := start()
		for hour := range 24 {
			f.bulk("shop", 50*hour+1, 50*hour+50)
			f.bulk("app", hour+1, hour+1)
			if hour == 12 {
				stop()
				stop = start()
				f.log.Committed("shop")
			}
			time.Sleep(time.Hour)
			if err := f.log.Prune(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		if lag := f.log.Lags()["memory"]; lag.Records == 0 || lag.For < 11*time.Hour {
			t.Errorf("after a day, it is behind by %+v", lag)
		}
		m.mu.Lock()
		m.away = false
		m.mu.Unlock()
		time.Sleep(2 * mostPause)
		stop()
		next := map[string]int64{}
		for _, e := range m.got {
			if next[e.Log]++; e.Position != next[e.Log] {
				t.Fatalf("record %d of %s came after %d", e.Position, e.Log, next[e.Log]-1)
			}
		}
		if next["shop"] != 24*50 || next["app"] != 24 {
			t.Errorf("it got %v", next)
		}
	})
}

// mostPause is the longest time after which a sink is asked again.
const mostPause = time.Minute

// TestALogThatIsCutOffAnywhereIsWhole ends the relay between any two of its
// transactions, as a kill would, and goes on with another.
func TestALogThatIsCutOffAnywhereIsWhole(t *testing.T) {
	f := setup(t)
	for n := range 8 {
		f.write("shop", 3*n+1, 3*n+3)
		broken := audit.New(audit.Options{
			DB: &failing{DB: f.db, left: n % 4}, Key: f.key, Instance: "test", Now: f.clock.Now, Log: slog.New(slog.DiscardHandler),
		})
		broken.Committed("shop")
		_ = broken.Flush(context.Background())
		if r := f.verify(f.notes...); len(r.Findings) > 0 || r.Records+r.Unsealed != 3*n+3 {
			t.Errorf("after %d transactions: %+v", n%4, r)
		}
	}
	f.start()
	f.log.Committed("shop")
	f.flush()
	v := audit.Verifier{DB: f.db, Name: audit.Name("test"), Key: f.key.Public().(ed25519.PublicKey), Saved: f.notes}
	if r, err := v.Verify(context.Background()); err != nil || len(r.Findings) > 0 || r.Records != 24 {
		t.Errorf("%+v %v", r, err)
	}
}

// failing is a store whose updates end after some.
type failing struct {
	store.DB
	left int
}

func (f *failing) Update(ctx context.Context, project string, fn func(store.Tx) error) error {
	if f.left--; f.left < 0 {
		return store.ErrUnavailable
	}
	return f.DB.Update(ctx, project, fn)
}
