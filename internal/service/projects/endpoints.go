// Package projects serves the endpoints by which the console keeps the projects
// of an organization.
package projects

import (
	"context"
	"slices"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/listing"
	"moorfast/internal/core/projects"
	"moorfast/internal/identity"
	"moorfast/internal/model"
	"moorfast/internal/opt"
	"moorfast/internal/project"
	"moorfast/internal/query"
	"moorfast/internal/store"
)

// Teams tells which organizations there are.
type Teams interface {
	Exists(ctx context.Context, tx store.Tx, id string) (bool, error)
}

// Service serves the projects endpoints.
type Service struct {
	Projects *projects.Projects
	Teams    Teams
	Regions  []string
}

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	const admins = identity.Admin
	console := api.Rules{Service: "projects", Where: api.ConsoleOnly}
	team := api.Rules{Service: "organization"}
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "projects.list", Method: "GET", Path: "/v1/projects", Model: "projectList",
			Summary: "List the projects of the caller's organizations, or of one.",
			Auth:    admins, Scopes: []string{"projects.read"}, Rules: console,
		}, s.list),
		api.New(api.Spec{
			Name: "projects.create", Method: "POST", Path: "/v1/projects", Status: 201, Model: "project",
			Summary: "Create a project in an organization.",
			Auth:    admins, Scopes: []string{"projects.write"}, Rules: console,
			Audit: api.Audit{Event: "projects.create", Resource: "project/{projectId}"},
		}, s.create),
		api.New(api.Spec{
			Name: "projects.update", Method: "PATCH", Path: "/v1/projects/{projectId}", Model: "project",
			Summary: "Rename a project.",
			Auth:    admins, Scopes: []string{"projects.write"}, Rules: console,
			Audit: api.Audit{Event: "projects.update", Resource: "project/{projectId}"},
		}, s.update),
		api.New(api.Spec{
			Name: "projects.updateTeam", Method: "PATCH", Path: "/v1/projects/{projectId}/team", Model: "project",
			Summary: "Move a project to another organization.",
			Auth:    admins, Scopes: []string{"projects.write"}, Rules: console,
			Audit: api.Audit{Event: "projects.team.update", Resource: "project/{projectId}"},
		}, s.move),
		api.New(api.Spec{
			Name: "projects.createDevKey", Method: "POST", Path: "/v1/projects/{projectId}/dev-keys",
			Summary: "Create a dev key. There are none any more, and this says so.",
			Auth:    admins, Scopes: []string{"devKeys.write"}, Rules: console,
			Audit: api.Audit{Event: "devKeys.create", Resource: "project/{projectId}"},
		}, s.createDevKey),
		api.New(api.Spec{
			Name: "projects.listDevKeys", Method: "GET", Path: "/v1/projects/{projectId}/dev-keys", Model: "devKeyList",
			Summary: "List the dev keys of a project, of which there are none.",
			Auth:    admins, Scopes: []string{"devKeys.read"}, Rules: console,
		}, s.listDevKeys),
		api.New(api.Spec{
			Name: "projects.getDevKey", Method: "GET", Path: "/v1/projects/{projectId}/dev-keys/{keyId}", Model: "devKey",
			Summary: "Get a dev key, of which there are none.",
			Auth:    admins, Scopes: []string{"devKeys.read"}, Rules: console,
		}, noDevKey[oneDevKeyParams, devKey]),
		api.New(api.Spec{
			Name: "projects.updateDevKey", Method: "PUT", Path: "/v1/projects/{projectId}/dev-keys/{keyId}", Model: "devKey",
			Summary: "Change a dev key, of which there are none.",
			Auth:    admins, Scopes: []string{"devKeys.write"}, Rules: console,
			Audit: api.Audit{Event: "devKeys.update", Resource: "project/{projectId}"},
		}, noDevKey[changeDevKeyParams, devKey]),
		api.New(api.Spec{
			Name: "projects.deleteDevKey", Method: "DELETE", Path: "/v1/projects/{projectId}/dev-keys/{keyId}",
			Summary: "Delete a dev key, of which there are none.",
			Auth:    admins, Scopes: []string{"devKeys.write"}, Rules: console,
			Audit: api.Audit{Event: "devKeys.delete", Resource: "project/{projectId}"},
		}, noDevKey[oneDevKeyParams, api.None]),
		api.New(api.Spec{
			Name: "projects.updateMockNumbers", Method: "PATCH", Path: "/v1/projects/{projectId}/auth/mock-numbers", Model: "project",
			Summary: "Set all mock phone numbers of a project. Newer clients add and remove them one by one.",
			Auth:    admins, Scopes: []string{"projects.write"}, Rules: console,
			Audit: api.Audit{Event: "projects.update", Resource: "project/{projectId}"},
		}, s.updateMockNumbers),

		api.New(api.Spec{
			Name: "organization.listProjects", Method: "GET", Path: "/v1/organization/projects", Model: "projectList",
			Summary: "List the projects of the organization.",
			Auth:    admins | identity.Key | identity.Organization, Scopes: []string{"projects.read"}, Rules: team,
		}, s.listOwn),
		api.New(api.Spec{
			Name: "organization.createProject", Method: "POST", Path: "/v1/organization/projects", Status: 201, Model: "project",
			Summary: "Create a project in the organization.",
			Auth:    admins | identity.Key | identity.Organization, Scopes: []string{"projects.write"}, Rules: team,
			Audit: api.Audit{Event: "projects.create", Resource: "project/{projectId}"},
		}, s.createOwn),
		api.New(api.Spec{
			Name: "organization.getProject", Method: "GET", Path: "/v1/organization/projects/{projectId}", Model: "project",
			Summary: "Get a project of the organization.",
			Auth:    admins | identity.Key | identity.Organization, Scopes: []string{"projects.read"}, Rules: team,
		}, s.getOwn),
		api.New(api.Spec{
			Name: "organization.updateProject", Method: "PATCH", Path: "/v1/organization/projects/{projectId}", Model: "project",
			Summary: "Rename a project of the organization.",
			Auth:    admins | identity.Key | identity.Organization, Scopes: []string{"projects.write"}, Rules: team,
			Audit: api.Audit{Event: "projects.update", Resource: "project/{projectId}"},
		}, s.updateOwn),
		api.New(api.Spec{
			Name: "organization.deleteProject", Method: "DELETE", Path: "/v1/organization/projects/{projectId}",
			Summary: "Delete a project of the organization, with all that it holds.",
			Auth:    admins | identity.Key | identity.Organization, Scopes: []string{"projects.write"}, Rules: team,
			Audit: api.Audit{Event: "projects.delete", Resource: "project/{projectId}"},
		}, s.deleteOwn),
	}
}

