package projects

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/listing"
	"moorfast/internal/core/projects"
	"moorfast/internal/model"
	"moorfast/internal/opt"
	"moorfast/internal/store"
)

// organization is the one that a call is about: the owner of its project, or,
// at the console, the one that a header names.
func organization(call *api.Call) (string, error) {
	team := call.Project.TeamID
	if call.Project.IsConsole() {
		team = call.Organization
		if u := call.Actor.User; u == nil || team == "" {
			return "", apierr.TeamNotFound
		} else if _, member := u.Member(team); !member {
			return "", apierr.TeamNotFound
		}
	}
	if team == "" {
		return "", apierr.TeamNotFound
	}
	return team, nil
}

type listOwnParams struct {
	Queries api.Queries `param:"queries" default:"[]"`
	Search  string      `param:"search" default:"\"\"" max:"256"`
	Total   bool        `param:"total" default:"true"`
}

func (s *Service) listOwn(ctx context.Context, call *api.Call, in listOwnParams) (model.ProjectList, error) {
	team, err := organization(call)
	if err != nil {
		return model.ProjectList{}, err
	}
	seen := shares(call, team)
	if call.Actor.User == nil { // a key of one of its projects
		seen = []projects.Share{{Team: team, All: true}}
	}
	return s.page(ctx, call, listing.Page{Queries: in.Queries, Search: in.Search, NoTotal: !in.Total}, seen)
}

type createOwnParams struct {
	ProjectID api.NewProjectID  `param:"projectId"`
	Name      string            `param:"name" max:"128"`
	Region    opt.Value[string] `param:"region" max:"64" null:"false"`
}

func (s *Service) createOwn(ctx context.Context, call *api.Call, in createOwnParams) (model.Project, error) {
	team, err := organization(call)
	if err != nil {
		return model.Project{}, err
	}
	return s.make(ctx, call, string(in.ProjectID), in.Name, team, in.Region)
}

type ownParams struct {
	ProjectID api.ID `param:"projectId"`
}

func (s *Service) getOwn(ctx context.Context, call *api.Call, in ownParams) (model.Project, error) {
	return api.ReadIn(ctx, call, store.Platform, func(tx store.Tx) (model.Project, error) {
		row, err := projects.Get(ctx, tx, string(in.ProjectID))
		if err == nil {
			err = own(call, row)
		}
		return row.Model(), err
	})
}

// own refuses projects of other organizations, and those that the caller does
// not see, as if they were not there.
func own(call *api.Call, row projects.Row) error {
	team, err := organization(call)
	if err == nil && (row.TeamID != team || !sees(call, row)) {
		err = apierr.ProjectNotFound
	}
	return err
}

func (s *Service) updateOwn(ctx context.Context, call *api.Call, in updateParams) (model.Project, error) {
	return s.change(ctx, call, string(in.ProjectID), func(_ store.Tx, r *projects.Row) error {
		r.Name = in.Name
		return own(call, *r)
	})
}

func (s *Service) deleteOwn(ctx context.Context, call *api.Call, in ownParams) (api.None, error) {
	if _, err := s.getOwn(ctx, call, in); err != nil {
		return api.None{}, err
	}
	ctx = context.WithoutCancel(ctx) // a client that goes away has still asked for it
	_, err := api.WriteIn(ctx, call, store.Platform, func(tx store.Tx) (api.None, error) {
		return api.None{}, s.Projects.Mark(ctx, tx, string(in.ProjectID), call.Micros())
	})
	if err != nil {
		return api.None{}, err
	}
	return api.None{}, s.Projects.Remove(ctx, string(in.ProjectID))
}
