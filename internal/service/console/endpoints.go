// Package console serves what the web console asks of the installation itself.
package console

import (
	"context"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/core/access"
	"moorfast/internal/identity"
	"moorfast/internal/store"
)

// Variables are what the console is told of the installation. Their names are
// those of Appwrite's settings, which the console knows.
type Variables struct {
	DomainTargetCNAME string   `json:"_APP_DOMAIN_TARGET_CNAME"`
	DomainTargetA     string   `json:"_APP_DOMAIN_TARGET_A"`
	BuildTimeout      int64    `json:"_APP_COMPUTE_BUILD_TIMEOUT"` // seconds
	DomainTargetAAAA  string   `json:"_APP_DOMAIN_TARGET_AAAA"`
	DomainTargetCAA   string   `json:"_APP_DOMAIN_TARGET_CAA"`
	StorageLimit      int64    `json:"_APP_STORAGE_LIMIT"`      // bytes
	ComputeSizeLimit  int64    `json:"_APP_COMPUTE_SIZE_LIMIT"` // bytes
	UsageStats        string   `json:"_APP_USAGE_STATS"`
	VCSEnabled        bool     `json:"_APP_VCS_ENABLED"`
	VCSProviders      []string `json:"_APP_VCS_PROVIDERS"`
	VCSCreation       []string `json:"_APP_VCS_PROVIDERS_WITH_REPOSITORY_CREATION"`
	VCSPublic         []string `json:"_APP_VCS_PROVIDERS_WITH_PUBLIC_REPOSITORIES"`
	DomainEnabled     bool     `json:"_APP_DOMAIN_ENABLED"`
	AssistantEnabled  bool     `json:"_APP_ASSISTANT_ENABLED"`
	DomainSites       string   `json:"_APP_DOMAIN_SITES"`
	DomainFunctions   string   `json:"_APP_DOMAIN_FUNCTIONS"`
	ForceHTTPS        string   `json:"_APP_OPTIONS_FORCE_HTTPS"`
	Nameservers       string   `json:"_APP_DOMAINS_NAMESERVERS"`
	DBAdapter         string   `json:"_APP_DB_ADAPTER"`
	Relationships     bool     `json:"supportForRelationships"`
	Operators         bool     `json:"supportForOperators"`
	Spatials          bool     `json:"supportForSpatials"`
	SpatialIndexNull  bool     `json:"supportForSpatialIndexNull"`
	FulltextWildcard  bool     `json:"supportForFulltextWildcard"`
	MultipleFulltext  bool     `json:"supportForMultipleFulltextIndexes"`
	AttributeResizing bool     `json:"supportForAttributeResizing"`
	Schemas           bool     `json:"supportForSchemas"`
	MaxIndexLength    int      `json:"maxIndexLength"`
	IntegerIDs        bool     `json:"supportForIntegerIds"`
}

// Service serves the console endpoints.
type Service struct {
	Variables Variables
	Domains   Domains
	Policy    *access.Policy
	// Claimed tells whether the console has its first account.
	Claimed func(ctx context.Context, tx store.Tx) (bool, error)
}

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	rules := api.Rules{Where: api.ConsoleOnly}
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "console.variables", Methods: []string{"console.getVariables"}, Method: "GET", Path: "/v1/console/variables", Model: "consoleVariables",
			Summary: "Tell the console what the installation can do.",
			Auth:    identity.Admin, Scopes: []string{"projects.read"}, Rules: rules,
		}, s.variables),
		api.New(api.Spec{
			Name: "console.getAccess", Method: "GET", Path: "/v1/console/access",
			Summary: "Tell an owner who may use the console and from where, and why somebody may not.",
			Auth:    identity.Session | identity.JWT, Scopes: []string{"account"}, Rules: rules,
		}, s.access),
		api.New(api.Spec{
			Name: "console.getResource", Method: "GET", Path: "/v1/console/resources",
			Summary: "Tell whether a domain could be had by a project.",
			Auth:    identity.Admin, Scopes: []string{"rules.read"}, Rules: rules,
			Limit: api.Limit{N: 120, Per: time.Minute, Keys: []string{"userId:{userId}, url:{url}"}},
		}, s.resource),
		api.New(api.Spec{
			Name: "console.listProjectScopes", Method: "GET", Path: "/v1/console/scopes/project", Model: "consoleKeyScopeList",
			Summary: "List the scopes that an API key of a project can have.",
			Auth:    identity.Guest | identity.Admin, Scopes: []string{"public"},
		}, s.projectScopes),
		api.New(api.Spec{
			Name: "console.listOrganizationScopes", Method: "GET", Path: "/v1/console/scopes/organization", Model: "consoleKeyScopeList",
			Summary: "List the scopes that an API key of an organization can have.",
			Auth:    identity.Guest | identity.Admin, Scopes: []string{"public"},
		}, s.organizationScopes),
		api.New(api.Spec{
			Name: "console.listOAuth2Providers", Method: "GET", Path: "/v1/console/oauth2-providers", Model: "consoleOAuth2ProviderList",
			Summary: "List the OAuth2 providers that a project can use, of which there are none yet.",
			Auth:    identity.Guest | identity.Admin, Scopes: []string{"public"},
		}, s.providers),
	}
}

type none struct{}

func (s *Service) variables(context.Context, *api.Call, none) (Variables, error) {
	return s.Variables, nil
}

type scope struct {
	ID          string `json:"$id"`
	Description string `json:"description"`
	Category    string `json:"category"`
	Deprecated  bool   `json:"deprecated"`
}

type scopeList struct {
	Total  int     `json:"total"`
	Scopes []scope `json:"scopes"`
}

func (s *Service) projectScopes(context.Context, *api.Call, none) (scopeList, error) {
	return scopes(identity.ProjectScopes), nil
}

func (s *Service) organizationScopes(context.Context, *api.Call, none) (scopeList, error) {
	return scopes(identity.OrganizationScopes), nil
}

func scopes(catalogue []identity.Scope) scopeList {
	list := scopeList{Total: len(catalogue), Scopes: make([]scope, len(catalogue))}
	for i, c := range catalogue {
		list.Scopes[i] = scope{ID: c.Name, Description: c.Description(), Category: c.Category, Deprecated: c.Deprecated}
	}
	return list
}

type providerList struct {
	Total     int        `json:"total"`
	Providers []struct{} `json:"oAuth2Providers"`
}

func (s *Service) providers(context.Context, *api.Call, none) (providerList, error) {
	return providerList{Providers: []struct{}{}}, nil
}
