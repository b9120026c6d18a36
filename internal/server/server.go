// Package server builds the program from its settings, and runs it.
package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"moorfast/internal/antivirus"
	"moorfast/internal/api"
	"moorfast/internal/audit"
	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/core/access"
	"moorfast/internal/core/documents"
	"moorfast/internal/core/files"
	"moorfast/internal/core/peers"
	"moorfast/internal/core/projects"
	"moorfast/internal/core/teams"
	"moorfast/internal/core/users"
	"moorfast/internal/diskcache"
	"moorfast/internal/fetch"
	"moorfast/internal/gateway"
	"moorfast/internal/geo"
	"moorfast/internal/guard"
	"moorfast/internal/httpd"
	"moorfast/internal/id"
	"moorfast/internal/image"
	"moorfast/internal/limit"
	"moorfast/internal/metrics"
	"moorfast/internal/otlp"
	"moorfast/internal/password"
	"moorfast/internal/project"
	"moorfast/internal/secevent"
	"moorfast/internal/service/locale"
	"moorfast/internal/store"
	"moorfast/internal/store/postgres"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/vault"
)

// Server is the whole program, ready to serve.
type Server struct {
	Handler http.Handler
	Table   api.Table
	Vault   *vault.Vault
	Policy  *access.Policy
	Audit   *audit.Log
	Events  *secevent.Bus

	// Setup is the token that the first account of the console has to show, or "".
	Setup string

	config config.Config
	core   core
	db     store.DB
	files  *files.Files
	images *image.Pool
	cache  *diskcache.Cache
	out    *fetch.Client // the way to other servers

	scanner *antivirus.Client // nil where files are not looked at
	now     func() time.Time
	metrics *metrics.Metrics
	otlp    *otlp.Exporter // nil where there is no collector
	traces  bool
	httpd   *httpd.Server
	peers   *peers.Exchange // nil where this is the only node

	find    func(ctx context.Context, id string) (*project.Project, error)
	country func(netip.Addr) string // of an address; nil knows none
	alone   bool                    // a command on the host, which serves nobody
	keys    sync.Mutex              // held by work on the keys
	seen    seen
	renewal renewal
}

// staleness bounds for how long a change by another process of a cluster goes
// unseen, such as a key that was revoked, which has to be worth nothing within a
// second. A process alone sees its own changes at once.
const staleness = 750 * time.Millisecond

