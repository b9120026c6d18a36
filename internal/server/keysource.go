package server

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"moorfast/internal/secevent"
	"moorfast/internal/vault"
)

// askEvery is how often a service that keeps the root key is asked for it.
const askEvery = 5 * time.Minute

// watchSource asks the service that keeps the root key, if there is one, until ctx
// ends. A server that runs does without it, and its next start does not.
func (s *Server) watchSource(ctx context.Context, log *slog.Logger) {
	if !s.config.Key.Remote() {
		return
	}
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	down := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		down = s.AskSource(ctx, log, down)
	}
}

// AskSource asks the source of the root key whether it still has it, tells of a
// change, and returns whether it is down. A source is waited for no longer than
// ctx: what it answers then is forgotten.
func (s *Server) AskSource(ctx context.Context, log *slog.Logger, before bool) (down bool) {
	answer := make(chan error, 1)
	go func() { answer <- s.askSource() }()
	var err error
	select {
	case <-ctx.Done():
		return before
	case err = <-answer:
	}
	source := s.config.Key.String()
	switch {
	case err != nil && !before:
		log.ErrorContext(ctx, "the source of the root key does not give it; this server goes on, and its next start will fail", "source", source, "err", err)
		s.Events.Emit(ctx, secevent.Event{Kind: secevent.KeySourceDown, Details: map[string]string{"source": source}})
	case err == nil && before:
		log.InfoContext(ctx, "the source of the root key gives it again", "source", source)
		s.Events.Emit(ctx, secevent.Event{Kind: secevent.KeySourceBack, Details: map[string]string{"source": source}})
	}
	return err != nil
}

func (s *Server) askSource() error {
	print, err := s.Vault.Names(s.config.Key)
	if err != nil {
		return err
	}
	opens := func(r vault.RootStatus) bool {
		return r.Fingerprint == print && (r.State == vault.Active || r.State == vault.Retiring)
	}
	if !slices.ContainsFunc(s.Vault.Status().Roots, opens) {
		return fmt.Errorf("%w: it gives %s, which does not open the keyring", vault.ErrWrongKey, print)
	}
	return nil
}
