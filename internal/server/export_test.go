package server

import (
	"context"
	"log/slog"
	"net/http"

	"moorfast/internal/certs"
)

// Monitoring is what the listener of the metrics serves.
func (s *Server) Monitoring() http.Handler { return s.metrics.Handler("", s.Events) }

// CertificateEnds has the metrics say when certificates end.
func (s *Server) CertificateEnds(c *certs.Certs) { s.certificateEnds(c) }

// CheckUp examines the installation.
func (s *Server) CheckUp(ctx context.Context) error {
	return s.checkUp(ctx, slog.New(slog.DiscardHandler))
}

// SendTelemetry sends what there is to the collector until ctx ends.
func (s *Server) SendTelemetry(ctx context.Context) { s.otlp.Run(ctx) }
