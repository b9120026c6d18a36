package server

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"moorfast/internal/api"
	"moorfast/internal/audit"
	"moorfast/internal/clock"
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
	s.Audit = audit.New(audit.Options{
		DB: s.db, Key: key, Instance: s.Vault.Instance(), Now: clk.Now, Log: log,
		Exists: func(ctx context.Context, id string) (bool, error) {
			p, err := s.find(ctx, id)
			return p != nil, err
		},
		Publish: func(note string) error { return publish(CheckpointPath(s.config.Data), note) },
	})
	units.Audit = s.Audit
	return nil
}

// publish replaces a file at once, for its owner alone.
func publish(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Verifier checks the audit log. Saved are checkpoints from elsewhere.
func (s *Server) Verifier(saved ...string) *audit.Verifier {
	return &audit.Verifier{DB: s.db, Name: audit.Name(s.Vault.Instance()), Key: s.Audit.PublicKey(), Saved: saved}
}

// DB is the store, for tests that look at what lies in it.
func (s *Server) DB() store.DB { return s.db }
