package identity

import (
	"slices"
	"strings"
)

// Scope is one row of the catalogue of scopes that a key can be given.
type Scope struct {
	Name, Category string
	Deprecated     bool // still granted and honoured, no longer offered
}

// ProjectScopes are the scopes of a project's keys, OrganizationScopes those of
// an organization's, in the contract's order.
var (
	ProjectScopes = []Scope{
		{"project.read", "Project", false},
		{"project.write", "Project", false},
		{"keys.read", "Project", false},
		{"keys.write", "Project", false},
		{"platforms.read", "Project", false},
		{"platforms.write", "Project", false},
		{"mocks.read", "Project", false},
		{"mocks.write", "Project", false},
		{"policies.read", "Project", true},
		{"policies.write", "Project", true},
		{"project.policies.read", "Project", false},
		{"project.policies.write", "Project", false},
		{"project.oauth2.read", "Project", false},
		{"project.oauth2.write", "Project", false},
		{"templates.read", "Project", false},
		{"templates.write", "Project", false},
		{"stages.read", "Project", false},
		{"stages.write", "Project", false},
		{"users.read", "Auth", false},
		{"users.write", "Auth", false},
		{"sessions.read", "Auth", false},
		{"sessions.write", "Auth", false},
		{"teams.read", "Auth", false},
		{"teams.write", "Auth", false},
		{"databases.read", "Databases", false},
		{"databases.write", "Databases", false},
		{"tables.read", "Databases", false},
		{"tables.write", "Databases", false},
		{"columns.read", "Databases", false},
		{"columns.write", "Databases", false},
		{"indexes.read", "Databases", false},
		{"indexes.write", "Databases", false},
		{"rows.read", "Databases", false},
		{"rows.write", "Databases", false},
		{"embeddings.write", "Databases", false},
		{"collections.read", "Databases", true},
		{"collections.write", "Databases", true},
		{"attributes.read", "Databases", true},
		{"attributes.write", "Databases", true},
		{"documents.read", "Databases", true},
		{"documents.write", "Databases", true},
		{"buckets.read", "Storage", false},
		{"buckets.write", "Storage", false},
		{"files.read", "Storage", false},
		{"files.write", "Storage", false},
		{"tokens.read", "Storage", false},
		{"tokens.write", "Storage", false},
		{"functions.read", "Functions", false},
		{"functions.write", "Functions", false},
		{"executions.read", "Functions", false},
		{"executions.write", "Functions", false},
		{"execution.read", "Functions", true},
		{"execution.write", "Functions", true},
		{"sites.read", "Sites", false},
		{"sites.write", "Sites", false},
		{"log.read", "Sites", false},
		{"log.write", "Sites", false},
		{"providers.read", "Messaging", false},
		{"providers.write", "Messaging", false},
		{"topics.read", "Messaging", false},
		{"topics.write", "Messaging", false},
		{"subscribers.read", "Messaging", false},
		{"subscribers.write", "Messaging", false},
		{"targets.read", "Messaging", false},
		{"targets.write", "Messaging", false},
		{"messages.read", "Messaging", false},
		{"messages.write", "Messaging", false},
		{"rules.read", "Proxy", false},
		{"rules.write", "Proxy", false},
		{"webhooks.read", "Other", false},
		{"webhooks.write", "Other", false},
		{"locale.read", "Other", false},
		{"avatars.read", "Other", false},
		{"health.read", "Other", false},
		{"assistant.read", "Other", false},
		{"migrations.read", "Other", false},
		{"migrations.write", "Other", false},
		{"schedules.read", "Other", false},
		{"schedules.write", "Other", false},
		{"vcs.read", "Other", false},
		{"vcs.write", "Other", false},
		{"insights.read", "Advisor", false},
		{"insights.write", "Advisor", false},
		{"reports.read", "Advisor", false},
		{"reports.write", "Advisor", false},
		{"presences.read", "Presences", false},
		{"presences.write", "Presences", false},
	}
	OrganizationScopes = []Scope{
		{"projects.read", "Projects", false},
		{"projects.write", "Projects", false},
		{"devKeys.read", "Other", true},
		{"devKeys.write", "Other", true},
	}
)

// The scopes of the roles. An owner has what users and admins have; a key has
// those it was given, and these.
var (
	guestScopes = []string{"global", "public", "home", "console", "graphql", "sessions.write", "documents.read", "documents.write", "rows.read", "rows.write", "embeddings.write", "files.read", "files.write", "locale.read", "avatars.read", "executions.write"}
	userScopes  = []string{"global", "public", "home", "console", "graphql", "sessions.write", "account", "teams.read", "teams.write", "presences.read", "presences.write", "documents.read", "documents.write", "rows.read", "rows.write", "embeddings.write", "files.read", "files.write", "projects.read", "locale.read", "avatars.read", "executions.read", "executions.write", "targets.read", "targets.write", "subscribers.write", "subscribers.read", "assistant.read", "rules.read"}
	adminScopes = []string{"global", "graphql", "sessions.write", "teams.read", "teams.write", "documents.read", "documents.write", "rows.read", "rows.write", "embeddings.write", "files.read", "files.write", "buckets.read", "buckets.write", "users.read", "users.write", "presences.read", "presences.write", "databases.read", "databases.write", "collections.read", "collections.write", "tables.read", "tables.write", "platforms.read", "platforms.write", "mocks.read", "mocks.write", "project.policies.read", "project.policies.write", "project.oauth2.read", "project.oauth2.write", "templates.read", "templates.write", "projects.write", "keys.read", "keys.write", "devKeys.read", "devKeys.write", "webhooks.read", "webhooks.write", "project.read", "project.write", "locale.read", "avatars.read", "health.read", "functions.read", "functions.write", "sites.read", "sites.write", "log.read", "log.write", "executions.read", "executions.write", "rules.read", "rules.write", "migrations.read", "migrations.write", "vcs.read", "vcs.write", "targets.read", "targets.write", "providers.write", "providers.read", "messages.write", "messages.read", "topics.write", "topics.read", "subscribers.write", "subscribers.read", "tokens.read", "tokens.write", "schedules.read", "schedules.write", "stages.read", "stages.write", "insights.read", "insights.write", "reports.read", "reports.write"}
	keyScopes   = []string{"global", "health.read", "graphql"}
	ownerScopes = union(userScopes, adminScopes)
)

// ScopesOf returns the scopes of a role, and none for a role that has none. The
// result is shared: it must not be changed.
func ScopesOf(role string) []string {
	switch role {
	case RoleGuests:
		return guestScopes
	case RoleUsers:
		return userScopes
	case RoleAdmin, RoleDeveloper:
		return adminScopes
	case RoleOwner:
		return ownerScopes
	case RoleKeys:
		return keyScopes
	}
	return nil
}

func union(lists ...[]string) (all []string) {
	for _, list := range lists {
		for _, s := range list {
			if !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// Known reports whether a scope is one that some role or key can have.
func Known(scope string) bool {
	named := func(s Scope) bool { return s.Name == scope }
	return slices.ContainsFunc(ProjectScopes, named) || slices.ContainsFunc(OrganizationScopes, named) ||
		slices.Contains(ownerScopes, scope) || slices.Contains(keyScopes, scope)
}

// Description says what a scope grants.
func (s Scope) Description() string {
	dot := strings.LastIndex(s.Name, ".")
	verb := "Read"
	if s.Name[dot+1:] == "write" {
		verb = "Create, change and delete"
	}
	return verb + " the project's " + strings.ReplaceAll(s.Name[:dot], ".", " ")
}
