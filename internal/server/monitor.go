package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"

	"moorfast/internal/doctor"
	"moorfast/internal/vault"
)

// Version is that of the module the program was built from, or "devel".
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

// gauges adds what is asked for when it is collected.
func (s *Server) gauges(ctx context.Context) {
	s.metrics.Gauge("moorfast_key_age_seconds", "How old the root key is.", map[string]string{"purpose": "root"}, func() float64 {
		ring, _, err := ringOf(ctx, s.config)
		if err != nil {
			return -1
		}
		status, err := vault.Inspect(ctx, ring)
		if err != nil {
			return -1
		}
		return s.now().Sub(status.Active().Created).Seconds()
	})
	// Whoever asks for this is collecting, which the doctor wants to know.
	s.metrics.Gauge("moorfast_collected_seconds", "When these figures were collected before, since 1970; 0 is never.", nil, func() float64 {
		if before := s.seen.collect(s.now()); !before.IsZero() {
			return float64(before.Unix())
		}
		return 0
	})
	s.metrics.Gauge("moorfast_cache_bytes", "What is kept of pictures that were made.", nil, func() float64 { return float64(s.cache.Bytes()) })
}

// collect serves the metrics until ctx ends, where the settings say so.
func (s *Server) collect(ctx context.Context, log *slog.Logger) (stop func(), err error) {
	if s.metrics == nil {
		return func() {}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.config.Metrics.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics on %s: %w", s.config.Metrics.Listen, err)
	}
	server := &http.Server{
		Handler: s.metrics.Handler(s.config.Metrics.Token.Reveal(), s.Events), ReadTimeout: headerTimeout, WriteTimeout: bodyTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("serve metrics", "err", err)
		}
	}()
	return func() { _ = server.Close() }, nil
}

// checkUp examines the installation, and notes what it finds.
func (s *Server) checkUp(ctx context.Context, log *slog.Logger) error {
	report, err := s.examine(ctx, netip.Addr{})
	if err != nil {
		return err
	}
	sum := report.Summary()
	findings := map[string]int{"critical": 0, "high": 0, "medium": 0, "low": 0}
	for _, r := range report.Results {
		if r.Status == doctor.Fail {
			findings[r.Severity.String()]++
		}
	}
	if s.metrics != nil {
		s.metrics.Examined(sum.Score, findings)
	}
	log.InfoContext(ctx, "examined", "score", sum.Score, "grade", sum.Grade, "failed", sum.Failed, "warnings", sum.Warnings, "unknown", sum.Unknown)
	return nil
}
