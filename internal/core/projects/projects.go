package projects

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"moorfast/internal/apierr"
	"moorfast/internal/cache"
	"moorfast/internal/core/listing"
	"moorfast/internal/identity"
	"moorfast/internal/project"
	"moorfast/internal/query"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/vault"
)

// Holdings are what a project has outside of the store.
type Holdings interface {
	DropProject(ctx context.Context, id string) error
}

// A Leaver works in the databases of projects by itself, and stops doing so in
// one that is to go.
type Leaver interface {
	LeaveProject(ctx context.Context, id string) error
}

// Projects finds projects and their keys, from memory where it can.
type Projects struct {
	db      store.DB
	held    []Holdings
	vault   *vault.Vault
	log     *slog.Logger
	now     func() time.Time
	console *project.Project
	found   *cache.Cache[string, *project.Project]
	keys    *cache.Cache[keyName, *identity.APIKey]
}

type keyName struct{ project, hash string }

// New returns the projects of a store. console is the console's own, which is
// not stored. Other processes may share the store: life bounds for how long
// their changes go unseen here. What a project holds goes with it.
func New(db store.DB, v *vault.Vault, console *project.Project, life time.Duration, now func() time.Time, log *slog.Logger, held ...Holdings) *Projects {
	return &Projects{
		db: db, held: held, vault: v, log: log, now: now, console: console,
		found: cache.New[string, *project.Project](10_000, life, now),
		keys:  cache.New[keyName, *identity.APIKey](10_000, life, now),
	}
}

// Find returns a project, or nil where there is none of that id.
func (p *Projects) Find(ctx context.Context, id string) (*project.Project, error) {
	if id == project.Console {
		return p.console, nil
	}
	return p.found.Get(id, func() (*project.Project, error) { return p.load(ctx, id) })
}

