// Package teams keeps teams, and who belongs to them. The organizations of the
// console are teams of the platform.
package teams

import (
	"context"
	"encoding/json"
	"errors"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// RoleOwner is the role that may change a team.
const RoleOwner = "owner"

// Users hears whose memberships a transaction changes.
type Users interface {
	Changed(tx store.Tx, userID string)
}

// Teams keeps the teams of all projects.
type Teams struct {
	units api.Units
	users Users
}

// New returns the teams of a store.
func New(units api.Units, users Users) *Teams { return &Teams{units: units, users: users} }

func (t *Teams) micros() int64 { return t.units.Now().UnixMicro() }

// Team is a team as it is stored.
type Team struct {
	Seq       int64           `col:"seq"`
	ID        string          `col:"id"`
	CreatedAt int64           `col:"created_at"`
	UpdatedAt int64           `col:"updated_at"`
	Name      string          `col:"name"`
	Total     int64           `col:"total"` // of confirmed members
	Prefs     json.RawMessage `col:"prefs"`
	Labels    []string        `col:"labels"`
}

// NewTeam returns a team that is about to be added.
func NewTeam(id, name string, now int64) *Team {
	return &Team{ID: id, Name: name, CreatedAt: now, UpdatedAt: now, Prefs: json.RawMessage("{}"), Labels: []string{}}
}

// Model returns the team as answers show it.
func (r *Team) Model() model.Team {
	return model.Team{
		ID: r.ID, CreatedAt: model.Time(r.CreatedAt), UpdatedAt: model.Time(r.UpdatedAt),
		Name: r.Name, Total: r.Total, Prefs: api.Document(r.Prefs),
	}
}

// Get returns a team, or [apierr.TeamNotFound].
func (t *Teams) Get(ctx context.Context, tx store.Tx, id string) (*Team, error) {
	r, err := store.Get[Team](ctx, tx, teamsTable, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, apierr.TeamNotFound
	}
	return &r, err
}

// Insert adds a team, or returns [apierr.TeamAlreadyExists].
func (t *Teams) Insert(ctx context.Context, tx store.Tx, r *Team) error {
	err := store.Insert(ctx, tx, teamsTable, r)
	if errors.Is(err, store.ErrConflict) {
		return apierr.TeamAlreadyExists.Because(err)
	}
	return err
}

// Update writes the named columns of a team, and when.
func (t *Teams) Update(ctx context.Context, tx store.Tx, r *Team, columns ...string) error {
	r.UpdatedAt = t.micros()
	return store.UpdateColumns(ctx, tx, teamsTable, r, append(columns, "updated_at")...)
}

// Delete removes a team and all memberships of it.
func (t *Teams) Delete(ctx context.Context, tx store.Tx, id string) error {
	members, err := store.List[Membership](ctx, tx, sqlb.Select{
		Columns: []string{"user_id"}, From: membershipsTable, Where: sqlb.Eq("team_id", id),
	})
	if err != nil {
		return err
	}
	for i := range members {
		t.users.Changed(tx, members[i].UserID)
	}
	if _, err := store.DeleteWhere(ctx, tx, membershipsTable, sqlb.Eq("team_id", id)); err != nil {
		return err
	}
	err = store.Delete(ctx, tx, teamsTable, id)
	if errors.Is(err, store.ErrNotFound) {
		return apierr.TeamNotFound
	}
	return err
}

// count changes how many members a team has.
func count(ctx context.Context, tx store.Tx, teamID string, by int) error {
	_, err := store.Exec(ctx, tx, sqlb.Update{
		Table: teamsTable, Set: []sqlb.Assign{sqlb.SetExpr("total", "total + ?", by)}, Where: sqlb.Eq("id", teamID),
	})
	return err
}
