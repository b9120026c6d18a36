package project

import (
	"context"
	"strings"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/listing"
	"moorfast/internal/core/projects"
	"moorfast/internal/identity"
	"moorfast/internal/model"
	"moorfast/internal/opt"
	"moorfast/internal/store"
	"moorfast/internal/token"
)

func (s *Service) keys() []api.Endpoint {
	keyPath, keyAlias := "/v1/project/keys/{keyId}", []string{"/v1/projects/{projectId}/keys/{keyId}"}
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "project.listKeys", Method: "GET", Path: "/v1/project/keys", Aliases: []string{"/v1/projects/{projectId}/keys"}, Model: "keyList",
			Summary: "List the API keys of the project. Their secrets are masked.",
			Auth:    adminsAndKeys, Scopes: []string{"keys.read"}, Rules: rules,
		}, s.listKeys),
		api.New(api.Spec{
			Name: "project.createKey", Methods: []string{"project.createStandardKey"}, Method: "POST", Path: "/v1/project/keys",
			Aliases: []string{"/v1/projects/{projectId}/keys"}, Status: 201, Model: "key",
			Summary: "Create an API key. Its secret is shown this once.",
			Auth:    identity.Admin, Scopes: []string{"keys.write"}, Rules: sensitive,
			Event: "keys.[keyId].create",
			Audit: api.Audit{Event: "project.key.create", Resource: "project.key/{keyId}"},
		}, s.createKey),
		api.New(api.Spec{
			Name: "project.getKey", Method: "GET", Path: keyPath, Aliases: keyAlias, Model: "key",
			Summary: "Get an API key. Its secret is masked.",
			Auth:    adminsAndKeys, Scopes: []string{"keys.read"}, Rules: rules,
		}, s.getKey),
		api.New(api.Spec{
			Name: "project.updateKey", Method: "PUT", Path: keyPath, Aliases: keyAlias, Model: "key",
			Summary: "Change the name, the scopes and the expiry of an API key.",
			Auth:    adminsAndKeys, Scopes: []string{"keys.write"}, Rules: sensitive,
			Event: "keys.[keyId].update",
			Audit: api.Audit{Event: "project.key.update", Resource: "project.key/{keyId}"},
		}, s.updateKey),
		api.New(api.Spec{
			Name: "project.deleteKey", Method: "DELETE", Path: keyPath, Aliases: keyAlias,
			Summary: "Delete an API key, which stops working at once.",
			Auth:    adminsAndKeys, Scopes: []string{"keys.write"}, Rules: rules,
			Event: "keys.[keyId].delete",
			Audit: api.Audit{Event: "project.key.delete", Resource: "project.key/{keyId}"},
		}, s.deleteKey),
		api.New(api.Spec{
			Name: "project.createEphemeralKey", Method: "POST", Path: "/v1/project/keys/ephemeral",
			Aliases: []string{"/v1/projects/{projectId}/jwts"}, Status: 201, Model: "ephemeralKey",
			Summary: "Create an API key that expires within the hour, and is not stored.",
			Auth:    adminsAndKeys, Scopes: []string{"keys.write"}, Rules: sensitive,
			Event: "keys.[keyId].create",
			Audit: api.Audit{Event: "project.key.create", Resource: "project.key/ephemeral"},
		}, s.createEphemeralKey),
	}
}

// scope is the name of a scope that a project's key can have.
type scope string

// Check allows the scopes of the catalogue.
func (s scope) Check() error {
	names := make([]string, len(identity.ProjectScopes))
	for i, known := range identity.ProjectScopes {
		if known.Name == string(s) {
			return nil
		}
		names[i] = known.Name
	}
	return api.Reject("Value must be one of (%s)", strings.Join(names, ", "))
}

func names(scopes []scope) []string {
	list := make([]string, len(scopes))
	for i, s := range scopes {
		list[i] = string(s)
	}
	return list
}

// mayGive refuses scopes that the caller may not give to a key.
func (s *Service) mayGive(call *api.Call, scopes []scope) error {
	if !s.Narrow || call.Actor.Kind != identity.Key {
		return nil
	}
	for _, one := range scopes {
		if !call.Actor.Has(string(one)) {
			return apierr.UnauthorizedScope.Detail("An API key can give no scope that it has not itself, such as %s.", one)
		}
	}
	return nil
}

func keyModel(k projects.Key, secret string) model.Key {
	sdks := k.SDKs
	if sdks == nil {
		sdks = []string{}
	}
	return model.Key{
		ID: k.ID, CreatedAt: model.Time(k.CreatedAt), UpdatedAt: model.Time(k.UpdatedAt),
		Name: k.Name, Expire: model.Time(k.ExpiresAt), Scopes: k.Scopes, Secret: secret,
		AccessedAt: model.Time(k.AccessedAt), SDKs: sdks,
	}
}

type listParams struct {
	Queries api.Queries `param:"queries" default:"[]"`
	Total   bool        `param:"total" default:"true"`
}

func (p listParams) page() listing.Page {
	return listing.Page{Queries: p.Queries, NoTotal: !p.Total}
}

type keyList struct {
	Total int         `json:"total"`
	Keys  []model.Key `json:"keys"`
}

