// Package meta serves what clients ask of the server itself, before anything else.
package meta

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/projects"
	"moorfast/internal/identity"
	"moorfast/internal/store"
)

// Service serves the endpoints about the server.
type Service struct {
	Projects *projects.Projects
	Version  string
	OpenAPI  func() ([]byte, error)
}

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	open := api.Rules{Service: "meta", Open: true, AnyOrigin: true}
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "ping.get", Method: "GET", Path: "/v1/ping",
			Summary: "Check that a client reaches its project.",
			Auth:    identity.Guest | identity.Session | identity.JWT | identity.Key | identity.Admin, Scopes: []string{"global"},
			Rules: api.Rules{Service: "meta", Open: true},
		}, s.ping),
		api.New(api.Spec{
			Name: "meta.versions", Method: "GET", Path: "/versions",
			Summary: "Tell the version of the API, and those of its SDKs.",
			Auth:    identity.Guest, Rules: open,
		}, s.versions),
		api.New(api.Spec{
			Name: "meta.openapi", Method: "GET", Path: "/v1/openapi.json",
			Summary: "Get this API as an OpenAPI 3.1 document.",
			Auth:    identity.Guest, Rules: open,
		}, s.openapi),
		api.New(api.Spec{
			Name: "meta.robots", Method: "GET", Path: "/robots.txt",
			Summary: "Tell robots where they may go.",
			Auth:    identity.Guest, Rules: open,
		}, s.robots),
		api.New(api.Spec{
			Name: "meta.humans", Method: "GET", Path: "/humans.txt",
			Summary: "Tell humans what this is.",
			Auth:    identity.Guest, Rules: open,
		}, s.humans),
	}
}

type none struct{}

func (s *Service) ping(ctx context.Context, call *api.Call, _ none) (api.Text, error) {
	if call.Project.IsConsole() {
		return "", apierr.ProjectNotFound
	}
	return api.WriteIn(ctx, call, store.Platform, func(tx store.Tx) (api.Text, error) {
		return "Pong!", s.Projects.Pinged(ctx, tx, call.Project.ID, call.Micros())
	})
}

func (s *Service) openapi(context.Context, *api.Call, none) (api.Raw, error) {
	return s.OpenAPI()
}

func (s *Service) robots(context.Context, *api.Call, none) (api.Text, error) {
	return "# robotstxt.org/\n\nUser-agent: *\n", nil
}

func (s *Service) humans(context.Context, *api.Call, none) (api.Text, error) {
	return "# humanstxt.org/\n# moorfast: a self-hosted backend in one program\n", nil
}