func (p *Projects) load(ctx context.Context, id string) (*project.Project, error) {
	var row Row
	err := p.db.View(ctx, store.Platform, func(tx store.Tx) (err error) {
		row, err = Get(ctx, tx, id)
		return err
	})
	if errors.Is(err, apierr.ProjectNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var platforms []Platform
	err = p.db.View(ctx, id, func(tx store.Tx) (err error) {
		platforms, err = store.List[Platform](ctx, tx, sqlb.Select{From: platformTable})
		return err
	})
	if err != nil {
		return nil, err
	}
	return row.project(platforms), nil
}

func (r Row) project(platforms []Platform) *project.Project {
	found := &project.Project{
		ID: r.ID, Name: r.Name, TeamID: r.TeamID, Auths: r.Auths,
		Disabled:   map[string]bool{},
		AccessedAt: time.UnixMicro(r.AccessedAt),
	}
	for _, s := range r.Disabled {
		found.Disabled[s] = true
	}
	for _, row := range platforms {
		found.Platforms = append(found.Platforms, project.Platform{ID: row.ID, Name: row.Name, Type: row.Type, Hostname: row.Hostname, Key: row.Key})
	}
	return found
}

// Changed forgets a project once tx has committed, so that the next request
// sees what tx made of it.
func (p *Projects) Changed(tx store.Tx, id string) {
	tx.OnCommit(func() { p.found.Drop(id) })
}

// stampLife is how old a note of the last use may get; it is the contract's.
const stampLife = 24 * time.Hour

// Touch notes that a project was used, and a key by an SDK, once a day. That it
// could not be noted fails nothing: it goes to the log.
func (p *Projects) Touch(ctx context.Context, used *project.Project, key *identity.APIKey, sdk string) {
	now := p.now()
	if !used.IsConsole() && now.Sub(used.AccessedAt) > stampLife {
		p.note(p.db.Update(ctx, store.Platform, func(tx store.Tx) error {
			p.Changed(tx, used.ID)
			return store.UpdateColumns(ctx, tx, projectTable, &Row{ID: used.ID, AccessedAt: now.UnixMicro()}, "accessed_at")
		}), used.ID)
	}
	if key != nil {
		p.touchKey(ctx, used, key, sdk, now)
	}
}

func (p *Projects) note(err error, project string) {
	if err != nil {
		p.log.Warn("note that a project was used", "err", err, "project", project)
	}
}

// Get returns the row of a project that is there.
func Get(ctx context.Context, tx store.Tx, id string) (Row, error) {
	row, err := store.Get[Row](ctx, tx, projectTable, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.Deleting {
		return Row{}, apierr.ProjectNotFound.Because(err)
	}
	return row, err
}

// Prepare makes the keys of a project that is about to be inserted. They are
// made before its first transaction, which would otherwise wait for the disk.
func (p *Projects) Prepare(ctx context.Context, id string) error { return p.vault.Prepare(ctx, id) }

// Insert adds a project.
func Insert(ctx context.Context, tx store.Tx, row *Row) error {
	err := store.Insert(ctx, tx, projectTable, row)
	if errors.Is(err, store.ErrConflict) {
		return apierr.ProjectAlreadyExists.Because(err)
	}
	return err
}

// Change lets fn change the row of a project, and stores it.
func (p *Projects) Change(ctx context.Context, tx store.Tx, id string, now int64, fn func(*Row) error) (Row, error) {
	row, err := Get(ctx, tx, id)
	if err != nil {
		return row, err
	}
	if err := fn(&row); err != nil {
		return row, err
	}
	row.UpdatedAt = now
	p.Changed(tx, id)
	return row, store.Update(ctx, tx, projectTable, &row)
}

// Share is what somebody sees of an organization's projects: all, or some.
type Share struct {
	Team     string
	All      bool
	Projects []string // by their ids
}

// List reads a page of the projects that somebody sees.
func List(ctx context.Context, tx store.Tx, page listing.Page, shares []Share) ([]Row, int, error) {
	seen := make([]sqlb.Cond, len(shares))
	for i, s := range shares {
		seen[i] = sqlb.Eq("team_id", s.Team)
		if !s.All {
			seen[i] = sqlb.And(seen[i], sqlb.In("id", s.Projects...))
		}
	}
	page.Where = sqlb.And(sqlb.Eq("deleting", false), sqlb.Or(seen...))
	page.Select = true
	return listing.Read[Row](ctx, tx, listing.Table{
		Name: projectTable, Resource: "Project", Search: []string{"id", "name"},
		Columns: map[string]listing.Column{
			"name":       {Name: "name", Type: query.Text},
			"teamId":     {Name: "team_id", Type: query.Text},
			"labels":     {Name: "labels", Type: query.Text, Array: true},
			"accessedAt": {Name: "accessed_at", Type: query.Datetime},
		},
	}, page)
}

// Delete removes a project and all that it owns. First it is marked, which
// nobody can miss; then its data goes, and its keys; then the mark. What is cut
// off on the way is finished by [Projects.Sweep]. What is noted of it commits with
// the mark.
func (p *Projects) Delete(ctx context.Context, id string, now int64, note func(ctx context.Context, tx store.Tx) error) error {
	ctx = context.WithoutCancel(ctx) // a client that goes away has still asked for it
	err := p.db.Update(ctx, store.Platform, func(tx store.Tx) error {
		if err := p.Mark(ctx, tx, id, now); err != nil {
			return err
		}
		return note(ctx, tx)
	})
	if err != nil {
		return err
	}
	return p.Remove(ctx, id)
}

// Mark begins the removal of a project, in a transaction of the platform. From
// its commit on, the project is gone for everyone.
func (p *Projects) Mark(ctx context.Context, tx store.Tx, id string, now int64) error {
	_, err := p.Change(ctx, tx, id, now, func(r *Row) error { r.Deleting = true; return nil })
	return err
}

// Remove removes what a project owns that is marked.
func (p *Projects) Remove(ctx context.Context, id string) error {
	for _, h := range p.held {
		l, ok := h.(Leaver)
		if !ok {
			continue
		}
		if err := l.LeaveProject(ctx, id); err != nil {
			return err
		}
	}
	if err := p.db.Drop(ctx, id); err != nil {
		return err
	}
	for _, h := range p.held {
		if err := h.DropProject(ctx, id); err != nil {
			return err
		}
	}
	p.keys.DropIf(func(k keyName) bool { return k.project == id })
	if err := p.vault.Forget(ctx, id); err != nil {
		return err
	}
	return p.db.Update(ctx, store.Platform, func(tx store.Tx) error {
		return store.Delete(ctx, tx, projectTable, id)
	})
}

// Sweep finishes the removal of projects that was cut off.
func (p *Projects) Sweep(ctx context.Context) error {
	var rows []Row
	err := p.db.View(ctx, store.Platform, func(tx store.Tx) (err error) {
		rows, err = store.List[Row](ctx, tx, sqlb.Select{From: projectTable, Where: sqlb.Eq("deleting", true)})
		return err
	})
	for _, row := range rows {
		err = errors.Join(err, p.Remove(ctx, row.ID))
	}
	return err
}

// Pinged notes that a client has reached the project.
func (p *Projects) Pinged(ctx context.Context, tx store.Tx, id string, now int64) error {
	row, err := Get(ctx, tx, id)
	if err != nil {
		return err
	}
	row.PingCount++
	row.PingedAt = now
	return store.UpdateColumns(ctx, tx, projectTable, &row, "ping_count", "pinged_at")
}
