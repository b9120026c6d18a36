package metrics

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/secevent"
)

func collect(t *testing.T, m *Metrics, token, shown string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	if shown != "" {
		r.Header.Set("Authorization", "Bearer "+shown)
	}
	w := httptest.NewRecorder()
	m.Handler(token, nil).ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestAnswersAreCountedByWhatTheyAre(t *testing.T) {
	m := New("1.2.3")
	signIn := &api.Endpoint{Spec: api.Spec{Name: "account.createEmailPasswordSession", Rules: api.Rules{Service: "account"}}}
	m.Observe(signIn, 201, nil, time.Millisecond)
	m.Observe(signIn, 401, apierr.UserInvalidCredentials, time.Millisecond)
	m.Observe(signIn, 401, apierr.UserIPNotWhitelisted, time.Millisecond)
	m.Observe(signIn, 429, apierr.RateLimitExceeded, time.Millisecond)
	m.Observe(nil, 404, apierr.RouteNotFound, time.Millisecond)
	m.Examined(86, map[string]int{"high": 1})
	m.Gauge("moorfast_test_gauge", "For this test.", func() float64 { return 7 })
	m.Gauges("moorfast_test_gauges", "For this test.", "of", func() map[string]float64 { return map[string]float64{"a": 1, "b": 2} })
	if _, body := collect(t, New("x"), "", ""); strings.Contains(body, "moorfast_doctor_score") || strings.Contains(body, "moorfast_audit_verify_ok") {
		t.Error("what nobody has looked at has a value")
	}
	m.Verified(false)
	m.Event(secevent.Event{Kind: secevent.SSRFBlocked, Severity: secevent.Medium})
	m.Event(secevent.Event{Kind: secevent.DecryptFailed, Severity: secevent.Critical, Details: map[string]string{secevent.SealedKind: secevent.SealedFile}})
	_, body := collect(t, m, "", "")
	for _, want := range []string{
		`moorfast_http_requests_total{service="account",status="201"} 1`,
		`moorfast_http_requests_total{service="none",status="404"} 1`,
		`moorfast_auth_attempts_total{method="password",result="ok"} 1`,
		`moorfast_auth_attempts_total{method="password",result="refused"} 2`,
		`moorfast_auth_attempts_total{method="password",result="limited"} 1`,
		`moorfast_console_denied_total{rule="address"} 1`,
		`moorfast_errors_total{type="user_invalid_credentials"} 1`,
		`moorfast_ratelimit_hits_total 1`,
		`moorfast_doctor_score 86`,
		`moorfast_doctor_findings{severity="high"} 1`,
		`moorfast_build_info{version="1.2.3"} 1`,
		`moorfast_http_request_seconds_count{service="account"} 4`,
		`moorfast_test_gauge 7`,
		`moorfast_test_gauges{of="b"} 2`,
		`moorfast_audit_verify_ok 0`,
		`moorfast_auth_blocked_total{reason="address"} 1`,
		`moorfast_auth_blocked_total{reason="limit"} 1`,
		`moorfast_auth_blocked_total{reason="user"} 0`,
		`moorfast_ssrf_blocked_total 1`,
		`moorfast_decrypt_failures_total{kind="file"} 1`,
		`moorfast_decrypt_failures_total{kind="field"} 0`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
}

func TestMetricsAreForWhoHasTheToken(t *testing.T) {
	m := New("x")
	for _, test := range []struct {
		shown string
		want  int
	}{{"", 401}, {"another", 401}, {"the token", 200}} {
		if got, body := collect(t, m, "the token", test.shown); got != test.want || (got == 401) == strings.Contains(body, "moorfast_") {
			t.Errorf("with %q: %d", test.shown, got)
		}
	}
	w := httptest.NewRecorder()
	m.Handler("", nil).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/debug/pprof/", nil))
	if w.Code != 404 {
		t.Errorf("another path: %d", w.Code)
	}
}
