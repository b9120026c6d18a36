// Package teams serves teams, their members, and invitations to them. The
// organizations of the console are teams.
package teams

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/access"
	"moorfast/internal/core/listing"
	"moorfast/internal/core/projects"
	"moorfast/internal/core/teams"
	"moorfast/internal/core/users"
	"moorfast/internal/model"
	"moorfast/internal/project"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// Mailer sends invitations.
type Mailer interface {
	Invite(ctx context.Context, p *project.Project, i Invitation) error
}

// Invitation is what an invited person is told, by mail or by phone: one of
// Email and Phone is "".
type Invitation struct {
	Email, Phone string
	Name, Team   string
	Locale       string
	Link         string
}

// Projects removes what an organization owns.
type Projects interface {
	Delete(ctx context.Context, id string, now int64, note func(ctx context.Context, tx store.Tx) error) error
}

// Service serves the teams endpoints.
type Service struct {
	Teams    *teams.Teams
	Users    *users.Users
	Projects Projects
	Console  *access.Policy
	Mailer   Mailer // nil where mail is not set up
}

// The refusals of members who do not own the team.
var (
	notOwner  = apierr.UserUnauthorized
	noInviter = apierr.UserUnauthorized.Detail("User is not allowed to send invitations for this team")
	noRoles   = apierr.UserUnauthorized.Detail("User is not allowed to modify roles")
)

// team finds a team that the actor may see: as a member, or as one whom
// permissions do not bind. What he may not see is not there.
func (s *Service) team(ctx context.Context, tx store.Tx, call *api.Call, id string) (*teams.Team, error) {
	if !call.Actor.Server() && !call.Actor.Is("team:"+id) {
		return nil, apierr.TeamNotFound
	}
	return s.Teams.Get(ctx, tx, id)
}

// owned finds a team that the actor may change.
func (s *Service) owned(ctx context.Context, tx store.Tx, call *api.Call, id string, refusal error) (*teams.Team, error) {
	r, err := s.team(ctx, tx, call, id)
	if err != nil {
		return nil, err
	}
	return r, s.own(ctx, tx, call, id, refusal)
}

// own returns a refusal where the actor does not own a team. It asks the rows:
// the call may have waited behind one that took the role away.
func (s *Service) own(ctx context.Context, tx store.Tx, call *api.Call, teamID string, refusal error) error {
	if call.Actor.Server() {
		return nil
	}
	m, err := s.Teams.MembershipOf(ctx, tx, teamID, call.Actor.UserID())
	if errors.Is(err, apierr.MembershipNotFound) {
		return refusal
	}
	if err == nil && !(m.Confirm && slices.Contains(m.Roles, teams.RoleOwner)) {
		return refusal
	}
	return err
}

type createParams struct {
	TeamID api.NewID `param:"teamId"`
	Name   string    `param:"name" max:"128" doc:"Name of the team."`
	Roles  []api.Key `param:"roles" max:"100" default:"[\"owner\"]" doc:"Roles of the caller in the team, besides that of its owner."`
}

// create makes a team. A user becomes its owner; a server's team has no members
// until it adds some.
func (s *Service) create(ctx context.Context, call *api.Call, in createParams) (model.Team, error) {
	r := teams.NewTeam(string(in.TeamID), in.Name, call.Micros())
	return api.Write(ctx, call, func(tx store.Tx) (model.Team, error) {
		if err := s.Teams.Insert(ctx, tx, r); err != nil {
			return model.Team{}, err
		}
		if call.Actor.Server() || call.Actor.User == nil {
			return r.Model(), nil
		}
		m := newMembership(call, r.ID, call.Actor.UserID(), append(texts(in.Roles), teams.RoleOwner))
		m.Join(call.Micros())
		if err := s.Teams.Add(ctx, tx, m); err != nil {
			return model.Team{}, err
		}
		r, err := s.Teams.Get(ctx, tx, r.ID) // whose total has gone up
		if err != nil {
			return model.Team{}, err
		}
		return r.Model(), nil
	})
}

