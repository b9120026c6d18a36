package server

import (
	"context"
	"errors"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/projects"
	"moorfast/internal/core/teams"
	"moorfast/internal/core/users"
	"moorfast/internal/httpd"
	"moorfast/internal/openapi"
	"moorfast/internal/service/console"
	"moorfast/internal/service/locale"
	"moorfast/internal/service/meta"
	"moorfast/internal/service/project"
	projectsservice "moorfast/internal/service/projects"
	"moorfast/internal/service/webhooks"
	"moorfast/internal/store"
)

// core is what services share.
type core struct {
	units    api.Units
	projects *projects.Projects
	users    *users.Users
	teams    *teams.Teams
}

// services returns every service of the program. Their tables can be read from
// a core of nothing, which is how the documents are made.
func (s *Server) services(c core) []api.Service {
	return []api.Service{
		&meta.Service{Projects: c.projects, Version: httpd.Version, OpenAPI: s.OpenAPI},
		&projectsservice.Service{Projects: c.projects, Teams: organizations{c.teams}, Regions: []string{"default"}},
		&project.Service{Projects: c.projects, Tokens: s.Vault},
		&webhooks.Service{},
		&console.Service{Variables: variables(s.config)},
		&locale.Service{},
	}
}

// Table returns every endpoint of the program, without a store behind it.
func Table() (api.Table, error) {
	return api.Compile(new(Server).services(core{})...)
}

// OpenAPI returns the table as an OpenAPI 3.1 document.
func (s *Server) OpenAPI() ([]byte, error) {
	return openapi.Document(s.Table, "moorfast", httpd.Version)
}

// organizations tells which teams of the console there are.
type organizations struct{ teams *teams.Teams }

func (o organizations) Exists(ctx context.Context, tx store.Tx, id string) (bool, error) {
	_, err := o.teams.Get(ctx, tx, id)
	if errors.Is(err, apierr.TeamNotFound) {
		return false, nil
	}
	return err == nil, err
}
