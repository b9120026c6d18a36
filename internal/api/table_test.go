package api_test

import (
	"context"
	"strings"
	"testing"

	"moorfast/internal/api"
	"moorfast/internal/identity"
)

type service []api.Endpoint

func (s service) Endpoints() []api.Endpoint { return s }

type idParams struct {
	TeamID api.ID `param:"teamId"`
}

func endpoint(change func(*api.Spec)) api.Endpoint {
	spec := api.Spec{
		Name: "teams.get", Method: "GET", Path: "/v1/teams/{teamId}", Summary: "Get a team.",
		Auth: identity.Session, Scopes: []string{"teams.read"},
	}
	change(&spec)
	return api.New(spec, func(context.Context, *api.Call, idParams) (api.None, error) { return api.None{}, nil })
}

func TestCompileFindsMistakes(t *testing.T) {
	if _, err := api.Compile(service{endpoint(func(*api.Spec) {})}); err != nil {
		t.Fatalf("a right table: %v", err)
	}
	for _, test := range []struct {
		want   string
		change func(*api.Spec)
	}{
		{`path names "temaId", which is not a parameter`, func(s *api.Spec) { s.Path = "/v1/teams/{temaId}" }},
		{`scope "teams.raed" is not in the catalogue`, func(s *api.Spec) { s.Scopes = []string{"teams.raed"} }},
		{`limit key names "param-email", which is nothing that can be counted`, func(s *api.Spec) { s.Limit = api.Limit{N: 1, Keys: []string{"{param-email}"}} }},
		{`limit key names "who", which is nothing that can be counted`, func(s *api.Spec) { s.Limit = api.Limit{N: 1, Keys: []string{"{who}"}} }},
		{"a limit needs a key", func(s *api.Spec) { s.Limit.N = 1 }},
		{"name and summary are required", func(s *api.Spec) { s.Summary = "" }},
		{"auth is required", func(s *api.Spec) { s.Auth = 0 }},
		{"a change that has an event needs an audit event", func(s *api.Spec) { s.Method, s.Event = "PUT", "teams.[teamId].update" }},
	} {
		_, err := api.Compile(service{endpoint(test.change)})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

func TestCompileFindsTwoOfAKind(t *testing.T) {
	a := endpoint(func(*api.Spec) {})
	b := endpoint(func(s *api.Spec) { s.Name = "teams.other" })
	_, err := api.Compile(service{a}, service{b})
	if err == nil || !strings.Contains(err.Error(), `endpoints teams.get and teams.other are both "GET /v1/teams/{teamId}"`) {
		t.Errorf("got %v", err)
	}
}

func TestCompileFindsListsWithoutAnEnd(t *testing.T) {
	e := api.New(api.Spec{Name: "a.b", Method: "GET", Path: "/a", Summary: "A.", Auth: identity.Guest},
		func(context.Context, *api.Call, struct {
			List []string `param:"list"`
		},
		) (api.None, error) {
			return api.None{}, nil
		})
	if _, err := api.Compile(service{e}); err == nil || !strings.Contains(err.Error(), `list "list" has no max`) {
		t.Errorf("got %v", err)
	}
}
