package otlp

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metricsv1 "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"moorfast/internal/clock"
	"moorfast/internal/fetch"
)

// collector takes what is sent, after it has refused some.
type collector struct {
	mu       sync.Mutex
	refuse   []int // statuses of the first answers; 0 is none at all
	requests []fetch.Request
	came     chan string // paths
}

func newCollector(refuse ...int) *collector {
	return &collector{refuse: refuse, came: make(chan string, 1000)}
}

func (c *collector) Do(_ context.Context, r fetch.Request, use fetch.Use) (*fetch.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !use.AnyPort {
		return nil, errors.New("the port is wrong")
	}
	c.requests = append(c.requests, r)
	_, path, _ := strings.Cut(r.URL, "4318")
	defer func() { c.came <- path }()
	if len(c.refuse) > 0 {
		status := c.refuse[0]
		c.refuse = c.refuse[1:]
		if status == 0 {
			return nil, fetch.ErrUnreachable
		}
		return &fetch.Response{Status: status}, nil
	}
	return &fetch.Response{Status: 200}, nil
}

func (c *collector) spans(t *testing.T) (list []*tracev1.Span) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.requests {
		var got tracev1.TracesData
		if err := protojson.Unmarshal(r.Body, &got); err != nil { // which knows every name there is
			t.Fatalf("%v in %s", err, r.Body)
		}
		list = append(list, got.ResourceSpans[0].ScopeSpans[0].Spans...)
	}
	return list
}

var began = time.Unix(1_800_000_000, 0)

func exporter(c *collector, change ...func(*Options)) *Exporter {
	o := Options{
		Endpoint: "https://collector.example.org:4318/", Headers: map[string]string{"x-api-key": "canary"}, Service: "moorfast", Version: "1.2.3",
		Instance: "abc", Sample: 1, Out: c, Now: clock.NewManual(began).Now, Log: slog.New(slog.DiscardHandler), Wait: func(context.Context, time.Duration) {},
	}
	for _, f := range change {
		f(&o)
	}
	return New(o)
}

var request = Span{
	Method: "GET", Route: "/v1/users/{userId}", Endpoint: "users.get", Service: "users", Project: "shop", Status: 503, Error: "general_server_error",
	Start: began, Took: 1500 * time.Microsecond,
}

func TestASpanIsWhatTheProtocolSays(t *testing.T) {
	c := newCollector()
	e := exporter(c)
	e.Add(request)
	other := Span{Method: "BREW canary", Status: 404, Start: began}
	e.Add(other)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	e.Run(ctx) // sends what is left
	list := c.spans(t)
	if len(list) != 2 {
		t.Fatalf("%d spans", len(list))
	}
	r := c.requests[0]
	if r.URL != "https://collector.example.org:4318/v1/traces" || r.Header["x-api-key"] != "canary" || r.Header["Content-Type"] != "application/json" {
		t.Errorf("%s %v", r.URL, r.Header)
	}
	s := list[0]
	if s.Name != "GET /v1/users/{userId}" || s.Kind != tracev1.Span_SPAN_KIND_SERVER || s.Status.Code != tracev1.Status_STATUS_CODE_ERROR ||
		s.StartTimeUnixNano != uint64(began.UnixNano()) || s.EndTimeUnixNano-s.StartTimeUnixNano != 1_500_000 {
		t.Errorf("got %v", s)
	}
	got := map[string]string{}
	for _, a := range s.Attributes {
		got[a.Key] = a.Value.GetStringValue()
		if a.Key == "http.response.status_code" && a.Value.GetIntValue() != 503 {
			t.Errorf("the status is %v", a.Value)
		}
	}
	for key, want := range map[string]string{
		"http.route": "/v1/users/{userId}", "http.request.method": "GET", "moorfast.endpoint": "users.get", "moorfast.service": "users",
		"moorfast.project": "shop", "error.type": "general_server_error",
	} {
		if got[key] != want {
			t.Errorf("%s = %q, want %q", key, got[key], want)
		}
	}
	if list[1].Name != "_OTHER" || list[1].Status.Code != tracev1.Status_STATUS_CODE_UNSET || strings.Contains(string(r.Body), "canary") {
		t.Errorf("a method that is none: %s", r.Body)
	}
	// Ids are hex, other than protobuf's own JSON has them, and no two are the same.
	var raw spansBody
	if err := json.Unmarshal(r.Body, &raw); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, s := range raw.ResourceSpans[0].ScopeSpans[0].Spans {
		trace, err1 := hex.DecodeString(s.TraceID)
		id, err2 := hex.DecodeString(s.SpanID)
		if len(trace) != 16 || len(id) != 8 || err1 != nil || err2 != nil || ids[s.TraceID] {
			t.Errorf("ids %s %s", s.TraceID, s.SpanID)
		}
		ids[s.TraceID] = true
	}
}

