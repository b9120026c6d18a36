package projects

import (
	"context"
	"errors"

	"moorfast/internal/apierr"
	"moorfast/internal/core/listing"
	"moorfast/internal/query"
	"moorfast/internal/store"
)

// InsertPlatform adds a platform.
func (p *Projects) InsertPlatform(ctx context.Context, tx store.Tx, row *Platform) error {
	p.Changed(tx, tx.Project())
	err := store.Insert(ctx, tx, platformTable, row)
	if errors.Is(err, store.ErrConflict) {
		return apierr.PlatformAlreadyExists.Because(err)
	}
	return err
}

// GetPlatform returns a platform of the project that tx is in.
func GetPlatform(ctx context.Context, tx store.Tx, id string) (Platform, error) {
	row, err := store.Get[Platform](ctx, tx, platformTable, id)
	if errors.Is(err, store.ErrNotFound) {
		return row, apierr.PlatformNotFound.Because(err)
	}
	return row, err
}

// UpdatePlatform stores a changed platform.
func (p *Projects) UpdatePlatform(ctx context.Context, tx store.Tx, row *Platform) error {
	p.Changed(tx, tx.Project())
	return store.Update(ctx, tx, platformTable, row)
}

// DeletePlatform removes a platform.
func (p *Projects) DeletePlatform(ctx context.Context, tx store.Tx, id string) error {
	p.Changed(tx, tx.Project())
	err := store.Delete(ctx, tx, platformTable, id)
	if errors.Is(err, store.ErrNotFound) {
		return apierr.PlatformNotFound.Because(err)
	}
	return err
}

// ListPlatforms reads a page of the platforms of the project that tx is in.
func ListPlatforms(ctx context.Context, tx store.Tx, page listing.Page) ([]Platform, int, error) {
	return listing.Read[Platform](ctx, tx, listing.Table{
		Name: platformTable, Resource: "Platform",
		Columns: map[string]listing.Column{
			"type":                  {Name: "type", Type: query.Text},
			"name":                  {Name: "name", Type: query.Text},
			"hostname":              {Name: "hostname", Type: query.Text},
			"bundleIdentifier":      {Name: "key", Type: query.Text},
			"applicationId":         {Name: "key", Type: query.Text},
			"packageIdentifierName": {Name: "key", Type: query.Text},
			"packageName":           {Name: "key", Type: query.Text},
		},
	}, page)
}

// InsertWebhook adds a webhook.
func InsertWebhook(ctx context.Context, tx store.Tx, row *Webhook) error {
	err := store.Insert(ctx, tx, webhookTable, row)
	if errors.Is(err, store.ErrConflict) {
		return apierr.WebhookAlreadyExists.Because(err)
	}
	return err
}

// GetWebhook returns a webhook of the project that tx is in.
func GetWebhook(ctx context.Context, tx store.Tx, id string) (Webhook, error) {
	row, err := store.Get[Webhook](ctx, tx, webhookTable, id)
	if errors.Is(err, store.ErrNotFound) {
		return row, apierr.WebhookNotFound.Because(err)
	}
	return row, err
}

// UpdateWebhook stores a changed webhook.
func UpdateWebhook(ctx context.Context, tx store.Tx, row *Webhook) error {
	return store.Update(ctx, tx, webhookTable, row)
}

// DeleteWebhook removes a webhook.
func DeleteWebhook(ctx context.Context, tx store.Tx, id string) error {
	err := store.Delete(ctx, tx, webhookTable, id)
	if errors.Is(err, store.ErrNotFound) {
		return apierr.WebhookNotFound.Because(err)
	}
	return err
}

// ListWebhooks reads a page of the webhooks of the project that tx is in.
func ListWebhooks(ctx context.Context, tx store.Tx, page listing.Page) ([]Webhook, int, error) {
	return listing.Read[Webhook](ctx, tx, listing.Table{
		Name: webhookTable, Resource: "Webhook",
		Columns: map[string]listing.Column{
			"name":         {Name: "name", Type: query.Text},
			"url":          {Name: "url", Type: query.Text},
			"authUsername": {Name: "username", Type: query.Text},
			"tls":          {Name: "tls", Type: query.Boolean},
			"events":       {Name: "events", Type: query.Text, Array: true},
			"enabled":      {Name: "enabled", Type: query.Boolean},
			"logs":         {Name: "logs", Type: query.Text},
			"attempts":     {Name: "attempts", Type: query.Integer},
		},
	}, page)
}
