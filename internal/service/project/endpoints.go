// Package project serves the endpoints for the settings of one project: its
// switches, policies, API keys and platforms.
package project

import (
	"context"
	"slices"

	"moorfast/internal/api"
	"moorfast/internal/core/projects"
	"moorfast/internal/identity"
	"moorfast/internal/model"
	"moorfast/internal/project"
	"moorfast/internal/secevent"
	"moorfast/internal/store"
)

// Tokens hands out the keys that tokens are signed with.
type Tokens interface {
	TokenKey(project, typ string) ([]byte, error)
}

// Service serves the project endpoints.
type Service struct {
	Projects *projects.Projects
	Tokens   Tokens

	// Reveal keeps a sealed copy of the secrets of API keys, and shows one again
	// to an owner who has just signed in.
	Reveal bool

	// Narrow has an API key give keys no scope that it has not itself.
	Narrow bool

	// Events is told of what is shown; nil tells nobody.
	Events *secevent.Bus
}

const adminsAndKeys = identity.Admin | identity.Key

var (
	rules     = api.Rules{Service: "project", Where: api.ProjectOnly}
	sensitive = api.Rules{Service: "project", Where: api.ProjectOnly, Sensitive: true}
)

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	return slices.Concat(s.settings(), s.keys(), s.platforms(), s.policies(), s.mockPhones())
}

func (s *Service) settings() []api.Endpoint {
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "project.get", Method: "GET", Path: "/v1/project", Aliases: []string{"/v1/projects/{projectId}"}, Model: "project",
			Summary: "Get the project.",
			Auth:    adminsAndKeys, Scopes: []string{"project.read"}, Rules: rules,
		}, s.get),
		api.New(api.Spec{
			Name: "project.delete", Method: "DELETE", Path: "/v1/project", Aliases: []string{"/v1/projects/{projectId}"},
			Summary: "Delete the project, with all that it holds.",
			Auth:    adminsAndKeys, Scopes: []string{"project.write"}, Rules: rules,
			Audit: api.Audit{Event: "project.delete", Resource: "project/{projectId}"},
		}, s.delete),
		api.New(api.Spec{
			Name: "project.updateLabels", Method: "PUT", Path: "/v1/project/labels", Aliases: []string{"/v1/projects/{projectId}/labels"}, Model: "project",
			Summary: "Set the labels of the project.",
			Auth:    adminsAndKeys, Scopes: []string{"project.write"}, Rules: rules,
			Audit: api.Audit{Event: "project.labels.update", Resource: "project.labels/{projectId}"},
		}, s.updateLabels),
		api.New(api.Spec{
			Name: "project.updateAuthMethod", Method: "PATCH", Path: "/v1/project/auth-methods/{methodId}",
			Aliases: []string{"/v1/projects/{projectId}/auth/{methodId}"}, Model: "project",
			Summary: "Switch a way to sign in on or off.",
			Auth:    adminsAndKeys, Scopes: []string{"project.write"}, Rules: rules,
			Event: "authMethod.[methodId].update",
			Audit: api.Audit{Event: "project.authMethods.[methodId].update", Resource: "project.authMethods/{methodId}"},
		}, s.updateAuthMethod),
		api.New(api.Spec{
			Name: "project.updateService", Method: "PATCH", Path: "/v1/project/services/{serviceId}",
			Aliases: []string{"/v1/project/services/{serviceId}/status", "/v1/projects/{projectId}/service"}, Model: "project",
			Summary: "Switch a service on or off for users of the project.",
			Auth:    adminsAndKeys, Scopes: []string{"project.write"}, Rules: rules,
			Event: "services.[serviceId].update",
			Audit: api.Audit{Event: "project.services.[serviceId].update", Resource: "project.services/{serviceId}"},
		}, s.updateService),
		api.New(api.Spec{
			Name: "project.updateProtocol", Method: "PATCH", Path: "/v1/project/protocols/{protocolId}",
			Aliases: []string{"/v1/project/protocols/{protocolId}/status", "/v1/projects/{projectId}/api"}, Model: "project",
			Summary: "Switch a protocol on or off for users of the project.",
			Auth:    adminsAndKeys, Scopes: []string{"project.write"}, Rules: rules,
			Event: "protocols.[protocolId].update",
			Audit: api.Audit{Event: "project.protocols.[protocolId].update", Resource: "project.protocols/{protocolId}"},
		}, s.updateProtocol),
	}
}

