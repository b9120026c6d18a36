package activities

import (
	"moorfast/internal/api"
	"moorfast/internal/identity"
)

const (
	clients = identity.Session | identity.JWT | identity.Admin
	servers = identity.Key | identity.Admin
)

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	words := map[string]string{"tableId": "collectionId", "rowId": "documentId"}
	inProject := api.Rules{Where: api.ProjectOnly}
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "account.listLogs", Method: "GET", Path: "/v1/account/logs", Model: "logList",
			Summary: "List what the signed-in user has done.",
			Auth:    clients, Scopes: []string{"account"},
		}, s.listAccount),
		api.New(api.Spec{
			Name: "users.listLogs", Method: "GET", Path: "/v1/users/{userId}/logs", Model: "logList",
			Summary: "List what a user has done.",
			Auth:    servers, Scopes: []string{"users.read"},
		}, s.listUser),
		api.New(api.Spec{
			Name: "teams.listLogs", Method: "GET", Path: "/v1/teams/{teamId}/logs", Model: "logList",
			Summary: "List what was done to a team.",
			Auth:    servers, Scopes: []string{"teams.read"},
		}, s.listTeam),
		api.New(api.Spec{
			Name: "databases.listLogs", Method: "GET", Path: "/v1/databases/{databaseId}/logs", Model: "logList",
			Summary: "List what was done to a database.",
			Auth:    servers, Scopes: []string{"databases.read"}, Rules: inProject,
		}, s.listDatabase),
		api.New(api.Spec{
			Name: "databases.listCollectionLogs", Method: "GET", Path: "/v1/databases/{databaseId}/collections/{collectionId}/logs", Model: "logList",
			Summary: "List what was done to a collection.",
			Auth:    servers, Scopes: []string{"collections.read"}, Rules: inProject, Words: words,
		}, s.listTable),
		api.New(api.Spec{
			Name: "databases.listDocumentLogs", Method: "GET", Path: "/v1/databases/{databaseId}/collections/{collectionId}/documents/{documentId}/logs", Model: "logList",
			Summary: "List what was done to a document.",
			Auth:    servers, Scopes: []string{"documents.read"}, Rules: inProject, Words: words,
		}, s.listRow),
		api.New(api.Spec{
			Name: "tablesDB.listLogs", Method: "GET", Path: "/v1/tablesdb/{databaseId}/logs", Model: "logList",
			Summary: "List what was done to a database.",
			Auth:    servers, Scopes: []string{"databases.read"}, Rules: api.Rules{Where: api.ProjectOnly, Service: "tablesdb"},
		}, s.listDatabase),
		api.New(api.Spec{
			Name: "tablesDB.listTableLogs", Method: "GET", Path: "/v1/tablesdb/{databaseId}/tables/{tableId}/logs", Model: "logList",
			Summary: "List what was done to a table.",
			Auth:    servers, Scopes: []string{"tables.read", "collections.read"}, Rules: api.Rules{Where: api.ProjectOnly, Service: "tablesdb"},
		}, s.listTable),
		api.New(api.Spec{
			Name: "tablesDB.listRowLogs", Method: "GET", Path: "/v1/tablesdb/{databaseId}/tables/{tableId}/rows/{rowId}/logs", Model: "logList",
			Summary: "List what was done to a row.",
			Auth:    servers, Scopes: []string{"rows.read", "documents.read"}, Rules: api.Rules{Where: api.ProjectOnly, Service: "tablesdb"},
		}, s.listRow),
		api.New(api.Spec{
			Name: "activities.listEvents", Method: "GET", Path: "/v1/activities/events", Model: "activityEventList",
			Summary: "List what was done in a project.",
			Auth:    servers, Scopes: []string{"project.read"}, Rules: api.Rules{Where: api.ProjectOnly},
		}, s.listEvents),
		api.New(api.Spec{
			Name: "activities.getEvent", Method: "GET", Path: "/v1/activities/events/{eventId}", Model: "activityEvent",
			Summary: "Get one thing that was done in a project.",
			Auth:    servers, Scopes: []string{"project.read"}, Rules: api.Rules{Where: api.ProjectOnly},
		}, s.getEvent),
	}
}
