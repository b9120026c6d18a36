package console

import (
	"context"
	"slices"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
)

// Domains are names of the installation itself, which nobody else may have.
type Domains struct {
	Hosts            []string // at which the API and the console answer
	Sites, Functions []string // below which sites and functions are served
}

type resourceParams struct {
	Value string `param:"value" max:"256" doc:"The domain."`
	Type  string `param:"type" oneof:"rules" fold:"true" doc:"What it would be of."`
}

// resource tells whether a domain could be had by a project. What could not be is
// an error; no project has one yet, so that all others are free.
func (s *Service) resource(_ context.Context, _ *api.Call, in resourceParams) (api.None, error) {
	name := strings.ToLower(in.Value)
	switch {
	case strings.HasPrefix(name, "http://"), strings.HasPrefix(name, "https://"):
		return api.None{}, apierr.ArgumentInvalid.Detail("Domain may not start with http:// or https://.")
	case api.Hostname(name).Check() != nil || strings.Contains(name, "*"):
		return api.None{}, api.Invalid("value", api.Reject("Value must be a valid domain"))
	case s.Domains.reserves(name):
		return api.None{}, apierr.ArgumentInvalid.Detail("This domain name is not allowed. Please use a different domain.")
	}
	return api.None{}, nil
}

// reserves tells whether a name is one of the installation's own, or looks like
// one that it gives out.
func (d Domains) reserves(name string) bool {
	if slices.Contains(slices.Concat(d.Hosts, d.Sites, d.Functions), name) {
		return true
	}
	below := func(base string) (label string, ok bool) { return strings.CutSuffix(name, "."+base) }
	for _, base := range d.Sites {
		label, ok := below(base)
		if ok && (strings.Contains(label, ".") || strings.HasPrefix(label, "commit-") || strings.HasPrefix(label, "branch-")) {
			return true
		}
	}
	for _, base := range d.Functions {
		if label, ok := below(base); ok && strings.Contains(label, ".") {
			return true
		}
	}
	return false
}
