package teams

import (
	"moorfast/internal/api"
	"moorfast/internal/identity"
)

const (
	clients = identity.Session | identity.JWT | identity.Admin
	anyone  = clients | identity.Key
)

var (
	read  = []string{"teams.read"}
	write = []string{"teams.write"}
)

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	const team, member = "/v1/teams/{teamId}", "/v1/teams/{teamId}/memberships/{membershipId}"
	audit := func(event string) api.Audit { return api.Audit{Event: event, Resource: "team/{teamId}"} }
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "teams.create", Method: "POST", Path: "/v1/teams", Status: 201, Model: "team",
			Summary: "Create a team. A user becomes its owner.",
			Auth:    anyone, Scopes: write,
			Event: "teams.[teamId].create", Audit: audit("team.create"),
		}, s.create),
		api.New(api.Spec{
			Name: "teams.list", Method: "GET", Path: "/v1/teams", Model: "teamList",
			Summary: "List the teams that the caller is a member of; a server sees all.",
			Auth:    anyone, Scopes: read,
		}, s.list),
		api.New(api.Spec{
			Name: "teams.get", Method: "GET", Path: team, Model: "team",
			Summary: "Get a team.",
			Auth:    anyone, Scopes: read,
		}, s.get),
		api.New(api.Spec{
			Name: "teams.updateName", Method: "PUT", Path: team, Model: "team",
			Summary: "Rename a team.",
			Auth:    anyone, Scopes: write,
			Event: "teams.[teamId].update", Audit: audit("team.update"),
		}, s.updateName),
		api.New(api.Spec{
			Name: "teams.delete", Method: "DELETE", Path: team,
			Summary: "Delete a team, and all memberships of it.",
			Auth:    anyone, Scopes: write,
			Event: "teams.[teamId].delete", Audit: audit("team.delete"),
		}, s.delete),
		api.New(api.Spec{
			Name: "teams.getPrefs", Method: "GET", Path: team + "/prefs", Model: "preferences",
			Summary: "Get the preferences that the members of a team share.",
			Auth:    clients, Scopes: read,
		}, s.getPrefs),
		api.New(api.Spec{
			Name: "teams.updatePrefs", Method: "PUT", Path: team + "/prefs", Model: "preferences",
			Summary: "Replace the preferences that the members of a team share.",
			Auth:    clients, Scopes: write,
			Event: "teams.[teamId].update.prefs", Audit: audit("team.update"),
		}, s.updatePrefs),
		api.New(api.Spec{
			Name: "teams.createMembership", Method: "POST", Path: team + "/memberships", Status: 201, Model: "membership",
			Summary: "Invite somebody to a team; a server adds him at once.",
			Auth:    anyone, Scopes: write, Rules: api.Rules{AuthMethod: "invites"},
			Event: "teams.[teamId].memberships.[membershipId].create", Audit: audit("membership.create"),
			Limit: api.Limit{N: 10, Keys: []string{"url:{url},ip:{ip}"}},
		}, s.createMembership),
		api.New(api.Spec{
			Name: "teams.listMemberships", Method: "GET", Path: team + "/memberships", Model: "membershipList",
			Summary: "List the members of a team, and who is invited.",
			Auth:    anyone, Scopes: read,
		}, s.listMemberships),
		api.New(api.Spec{
			Name: "teams.getMembership", Method: "GET", Path: member, Model: "membership",
			Summary: "Get a membership.",
			Auth:    anyone, Scopes: read,
		}, s.getMembership),
		api.New(api.Spec{
			Name: "teams.updateMembership", Method: "PATCH", Path: member, Model: "membership",
			Summary: "Give a member other roles.",
			Auth:    anyone, Scopes: write,
			Event: "teams.[teamId].memberships.[membershipId].update", Audit: audit("membership.update"),
		}, s.updateMembership),
		api.New(api.Spec{
			Name: "teams.updateMembershipStatus", Method: "PATCH", Path: member + "/status", Model: "membership",
			Summary: "Accept an invitation, which signs in.",
			Auth:    clients | identity.Guest, Scopes: []string{"public"},
			Event: "teams.[teamId].memberships.[membershipId].update.status", Audit: audit("membership.update"),
		}, s.updateMembershipStatus),
		api.New(api.Spec{
			Name: "teams.deleteMembership", Method: "DELETE", Path: member,
			Summary: "Leave a team, remove a member, or take an invitation back.",
			Auth:    anyone, Scopes: write,
			Event: "teams.[teamId].memberships.[membershipId].delete", Audit: audit("membership.delete"),
		}, s.deleteMembership),
	}
}
