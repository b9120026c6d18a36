package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"sync"

	"moorfast/internal/audit"
	"moorfast/internal/certs"
	"moorfast/internal/core/keyring"
	"moorfast/internal/doctor"
	"moorfast/internal/vault"
)

// described is what git describe says of the sources, where the Makefile built
// them; it counts where Go has not stamped the program.
var described string

// Version is that of the module or the commit that the program was built from, or
// "devel".
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if ok && info.Main.Version != "(devel)" && info.Main.Version != "" {
		return info.Main.Version
	}
	return cmp.Or(described, "devel")
}

// gauges adds what is asked for when it is collected.
func (s *Server) gauges() {
	s.metrics.OnCollect(func() { s.seen.collect(s.now()) })
	s.metrics.Gauges("moorfast_key_age_seconds", "How old the keys in use are, by purpose: the oldest of each.", "purpose", s.keyAges)
	s.metrics.Gauge("moorfast_key_rotation_progress", "How much of what replaced keys have sealed is sealed with new ones: 1 is all.", s.renewed)
	s.metrics.Gauge("moorfast_cache_bytes", "What is kept of pictures that were made.", func() float64 { return float64(s.cache.Bytes()) })
	s.metrics.Gauge("moorfast_audit_writable", "Whether all audit logs are written and chained.", func() float64 { return flag(s.Audit.Writable()) })
	s.metrics.Gauges("moorfast_audit_lag_records", "Records of the audit log that wait for a sink, as far as is known since the start.", "sink", func() map[string]float64 {
		return lags(s.Audit, func(l audit.Lag) float64 { return float64(l.Records) })
	})
	s.metrics.Gauges("moorfast_audit_lag_seconds", "For how long a sink has not had the whole audit log.", "sink", func() map[string]float64 {
		return lags(s.Audit, func(l audit.Lag) float64 { return l.For.Seconds() })
	})
}

func flag(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func lags(log *audit.Log, of func(audit.Lag) float64) map[string]float64 {
	values := map[string]float64{}
	for sink, lag := range log.Lags() {
		values[sink] = of(lag)
	}
	return values
}

func (s *Server) keyAges() map[string]float64 {
	status, now := s.Vault.Status(), s.now()
	ages := map[string]float64{"root": now.Sub(status.Active().Created).Seconds()}
	for _, key := range status.Keys {
		if key.State == vault.Active {
			ages[key.Purpose] = max(ages[key.Purpose], now.Sub(key.Created).Seconds())
		}
	}
	return ages
}

// certificateEnds adds when certificates end, where they are ours.
func (s *Server) certificateEnds(c *certs.Certs) {
	if s.metrics == nil || c == nil {
		return
	}
	s.metrics.Gauges("moorfast_cert_expiry_seconds", "How long the certificate of a name holds.", "name", func() map[string]float64 {
		left := map[string]float64{}
		for name, end := range c.Ends() {
			left[name] = end.Sub(s.now()).Seconds()
		}
		return left
	})
}

// renewal is how far values have been sealed with new keys.
type renewal struct {
	mu          sync.Mutex
	done, total int64
}

// tell takes note of progress, and passes it on.
func (r *renewal) tell(next func(any)) keyring.Tell {
	return func(p keyring.Progress) {
		if p.Phase == "reseal" {
			r.mu.Lock()
			r.done, r.total = p.Done, p.Total
			r.mu.Unlock()
		}
		next(p)
	}
}

func (s *Server) renewed() float64 {
	if len(s.Vault.Retiring()) == 0 {
		return 1
	}
	s.renewal.mu.Lock()
	defer s.renewal.mu.Unlock()
	if s.renewal.total == 0 {
		return 0
	}
	// It is not over before the old keys are gone.
	return min(float64(s.renewal.done)/float64(s.renewal.total), 0.99)
}

// collect serves the metrics until ctx ends, where the settings say so.
func (s *Server) collect(ctx context.Context, log *slog.Logger) (stop func(), err error) {
	if s.config.Metrics.Listen == "" {
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
