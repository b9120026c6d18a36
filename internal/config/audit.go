package config

import (
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"time"

	"moorfast/internal/vault"
)

// Audit is for how long the audit log is kept, and where else it goes.
type Audit struct {
	Retention         time.Duration // of projects; 0 is for ever
	PlatformRetention time.Duration // of the platform

	Emails  string // "plain" or "hashed": how records have addresses of people
	Failure string // "block" or "degrade": what happens to changes that cannot be recorded

	Format string // "json" or "ocsf": how records are written elsewhere

	Stdout        bool         // JSON lines are written to the standard output
	File          string       // JSON lines are added to it
	Syslog        string       // udp://, tcp://, tls://host:port, or unix:///path
	OTLP          string       // address of a collector; "/v1/logs" is added to it
	Webhook       string       // address that records are posted to
	WebhookSecret vault.Secret // that signs them
}

// auditRows is the settings of the audit log.
func auditRows(a *Audit) []setting {
	return []setting{
		{
			key: "audit.retention", app: []string{"_APP_MAINTENANCE_RETENTION_AUDIT"}, start: "1209600",
			doc:  "how long the audit records of projects are kept: 14d; 0 is for ever",
			kind: duration(&a.Retention, 0),
		},
		{
			key: "audit.retention_console", app: []string{"_APP_MAINTENANCE_RETENTION_AUDIT_CONSOLE"}, start: "15778800",
			doc:  "the same of the console's own records",
			kind: duration(&a.PlatformRetention, 0),
		},
		{
			key: "audit.emails", start: "plain",
			doc:  "how its records have the e-mail addresses of people: plain, or hashed with a key of this installation",
			kind: choice(&a.Emails, "plain", "hashed"),
		},
		{
			key: "audit.failure", start: "block",
			doc:  "what happens while the log cannot be written: block refuses changes and the console, degrade goes on without records",
			kind: choice(&a.Failure, "block", "degrade"),
		},
		{
			key: "audit.format", start: "json",
			doc:  "how the places below get records: json as the log has them, or ocsf (Open Cybersecurity Schema Framework)",
			kind: choice(&a.Format, "json", "ocsf"),
		},
		{
			key: "audit.stdout", start: "disabled",
			doc:  "whether the audit log is also written to the standard output, as lines of JSON: enabled or disabled",
			kind: toggle(&a.Stdout),
		},
		{
			key: "audit.file", doc: "a file that the audit log is also written to, as lines of JSON",
			kind: text(&a.File, optional(absolute)),
		},
		{
			key: "audit.syslog", doc: "a syslog that it is also sent to (RFC 5424): tls://host:6514, tcp://, udp:// or unix:///dev/log",
			kind: text(&a.Syslog, optional(syslogAddress)),
		},
		{
			key: "audit.otlp", doc: "a collector that it is also sent to as OTLP logs over HTTP: https://host:4318",
			kind: text(&a.OTLP, optional(webAddress)),
		},
		{
			key: "audit.webhook", doc: "an address that it is also posted to, signed with audit.webhook_secret",
			kind: text(&a.Webhook, optional(webAddress)),
		},
		{
			key: "audit.webhook_secret", doc: "what signs audit.webhook: 32 characters or more",
			kind: secret(&a.WebhookSecret),
		},
	}
}

// minWebhookSecret is the least length of a secret that signs.
const minWebhookSecret = 32

// check says what of the settings does not go together.
func (a Audit) check() (key string, err error) {
	switch n := len(a.WebhookSecret.Reveal()); {
	case a.Webhook != "" && n < minWebhookSecret:
		return "audit.webhook_secret", errors.New("audit.webhook needs a secret of 32 characters or more, so that its receiver can tell who sends")
	case a.Webhook == "" && n > 0:
		return "audit.webhook_secret", errors.New("it signs what is sent to audit.webhook, which is not set")
	}
	return "", nil
}

func absolute(s string) error {
	if !filepath.IsAbs(s) {
		return errors.New("it is not an absolute path")
	}
	return nil
}

func syslogAddress(s string) error {
	u, err := url.Parse(s)
	wrong := errors.New("it is not an address such as tls://host:6514 or unix:///dev/log")
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return wrong
	}
	switch u.Scheme {
	case "unix":
		if u.Host != "" || !filepath.IsAbs(u.Path) {
			return wrong
		}
		return nil
	case "udp", "tcp", "tls":
		if _, _, err := net.SplitHostPort(u.Host); err != nil || u.Path != "" {
			return wrong
		}
		return nil
	}
	return wrong
}
