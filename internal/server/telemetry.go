package server

import (
	"fmt"
	"log/slog"

	"moorfast/internal/clock"
	"moorfast/internal/fetch"
	"moorfast/internal/httpd"
	"moorfast/internal/otlp"
)

// openTelemetry makes ready what the collector of the settings gets, if there is
// one. Its address is the operator's, and so may be anywhere.
func (s *Server) openTelemetry(log *slog.Logger) error {
	c := s.config.OTLP
	if c.Endpoint == "" {
		return nil
	}
	headers, err := otlp.ParseHeaders(c.Headers.Reveal())
	if err != nil {
		return fmt.Errorf("MOORFAST_OTLP_HEADERS: %w", err)
	}
	o := otlp.Options{
		Endpoint: c.Endpoint, Headers: headers, Service: c.Service, Version: Version(), Instance: s.Vault.Instance(), Sample: c.Sample,
		Out: fetch.Anywhere(2), Now: clock.System{}.Now, Log: log,
	}
	if c.Metrics() {
		o.Metrics = s.metrics.Gatherer()
	}
	s.otlp, s.traces = otlp.New(o), c.Traces()
	if s.metrics != nil {
		s.metrics.Counter("moorfast_otlp_dropped_total", "Spans that found no room, or no collector.", func() float64 { return float64(s.otlp.Dropped()) })
	}
	return nil
}

// observer is who is told of every answer, or nil.
func (s *Server) observer() func(httpd.Answer) {
	count := func(a httpd.Answer) { s.metrics.Observe(a.Endpoint, a.Status, a.Err, a.Took) }
	switch {
	case s.metrics != nil && s.traces:
		return func(a httpd.Answer) { count(a); s.otlp.Add(span(a)) }
	case s.metrics != nil:
		return count
	case s.traces:
		return func(a httpd.Answer) { s.otlp.Add(span(a)) }
	}
	return nil
}

func span(a httpd.Answer) otlp.Span {
	s := otlp.Span{Method: a.Method, Status: a.Status, Start: a.Start, Took: a.Took}
	if a.Endpoint != nil {
		s.Route, s.Endpoint, s.Service = a.Endpoint.Path, a.Endpoint.Name, a.Endpoint.Rules.Service
	}
	if a.Project != nil {
		s.Project = a.Project.ID
	}
	if a.Err != nil {
		s.Error = a.Err.Type
	}
	return s
}
