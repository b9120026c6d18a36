package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"strconv"
	"time"

	"moorfast/internal/adminsock"
	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/core/keyring"
	"moorfast/internal/store"
	"moorfast/internal/vault"
)

// How long keys that were replaced are kept after they were last used: longer
// than any transaction, and, where nodes share a database, than a node takes to
// hear of the new ones.
const (
	settleAlone  = 30 * time.Second
	settleShared = 2 * time.Minute
	reloadEvery  = 20 * time.Second
	resumeAfter  = 10 * time.Second // of a start
)

// Keyring looks after the keys, and what is sealed with them, while others use
// the database.
func (s *Server) Keyring() *keyring.Keyring {
	k := &keyring.Keyring{Vault: s.Vault, DB: s.db, Now: s.now, Settle: settleAlone, Rest: true}
	switch {
	case s.config.Postgres():
		k.Settle = settleShared
	case s.alone: // it holds the data directory, and serves nobody
		k.Settle, k.Rest = 0, false
	}
	return k
}

// OpenAlone is [New] for a command on the host that finds no server. It makes
// no keyring: there is nothing yet to look after.
func OpenAlone(ctx context.Context, c config.Config, log *slog.Logger, clk clock.Clock) (*Server, error) {
	ring, _, err := ringOf(ctx, c)
	if err != nil {
		return nil, err
	}
	if _, err := vault.Inspect(ctx, ring); err != nil {
		return nil, err
	}
	s, err := New(ctx, c, log, clk)
	if err != nil {
		return nil, err
	}
	s.alone = true
	if err := s.Audit.Take(ctx, PendingPath(c.Data)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// KeyChange asks for another root key. Its text comes along where the server can
// not read it itself.
type KeyChange struct {
	To   string `json:"to"`             // as [vault.Source] prints
	Text string `json:"text,omitempty"` // of the key
	File string `json:"file,omitempty"` // that has the key, or is made with a new one
	Dry  bool   `json:"dry"`
}

func (c KeyChange) source() vault.Source {
	if c.File != "" {
		return vault.KeyFileOrNew(c.File)
	}
	return vault.KeyText(c.To, vault.Hide(c.Text))
}

// Finalize asks that only the new root key opens the keyring.
type Finalize struct {
	Force bool `json:"force"` // although the settings name another
	Dry   bool `json:"dry"`
}

// Renew asks for new data keys.
type Renew struct {
	Tokens bool `json:"tokens"` // those that sign tokens, instead of those of fields
	Dry    bool `json:"dry"`
}

// The kinds of errors that commands tell apart.
const (
	KindKey      = "key"
	KindFindings = "findings"
	KindInput    = "input"
)

var (
	errBusy  = errors.New("another command is at work on the keys")
	errOwner = errors.New("the root key of the settings is not the new one")
)

// Commands are what the host may have this server do.
func (s *Server) Commands(log *slog.Logger) adminsock.Commands {
	commands := adminsock.Commands{
		"key.rotate":    command(s.rotateRoot),
		"key.finalize":  command(s.finalizeRoot),
		"key.verify":    command(s.verifyValues),
		"key.inventory": command(s.inventory),
		"key.renew":     command(s.renewKeys),
	}
	maps.Copy(commands, s.hostCommands())
	for name, run := range commands {
		commands[name] = func(ctx context.Context, in json.RawMessage, tell func(any)) (any, error) {
			// What a command does is said once, however it ended.
			caller := adminsock.Caller(ctx)
			if s.alone {
				caller = strconv.Itoa(os.Getuid())
			}
			result, err := s.recorded(ctx, name, caller, in, func(ctx context.Context) (any, error) { return run(ctx, in, tell) })
			log.InfoContext(ctx, "command of the host", "command", name, "uid", caller, "err", err)
			return result, err
		}
	}
	return commands
}

// command reads the input of a command.
func command[In, Out any](run func(context.Context, In, func(any)) (Out, error)) adminsock.Command {
	return func(ctx context.Context, text json.RawMessage, tell func(any)) (any, error) {
		var in In
		if err := json.Unmarshal(text, &in); err != nil {
			return nil, fmt.Errorf("read the command: %w", err)
		}
		return run(ctx, in, tell)
	}
}

// Kind tells which kind an error of a command is of.
func Kind(err error) string {
	var key *vault.KeyError
	switch {
	case errors.As(err, &key):
		return KindKey
	case errors.Is(err, keyring.ErrNamed):
		return KindFindings
	case errors.As(err, new(*inputError)):
		return KindInput
	}
	return ""
}

// working keeps other work on keys out until done is called.
func (s *Server) working() (done func(), err error) {
	if !s.keys.TryLock() {
		return nil, errBusy
	}
	return s.keys.Unlock, nil
}

func (s *Server) rotateRoot(ctx context.Context, in KeyChange, tell func(any)) (vault.Changed, error) {
	done, err := s.working()
	if err != nil {
		return vault.Changed{}, err
	}
	defer done()
	return s.Vault.Rotate(ctx, vault.Change{
		To: in.source(), Dry: in.Dry, Hardened: s.config.Profile == config.Hardened, AllowKnown: s.config.InsecureDev,
		Step: func(step string) { tell(keyring.Progress{Phase: step}) },
	})
}

// Finalized says which root keys do not open the keyring any more.
type Finalized struct {
	Active string   `json:"active"`
	Gone   []string `json:"gone"`
}

func (s *Server) finalizeRoot(ctx context.Context, in Finalize, tell func(any)) (Finalized, error) {
	done, err := s.working()
	if err != nil {
		return Finalized{}, err
	}
	defer done()
	if err := s.Vault.Reload(ctx); err != nil {
		return Finalized{}, err
	}
	status := s.Vault.Status()
	f := Finalized{Active: status.Active().Fingerprint, Gone: []string{}}
	if !in.Force {
		// The next start reads the settings, and must not find the door shut.
		set, err := s.Vault.Names(s.config.Key)
		if err != nil {
			return f, err
		}
		if set != f.Active {
			return f, fmt.Errorf("%w: %s is %s, and %s is active; name the new key in the settings, start the server, and try again",
				errOwner, s.config.Key, set, f.Active)
		}
	}
	if in.Dry {
		for _, root := range status.Roots {
			if root.State == vault.Retiring {
				f.Gone = append(f.Gone, root.Fingerprint)
			}
		}
		return f, nil
	}
	gone, err := s.Vault.Finalize(ctx, func(step string) { tell(keyring.Progress{Phase: step}) })
	f.Gone = append(f.Gone, gone...)
	return f, err
}

type nothing struct{}

func (s *Server) verifyValues(ctx context.Context, _ nothing, tell func(any)) (*keyring.Report, error) {
	return s.Keyring().Verify(ctx, func(p keyring.Progress) { tell(p) })
}

func (s *Server) inventory(ctx context.Context, _ nothing, _ func(any)) (*keyring.Inventory, error) {
	return s.Keyring().Inventory(ctx)
}

func (s *Server) renewKeys(ctx context.Context, in Renew, tell func(any)) (*keyring.Renewal, error) {
	k := s.Keyring()
	switch {
	case in.Dry && !in.Tokens:
		return k.Plan(ctx)
	case in.Tokens:
		return s.revokeTokens(ctx, in.Dry)
	}
	done, err := s.working()
	if err != nil {
		return nil, err
	}
	defer done()
	return k.Renew(ctx, s.renewal.tell(tell))
}

func (s *Server) revokeTokens(ctx context.Context, dry bool) (*keyring.Renewal, error) {
	projects, err := s.db.Projects(ctx)
	if err != nil {
		return nil, err
	}
	projects = append(projects, store.Platform)
	r := &keyring.Renewal{Projects: len(projects), Left: []string{}, Findings: []keyring.Finding{}}
	if dry {
		return r, nil
	}
	return r, s.Vault.RevokeTokens(ctx, projects)
}

// listenAdmin opens the socket for commands of the host.
func (s *Server) listenAdmin(log *slog.Logger) (*adminsock.Server, error) {
	return adminsock.Listen(s.config.Data, s.Commands(log), Kind)
}

// watchKeys reads the keyring now and then where other nodes may change it: a
// key that another has replaced is not sealed with for longer than that.
func (s *Server) watchKeys(ctx context.Context, log *slog.Logger) {
	if !s.config.Postgres() {
		return
	}
	ticker := time.NewTicker(reloadEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := s.Vault.Reload(ctx); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "read the keyring", "err", err)
		}
	}
}

// finishKeys goes on with new data keys that a crash or a stop has cut off.
func (s *Server) finishKeys(ctx context.Context, log *slog.Logger) {
	timer := time.NewTimer(resumeAfter)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-timer.C:
	}
	if len(s.Vault.Retiring()) == 0 {
		return
	}
	done, err := s.working()
	if err != nil {
		return // somebody is at it
	}
	defer done()
	r, err := s.Keyring().Resume(ctx, s.renewal.tell(func(any) {}))
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		log.ErrorContext(ctx, "seal with new keys", "err", err)
		return
	}
	log.InfoContext(ctx, "sealed with new keys what was left", "values", r.Values, "destroyed", r.Destroyed)
}
