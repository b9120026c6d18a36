package config

import (
	"slices"
	"strings"

	"moorfast/internal/vault"
)

// VCS is the accounts at the services that keep source code.
type VCS struct {
	GitHub    VCSProvider
	GitLab    VCSProvider
	Gitea     VCSProvider
	Bitbucket VCSProvider
	Origin    VCSProvider
}

// VCSProvider is an account at one service. Which fields it needs differs.
type VCSProvider struct {
	AppName, AppID string
	Endpoint       string // of the service, as this program reaches it
	Browser        string // of the service, as a browser reaches it; empty is the same
	ClientID       string
	ClientSecret   vault.Secret
	PrivateKey     vault.Secret
	WebhookSecret  vault.Secret
}

// Providers lists the services that have all the settings they need.
func (v VCS) Providers() []string {
	client := func(p VCSProvider) bool {
		return p.ClientID != "" && p.ClientSecret.Set() && p.WebhookSecret.Set()
	}
	var names []string
	for name, ready := range map[string]bool{
		"github": v.GitHub.AppName != "" && v.GitHub.AppID != "" && v.GitHub.PrivateKey.Set() &&
			v.GitHub.ClientID != "" && v.GitHub.ClientSecret.Set(), // its webhook secret may be empty
		"gitlab":    client(v.GitLab),
		"gitea":     v.Gitea.Endpoint != "" && client(v.Gitea),
		"bitbucket": client(v.Bitbucket),
		"origin":    v.Origin.ClientID != "" && v.Origin.PrivateKey.Set(),
	} {
		if ready {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// vcsRows is the settings of one service.
func vcsRows(name string, p *VCSProvider, fields string) []setting {
	kinds := map[string]kind{
		"app_name":         text(&p.AppName, nil),
		"app_id":           text(&p.AppID, nil),
		"endpoint":         text(&p.Endpoint, nil),
		"browser_endpoint": text(&p.Browser, nil),
		"client_id":        text(&p.ClientID, nil),
		"client_secret":    secret(&p.ClientSecret),
		"private_key":      secret(&p.PrivateKey),
		"webhook_secret":   secret(&p.WebhookSecret),
	}
	var rows []setting
	for field := range strings.FieldsSeq(fields) {
		rows = append(rows, setting{
			key:   "vcs." + name + "." + field,
			app:   []string{"_APP_VCS_" + strings.ToUpper(name+"_"+field)},
			doc:   "of the account at " + name,
			later: noRepositories,
			kind:  kinds[field],
		})
	}
	return rows
}