type listParams struct {
	Queries api.Queries       `param:"queries" default:"[]"`
	Search  string            `param:"search" default:"\"\"" max:"256"`
	Total   bool              `param:"total" default:"true"`
	TeamID  opt.Value[api.ID] `param:"teamId" null:"false" doc:"Only projects of this organization."`
}

func (s *Service) list(ctx context.Context, call *api.Call, in listParams) (model.ProjectList, error) {
	return s.page(ctx, call, listing.Page{Queries: in.Queries, Search: in.Search, NoTotal: !in.Total}, shares(call, string(in.TeamID.V)))
}

// shares are what the caller sees of the projects of one organization, or of all
// that the caller is a member of.
func shares(call *api.Call, team string) (seen []projects.Share) {
	if call.Actor.User == nil {
		return nil
	}
	for _, m := range call.Actor.User.Memberships {
		if team == "" || m.TeamID == team {
			all, some := m.Sees()
			seen = append(seen, projects.Share{Team: m.TeamID, All: all, Projects: some})
		}
	}
	return seen
}

// sees reports whether the caller sees a project: a user as a member of the
// organization that owns it, and a key where it is let in at all.
func sees(call *api.Call, row projects.Row) bool {
	u := call.Actor.User
	if u == nil {
		return true
	}
	m, ok := u.Member(row.TeamID)
	return ok && m.SeesProject(row.ID)
}

func (s *Service) page(ctx context.Context, call *api.Call, page listing.Page, seen []projects.Share) (model.ProjectList, error) {
	return api.ReadIn(ctx, call, store.Platform, func(tx store.Tx) (model.ProjectList, error) {
		rows, total, err := projects.List(ctx, tx, page, seen)
		list := model.ProjectList{Total: total, Projects: make([]model.Project, len(rows))}
		for i, row := range rows {
			list.Projects[i] = row.Model()
		}
		return list, err
	})
}

type createParams struct {
	ProjectID api.NewProjectID  `param:"projectId"`
	Name      string            `param:"name" max:"128"`
	TeamID    api.ID            `param:"teamId"`
	Region    opt.Value[string] `param:"region" max:"64" null:"false"`
}

func (s *Service) create(ctx context.Context, call *api.Call, in createParams) (model.Project, error) {
	return s.make(ctx, call, string(in.ProjectID), in.Name, string(in.TeamID), in.Region)
}

