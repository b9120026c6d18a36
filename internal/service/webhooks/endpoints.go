// Package webhooks serves the endpoints for the webhooks of a project.
package webhooks

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/core/listing"
	"moorfast/internal/core/projects"
	"moorfast/internal/id"
	"moorfast/internal/identity"
	"moorfast/internal/model"
	"moorfast/internal/opt"
	"moorfast/internal/store"
	"moorfast/internal/vault"
)

// Service serves the webhooks endpoints.
type Service struct{}

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	const who = identity.Admin | identity.Key
	path, alias := "/v1/webhooks", "/v1/projects/{projectId}/webhooks"
	rules := api.Rules{Service: "webhooks", Where: api.ProjectOnly}
	read, write := []string{"webhooks.read"}, []string{"webhooks.write"}
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "webhooks.list", Method: "GET", Path: path, Aliases: []string{alias}, Model: "webhookList",
			Summary: "List the webhooks of the project.",
			Auth:    who, Scopes: read, Rules: rules,
		}, s.list),
		api.New(api.Spec{
			Name: "webhooks.create", Method: "POST", Path: path, Aliases: []string{alias}, Status: 201, Model: "webhook",
			Summary: "Create a webhook. The secret that signs its calls is shown this once.",
			Auth:    who, Scopes: write, Rules: rules,
			Event: "webhooks.[webhookId].create",
			Audit: api.Audit{Event: "webhook.create", Resource: "webhook/{webhookId}"},
		}, s.create),
		api.New(api.Spec{
			Name: "webhooks.get", Method: "GET", Path: path + "/{webhookId}", Aliases: []string{alias + "/{webhookId}"}, Model: "webhook",
			Summary: "Get a webhook.",
			Auth:    who, Scopes: read, Rules: rules,
		}, s.get),
		api.New(api.Spec{
			Name: "webhooks.update", Method: "PUT", Path: path + "/{webhookId}", Aliases: []string{alias + "/{webhookId}"}, Model: "webhook",
			Summary: "Change a webhook.",
			Auth:    who, Scopes: write, Rules: rules,
			Event: "webhooks.[webhookId].update",
			Audit: api.Audit{Event: "webhooks.update", Resource: "webhook/{webhookId}"},
		}, s.update),
		api.New(api.Spec{
			Name: "webhooks.updateSecret", Methods: []string{"webhooks.updateSignature"}, Method: "PATCH", Path: path + "/{webhookId}/secret",
			Aliases: []string{alias + "/{webhookId}/signature"}, Model: "webhook",
			Summary: "Give a webhook another secret, which is shown this once.",
			Auth:    who, Scopes: write, Rules: rules,
			Event: "webhooks.[webhookId].update",
			Audit: api.Audit{Event: "webhooks.update", Resource: "webhook/{webhookId}"},
		}, s.updateSecret),
		api.New(api.Spec{
			Name: "webhooks.delete", Method: "DELETE", Path: path + "/{webhookId}", Aliases: []string{alias + "/{webhookId}"},
			Summary: "Delete a webhook.",
			Auth:    who, Scopes: write, Rules: rules,
			Event: "webhooks.[webhookId].delete",
			Audit: api.Audit{Event: "webhook.delete", Resource: "webhook/{webhookId}"},
		}, s.delete),
	}
}

type webhook struct {
	ID        string   `json:"$id"`
	CreatedAt string   `json:"$createdAt"`
	UpdatedAt string   `json:"$updatedAt"`
	Name      string   `json:"name"`
	URL       string   `json:"url"`
	Events    []string `json:"events"`
	TLS       bool     `json:"tls"`
	Username  string   `json:"authUsername"`
	Password  string   `json:"authPassword"` // never shown
	Secret    string   `json:"secret"`       // shown when it is made
	Enabled   bool     `json:"enabled"`
	Logs      string   `json:"logs"`
	Attempts  int64    `json:"attempts"`
}

func show(w projects.Webhook, secret string) webhook {
	return webhook{
		ID: w.ID, CreatedAt: model.Time(w.CreatedAt), UpdatedAt: model.Time(w.UpdatedAt),
		Name: w.Name, URL: w.URL, Events: w.Events, TLS: w.TLS, Username: w.Username,
		Secret: secret, Enabled: w.Enabled, Logs: w.Logs, Attempts: w.Attempts,
	}
}

func texts(events []event) []string {
	list := make([]string, len(events))
	for i, e := range events {
		list[i] = string(e)
	}
	return list
}

type listParams struct {
	Queries api.Queries `param:"queries" default:"[]"`
	Total   bool        `param:"total" default:"true"`
}

type webhookList struct {
	Total    int       `json:"total"`
	Webhooks []webhook `json:"webhooks"`
}

