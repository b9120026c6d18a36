package server

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"moorfast/internal/api"
	"moorfast/internal/audit"
	"moorfast/internal/audit/sink"
	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/durable"
	"moorfast/internal/fetch"
	"moorfast/internal/secevent"
	"moorfast/internal/store"
)

// CheckpointPath is where the newest checkpoint of the audit log lies, outside of
// the database.
func CheckpointPath(data string) string { return filepath.Join(data, "audit", "checkpoint") }

// openAudit makes the audit log.
func (s *Server) openAudit(units *api.Units, log *slog.Logger, clk clock.Clock) error {
	key, err := audit.SigningKey(s.Vault)
	if err != nil {
		return err
	}
	var emails []byte
	if s.config.Audit.Emails == "hashed" {
		if emails, err = audit.Derive(s.Vault, audit.EmailPurpose); err != nil {
			return err
		}
	}
	s.Audit = audit.New(audit.Options{
		EmailKey: emails,
		DB:       s.db, Key: key, Instance: s.Vault.Instance(), Now: clk.Now, Log: log,
		Exists: func(ctx context.Context, id string) (bool, error) {
			p, err := s.find(ctx, id)
			return p != nil, err
		},
		Degrade:   s.config.Audit.Failure == "degrade",
		Failing:   s.auditEvent(secevent.AuditFailing),
		Lost:      s.auditEvent(secevent.AuditLost),
		Retention: s.config.Audit.Retention, PlatformRetention: s.config.Audit.PlatformRetention,
		Publish: func(note string) error { return publish(CheckpointPath(s.config.Data), note) },
	})
	for _, one := range sinks(s.config.Audit) {
		s.Audit.Attach(one)
	}
	units.Audit = s.Audit
	return nil
}

// auditEvent returns what tells of an event with the log of a project.
func (s *Server) auditEvent(kind secevent.Kind) func(project string) {
	return func(project string) {
		s.Events.Emit(context.Background(), secevent.Event{Kind: kind, Project: project})
	}
}

// sinks are the places that the settings name besides the log itself. Their
// addresses are the operator's, and so may be anywhere.
func sinks(c config.Audit) (list []audit.Sink) {
	out := fetch.Anywhere(4)
	var format sink.Format
	if c.Format == "ocsf" {
		format = sink.OCSF
	}
	if c.Stdout {
		list = append(list, sink.NewStdout(os.Stdout, format))
	}
	if c.File != "" {
		list = append(list, sink.File{Path: c.File, Format: format})
	}
	if c.Syslog != "" {
		list = append(list, sink.Syslog{Address: c.Syslog, Format: format})
	}
	if c.OTLP != "" {
		list = append(list, sink.OTLP{Address: c.OTLP, Out: out, Format: format})
	}
	if c.Webhook != "" {
		list = append(list, sink.Webhook{Address: c.Webhook, Secret: c.WebhookSecret, Out: out, Now: clock.System{}.Now, Format: format})
	}
	return list
}

// publish keeps the newest checkpoint in its file.
func publish(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return durable.Replace(path, []byte(text), nil)
}

// Verifier checks the audit log. Saved are checkpoints from elsewhere.
func (s *Server) Verifier(saved ...string) *audit.Verifier {
	return &audit.Verifier{DB: s.db, Name: audit.Name(s.Vault.Instance()), Key: s.Audit.PublicKey(), Saved: saved}
}

// DB is the store, for tests that look at what lies in it.
func (s *Server) DB() store.DB { return s.db }
