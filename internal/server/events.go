package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strconv"

	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/fetch"
	"moorfast/internal/metrics"
	"moorfast/internal/secevent"
)

// openEvents makes the bus of security events, and what counts them.
func (s *Server) openEvents(log *slog.Logger) {
	o := secevent.Options{Now: s.now, Log: log}
	if s.config.Metrics.Listen != "" || s.config.OTLP.Metrics() {
		s.metrics = metrics.New(Version())
		o.Count = s.metrics.Event
	}
	s.Events = secevent.New(o)
	if s.config.Unguarded {
		s.Events.Emit(context.Background(), secevent.Event{Kind: secevent.ProtectionOff, Details: map[string]string{"setting": "MOORFAST_DANGEROUS_NO_BRUTE_FORCE"}})
	}
}

// blocked tells that the rules kept a request from leaving.
func (s *Server) blocked(ctx context.Context, host string) {
	s.Events.Emit(ctx, secevent.Event{Kind: secevent.SSRFBlocked, Details: map[string]string{"host": host}})
}

// eventsHook is where events are posted to, or nil. Its address is the operator's,
// and so may be anywhere.
func eventsHook(c config.Config, log *slog.Logger) *secevent.Webhook {
	if c.Events.Webhook == "" {
		return nil
	}
	return &secevent.Webhook{
		Address: c.Events.Webhook, Secret: c.Events.Secret, Out: fetch.Anywhere(2), Now: clock.System{}.Now, Log: log,
	}
}

// postEvents posts events until ctx ends.
func (s *Server) postEvents(ctx context.Context, log *slog.Logger) {
	hook := eventsHook(s.config, log)
	if hook == nil {
		return
	}
	l, err := s.Events.Listen(0)
	if err != nil {
		log.ErrorContext(ctx, "listen for security events", "err", err)
		return
	}
	defer l.Close()
	hook.Run(ctx, l)
}

// tellMismatch tells that the start was stopped because the key is not that of the
// data. There is no server yet, nor will there be one, so this waits for the
// webhook.
func tellMismatch(ctx context.Context, c config.Config, log *slog.Logger, now clock.Clock) {
	bus := secevent.New(secevent.Options{Now: now.Now, Log: log})
	l, err := bus.Listen(0)
	if err != nil {
		return
	}
	defer l.Close()
	bus.Emit(ctx, secevent.Event{Kind: secevent.KeyMismatch, Details: map[string]string{"source": c.Key.String()}})
	if hook := eventsHook(c, log); hook != nil {
		list, dropped := l.Take()
		if err := hook.Send(ctx, list, dropped); err != nil {
			log.WarnContext(ctx, "send security events", "err", err)
		}
	}
}

// newestCheckpoint is the one that lies beside the database, if there is one.
func newestCheckpoint(data string) ([]string, error) {
	note, err := os.ReadFile(CheckpointPath(data))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the newest checkpoint: %w", err)
	}
	return []string{string(note)}, nil
}

// CheckAudit checks the audit log, against the checkpoint that lies beside the
// database as well, and tells of what is wrong with it.
func (s *Server) CheckAudit(ctx context.Context, log *slog.Logger) error {
	saved, err := newestCheckpoint(s.config.Data)
	if err != nil {
		return err
	}
	report, err := s.Verifier(saved...).Verify(ctx)
	if err != nil {
		return err
	}
	if s.metrics != nil {
		s.metrics.Verified(len(report.Findings) == 0)
	}
	if len(report.Findings) == 0 {
		return nil
	}
	log.ErrorContext(ctx, "the audit log was changed", "findings", len(report.Findings), "first", report.Findings[0].String())
	s.Events.Emit(ctx, secevent.Event{Kind: secevent.AuditTampered, Project: report.Findings[0].Project, Details: map[string]string{
		"findings": strconv.Itoa(len(report.Findings)), "first": report.Findings[0].String(),
	}})
	return nil
}