func TestSpansAreSentAgainWhereThatMayHelp(t *testing.T) {
	for _, test := range []struct {
		name    string
		refuse  []int
		asked   int
		dropped int64
	}{
		{"it is there", nil, 1, 0},
		{"it is away for a while", []int{0, 503, 429}, 4, 0},
		{"it is away", []int{0, 0, 0, 0, 0}, 4, batch},
		{"it refuses for good", []int{400}, 1, batch},
		{"the headers are wrong", []int{401}, 1, batch},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCollector(test.refuse...)
			e := exporter(c)
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { e.Run(ctx); close(done) }()
			for range batch {
				e.Add(request)
			}
			for range test.asked {
				<-c.came
			}
			stop()
			<-done
			if len(c.requests) != test.asked || e.Dropped() != test.dropped {
				t.Errorf("it was asked %d times, %d spans were dropped; want %d, %d", len(c.requests), e.Dropped(), test.asked, test.dropped)
			}
		})
	}
}

// halves is a collector that takes metrics alone, as one without a place for spans does.
type halves struct{}

func (halves) Do(_ context.Context, r fetch.Request, _ fetch.Use) (*fetch.Response, error) {
	if strings.HasSuffix(r.URL, "/v1/traces") {
		return &fetch.Response{Status: 404}, nil
	}
	return &fetch.Response{Status: 200}, nil
}

func TestACollectorOfMetricsAloneIsToldOfOnce(t *testing.T) {
	var log bytes.Buffer
	e := exporter(nil, func(o *Options) {
		o.Out, o.Log, o.Metrics = halves{}, slog.New(slog.NewTextHandler(&log, nil)), prometheus.NewRegistry()
	})
	for range 3 {
		e.sendSpans(t.Context(), e.sample(nil, request))
		e.sendMetrics(t.Context())
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "what=spans") {
		t.Errorf("the log has %d lines:\n%s", n, &log)
	}
}

func TestNoRequestWaitsForACollector(t *testing.T) {
	e := exporter(newCollector())
	for range queued + 10 { // and nobody sends
		e.Add(request)
	}
	if e.Dropped() != 10 {
		t.Errorf("%d were dropped", e.Dropped())
	}
}

func TestAPartOfTheRequestsHasASpan(t *testing.T) {
	for sample, want := range map[float64][2]int{0: {0, 0}, 0.25: {850, 1150}, 1: {4000, 4000}} {
		c := newCollector()
		e := exporter(c, func(o *Options) { o.Sample = sample })
		var list []span
		for range 4000 {
			list = e.sample(list, request)
		}
		if len(list) < want[0] || len(list) > want[1] {
			t.Errorf("with %v: %d of 4000", sample, len(list))
		}
	}
}