func (s *Service) make(ctx context.Context, call *api.Call, id, name, team string, region opt.Value[string]) (model.Project, error) {
	if id == project.Console {
		return model.Project{}, apierr.ProjectReserved
	}
	where := region.Or(s.Regions[0])
	if !slices.Contains(s.Regions, where) {
		return model.Project{}, apierr.ProjectRegionUnsupported.Detail("Region %q is not supported", where)
	}
	row := projects.Row{
		ID: id, CreatedAt: call.Micros(), UpdatedAt: call.Micros(), AccessedAt: call.Micros(),
		Name: name, TeamID: team, Region: where, Auths: project.DefaultAuths(),
		Disabled: []string{}, Labels: []string{},
	}
	if err := s.Projects.Prepare(ctx, id); err != nil {
		return model.Project{}, err
	}
	return api.WriteIn(ctx, call, store.Platform, func(tx store.Tx) (model.Project, error) {
		if ok, err := s.Teams.Exists(ctx, tx, team); err != nil || !ok {
			return model.Project{}, first(err, apierr.TeamNotFound)
		}
		s.Projects.Changed(tx, id)
		return row.Model(), projects.Insert(ctx, tx, &row)
	})
}

func first(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

type updateParams struct {
	ProjectID api.ID `param:"projectId"`
	Name      string `param:"name" max:"128"`
}

func (s *Service) update(ctx context.Context, call *api.Call, in updateParams) (model.Project, error) {
	return s.change(ctx, call, string(in.ProjectID), func(_ store.Tx, r *projects.Row) error {
		r.Name = in.Name
		return nil
	})
}

func (s *Service) change(ctx context.Context, call *api.Call, id string, fn func(store.Tx, *projects.Row) error) (model.Project, error) {
	return api.WriteIn(ctx, call, store.Platform, func(tx store.Tx) (model.Project, error) {
		row, err := s.Projects.Change(ctx, tx, id, call.Micros(), func(r *projects.Row) error {
			if !sees(call, *r) {
				return apierr.ProjectNotFound
			}
			return fn(tx, r)
		})
		return row.Model(), err
	})
}

type moveParams struct {
	ProjectID api.ID `param:"projectId"`
	TeamID    api.ID `param:"teamId"`
}

func (s *Service) move(ctx context.Context, call *api.Call, in moveParams) (model.Project, error) {
	if err := mayAdd(call, string(in.TeamID)); err != nil {
		return model.Project{}, err
	}
	return s.change(ctx, call, string(in.ProjectID), func(tx store.Tx, r *projects.Row) error {
		if ok, err := s.Teams.Exists(ctx, tx, string(in.TeamID)); err != nil || !ok {
			return first(err, apierr.TeamNotFound)
		}
		r.TeamID = string(in.TeamID)
		return nil
	})
}

// mayAdd refuses organizations that the caller could not create a project in.
func mayAdd(call *api.Call, team string) error {
	u := call.Actor.User
	if u == nil {
		return apierr.TeamNotFound
	}
	m, ok := u.Member(team)
	if !ok {
		return apierr.TeamNotFound
	}
	for _, role := range m.Roles {
		if slices.Contains(identity.ScopesOf(role), "projects.write") {
			return nil
		}
	}
	return apierr.UserUnauthorized
}

type devKeyParams struct {
	ProjectID api.ID   `param:"projectId"`
	Name      string   `param:"name" max:"128"`
	Expire    api.Time `param:"expire"`
}

func (s *Service) createDevKey(context.Context, *api.Call, devKeyParams) (api.None, error) {
	return api.None{}, apierr.DevKeyGone
}

type oneDevKeyParams struct {
	ProjectID api.ID `param:"projectId"`
	KeyID     api.ID `param:"keyId"`
}

type changeDevKeyParams struct {
	ProjectID api.ID   `param:"projectId"`
	KeyID     api.ID   `param:"keyId"`
	Name      string   `param:"name" max:"128"`
	Expire    api.Time `param:"expire"`
}

// devKey would be one.
type devKey struct{}

func noDevKey[In, Out any](context.Context, *api.Call, In) (out Out, err error) {
	return out, apierr.KeyNotFound
}

type listDevKeysParams struct {
	ProjectID api.ID      `param:"projectId"`
	Queries   api.Queries `param:"queries" default:"[]"`
}

type devKeyList struct {
	Total   int      `json:"total"`
	DevKeys []devKey `json:"devKeys"`
}

// devKeyRules are what dev keys could be listed by.
var devKeyRules = query.Rules{Attributes: query.Attributes{
	"accessedAt": {Type: query.Datetime}, "expire": {Type: query.Datetime},
}}

func (s *Service) listDevKeys(_ context.Context, _ *api.Call, in listDevKeysParams) (devKeyList, error) {
	_, err := listing.Plan(devKeyRules, in.Queries)
	return devKeyList{DevKeys: []devKey{}}, err
}