func (s *Service) listKeys(ctx context.Context, call *api.Call, in listParams) (keyList, error) {
	return api.Read(ctx, call, func(tx store.Tx) (keyList, error) {
		rows, total, err := projects.ListKeys(ctx, tx, in.page())
		list := keyList{Total: total, Keys: make([]model.Key, len(rows))}
		for i, row := range rows {
			list.Keys[i] = keyModel(row, row.Masked())
		}
		return list, err
	})
}

type createKeyParams struct {
	KeyID  api.NewID           `param:"keyId"`
	Name   string              `param:"name" max:"128"`
	Scopes []scope             `param:"scopes" max:"200"`
	Expire opt.Value[api.Time] `param:"expire"`
}

func (s *Service) createKey(ctx context.Context, call *api.Call, in createKeyParams) (model.Key, error) {
	if call.Actor.Kind == identity.Key {
		return model.Key{}, apierr.KeyCreationDenied
	}
	row := projects.Key{
		ID: string(in.KeyID), CreatedAt: call.Micros(), UpdatedAt: call.Micros(),
		Name: in.Name, Scopes: names(in.Scopes), ExpiresAt: micros(in.Expire), SDKs: []string{},
	}
	secret, err := s.Projects.NewKey(call.Project.ID, &row)
	if err != nil {
		return model.Key{}, err
	}
	return api.Write(ctx, call, func(tx store.Tx) (model.Key, error) {
		if err := s.Projects.InsertKey(ctx, tx, &row); err != nil || !s.Reveal {
			return keyModel(row, secret), err
		}
		return keyModel(row, secret), projects.KeepSecret(ctx, tx, &row, secret)
	})
}

func micros(t opt.Value[api.Time]) int64 {
	if !t.Set() {
		return 0
	}
	return t.V.UnixMicro()
}

type keyParams struct {
	KeyID api.ID `param:"keyId"`
}

func (s *Service) getKey(ctx context.Context, call *api.Call, in keyParams) (model.Key, error) {
	if s.reveals(call) {
		return s.reveal(ctx, call, string(in.KeyID))
	}
	return api.Read(ctx, call, func(tx store.Tx) (model.Key, error) {
		row, err := projects.GetKey(ctx, tx, string(in.KeyID))
		return keyModel(row, row.Masked()), err
	})
}

type updateKeyParams struct {
	KeyID  api.ID              `param:"keyId"`
	Name   string              `param:"name" max:"128"`
	Scopes []scope             `param:"scopes" max:"200"`
	Expire opt.Value[api.Time] `param:"expire"`
}

func (s *Service) updateKey(ctx context.Context, call *api.Call, in updateKeyParams) (model.Key, error) {
	if err := s.mayGive(call, in.Scopes); err != nil {
		return model.Key{}, err
	}
	return api.Write(ctx, call, func(tx store.Tx) (model.Key, error) {
		row, err := projects.GetKey(ctx, tx, string(in.KeyID))
		if err != nil {
			return model.Key{}, err
		}
		row.Name, row.Scopes, row.ExpiresAt, row.UpdatedAt = in.Name, names(in.Scopes), micros(in.Expire), call.Micros()
		return keyModel(row, row.Masked()), s.Projects.UpdateKey(ctx, tx, &row)
	})
}

func (s *Service) deleteKey(ctx context.Context, call *api.Call, in keyParams) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		return api.None{}, s.Projects.DeleteKey(ctx, tx, string(in.KeyID))
	})
}

type ephemeralParams struct {
	Scopes   []scope `param:"scopes" max:"200"`
	Duration int     `param:"duration" min:"1" max:"3600" doc:"Seconds until the key expires."`
}

// ephemeralKey is a key, with what older formats show of it instead.
type ephemeralKey struct {
	model.Key
	project string
}

// Legacy is what older formats show of the key besides.
func (k ephemeralKey) Legacy() []map[string]any {
	return []map[string]any{{"projectId": k.project}}
}

func (s *Service) createEphemeralKey(_ context.Context, call *api.Call, in ephemeralParams) (ephemeralKey, error) {
	if err := s.mayGive(call, in.Scopes); err != nil {
		return ephemeralKey{}, err
	}
	secret, err := s.Tokens.TokenKey(call.Project.ID, token.EphemeralKey.Name)
	if err != nil {
		return ephemeralKey{}, err
	}
	claims := struct {
		ProjectID string   `json:"projectId"`
		Scopes    []string `json:"scopes"`
	}{call.Project.ID, names(in.Scopes)}
	life := time.Duration(in.Duration) * time.Second
	id := call.NewID()
	text, err := token.Signer{Kind: token.EphemeralKey, Project: call.Project.ID, Key: secret}.Mint(claims, id, call.Now(), life)
	if err != nil {
		return ephemeralKey{}, err
	}
	now := model.Time(call.Micros())
	return ephemeralKey{project: call.Project.ID, Key: model.Key{
		ID: id, CreatedAt: now, UpdatedAt: now,
		Expire: call.Now().Add(life).Format("2006-01-02T15:04:05.000000Z"),
		Scopes: claims.Scopes, Secret: "ephemeral_" + text, SDKs: []string{},
	}}, nil
}