func newMembership(call *api.Call, teamID, userID string, roles []string) *teams.Membership {
	now := call.Micros()
	return &teams.Membership{
		ID: call.NewID(), CreatedAt: now, UpdatedAt: now, Invited: now,
		TeamID: teamID, UserID: userID, Roles: once(roles),
	}
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

// once returns the list without what is in it again.
func once(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

type listParams struct {
	Queries api.Queries `param:"queries" default:"[]"`
	Search  string      `param:"search" max:"256" default:"\"\""`
	Total   bool        `param:"total" default:"true"`
}

func (s *Service) list(ctx context.Context, call *api.Call, in listParams) (model.TeamList, error) {
	page := listing.Page{Queries: in.Queries, Search: in.Search, NoTotal: !in.Total}
	if !call.Actor.Server() {
		mine := []string{}
		if call.Actor.User != nil {
			for _, m := range call.Actor.User.Memberships {
				mine = append(mine, m.TeamID)
			}
		}
		page.Where = sqlb.In("id", mine...)
	}
	return api.Read(ctx, call, func(tx store.Tx) (model.TeamList, error) {
		rows, total, err := listing.Read[teams.Team](ctx, tx, teams.List, page)
		models := make([]model.Team, len(rows))
		for i := range rows {
			models[i] = rows[i].Model()
		}
		return model.TeamList{Total: total, Teams: models}, err
	})
}

type teamParams struct {
	TeamID api.ID `param:"teamId"`
}

func (s *Service) get(ctx context.Context, call *api.Call, in teamParams) (model.Team, error) {
	return api.Read(ctx, call, func(tx store.Tx) (model.Team, error) {
		r, err := s.team(ctx, tx, call, string(in.TeamID))
		if err != nil {
			return model.Team{}, err
		}
		return r.Model(), nil
	})
}

type nameParams struct {
	TeamID api.ID `param:"teamId"`
	Name   string `param:"name" max:"128" doc:"Name of the team."`
}

func (s *Service) updateName(ctx context.Context, call *api.Call, in nameParams) (model.Team, error) {
	return api.Write(ctx, call, func(tx store.Tx) (model.Team, error) {
		r, err := s.owned(ctx, tx, call, string(in.TeamID), notOwner)
		if err != nil {
			return model.Team{}, err
		}
		r.Name = in.Name
		err = s.Teams.Update(ctx, tx, r, "name")
		return r.Model(), err
	})
}

// errHoldings says that an organization has projects yet.
var errHoldings = errors.New("the organization has projects")

// delete removes a team. An organization takes its projects with it: it goes in
// the transaction that finds that none is left.
func (s *Service) delete(ctx context.Context, call *api.Call, in teamParams) (api.None, error) {
	for {
		left, err := api.Write(ctx, call, func(tx store.Tx) ([]projects.Row, error) {
			r, err := s.owned(ctx, tx, call, string(in.TeamID), notOwner)
			if err != nil {
				return nil, err
			}
			left, err := holdings(ctx, tx, call, r.ID)
			if err == nil && len(left) > 0 {
				err = errHoldings // so that nothing is committed, and nothing recorded
			}
			if err != nil {
				return left, err
			}
			return nil, s.Teams.Delete(ctx, tx, r.ID)
		})
		if !errors.Is(err, errHoldings) {
			return api.None{}, err
		}
		for _, p := range left {
			err := s.Projects.Delete(ctx, p.ID, call.Micros(), func(ctx context.Context, tx store.Tx) error {
				return call.Also(ctx, tx, p.ID, "project.delete", "project/"+p.ID)
			})
			if err != nil && !errors.Is(err, apierr.ProjectNotFound) { // another was faster
				return api.None{}, err
			}
		}
	}
}

// holdings are projects of an organization, as many as fit on a page.
func holdings(ctx context.Context, tx store.Tx, call *api.Call, teamID string) ([]projects.Row, error) {
	if !call.Project.IsConsole() {
		return nil, nil
	}
	rows, _, err := projects.List(ctx, tx, listing.Page{NoTotal: true}, []projects.Share{{Team: teamID, All: true}})
	return rows, err
}

func (s *Service) getPrefs(ctx context.Context, call *api.Call, in teamParams) (api.Document, error) {
	return api.Read(ctx, call, func(tx store.Tx) (api.Document, error) {
		r, err := s.team(ctx, tx, call, string(in.TeamID))
		if err != nil {
			return nil, err
		}
		return api.Document(r.Prefs), nil
	})
}

type prefsParams struct {
	TeamID api.ID    `param:"teamId"`
	Prefs  api.Prefs `param:"prefs"`
}

func (s *Service) updatePrefs(ctx context.Context, call *api.Call, in prefsParams) (api.Document, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.Document, error) {
		r, err := s.owned(ctx, tx, call, string(in.TeamID), notOwner)
		if err != nil {
			return nil, err
		}
		r.Prefs = json.RawMessage(in.Prefs.Object)
		return api.Document(r.Prefs), s.Teams.Update(ctx, tx, r, "prefs")
	})
}
