package otlp

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"strconv"
	"time"
)

// Span is one request that was answered. There is nothing in it that whoever sent
// the request has chosen, but for the method and the project, which have to be ones
// that there are.
type Span struct {
	Method   string
	Route    string // the path of the endpoint, with its holes; "" is none
	Endpoint string
	Service  string
	Project  string
	Error    string // the type of the error that was answered; "" is none
	Status   int
	Start    time.Time
	Took     time.Duration
}

// Add has a span sent, some time.
func (e *Exporter) Add(s Span) {
	select {
	case e.spans <- s:
	default:
		e.dropped.Add(1)
	}
}

// span is one as it is sent.
type span struct {
	TraceID    string      `json:"traceId"`
	SpanID     string      `json:"spanId"`
	Name       string      `json:"name"`
	Kind       int         `json:"kind"`
	Start      string      `json:"startTimeUnixNano"`
	End        string      `json:"endTimeUnixNano"`
	Attributes []attribute `json:"attributes"`
	Status     status      `json:"status"`
}

type status struct {
	Code int `json:"code,omitempty"`
}

// Numbers of the protocol.
const (
	kindServer  = 2
	statusError = 2
)

type spansBody struct {
	ResourceSpans []resourceSpans `json:"resourceSpans"`
}

type resourceSpans struct {
	Resource   resource     `json:"resource"`
	ScopeSpans []scopeSpans `json:"scopeSpans"`
}

type scopeSpans struct {
	Scope scope  `json:"scope"`
	Spans []span `json:"spans"`
}

// methods are those that a span is named by. Clients may send others.
var methods = map[string]bool{"GET": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "OPTIONS": true, "HEAD": true}

func (e *Exporter) runSpans(ctx context.Context) {
	ticker := time.NewTicker(flushIn)
	defer ticker.Stop()
	var list []span
	for {
		select {
		case <-ctx.Done():
			e.last(context.WithoutCancel(ctx), list)
			return
		case s := <-e.spans:
			if list = e.sample(list, s); len(list) < batch {
				continue
			}
		case <-ticker.C:
		}
		e.sendSpans(ctx, list)
		list = list[:0]
	}
}

// last sends what is left, once.
func (e *Exporter) last(ctx context.Context, list []span) {
	for len(e.spans) > 0 {
		list = e.sample(list, <-e.spans)
	}
	ctx, cancel := context.WithTimeout(ctx, lastTry)
	defer cancel()
	for len(list) > 0 {
		n := min(batch, len(list))
		if err := e.post(ctx, &e.traces, e.encodeSpans(list[:n])); err != nil {
			e.dropped.Add(int64(len(list)))
			e.told(ctx, &e.traces, err)
			return
		}
		list = list[n:]
	}
}

// sample adds a span, if chance has it so.
func (e *Exporter) sample(list []span, s Span) []span {
	var id [24]byte
	_, _ = rand.Read(id[:]) // does not fail
	if chance := binary.BigEndian.Uint64(id[:8]); float64(chance) >= e.o.Sample*math.MaxUint64 && e.o.Sample < 1 {
		return list
	}
	if !methods[s.Method] {
		s.Method = "_OTHER"
	}
	one := span{
		TraceID: hex.EncodeToString(id[:16]), SpanID: hex.EncodeToString(id[16:]), Name: s.Method, Kind: kindServer,
		Start: nanos(s.Start), End: nanos(s.Start.Add(s.Took)),
		Attributes: attributes("http.request.method", s.Method, "http.route", s.Route, "moorfast.endpoint", s.Endpoint,
			"moorfast.service", s.Service, "moorfast.project", s.Project, "error.type", s.Error),
	}
	one.Attributes = append(one.Attributes, attribute{"http.response.status_code", value{Number: strconv.Itoa(s.Status)}})
	if s.Route != "" {
		one.Name += " " + s.Route
	}
	if s.Status >= 500 {
		one.Status.Code = statusError
	}
	return append(list, one)
}

func (e *Exporter) encodeSpans(list []span) spansBody {
	return spansBody{[]resourceSpans{{e.resource(), []scopeSpans{{scope{"moorfast"}, list}}}}}
}

// sendSpans sends some, and again where that may help.
func (e *Exporter) sendSpans(ctx context.Context, list []span) {
	if len(list) == 0 {
		return
	}
	body := e.encodeSpans(list)
	wait := time.Second
	for try := 1; ; try++ {
		err := e.post(ctx, &e.traces, body)
		e.told(ctx, &e.traces, err)
		if err == nil {
			return
		}
		if try == tries || errors.Is(err, errRefused) || ctx.Err() != nil {
			e.dropped.Add(int64(len(list)))
			return
		}
		e.pause(ctx, wait)
		wait *= 2
	}
}
