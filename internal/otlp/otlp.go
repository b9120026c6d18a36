// Package otlp sends spans and metrics to an OpenTelemetry collector, as JSON over
// HTTP (OTLP 1.x). It is off unless the operator names a collector. What it sends
// names routes, statuses and projects; nothing of a request's values, of users or
// of addresses has a place in it.
//
// It is written by hand because there is so little to send: the official exporters
// were 19 modules, gRPC among them, and 3.7 MB of the program.
package otlp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"moorfast/internal/fetch"
)

// Out is the way to other servers; see [fetch.Client].
type Out interface {
	Do(ctx context.Context, r fetch.Request, use fetch.Use) (*fetch.Response, error)
}

// Options are what an exporter is made with.
type Options struct {
	Endpoint string            // "https://host:4318"; "/v1/traces" and "/v1/metrics" are added to it
	Headers  map[string]string // beside the content's type
	Service  string            // what the program is called there
	Version  string
	Instance string  // of the installation
	Sample   float64 // of the requests, from 0 to 1

	Metrics prometheus.Gatherer // nil sends none
	Out     Out
	Now     func() time.Time
	Log     *slog.Logger

	// Wait lets time pass between tries; nil does so by the clock of the machine.
	Wait func(ctx context.Context, d time.Duration)
}

// Exporter sends what it is given. No request waits for it: while the collector is
// away, what does not fit is dropped and counted.
type Exporter struct {
	o       Options
	start   time.Time
	spans   chan Span
	dropped atomic.Int64

	traces, metrics signal
}

// signal is one of the two that a collector may take.
type signal struct {
	name, path string
	failing    atomic.Bool
}

// Bounds of an exporter.
const (
	queued    = 4096 // spans
	batch     = 512
	flushIn   = 5 * time.Second
	metricsIn = time.Minute
	patience  = 10 * time.Second // with one try
	tries     = 4                // of a batch of spans
	lastTry   = 2 * time.Second  // for all that is left at a stop
)

// New returns an exporter, which sends in [Exporter.Run].
func New(o Options) *Exporter {
	e := &Exporter{o: o, start: o.Now(), spans: make(chan Span, queued)}
	e.traces.name, e.traces.path = "spans", "/v1/traces"
	e.metrics.name, e.metrics.path = "metrics", "/v1/metrics"
	return e
}

// Dropped is how many spans found no room, or no collector.
func (e *Exporter) Dropped() int64 { return e.dropped.Load() }

// Run sends until ctx ends, and then what is left.
func (e *Exporter) Run(ctx context.Context) {
	var work sync.WaitGroup
	work.Go(func() { e.runSpans(ctx) })
	if e.o.Metrics != nil {
		work.Go(func() { e.runMetrics(ctx) })
	}
	work.Wait()
}

// errRefused says that the collector will not have a batch, at no time.
var errRefused = errors.New("the collector refuses it")

func (e *Exporter) post(ctx context.Context, s *signal, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	header := map[string]string{"Content-Type": "application/json"}
	for name, value := range e.o.Headers {
		header[name] = value
	}
	address := strings.TrimSuffix(e.o.Endpoint, "/") + s.path
	r, err := e.o.Out.Do(ctx, fetch.Request{Method: "POST", URL: address, Header: header, Body: b}, fetch.Use{AnyPort: true, MaxBytes: 64 << 10, Timeout: patience})
	switch {
	case err != nil:
		return err
	case r.Status == 429 || r.Status == 502 || r.Status == 503 || r.Status == 504: // the others are final, says OTLP
		return fmt.Errorf("it answered with status %d", r.Status)
	case r.Status < 200 || r.Status > 299:
		return fmt.Errorf("%w: status %d", errRefused, r.Status)
	}
	return nil
}

// told writes to the log when sending begins to fail, and when it works again.
func (e *Exporter) told(ctx context.Context, s *signal, err error) {
	switch {
	case err != nil && !s.failing.Swap(true):
		e.o.Log.WarnContext(ctx, "the collector does not take telemetry", "what", s.name, "err", err)
	case err == nil && s.failing.Swap(false):
		e.o.Log.InfoContext(ctx, "the collector takes telemetry again", "what", s.name, "dropped", e.Dropped())
	}
}

func (e *Exporter) pause(ctx context.Context, d time.Duration) {
	if e.o.Wait != nil {
		e.o.Wait(ctx, d)
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// resource is what all of it comes from.
func (e *Exporter) resource() resource {
	return resource{attributes("service.name", e.o.Service, "service.version", e.o.Version, "service.instance.id", e.o.Instance)}
}

type resource struct {
	Attributes []attribute `json:"attributes"`
}

type scope struct {
	Name string `json:"name"`
}

type attribute struct {
	Key   string `json:"key"`
	Value value  `json:"value"`
}

type value struct {
	Text   string `json:"stringValue,omitempty"`
	Number string `json:"intValue,omitempty"`
}

// attributes pairs keys with texts. What is empty is left out.
func attributes(pairs ...string) []attribute {
	list := make([]attribute, 0, len(pairs)/2+1)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, attribute{pairs[i], value{Text: pairs[i+1]}})
		}
	}
	return list
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

// maxHeaders bounds the text of [ParseHeaders].
const maxHeaders = 8 << 10

// ParseHeaders reads headers as OTEL_EXPORTER_OTLP_HEADERS has them: "name=value",
// between commas, with percent signs for what has no place in that. The error
// repeats no value.
func ParseHeaders(text string) (map[string]string, error) {
	headers := map[string]string{}
	if len(text) > maxHeaders {
		return nil, fmt.Errorf("there are more than %d bytes of headers", maxHeaders)
	}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, escaped, ok := strings.Cut(pair, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		content, err := url.PathUnescape(strings.TrimSpace(escaped))
		switch {
		case !ok || err != nil || name == "" || strings.ContainsFunc(name, notInName):
			return nil, errors.New("headers are name=value, with commas between them")
		case strings.ContainsFunc(content, func(c rune) bool { return c < ' ' || c == 0x7f || c > 0xff }):
			return nil, fmt.Errorf("the value of the header %.40s has characters that no header can have", name)
		case name == "content-type" || name == "content-length" || name == "host" || name == "transfer-encoding":
			return nil, fmt.Errorf("the header %s is not to be chosen", name)
		case headers[name] != "":
			return nil, fmt.Errorf("the header %.40s is there twice", name)
		}
		headers[name] = content
	}
	return headers, nil
}

func notInName(c rune) bool {
	return !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.ContainsRune("-_.", c))
}
