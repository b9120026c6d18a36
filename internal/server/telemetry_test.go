package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"moorfast/internal/config"
	"moorfast/internal/server/servertest"
)

// collect serves like a collector, and keeps what it gets.
func collect(t *testing.T) (address string, got func() map[string]string) {
	t.Helper()
	var mu sync.Mutex
	bodies := map[string]string{}
	c := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("X-Api-Key") != "let me in" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mu.Lock()
		bodies[r.URL.Path] += string(b)
		mu.Unlock()
	}))
	t.Cleanup(c.Close)
	return c.URL, func() map[string]string {
		mu.Lock()
		defer mu.Unlock()
		return bodies
	}
}

// M-2: nothing of what people write, and no secret, gets to the collector.
func TestTheCollectorGetsRoutesAndNoPeople(t *testing.T) {
	const canary = "canary7"
	address, got := collect(t)
	s := servertest.New(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+address, "OTEL_EXPORTER_OTLP_HEADERS=x-api-key=let%20me%20in", "OTEL_SERVICE_NAME=backend")
	app := s.Found()
	with := app.Guest.With("User-Agent", canary, "X-SDK-Name", canary, "X-Forwarded-For", canary, "Referer", "https://"+canary, "traceparent", "00-"+canary, "Cookie", "a="+canary)
	app.Key.Must("POST", "/users", servertest.M{"userId": canary + "id", "email": canary + "@example.org", "name": canary, "password": canary + " horse 1"})
	app.Guest.With("User-Agent", canary).Refused("POST", signIn, login(canary+"@example.org", canary+" wrong"), 401, "user_invalid_credentials")
	user := app.Guest.With()
	user.Must("POST", "/account/sessions/email", servertest.M{"email": canary + "@example.org", "password": canary + " horse 1"})
	user.Must("PATCH", "/account/name", servertest.M{"name": canary})
	with.Do("POST", signIn, login(canary+"@example.org", canary+" wrong"))
	with.Do("GET", "/users/"+canary+"?search="+canary, nil)
	with.Do("GET", "/"+canary, nil)
	with.With("X-Appwrite-Project", canary).Do("GET", "/account", nil)
	with.With("X-Appwrite-JWT", canary).Do("GET", "/account", nil)
	with.With("X-Appwrite-Key", canary).Do("GET", "/users", nil)
	with.With("Origin", "https://"+canary+".example.org").Do("GET", "/account", nil)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	s.SendTelemetry(ctx)
	bodies := got()
	for path, wants := range map[string][]string{
		"/v1/traces": {
			`"POST /v1/account/sessions/email"`, `"GET /v1/users/{userId}"`, `"GET"`, `"backend"`, `"user_invalid_credentials"`, `"moorfast.project","value":{"stringValue":"app"}`,
			`"moorfast.endpoint","value":{"stringValue":"users.get"}`,
		},
		"/v1/metrics": {`"moorfast_http_requests_total"`, `"moorfast_http_request_seconds"`, `"moorfast_otlp_dropped_total"`, `"backend"`},
	} {
		for _, want := range wants {
			if !strings.Contains(bodies[path], want) {
				t.Errorf("%s got no %s", path, want)
			}
		}
		for _, secret := range []string{canary, "127.0.0.1", "let me in", app.Key.Header("X-Appwrite-Key")} {
			if at := strings.Index(bodies[path], secret); at >= 0 {
				t.Errorf("%s got %s", path, bodies[path][max(0, at-100):min(len(bodies[path]), at+50)])
			}
		}
	}
}

func TestTelemetryIsOffUnlessACollectorIsNamed(t *testing.T) {
	for _, test := range []struct {
		environ         []string
		traces, metrics bool
		wrong           string
	}{
		{nil, false, false, ""},
		{[]string{"MOORFAST_OTLP_SIGNALS=both", "MOORFAST_OTLP_SAMPLE=0.5"}, false, false, ""},
		{[]string{"MOORFAST_OTLP_ENDPOINT=http://127.0.0.1:4318"}, true, true, ""},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=https://otel.example.org"}, true, true, ""},
		{[]string{"MOORFAST_OTLP_ENDPOINT=http://127.0.0.1:4318", "MOORFAST_OTLP_SIGNALS=traces"}, true, false, ""},
		{[]string{"MOORFAST_OTLP_ENDPOINT=http://127.0.0.1:4318", "MOORFAST_OTLP_SIGNALS=metrics"}, false, true, ""},
		{[]string{"MOORFAST_OTLP_ENDPOINT=http://127.0.0.1:4318", "MOORFAST_OTLP_SAMPLE=0"}, false, true, ""},
		{[]string{"MOORFAST_OTLP_ENDPOINT=127.0.0.1:4317"}, false, false, "it is not an address"},
		{[]string{"MOORFAST_OTLP_SAMPLE=1.5"}, false, false, "from 0 to 1"},
		{[]string{"MOORFAST_OTLP_HEADERS=secret of mine"}, false, false, "name=value"},
	} {
		c, err := config.Load(config.Sources{Flags: map[string]string{"data": t.TempDir()}, Environ: test.environ})
		if test.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), test.wrong) || strings.Contains(err.Error(), "of mine") {
				t.Errorf("%v: %v", test.environ, err)
			}
			continue
		}
		if err != nil || c.OTLP.Traces() != test.traces || c.OTLP.Metrics() != test.metrics {
			t.Errorf("%v: traces %v, metrics %v, %v", test.environ, c.OTLP.Traces(), c.OTLP.Metrics(), err)
		}
	}
}

// BenchmarkTelemetry is one request with a collector and without.
func BenchmarkTelemetry(b *testing.B) {
	c := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer c.Close()
	for name, environ := range map[string][]string{"off": nil, "metrics": {collected}, "on": {"MOORFAST_OTLP_ENDPOINT=" + c.URL}} {
		b.Run(name, func(b *testing.B) {
			s := servertest.New(b, environ...)
			if name == "on" {
				ctx, stop := context.WithCancel(b.Context())
				done := make(chan struct{})
				go func() { s.SendTelemetry(ctx); close(done) }()
				defer func() { stop(); <-done }()
			}
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/v1/health/version", nil)
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				s.Handler.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
