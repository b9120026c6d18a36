package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"time"

	"moorfast/internal/adminsock"
	"moorfast/internal/audit"
	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/core/keyring"
	"moorfast/internal/failpoint"
	"moorfast/internal/secevent"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/vault"
)

// How long keys that were replaced are kept after they were last used: longer
// than any transaction, and, where nodes share a database, than a node takes to
// hear of the new ones.
const (
	settleAlone  = 30 * time.Second
	settleShared = 2 * time.Minute
	reloadEvery  = 20 * time.Second
	tendAfter    = 10 * time.Second // of a start
	tendEvery    = time.Hour
)

// Keyring looks after the keys, and what is sealed with them, while others use
// the database.
func (s *Server) Keyring() *keyring.Keyring {
	k := &keyring.Keyring{Vault: s.Vault, DB: s.db, Bodies: s.files, Now: s.now, Settle: settleAlone, Rest: true}
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
	if !c.Postgres() { // whatever the settings of who runs the command say, its files stay as they are
		if c.SealedDB, err = sqlite.Sealed(c.Data); err != nil {
			return nil, err
		}
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
	Tokens      bool `json:"tokens"`      // those that sign tokens, instead of those of fields
	Compromised bool `json:"compromised"` // others may have them: files are stored again, and tokens end
	Dry         bool `json:"dry"`
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
		"key.discard":   command(s.discardRoot),
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
			failpoint.Hit(failpoint.Recorded(name))
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

// Discard asks that the file of a root key that was given up is removed.
type Discard struct {
	File string `json:"file"`
}

// Discarded says which root key is gone.
type Discarded struct {
	Fingerprint string `json:"fingerprint"`
}

func (s *Server) discardRoot(ctx context.Context, in Discard, _ func(any)) (Discarded, error) {
	done, err := s.working()
	if err != nil {
		return Discarded{}, err
	}
	defer done()
	if err := s.Vault.Reload(ctx); err != nil {
		return Discarded{}, err
	}
	print, err := s.Vault.Discard(vault.KeyFile(in.File))
	return Discarded{print}, err
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
		return k.Plan(ctx, in.Compromised)
	case in.Tokens:
		return s.revokeTokens(ctx, in.Dry)
	}
	done, err := s.working()
	if err != nil {
		return nil, err
	}
	defer done()
	if !in.Compromised {
		return k.Renew(ctx, s.renewal.tell(tell))
	}
	r, err := k.Replace(ctx, s.renewal.tell(tell))
	return r, errors.Join(err, s.dropCache(ctx))
}

// dropCache removes what was made of files, which the keys of before open.
func (s *Server) dropCache(ctx context.Context) error {
	projects, err := s.db.Projects(ctx)
	for _, project := range projects {
		err = errors.Join(err, s.cache.DropProject(ctx, project))
	}
	return err
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

// tendKeys looks after the keys until ctx ends.
func (s *Server) tendKeys(ctx context.Context, log *slog.Logger) {
	timer := time.NewTimer(tendAfter)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		s.TendKeys(ctx, log)
		timer.Reset(tendEvery)
	}
}

// TendKeys goes on with new data keys that a crash or a stop has cut off, and
// changes those that are older than the settings have it.
func (s *Server) TendKeys(ctx context.Context, log *slog.Logger) {
	done, err := s.working()
	if err != nil {
		return // somebody is at it
	}
	defer done()
	for _, work := range []func(context.Context) (*keyring.Renewal, error){s.finishKeys, s.renewOld} {
		r, err := work(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.ErrorContext(ctx, "seal with new keys", "err", err)
		case r != nil:
			log.InfoContext(ctx, "sealed with new keys", "projects", r.Projects, "values", r.Values, "parts", r.Bodies, "destroyed", r.Destroyed)
		}
	}
}

func (s *Server) finishKeys(ctx context.Context) (*keyring.Renewal, error) {
	retiring := s.Vault.Retiring()
	if len(retiring) == 0 {
		return nil, nil
	}
	var dropped error
	if slices.ContainsFunc(retiring, func(k vault.KeyStatus) bool { return k.Compromised }) {
		dropped = s.dropCache(ctx)
	}
	r, err := s.Keyring().Resume(ctx, s.renewal.tell(func(any) {}))
	return r, errors.Join(dropped, err)
}

// renewOld changes the data keys that are too old, and tells of it as soon as the
// new ones are there: what was sealed before follows, and may take long.
func (s *Server) renewOld(ctx context.Context) (*keyring.Renewal, error) {
	if s.config.KeyMaxAge == 0 {
		return nil, nil
	}
	var noted error
	r, err := s.Keyring().RenewOld(ctx, s.config.KeyMaxAge, func(projects []string) {
		noted = s.Audit.Note(ctx, store.Platform, audit.Record{
			At: s.now().UnixMicro(), Project: store.Platform, Event: "key.renew", Resource: "instance/" + s.Vault.Instance(), Actor: audit.Actor{Kind: audit.System},
		})
		s.Events.Emit(ctx, secevent.Event{Kind: secevent.KeysRenewed, Details: map[string]string{"projects": strconv.Itoa(len(projects)), "older": s.config.KeyMaxAge.String()}})
	})
	return r, errors.Join(err, noted)
}
