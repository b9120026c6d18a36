package secevent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"moorfast/internal/clock"
	"moorfast/internal/fetch"
	"moorfast/internal/vault"
)

func newBus(log *bytes.Buffer) (*Bus, *clock.Manual, map[Kind]int) {
	now := clock.NewManual(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	counts := map[Kind]int{}
	return New(Options{Now: now.Now, Log: slog.New(slog.NewTextHandler(log, nil)), Count: func(e Event) { counts[e.Kind]++ }}), now, counts
}

func TestEveryKindHasASeverity(t *testing.T) {
	if len(Kinds()) < 15 {
		t.Fatalf("there are %d kinds", len(Kinds()))
	}
	for _, k := range Kinds() {
		switch k.Severity() {
		case Low, Medium, High, Critical:
		default:
			t.Errorf("%s has severity %q", k, k.Severity())
		}
	}
}

func TestAnEventReachesListenersAndTheLogWhichKeepsNoAddress(t *testing.T) {
	var log bytes.Buffer
	b, _, counts := newBus(&log)
	b.Emit(t.Context(), Event{Kind: OwnerAdded})
	l, err := b.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b.Emit(t.Context(), Event{Kind: BruteForce, Project: "app", Address: "203.0.113.0/32", Details: map[string]string{"account": "walter@example.com", "long": strings.Repeat("x", 1000)}})
	<-l.Wake()
	list, dropped := l.Take()
	if len(list) != 2 || dropped != 0 || list[0].Number != 1 || list[1].Severity != High || list[1].Address == "" || len(list[1].Details["long"]) != maxDetail {
		t.Errorf("heard %+v, %d dropped", list, dropped)
	}
	if counts[BruteForce] != 1 {
		t.Errorf("counts = %v", counts)
	}
	if text := log.String(); !strings.Contains(text, "kind=brute.force severity=high project=app") || strings.Contains(text, "203.0.113") || strings.Contains(text, "walter") {
		t.Errorf("log: %s", text)
	}
}

func TestAFloodIsThinnedOutAndCounted(t *testing.T) {
	var log bytes.Buffer
	b, now, counts := newBus(&log)
	l, _ := b.Listen(0)
	for range 5000 {
		b.Emit(t.Context(), Event{Kind: SSRFBlocked})
	}
	b.Emit(t.Context(), Event{Kind: AuditTampered})
	now.Advance(time.Minute)
	b.Emit(t.Context(), Event{Kind: SSRFBlocked})
	list, dropped := l.Take()
	if len(list) != perMinute+2 || dropped != 0 || counts[SSRFBlocked] != 5001 {
		t.Fatalf("%d events, %d dropped, counts %v", len(list), dropped, counts)
	}
	if last := list[len(list)-1]; last.More != 5000-perMinute {
		t.Errorf("more = %d", last.More)
	}
}

func TestASlowListenerLosesTheOldestAndIsTold(t *testing.T) {
	var log bytes.Buffer
	b, now, _ := newBus(&log)
	l, _ := b.Listen(0)
	for range 10 {
		for range perMinute {
			b.Emit(t.Context(), Event{Kind: ConsoleDenied})
		}
		now.Advance(time.Minute)
	}
	list, dropped := l.Take()
	if len(list) != buffered || dropped != 10*perMinute-buffered || list[len(list)-1].Number != 10*perMinute {
		t.Errorf("%d events, %d dropped", len(list), dropped)
	}
	if again, _ := b.Listen(590); len(again.waiting) != 10 {
		t.Errorf("who comes back after 590 hears %d", len(again.waiting))
	}
	for range listening {
		_, _ = b.Listen(0)
	}
	if _, err := b.Listen(0); !errors.Is(err, ErrFull) {
		t.Errorf("err = %v, want ErrFull", err)
	}
}

func TestANilBusTakesNothing(*testing.T) {
	var b *Bus
	b.Emit(context.Background(), Event{Kind: Spray})
}

// Numbers begin anew with a process, and a client may remember one of before.
func TestWhoComesBackToAnotherProcessMissesNothing(t *testing.T) {
	b, _, _ := newBus(new(bytes.Buffer))
	for range 3 {
		b.Emit(t.Context(), Event{Kind: MFADisabled})
	}
	for after, want := range map[uint64]int{0: 3, 2: 1, 3: 0, 200: 3} {
		l, err := b.Listen(after)
		if err != nil {
			t.Fatal(err)
		}
		if list, _ := l.Take(); len(list) != want {
			t.Errorf("after %d come %d events, want %d", after, len(list), want)
		}
		l.Close()
	}
}

func TestALongDetailIsCutBetweenCharacters(t *testing.T) {
	b, _, _ := newBus(new(bytes.Buffer))
	l, _ := b.Listen(0)
	b.Emit(t.Context(), Event{Kind: SSRFBlocked, Details: map[string]string{"host": strings.Repeat("x", maxDetail-1) + "ü"}})
	if list, _ := l.Take(); list[0].Details["host"] != strings.Repeat("x", maxDetail-1) {
		t.Errorf("it is %q", list[0].Details["host"])
	}
}

// receiver is the other end of a webhook, which fails some times first.
type receiver struct {
	mu     sync.Mutex
	fails  int
	bodies [][]byte
	heads  []map[string]string
	got    chan struct{}
}

func (r *receiver) Do(_ context.Context, q fetch.Request, use fetch.Use) (*fetch.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails > 0 {
		r.fails--
		return nil, fetch.ErrUnreachable
	}
	if !use.AnyPort {
		return nil, errors.New("the port is wrong")
	}
	r.bodies, r.heads = append(r.bodies, q.Body), append(r.heads, q.Header)
	r.got <- struct{}{}
	return &fetch.Response{Status: 204}, nil
}

func TestTheWebhookIsSignedAndAskedAgain(t *testing.T) {
	var log bytes.Buffer
	b, now, _ := newBus(&log)
	r := &receiver{fails: 3, got: make(chan struct{}, 10)}
	l, _ := b.Listen(0)
	var waits []time.Duration
	w := &Webhook{
		Address: "https://siem.example.org:8443/hook", Secret: vault.Hide(strings.Repeat("s", 32)), Out: r, Now: now.Now,
		Log: slog.New(slog.DiscardHandler), Wait: func(_ context.Context, d time.Duration) { waits = append(waits, d) },
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { w.Run(ctx, l); close(done) }()
	b.Emit(ctx, Event{Kind: MFADisabled, User: "olga"})
	<-r.got
	stop()
	<-done
	if len(waits) != 3 || waits[2] != 4*time.Second {
		t.Errorf("waits = %v", waits)
	}
	var body struct{ Events []Event }
	if err := json.Unmarshal(r.bodies[0], &body); err != nil || len(body.Events) != 1 || body.Events[0].User != "olga" {
		t.Errorf("body = %s, %v", r.bodies[0], err)
	}
	if want := fetch.Signed(strings.Repeat("s", 32), now.Now(), r.bodies[0]); !maps.Equal(r.heads[0], want) {
		t.Errorf("the headers are %v, want %v", r.heads[0], want)
	}
}
