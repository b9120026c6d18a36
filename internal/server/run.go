package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"moorfast/internal/audit"
	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/core/access"
	"moorfast/internal/httpd"
	"moorfast/internal/store"
)

// Bounds of a connection. A body may be as long as a slow upload takes; what
// precedes it may not.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 5 * time.Minute
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10 // bytes
	stopTimeout   = 15 * time.Second
)

// Run serves until ctx ends, and then lets running requests finish. It writes a
// few lines on how it started to out.
func Run(ctx context.Context, c config.Config, log *slog.Logger, out io.Writer) error {
	s, err := New(ctx, c, log, clock.System{})
	if err != nil {
		return err
	}
	door, err := s.openDoor(ctx, log)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	defer door.close()
	s.certificateEnds(door.certs)
	go roomyHeap(ctx)
	stopMetrics, err := s.collect(ctx, log)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	defer stopMetrics()
	working, stop := context.WithCancel(ctx)
	defer stop()
	var upkeep sync.WaitGroup
	upkeep.Go(func() { s.upkeep(working, log) })
	upkeep.Go(func() { s.watchKeys(working, log) })
	upkeep.Go(func() { s.tendKeys(working, log) })
	upkeep.Go(func() { s.watchSource(working, log) })
	upkeep.Go(func() { s.meetPeers(working, log) })
	upkeep.Go(func() {
		s.core.builder.Run(working, func(project string, err error) {
			log.ErrorContext(working, "make indexes", "project", project, "err", err)
		})
	})
	socket, err := s.listenAdmin(log)
	if err != nil {
		// Everybody but the commands on this host can do without.
		log.Warn("commands can not reach this server while it runs", "err", err)
	} else {
		upkeep.Go(func() { socket.Serve(working) })
	}
	upkeep.Go(func() { s.Audit.Run(working) })
	upkeep.Go(func() { s.postEvents(working, log) })
	if s.otlp != nil {
		upkeep.Go(func() { s.otlp.Run(working) })
	}
	s.note(ctx, "server.start", log)
	s.noteChanges(ctx, log)
	s.greet(out, door)
	err = s.serve(ctx, door, log)
	stop()
	upkeep.Wait()
	s.note(context.WithoutCancel(ctx), "server.stop", log)
	return errors.Join(err, s.Close())
}

// note records what the program itself does.
func (s *Server) note(ctx context.Context, event string, log *slog.Logger) {
	err := s.Audit.Note(ctx, store.Platform, audit.Record{
		At: s.now().UnixMicro(), Project: store.Platform, Event: event, Resource: "instance/" + s.Vault.Instance(), Actor: audit.Actor{Kind: audit.System},
	})
	if err != nil {
		log.ErrorContext(ctx, "record a start or a stop", "err", err, "event", event)
	}
}

// When the upkeep is done: soon after a start, and then by the day.
const (
	firstUpkeep = 5 * time.Minute
	upkeepEvery = 24 * time.Hour
)

// upkeep sweeps, and examines the installation, until ctx ends.
func (s *Server) upkeep(ctx context.Context, log *slog.Logger) {
	timer := time.NewTimer(firstUpkeep)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if err := errors.Join(s.Sweep(ctx), s.checkUp(ctx, log), s.CheckAudit(ctx, log)); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "upkeep", "err", err)
		}
		timer.Reset(upkeepEvery)
	}
}

func (s *Server) serve(ctx context.Context, d *door, log *slog.Logger) error {
	server, admin := newHTTP(s.Handler, log), newHTTP(s.Handler, log)
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		log.Info("stopping: running requests may finish", "within", stopTimeout)
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		stopped <- errors.Join(server.Shutdown(stop), admin.Shutdown(stop))
	}()
	if err := s.accept(server, admin, d, log); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-stopped
}

// greet says what an operator wants to know at a start.
func (s *Server) greet(out io.Writer, d *door) {
	where := "SQLite in " + s.config.Data
	if s.config.SealedDB {
		where += ", encrypted"
	}
	if s.config.Postgres() {
		where = "PostgreSQL"
	}
	fmt.Fprintf(out, "moorfast: speaks the Appwrite API %s, data: %s, profile: %s\n", httpd.Version, where, s.config.Profile)
	if s.Vault.Created() {
		fmt.Fprintf(out, "key:      %s, made now: %s. Back it up: without it, what is sealed is lost.\n", s.Vault.Fingerprint(), s.Vault.Source())
	} else {
		fmt.Fprintf(out, "key:      %s, from %s\n", s.Vault.Fingerprint(), s.Vault.Source())
	}
	fmt.Fprintf(out, "console:  %s\n", s.Policy.Explain())
	if s.Setup != "" {
		fmt.Fprintf(out, "setup:    the first account shows this in the header X-Moorfast-Setup-Token, within %v: %s\n", access.SetupLife, s.Setup)
	}
	for _, notice := range s.config.Notices {
		fmt.Fprintf(out, "note:     %s\n", notice)
	}
	d.greet(out, s.config.Network.TLS)
}