// New opens the vault and the store, and builds everything on top. A key that
// is missing or wrong is a [*vault.KeyError], and then nothing was touched.
func New(ctx context.Context, c config.Config, log *slog.Logger, clk clock.Clock) (*Server, error) {
	country, err := countries(c.GeoDatabase)
	if err != nil {
		return nil, err
	}
	ring, fresh, err := ringOf(ctx, c)
	if err != nil {
		return nil, err
	}
	v, err := openVault(ctx, c, log, vault.Options{
		Storage: ring, Source: c.Key, Now: clk.Now, Create: fresh,
		Hardened: c.Profile == config.Hardened, AllowKnown: c.InsecureDev,
	})
	if err != nil {
		if errors.Is(err, vault.ErrWrongKey) {
			tellMismatch(ctx, c, log, clk)
		}
		return nil, err
	}
	db, err := open(ctx, c, v, log, clk)
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	c.Console.Access.CountryOf = country
	s := &Server{now: clk.Now, Vault: v, Policy: access.New(c.Console.Access), config: c, db: db, country: country}
	s.seen.since = clk.Now()
	s.openEvents(log)
	s.out = fetch.New(fetch.Options{Allow: c.Network.OutboundAllow, Refused: s.blocked})
	if err := s.build(ctx, log, clk); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// openVault opens the keyring. Where the key of the settings is new, and the one
// of before opens the keyring, the new one is made the root key first (K-18).
func openVault(ctx context.Context, c config.Config, log *slog.Logger, o vault.Options) (*vault.Vault, error) {
	v, err := vault.Open(ctx, o)
	if !errors.Is(err, vault.ErrWrongKey) || c.KeyPrevious.Kind() == "" {
		return v, err
	}
	o.Source = c.KeyPrevious
	previous, failed := vault.Open(ctx, o)
	if failed != nil {
		return nil, err // which names the key that is expected
	}
	changed, err := previous.Rotate(ctx, vault.Change{To: c.Key, Hardened: o.Hardened, AllowKnown: o.AllowKnown})
	if err != nil {
		return nil, errors.Join(err, previous.Close())
	}
	log.WarnContext(ctx, "the root key was changed; moorfast key finalize gives up the one of before",
		"from", changed.From, "to", changed.To, "source", c.Key.String())
	return previous, nil
}

// countries reads the file of countries by address, if there is one.
func countries(path string) (func(netip.Addr) string, error) {
	if path == "" {
		return nil, nil
	}
	db, err := geo.Open(path)
	if err != nil {
		return nil, fmt.Errorf("MOORFAST_GEO_DATABASE: read the countries of addresses: %w", err)
	}
	return db.Country, nil
}

// ringOf returns where the keyring lies, and whether this is a first start:
// nothing is stored yet, so that a new ring locks nothing out.
func ringOf(ctx context.Context, c config.Config) (vault.Storage, bool, error) {
	if c.Postgres() {
		ring, err := postgres.NewRing(postgres.Options{URL: c.DB.Reveal()})
		if err != nil {
			return nil, false, err
		}
		fresh, err := ring.Fresh(ctx)
		return ring, fresh, err
	}
	_, err := os.Stat(filepath.Join(c.Data, "platform.db"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, false, fmt.Errorf("look for the database: %w", err)
	}
	return vault.NewRingFile(c.RingPath()), errors.Is(err, fs.ErrNotExist), nil
}

func open(ctx context.Context, c config.Config, v *vault.Vault, log *slog.Logger, clk clock.Clock) (store.DB, error) {
	if c.Postgres() {
		return postgres.Open(ctx, postgres.Options{URL: c.DB.Reveal(), Vault: v, Migrations: Migrations, Now: clk.Now})
	}
	return sqlite.Open(sqlite.Options{
		Dir: c.Data, Vault: v, Migrations: Migrations, Now: clk.Now,
		Sealed: c.SealedDB, Progress: tellConversion(log, clk),
	})
}

// tellConversion writes how far files are encrypted, or decrypted, to the log: at
// the end of each, and now and then where one takes long.
func tellConversion(log *slog.Logger, clk clock.Clock) func(project string, done, total int) {
	var told time.Time
	return func(project string, done, total int) {
		if now := clk.Now(); done == total || now.Sub(told) >= progressEvery {
			told = now
			log.Info("converting a database", "project", project, "pages", done, "of", total)
		}
	}
}

const progressEvery = 10 * time.Second

// tellSlow writes slow lists of rows to the log.
func tellSlow(log *slog.Logger) func(context.Context, documents.Slow) {
	return func(ctx context.Context, s documents.Slow) {
		log.WarnContext(ctx, "slow list of rows", "project", s.Project, "database", s.Database, "table", s.Table, "queries", s.Shape, "took", s.Took)
	}
}

// cost is that of new password hashes.
func cost(c config.Config) password.Cost {
	cost := password.DefaultCost
	cost.Time = int(c.PasswordPasses)
	return cost
}

// build makes the services and the handler.
func (s *Server) build(ctx context.Context, log *slog.Logger, clk clock.Clock) error {
	// Answers show milliseconds. Rows keep no more, so that what a client reads
	// is what it can compare with.
	now := func() time.Time { return clk.Now().Truncate(time.Millisecond) }
	s.now = now
	units := api.Units{DB: s.db, Now: now, NewID: func() string { return id.New(clk.Now()) }}
	if err := s.openAudit(&units, log, clk); err != nil {
		return err
	}
	life := time.Duration(0)
	if s.config.Postgres() {
		life = staleness
	}
	if err := s.openFiles(ctx, units, log); err != nil {
		return err
	}
	core := core{
		units:    units,
		files:    s.files,
		projects: projects.New(s.db, s.Vault, consoleProject(s.config), life, now, log, s.files, s.cache, s.Audit),
		users: users.New(units, teams.Memberships{}, users.Options{
			Staleness: life, ConsoleIdle: s.config.Console.SessionIdle, ConsoleLife: s.config.Console.SessionLifetime,
			Country: s.country, CountryName: locale.CountryName,
		}, log),
		builder: documents.NewBuilder(s.db, now),
		slow:    documents.Watch{Now: clk.Now, Longer: s.config.Log.Slow, Tell: tellSlow(log)},
	}
	s.find = core.projects.Find
	if err := s.awaitSetup(ctx, core.users); err != nil {
		return err
	}
	core.teams = teams.New(units, core.users)
	core.passwords = users.Passwords{Hasher: password.NewHasher(cost(s.config), hashQueue)}
	s.core = core
	if err := s.Vault.Prepare(ctx, store.Platform); err != nil {
		return fmt.Errorf("prepare the platform's keys: %w", err)
	}
	if err := core.projects.Sweep(ctx); err != nil {
		return fmt.Errorf("finish the removal of projects: %w", err)
	}
	var err error
	if s.Table, err = api.Compile(s.services(core)...); err != nil {
		return err
	}
	h := s.front(s.gateway(units), log)
	if s.metrics != nil {
		s.gauges()
	}
	if err := s.openTelemetry(log); err != nil {
		return err
	}
	h.Observe = s.observer()
	s.Handler, s.httpd = h, h
	return h.Route(s.Table)
}

// gateway makes what every request passes.
func (s *Server) gateway(units api.Units) *gateway.Gateway {
	g := &gateway.Gateway{Units: units, Projects: s.core.projects, Users: s.core.users, Tokens: s.Vault, Console: s.Policy, Events: s.Events, Strict: s.config.Profile == config.Hardened}
	if s.config.Abuse {
		g.Limiter = new(limit.Limiter)
	}
	if !s.config.Unguarded {
		g.Guard = guard.New(gateway.Alarms(s.Events))
	}
	s.openPeers(g, units.NewID())
	return g
}

// front makes what requests come in by, over HTTP.
func (s *Server) front(g *gateway.Gateway, log *slog.Logger) *httpd.Server {
	return &httpd.Server{
		Gateway: g, Log: log, Peer: peer(s.config.Network, s.seen.ignore), Own: own(s.config),
		Locale: s.config.Locale, Locales: locale.Known, Format: s.config.ResponseFormat, ForceHTTPS: s.config.Network.ForceHTTPS,
		NoPlain: s.config.Profile == config.Hardened,
		Cookies: cookies(s.config), Hosts: hosts(s.config),
		Compression: httpd.Compression{Enabled: s.config.Compression.Enabled, MinSize: int(s.config.Compression.MinSize)},
	}
}

// Sweep collects what was left behind by work that was cut off, and removes the
// records of the audit log that are no longer kept.
func (s *Server) Sweep(ctx context.Context) error {
	return errors.Join(s.files.Sweep(ctx), s.Audit.Prune(ctx), s.dropSecrets(ctx))
}

// dropSecrets removes the copies of the secrets of API keys, unless they are to be
// kept.
func (s *Server) dropSecrets(ctx context.Context) error {
	if s.config.KeyReveal == config.RevealCompat {
		return nil
	}
	list, err := s.db.Projects(ctx)
	for _, id := range list {
		err = errors.Join(err, projects.DropSecrets(ctx, s.db, id))
	}
	return err
}

// Close releases the store and the keys. Running requests are waited for by
// whoever serves the handler.
func (s *Server) Close() error {
	var errs []error
	if s.Audit != nil {
		errs = append(errs, s.Audit.Close(context.Background()))
	}
	if s.files != nil {
		errs = append(errs, s.files.Close())
	}
	if s.cache != nil {
		errs = append(errs, s.cache.Close())
	}
	return errors.Join(append(errs, s.db.Close(), s.Vault.Close())...)
}