type none struct{}

func (s *Service) get(ctx context.Context, call *api.Call, _ none) (model.Project, error) {
	return api.ReadIn(ctx, call, store.Platform, func(tx store.Tx) (model.Project, error) {
		row, err := projects.Get(ctx, tx, call.Project.ID)
		return row.Model(), err
	})
}

func (s *Service) delete(ctx context.Context, call *api.Call, _ none) (api.None, error) {
	ctx = context.WithoutCancel(ctx) // a client that goes away has still asked for it
	_, err := api.WriteIn(ctx, call, store.Platform, func(tx store.Tx) (api.None, error) {
		return api.None{}, s.Projects.Mark(ctx, tx, call.Project.ID, call.Micros())
	})
	if err != nil {
		return api.None{}, err
	}
	return api.None{}, s.Projects.Remove(ctx, call.Project.ID)
}

// change stores what fn makes of the project.
func (s *Service) change(ctx context.Context, call *api.Call, fn func(*projects.Row)) (projects.Row, error) {
	return api.WriteIn(ctx, call, store.Platform, func(tx store.Tx) (projects.Row, error) {
		return s.Projects.Change(ctx, tx, call.Project.ID, call.Micros(), func(r *projects.Row) error {
			fn(r)
			return nil
		})
	})
}

type labelsParams struct {
	Labels []api.Label `param:"labels" max:"1000"`
}

func (s *Service) updateLabels(ctx context.Context, call *api.Call, in labelsParams) (model.Project, error) {
	row, err := s.change(ctx, call, func(r *projects.Row) {
		r.Labels = []string{}
		for _, l := range in.Labels {
			if !slices.Contains(r.Labels, string(l)) {
				r.Labels = append(r.Labels, string(l))
			}
		}
	})
	return row.Model(), err
}

type authMethodParams struct {
	MethodID string `param:"methodId" oneof:"email-password,magic-url,email-otp,anonymous,invites,jwt,phone"`
	Enabled  bool   `param:"enabled"`
}

func (s *Service) updateAuthMethod(ctx context.Context, call *api.Call, in authMethodParams) (model.Project, error) {
	for _, m := range projects.AuthMethods {
		if m.ID == in.MethodID {
			return s.turn(ctx, call, project.Method+m.Name, in.Enabled)
		}
	}
	return model.Project{}, api.Invalid("methodId", api.Reject("Value must be one of the methods"))
}

type serviceParams struct {
	ServiceID string `param:"serviceId" oneof:"account,avatars,databases,tablesdb,locale,health,project,storage,teams,users,vcs,sites,functions,proxy,graphql,migrations,messaging,advisor"`
	Enabled   bool   `param:"enabled"`
}

func (s *Service) updateService(ctx context.Context, call *api.Call, in serviceParams) (model.Project, error) {
	return s.turn(ctx, call, project.Service+in.ServiceID, in.Enabled)
}

type protocolParams struct {
	ProtocolID string `param:"protocolId" oneof:"rest,graphql,websocket"`
	Enabled    bool   `param:"enabled"`
}

func (s *Service) updateProtocol(ctx context.Context, call *api.Call, in protocolParams) (model.Project, error) {
	return s.turn(ctx, call, project.Protocol+in.ProtocolID, in.Enabled)
}

// turn switches something on or off.
func (s *Service) turn(ctx context.Context, call *api.Call, name string, on bool) (model.Project, error) {
	row, err := s.change(ctx, call, func(r *projects.Row) {
		r.Disabled = slices.DeleteFunc(r.Disabled, func(d string) bool { return d == name })
		if !on {
			r.Disabled = append(r.Disabled, name)
		}
	})
	return row.Model(), err
}
