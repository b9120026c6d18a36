// Package metrics counts what happens, for Prometheus to collect. Nothing in it
// names a user, an address or a project: the labels are those of the table of
// endpoints and of the catalogue of errors, and so are bounded.
package metrics

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/secevent"
)

// Metrics are the counters of one server.
type Metrics struct {
	registry  *prometheus.Registry
	onCollect func() // or nil

	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	errors   *prometheus.CounterVec
	attempts *prometheus.CounterVec
	denied   *prometheus.CounterVec
	blocked  *prometheus.CounterVec
	limited  prometheus.Counter
	events   *prometheus.CounterVec
	decrypt  *prometheus.CounterVec
	ssrf     prometheus.Counter

	// What nobody has looked at yet has no value.
	score    *prometheus.GaugeVec
	findings *prometheus.GaugeVec
	verified *prometheus.GaugeVec
}

// New returns metrics of a version of the program.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorfast_http_requests_total", Help: "Requests that were answered, by service and status.",
		}, []string{"service", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "moorfast_http_request_seconds", Help: "How long answers took, by service.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"service"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorfast_errors_total", Help: "Errors that clients were answered, by their type.",
		}, []string{"type"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorfast_auth_attempts_total", Help: "Attempts to sign in, by how and how they ended.",
		}, []string{"method", "result"}),
		denied: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorfast_console_denied_total", Help: "Requests and sign-ins that the rules of the console refused.",
		}, []string{"rule"}),
		blocked: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorfast_auth_blocked_total", Help: "Attempts to sign in that were refused whatever the secret was, by why.",
		}, []string{"reason"}),
		limited: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "moorfast_ratelimit_hits_total", Help: "Requests that were refused because there were too many.",
		}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorfast_security_events_total", Help: "What an operator wants to hear of, by kind and severity.",
		}, []string{"kind", "severity"}),
		decrypt: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorfast_decrypt_failures_total", Help: "Calls that met something sealed that does not open, by what it is.",
		}, []string{"kind"}),
		ssrf: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "moorfast_ssrf_blocked_total", Help: "Requests to other servers that the rules kept from leaving.",
		}),
		score: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "moorfast_doctor_score", Help: "The score of the last examination, of 100.",
		}, nil),
		verified: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "moorfast_audit_verify_ok", Help: "1 where the last check found the audit log whole, 0 where it was changed.",
		}, nil),
		findings: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "moorfast_doctor_findings", Help: "What the last examination found, by severity.",
		}, []string{"severity"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "moorfast_build_info", Help: "1, with the version of the program.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.seconds, m.errors, m.attempts, m.denied, m.blocked, m.limited, m.events,
		m.decrypt, m.ssrf, m.score, m.findings, m.verified, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, kind := range secevent.Kinds() { // so that the first one is an increase
		m.events.WithLabelValues(string(kind), string(kind.Severity()))
	}
	for _, kind := range secevent.SealedKinds {
		m.decrypt.WithLabelValues(kind)
	}
	for _, reason := range reasons {
		m.blocked.WithLabelValues(reason)
	}
	for _, e := range watched {
		m.errors.WithLabelValues(e.Type)
	}
	for _, rule := range rules {
		m.denied.WithLabelValues(rule)
	}
	return m
}

// Event counts a security event.
func (m *Metrics) Event(e secevent.Event) {
	m.events.WithLabelValues(string(e.Kind), string(e.Severity)).Inc()
	switch e.Kind {
	case secevent.DecryptFailed:
		m.decrypt.WithLabelValues(e.Details[secevent.SealedKind]).Inc()
	case secevent.SSRFBlocked:
		m.ssrf.Inc()
	}
}

// watched are the errors that the alert rules wait for.
var watched = []*apierr.Error{
	apierr.UnauthorizedScope, apierr.UserUnauthorized, apierr.UnknownOrigin, apierr.FileInvalid, apierr.UserJWTInvalid,
}

// signIns are the endpoints at which somebody proves who they are, and how.
var signIns = map[string]string{
	"account.createEmailPasswordSession": "password", "account.createSession": "token", "account.updateMagicURLSession": "magic-url",
	"account.updatePhoneSession": "phone", "account.createAnonymousSession": "anonymous", "account.updateMfaChallenge": "mfa",
	"account.create": "sign-up", "account.updateRecovery": "recovery",
	"account.updateEmailVerification": "verification", "account.updatePhoneVerification": "verification",
}

// rules are the errors by which the console refuses, by what refused.
var rules = map[string]string{
	apierr.UserIPNotWhitelisted.Type: "address", apierr.UserEmailNotWhitelisted.Type: "email", apierr.UserConsoleCountExceeded.Type: "root",
}

// reasons are the errors that answer an attempt to sign in without a look at its
// secret.
var reasons = map[string]string{
	apierr.RateLimitExceeded.Type: "limit", apierr.UserBlocked.Type: "user",
	apierr.UserIPNotWhitelisted.Type: "address", apierr.UserEmailNotWhitelisted.Type: "email",
}

// Observe counts an answer. The endpoint is nil where the request was for none,
// and err where it was no error.
func (m *Metrics) Observe(e *api.Endpoint, status int, err *apierr.Error, took time.Duration) {
	service, method := "none", ""
	if e != nil {
		service, method = e.Rules.Service, signIns[e.Name]
	}
	m.requests.WithLabelValues(service, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(service).Observe(took.Seconds())
	if method != "" {
		m.attempts.WithLabelValues(method, result(status)).Inc()
	}
	if err == nil {
		return
	}
	m.errors.WithLabelValues(err.Type).Inc()
	if reason := reasons[err.Type]; method != "" && reason != "" {
		m.blocked.WithLabelValues(reason).Inc()
	}
	if rule := rules[err.Type]; rule != "" {
		m.denied.WithLabelValues(rule).Inc()
	}
	if err.Status == http.StatusTooManyRequests {
		m.limited.Inc()
	}
}

func result(status int) string {
	switch {
	case status < 400:
		return "ok"
	case status == http.StatusTooManyRequests:
		return "limited"
	case status < 500:
		return "refused"
	}
	return "failed"
}

// Examined notes what the doctor has found.
func (m *Metrics) Examined(score int, findings map[string]int) {
	m.score.WithLabelValues().Set(float64(score))
	m.findings.Reset()
	for severity, n := range findings {
		m.findings.WithLabelValues(severity).Set(float64(n))
	}
}

// Verified notes whether the audit log was found whole.
func (m *Metrics) Verified(whole bool) {
	value := 0.0
	if whole {
		value = 1
	}
	m.verified.WithLabelValues().Set(value)
}

// Handler serves the metrics in the format of Prometheus, and security events as
// they come, to whoever has the token; "" asks for none. Without a bus, there are
// no events.
func (m *Metrics) Handler(token string, bus *secevent.Bus) http.Handler {
	metrics := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sha256.Sum256([]byte(given))
		switch {
		case r.URL.Path != "/metrics" && (r.URL.Path != "/events" || bus == nil):
			http.NotFound(w, r)
		case token != "" && subtle.ConstantTimeCompare(want[:], got[:]) != 1:
			w.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
			http.Error(w, "a token is needed", http.StatusUnauthorized)
		case r.URL.Path == "/events":
			stream(w, r, bus)
		default:
			if m.onCollect != nil {
				m.onCollect()
			}
			metrics.ServeHTTP(w, r)
		}
	})
}
