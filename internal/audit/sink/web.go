package sink

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"moorfast/internal/audit"
	"moorfast/internal/fetch"
	"moorfast/internal/vault"
)

// Out is the way to other servers; see [fetch.Client].
type Out interface {
	Do(ctx context.Context, r fetch.Request, use fetch.Use) (*fetch.Response, error)
}

// post sends JSON, and takes every answer but one of success for a failure.
func post(ctx context.Context, out Out, address string, body any, headers func(b []byte) map[string]string) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := out.Do(ctx, fetch.Request{Method: "POST", URL: address, Header: headers(b), Body: b}, fetch.Use{AnyPort: true, Timeout: 20 * time.Second})
	switch {
	case err != nil:
		return err
	case r.Status < 200 || r.Status > 299:
		return fmt.Errorf("it answered with status %d", r.Status)
	}
	return nil
}

// Webhook posts records as {"records": […]}, signed; see [fetch.Signed].
type Webhook struct {
	Address string
	Secret  vault.Secret
	Out     Out
	Now     func() time.Time
	Format  Format
}

// Name implements [audit.Sink].
func (w Webhook) Name() string { return "webhook " + w.Address }

// Send implements [audit.Sink].
func (w Webhook) Send(ctx context.Context, list []audit.Entry) error {
	records := make([]any, len(list))
	for i := range list {
		records[i] = w.Format.of(&list[i])
	}
	err := post(ctx, w.Out, w.Address, m{"records": records}, func(b []byte) map[string]string {
		return fetch.Signed(w.Secret.Reveal(), w.Now(), b)
	})
	if err != nil {
		return fmt.Errorf("audit webhook: %w", err)
	}
	return nil
}

// OTLP sends records to an OpenTelemetry collector, as JSON over HTTP (OTLP 1.x).
type OTLP struct {
	Address string // "/v1/logs" is added to it, if it does not end so
	Out     Out
	Format  Format // of the body; attributes are the same in all
}

// Name implements [audit.Sink].
func (o OTLP) Name() string { return "otlp " + o.Address }

type m = map[string]any

func attribute(key, value string) m { return m{"key": key, "value": m{"stringValue": value}} }

// Send implements [audit.Sink].
func (o OTLP) Send(ctx context.Context, list []audit.Entry) error {
	records := make([]m, len(list))
	for i := range list {
		e := &list[i]
		body, err := json.Marshal(o.Format.of(e))
		if err != nil {
			return err
		}
		severity, name := 9, "INFO"
		if e.Outcome != "" {
			severity, name = 13, "WARN"
		}
		attributes := []m{attribute("event.name", e.Event), attribute("moorfast.log", e.Log), attribute("moorfast.position", strconv.FormatInt(e.Position, 10)), attribute("moorfast.hash", e.Hash)}
		for _, a := range [][2]string{
			{"moorfast.project", e.Project},
			{"moorfast.resource", e.Resource},
			{"moorfast.outcome", e.Outcome},
			{"user.id", e.Actor.By()},
			{"client.address", e.Address},
			{"user_agent.original", e.UserAgent},
		} {
			if a[1] != "" {
				attributes = append(attributes, attribute(a[0], a[1]))
			}
		}
		records[i] = m{
			"timeUnixNano": strconv.FormatInt(e.At*1000, 10), "severityNumber": severity, "severityText": name,
			"body": m{"stringValue": string(body)}, "attributes": attributes,
		}
	}
	address := strings.TrimSuffix(o.Address, "/")
	if !strings.HasSuffix(address, "/v1/logs") {
		address += "/v1/logs"
	}
	err := post(ctx, o.Out, address, m{"resourceLogs": []m{{
		"resource":  m{"attributes": []m{attribute("service.name", "moorfast")}},
		"scopeLogs": []m{{"scope": m{"name": "moorfast/audit"}, "logRecords": records}},
	}}}, func([]byte) map[string]string { return map[string]string{"Content-Type": "application/json"} })
	if err != nil {
		return fmt.Errorf("audit collector: %w", err)
	}
	return nil
}
