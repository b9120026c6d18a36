package server

import (
	"context"
	"log/slog"
	"time"

	"moorfast/internal/core/peers"
	"moorfast/internal/gateway"
	"moorfast/internal/secevent"
)

// meetEvery is how often nodes tell each other what they counted.
const meetEvery = time.Second

// openPeers makes this a node among others, where there can be others.
func (s *Server) openPeers(g *gateway.Gateway, id string) {
	if s.config.Postgres() && (g.Limiter != nil || g.Guard != nil) {
		s.peers = peers.New(s.db, id, s.now, g.Limiter, g.Guard)
	}
}

// meetPeers tells other nodes what was counted, and learns from them, until ctx ends.
func (s *Server) meetPeers(ctx context.Context, log *slog.Logger) {
	if s.peers == nil {
		return
	}
	ticker := time.NewTicker(meetEvery)
	defer ticker.Stop()
	alone := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := s.peers.Meet(ctx)
		if err != nil && !alone && ctx.Err() == nil {
			log.ErrorContext(ctx, "limits count this node alone", "err", err)
			s.Events.Emit(ctx, secevent.Event{Kind: secevent.LimitsAlone})
		}
		alone = err != nil
	}
}

// Meet is one round of what nodes tell each other.
func (s *Server) Meet(ctx context.Context) error { return s.peers.Meet(ctx) }
