package config

import (
	"fmt"
	"strconv"

	"moorfast/internal/otlp"
	"moorfast/internal/vault"
)

// OTLP is which collector spans and metrics are sent to.
type OTLP struct {
	Endpoint string // "" is none
	Headers  vault.Secret
	Service  string
	Signals  string
	Sample   float64
}

// Traces tells whether spans are sent.
func (o OTLP) Traces() bool { return o.Endpoint != "" && o.Signals != "metrics" && o.Sample > 0 }

// Metrics tells whether metrics are sent.
func (o OTLP) Metrics() bool { return o.Endpoint != "" && o.Signals != "traces" }

// otlpRows is its settings. The names of OpenTelemetry mean the same.
func otlpRows(o *OTLP) []setting {
	return []setting{
		{
			key: "otlp.endpoint", app: []string{"OTEL_EXPORTER_OTLP_ENDPOINT"},
			doc:  "a collector that spans and metrics are sent to as OTLP over HTTP: https://host:4318",
			kind: text(&o.Endpoint, optional(webAddress)),
		},
		{
			key: "otlp.headers", app: []string{"OTEL_EXPORTER_OTLP_HEADERS"},
			doc:  "headers that it is sent, as name=value with commas between them",
			kind: secret(&o.Headers),
		},
		{
			key: "otlp.service", app: []string{"OTEL_SERVICE_NAME"}, start: "moorfast", doc: "what the program is called there",
			kind: text(&o.Service, oneLine),
		},
		{
			key: "otlp.signals", start: "both", doc: "what is sent: traces, metrics, or both",
			kind: choice(&o.Signals, "both", "traces", "metrics"),
		},
		{
			key: "otlp.sample", start: "1", doc: "which part of the requests has a span, from 0 to 1",
			kind: parsed(&o.Sample, part),
		},
	}
}

func part(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0 && f <= 1) {
		return 0, fmt.Errorf("%.40q is not a number from 0 to 1", s)
	}
	return f, nil
}

func (o OTLP) check() error {
	_, err := otlp.ParseHeaders(o.Headers.Reveal())
	return err
}