func TestMetricsAreWhatTheProtocolSays(t *testing.T) {
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "x_total", Help: "Counts."}, []string{"of"})
	counter.WithLabelValues("a").Add(3)
	counter.WithLabelValues("").Add(4)
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "x_now"})
	gauge.Set(-1.5)
	infinite := prometheus.NewGauge(prometheus.GaugeOpts{Name: "x_never"})
	infinite.Set(math.Inf(1))
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x_seconds", Buckets: []float64{1, 2}})
	for _, v := range []float64{.5, 1.5, 1.5, 9} {
		histogram.Observe(v)
	}
	summary := prometheus.NewSummary(prometheus.SummaryOpts{Name: "x_pause", Objectives: map[float64]float64{.5: .1}})
	summary.Observe(7)
	registry.MustRegister(counter, gauge, infinite, histogram, summary)
	c := newCollector()
	e := exporter(c, func(o *Options) { o.Metrics = registry })
	e.sendMetrics(t.Context())
	if path := <-c.came; path != "/v1/metrics" && path != "//v1/metrics" {
		t.Errorf("they went to %s", path)
	}
	var data metricsv1.MetricsData
	if err := protojson.Unmarshal(c.requests[0].Body, &data); err != nil {
		t.Fatalf("%v in %s", err, c.requests[0].Body)
	}
	got := map[string]*metricsv1.Metric{}
	for _, m := range data.ResourceMetrics[0].ScopeMetrics[0].Metrics {
		got[m.Name] = m
	}
	if len(got) != 4 {
		t.Errorf("what has no number was sent: %v", got)
	}
	sum := got["x_total"].GetSum()
	if !sum.IsMonotonic || sum.AggregationTemporality != metricsv1.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE || len(sum.DataPoints) != 2 ||
		sum.DataPoints[1].GetAsDouble() != 3 || sum.DataPoints[1].Attributes[0].Value.GetStringValue() != "a" || sum.DataPoints[1].StartTimeUnixNano != uint64(began.UnixNano()) {
		t.Errorf("the counter is %v", sum)
	}
	if p := got["x_now"].GetGauge().DataPoints[0]; p.GetAsDouble() != -1.5 {
		t.Errorf("the gauge is %v", p)
	}
	p := got["x_seconds"].GetHistogram().DataPoints[0]
	if p.Count != 4 || p.GetSum() != 12.5 || len(p.ExplicitBounds) != 2 || len(p.BucketCounts) != 3 || p.BucketCounts[0] != 1 || p.BucketCounts[1] != 2 || p.BucketCounts[2] != 1 {
		t.Errorf("the histogram is %v", p)
	}
	if p := got["x_pause"].GetSummary().DataPoints[0]; p.Count != 1 || p.QuantileValues[0].Value != 7 {
		t.Errorf("the summary is %v", p)
	}
}

func TestParseHeaders(t *testing.T) {
	for _, test := range []struct {
		text string
		want map[string]string // nil is an error
	}{
		{"", map[string]string{}},
		{"X-Api-Key=abc", map[string]string{"x-api-key": "abc"}},
		{"authorization=Basic%20eA==, a=b ,", map[string]string{"authorization": "Basic eA==", "a": "b"}},
		{"nothing", nil},
		{"=canary", nil},
		{"a b=canary", nil},
		{"a=canary%0d%0ab: c", nil},
		{"a=canary%zz", nil},
		{"host=canary", nil},
		{"a=canary,a=canary", nil},
		{"a=" + strings.Repeat("x", maxHeaders), nil},
	} {
		got, err := ParseHeaders(test.text)
		if (err != nil) != (test.want == nil) || len(got) != len(test.want) {
			t.Errorf("%.40q: %v, %v", test.text, got, err)
		}
		for name, value := range test.want {
			if got[name] != value {
				t.Errorf("%q: %v", test.text, got)
			}
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("a value is in %q", err)
		}
	}
}

func FuzzParseHeaders(f *testing.F) {
	f.Add("authorization=Basic%20eA==,a=b")
	f.Fuzz(func(t *testing.T, text string) {
		headers, err := ParseHeaders(text)
		for name, value := range headers {
			if err != nil || name == "" || strings.ContainsAny(name+value, "\r\n\x00") {
				t.Errorf("%q: %q: %q, %v", text, name, value, err)
			}
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	c := newCollector()
	e := exporter(c)
	go func() {
		for range c.came {
			c.mu.Lock()
			c.requests = nil
			c.mu.Unlock()
		}
	}()
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	go e.Run(ctx)
	b.ReportAllocs()
	for b.Loop() {
		e.Add(request)
	}
	b.ReportMetric(float64(e.Dropped())/float64(b.N), "dropped/op")
}

func BenchmarkSpanAsItIsSent(b *testing.B) {
	e := exporter(newCollector())
	b.ReportAllocs()
	var list []span
	for b.Loop() {
		if list = e.sample(list, request); len(list) == batch {
			if _, err := json.Marshal(e.encodeSpans(list)); err != nil {
				b.Fatal(err)
			}
			list = list[:0]
		}
	}
}