func (s *Service) list(ctx context.Context, call *api.Call, in listParams) (webhookList, error) {
	return api.Read(ctx, call, func(tx store.Tx) (webhookList, error) {
		rows, total, err := projects.ListWebhooks(ctx, tx, listing.Page{Queries: in.Queries, NoTotal: !in.Total})
		list := webhookList{Total: total, Webhooks: make([]webhook, len(rows))}
		for i, row := range rows {
			list.Webhooks[i] = show(row, "")
		}
		return list, err
	})
}

type createParams struct {
	WebhookID api.NewID         `param:"webhookId"`
	URL       api.PublicURL     `param:"url"`
	Name      string            `param:"name" max:"128"`
	Events    []event           `param:"events" max:"100"`
	Enabled   bool              `param:"enabled" default:"true"`
	TLS       bool              `param:"tls" default:"false" doc:"Check the certificate of the called server."`
	Username  string            `param:"authUsername" default:"\"\"" max:"256"`
	Password  string            `param:"authPassword" default:"\"\"" max:"256"`
	Secret    opt.Value[string] `param:"secret" min:"8" max:"256" doc:"Signs the calls; one is made where none is given."`
}

// newSecret is the one that a client gave, or else 64 random bytes.
func newSecret(given opt.Value[string]) string {
	if given.Set() {
		return given.V
	}
	return id.Secret(64)
}

func (s *Service) create(ctx context.Context, call *api.Call, in createParams) (webhook, error) {
	secret := newSecret(in.Secret)
	row := projects.Webhook{
		ID: string(in.WebhookID), CreatedAt: call.Micros(), UpdatedAt: call.Micros(),
		Name: in.Name, URL: string(in.URL), Events: texts(in.Events), Enabled: in.Enabled, TLS: in.TLS,
		Username: in.Username, Password: vault.Hide(in.Password), Secret: vault.Hide(secret),
	}
	return api.Write(ctx, call, func(tx store.Tx) (webhook, error) {
		return show(row, secret), projects.InsertWebhook(ctx, tx, &row)
	})
}

type webhookParams struct {
	WebhookID api.ID `param:"webhookId"`
}

func (s *Service) get(ctx context.Context, call *api.Call, in webhookParams) (webhook, error) {
	return api.Read(ctx, call, func(tx store.Tx) (webhook, error) {
		row, err := projects.GetWebhook(ctx, tx, string(in.WebhookID))
		return show(row, ""), err
	})
}

type updateParams struct {
	WebhookID api.ID        `param:"webhookId"`
	Name      string        `param:"name" max:"128"`
	URL       api.PublicURL `param:"url"`
	Events    []event       `param:"events" max:"100"`
	Enabled   bool          `param:"enabled" default:"true"`
	TLS       bool          `param:"tls" default:"false"`
	Username  string        `param:"authUsername" default:"\"\"" max:"256"`
	Password  string        `param:"authPassword" default:"\"\"" max:"256"`
}

func (s *Service) update(ctx context.Context, call *api.Call, in updateParams) (webhook, error) {
	return s.change(ctx, call, in.WebhookID, func(w *projects.Webhook) string {
		w.Name, w.URL, w.Events, w.TLS, w.Username = in.Name, string(in.URL), texts(in.Events), in.TLS, in.Username
		w.Password = vault.Hide(in.Password)
		if w.Enabled = in.Enabled; w.Enabled {
			w.Attempts = 0
		}
		return ""
	})
}

type secretParams struct {
	WebhookID api.ID            `param:"webhookId"`
	Secret    opt.Value[string] `param:"secret" min:"8" max:"256"`
}

func (s *Service) updateSecret(ctx context.Context, call *api.Call, in secretParams) (webhook, error) {
	secret := newSecret(in.Secret)
	return s.change(ctx, call, in.WebhookID, func(w *projects.Webhook) string {
		w.Secret = vault.Hide(secret)
		return secret
	})
}

// change stores what fn makes of a webhook. What fn returns is the secret to show.
func (s *Service) change(ctx context.Context, call *api.Call, id api.ID, fn func(*projects.Webhook) string) (webhook, error) {
	return api.Write(ctx, call, func(tx store.Tx) (webhook, error) {
		row, err := projects.GetWebhook(ctx, tx, string(id))
		if err != nil {
			return webhook{}, err
		}
		secret := fn(&row)
		row.UpdatedAt = call.Micros()
		return show(row, secret), projects.UpdateWebhook(ctx, tx, &row)
	})
}

func (s *Service) delete(ctx context.Context, call *api.Call, in webhookParams) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		return api.None{}, projects.DeleteWebhook(ctx, tx, string(in.WebhookID))
	})
}
