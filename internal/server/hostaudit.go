package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"

	"moorfast/internal/adminsock"
	"moorfast/internal/audit"
	"moorfast/internal/store"
)

// PendingPath is where commands that must not open the database leave their
// records for the next server.
func PendingPath(data string) string { return filepath.Join(data, "audit", "pending") }

// Told is a record that a command asks the server for, of what it does itself.
type Told struct {
	Event    string `json:"event"`
	Resource string `json:"resource,omitempty"`
	Outcome  string `json:"outcome,omitempty"`
}

// told are the events that a command may ask a record for.
var told = []string{"key.export", "key.import", "doctor.run", "doctor.note", "doctor.fix"}

// Tell records what a command of the host does by itself: in the log, if a
// server runs, and else in a file that the next one takes in.
func Tell(ctx context.Context, data, uid string, at int64, t Told) error {
	err := adminsock.Call(ctx, data, "audit.tell", t, new(nothing), nil)
	if !errors.Is(err, adminsock.ErrNobody) {
		return err
	}
	return audit.Leave(PendingPath(data), audit.Record{
		At: at, Project: store.Platform, Event: t.Event, Resource: t.Resource, Outcome: t.Outcome, Actor: audit.Actor{Kind: audit.Host, ID: uid},
	})
}

func (s *Server) tell(ctx context.Context, in Told, _ func(any)) (*nothing, error) {
	if !slices.Contains(told, in.Event) {
		return nil, wrong("%.60q is no event of a command", in.Event)
	}
	h, _ := ctx.Value(hostKey{}).(*hosted)
	if h == nil {
		return nil, errors.New("a record was asked for outside of a command")
	}
	r := s.hostRecord(h, in.Resource, in.Outcome)
	r.Event = in.Event
	return &nothing{}, s.Audit.Note(ctx, store.Platform, r)
}

// hosted is a command of the host that runs.
type hosted struct {
	event, caller string
	carried       bool   // a transaction has its record
	project       string // of that transaction
}

type hostKey struct{}

// unrecorded is for a part of a command that changes nothing.
func unrecorded(ctx context.Context) context.Context {
	return context.WithValue(ctx, hostKey{}, (*hosted)(nil))
}

// quiet are the commands that only look, or whose record is what they are for.
var quiet = []string{"access.explain", "admin.sessions", "key.inventory", "audit.tell", "doctor.live"}

func (s *Server) hostRecord(h *hosted, resource, outcome string) audit.Record {
	return audit.Record{
		At: s.now().UnixMicro(), Project: store.Platform, Event: h.event, Resource: resource, Outcome: outcome,
		Actor: audit.Actor{Kind: audit.Host, ID: h.caller},
	}
}

// recorded runs a command of the host, and sees to its record: the transaction of
// the change carries it, where there is one, see [Server.carry]; else it follows
// the command, as does the record of one that failed. A dry run is none.
func (s *Server) recorded(ctx context.Context, name, caller string, in json.RawMessage, run func(context.Context) (any, error)) (any, error) {
	h := &hosted{event: name, caller: caller}
	result, err := run(context.WithValue(ctx, hostKey{}, h))
	var asked struct {
		Dry bool `json:"dry"`
	}
	if json.Unmarshal(in, &asked) != nil {
		asked.Dry = false
	}
	outcome := ""
	switch {
	case err == nil && h.carried:
		s.Audit.Committed(h.project)
		return result, nil
	case asked.Dry, slices.Contains(quiet, name):
		return result, err
	case err != nil:
		outcome = "failed"
		if kind := Kind(err); kind != "" {
			outcome += "_" + kind
		}
	}
	// That the caller has gone is no reason to forget what he did.
	noted := s.Audit.Note(context.WithoutCancel(ctx), store.Platform, s.hostRecord(h, "instance/"+s.Vault.Instance(), outcome))
	return result, errors.Join(err, noted)
}

// carry writes the record of the command that runs in the transaction of its change.
func (s *Server) carry(ctx context.Context, tx store.Tx, resource string) error {
	h, _ := ctx.Value(hostKey{}).(*hosted)
	if h == nil {
		return nil
	}
	h.carried, h.project = true, tx.Project()
	record := s.hostRecord(h, resource, "")
	record.Project = h.project
	return audit.Append(ctx, tx, record)
}

// noteChanges records at a start what has happened without a server: commands,
// and changes of the settings.
func (s *Server) noteChanges(ctx context.Context, log *slog.Logger) {
	if err := s.Audit.Take(ctx, PendingPath(s.config.Data)); err != nil {
		log.ErrorContext(ctx, "record what commands did without a server", "err", err)
	}
	key, err := audit.Derive(s.Vault, audit.SettingsPurpose)
	if err == nil {
		values := map[string]string{}
		for name, value := range s.config.Settings() {
			values[name] = value.Reveal()
		}
		err = s.Audit.Settings(ctx, key, values)
		clear(key)
	}
	if err != nil {
		log.ErrorContext(ctx, "record which settings were changed", "err", err)
	}
}
