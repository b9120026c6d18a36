package metrics

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"moorfast/internal/secevent"
)

func TestEventsAreStreamedToWhoHasTheToken(t *testing.T) {
	m := New("1.2.3")
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	bus := secevent.New(secevent.Options{Now: func() time.Time { return now }, Count: m.Event})
	server := httptest.NewServer(m.Handler("the token", bus))
	defer server.Close()
	get := func(headers ...string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := get(); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %d", a.StatusCode)
	}
	if a := get("Authorization", "Bearer the token", "Last-Event-ID", "x"); a.StatusCode != http.StatusBadRequest {
		t.Errorf("after x: %d", a.StatusCode)
	}
	bus.Emit(context.Background(), secevent.Event{Kind: secevent.OwnerAdded})
	bus.Emit(context.Background(), secevent.Event{Kind: secevent.MFADisabled})
	a := get("Authorization", "Bearer the token", "Last-Event-ID", "1")
	defer a.Body.Close()
	if a.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("Content-Type = %q", a.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(a.Body)
	next := func() string {
		for lines.Scan() {
			if text := lines.Text(); strings.HasPrefix(text, "data: ") {
				return text
			}
		}
		return ""
	}
	if got := next(); !strings.Contains(got, `"number":2`) || !strings.Contains(got, `"kind":"mfa.disabled"`) {
		t.Errorf("what was missed: %s", got)
	}
	bus.Emit(context.Background(), secevent.Event{Kind: secevent.AuditTampered})
	if got := next(); !strings.Contains(got, `"kind":"audit.tamper"`) || !strings.Contains(got, `"severity":"critical"`) {
		t.Errorf("what came: %s", got)
	}
	if _, body := collect(t, m, "", ""); !strings.Contains(body, `moorfast_security_events_total{kind="audit.tamper",severity="critical"} 1`) {
		t.Error("it is not counted")
	}
}
