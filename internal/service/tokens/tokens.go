// Package tokens serves tokens that open one file each, for whoever has their
// secret.
package tokens

import (
	"context"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/core/files"
	"moorfast/internal/core/listing"
	"moorfast/internal/datetime"
	"moorfast/internal/identity"
	"moorfast/internal/model"
	"moorfast/internal/opt"
	"moorfast/internal/store"
	"moorfast/internal/token"
)

// Keys hands out the keys that tokens are signed with.
type Keys interface {
	TokenKey(project, typ string) ([]byte, error)
}

// Service serves the tokens endpoints.
type Service struct{ Keys Keys }

const servers = identity.Key | identity.Admin

var (
	read  = []string{"tokens.read"}
	write = []string{"tokens.write"}
)

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	const file, one = "/v1/tokens/buckets/{bucketId}/files/{fileId}", "/v1/tokens/{tokenId}"
	rules := api.Rules{Where: api.ProjectOnly}
	limit := api.Limit{N: 60, Per: time.Minute, Keys: []string{"ip:{ip},method:{method},url:{url},userId:{userId}"}}
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "tokens.createFileToken", Method: "POST", Path: file, Status: 201, Model: "resourceToken",
			Summary: "Create a token that opens a file.",
			Auth:    servers, Scopes: write, Limit: limit, Rules: rules,
			Event: "tokens.[tokenId].create", Audit: api.Audit{Event: "token.create", Resource: "file/{fileId}"},
		}, s.create),
		api.New(api.Spec{
			Name: "tokens.list", Method: "GET", Path: file, Model: "resourceTokenList",
			Summary: "List the tokens of a file.",
			Auth:    servers, Scopes: read, Rules: rules,
		}, s.list),
		api.New(api.Spec{
			Name: "tokens.get", Method: "GET", Path: one, Model: "resourceToken",
			Summary: "Get a token.",
			Auth:    servers, Scopes: read, Rules: rules,
		}, s.get),
		api.New(api.Spec{
			Name: "tokens.update", Method: "PATCH", Path: one, Model: "resourceToken",
			Summary: "Change when a token ends.",
			Auth:    servers, Scopes: write, Limit: limit, Rules: rules,
			Event: "tokens.[tokenId].update", Audit: api.Audit{Event: "tokens.update", Resource: "tokens/{tokenId}"},
		}, s.update),
		api.New(api.Spec{
			Name: "tokens.delete", Method: "DELETE", Path: one,
			Summary: "Delete a token, which opens nothing any more.",
			Auth:    servers, Scopes: write, Limit: limit, Rules: rules,
			Event: "tokens.[tokenId].delete", Audit: api.Audit{Event: "tokens.delete", Resource: "token/{tokenId}"},
		}, s.delete),
	}
}

func (s *Service) show(call *api.Call, t *files.Token) (model.ResourceToken, error) {
	key, err := s.Keys.TokenKey(call.Project.ID, token.File.Name)
	if err != nil {
		return model.ResourceToken{}, err
	}
	return t.Model(token.Signer{Kind: token.File, Project: call.Project.ID, Key: key})
}

// end is the moment that a client wants a token to end at, which is yet to come.
func end(call *api.Call, expire opt.Value[api.Time]) (*int64, error) {
	if !expire.Set() {
		return nil, nil
	}
	if !expire.V.After(call.Now()) {
		return nil, api.Invalid("expire", api.Reject("%s", datetime.FutureDescription+" or null"))
	}
	micros := expire.V.UnixMicro()
	return &micros, nil
}

type createParams struct {
	BucketID api.ID              `param:"bucketId"`
	FileID   api.ID              `param:"fileId"`
	Expire   opt.Value[api.Time] `param:"expire" doc:"When the token ends; without it, never."`
}

func (s *Service) create(ctx context.Context, call *api.Call, in createParams) (model.ResourceToken, error) {
	expire, err := end(call, in.Expire)
	if err != nil {
		return model.ResourceToken{}, err
	}
	t := &files.Token{ID: call.NewID(), CreatedAt: call.Micros(), UpdatedAt: call.Micros(), AccessedAt: call.Micros(), Expire: expire}
	return api.Write(ctx, call, func(tx store.Tx) (model.ResourceToken, error) {
		file, err := files.GetToShare(ctx, tx, call, string(in.BucketID), string(in.FileID))
		if err != nil {
			return model.ResourceToken{}, err
		}
		if err := files.InsertToken(ctx, tx, file, string(in.BucketID), t); err != nil {
			return model.ResourceToken{}, err
		}
		return s.show(call, t)
	})
}

type listParams struct {
	BucketID api.ID      `param:"bucketId"`
	FileID   api.ID      `param:"fileId"`
	Queries  api.Queries `param:"queries" default:"[]"`
	Total    bool        `param:"total" default:"true"`
}

func (s *Service) list(ctx context.Context, call *api.Call, in listParams) (model.ResourceTokenList, error) {
	return api.Read(ctx, call, func(tx store.Tx) (model.ResourceTokenList, error) {
		file, err := files.GetToShare(ctx, tx, call, string(in.BucketID), string(in.FileID))
		if err != nil {
			return model.ResourceTokenList{}, err
		}
		rows, total, err := files.ListTokens(ctx, tx, file, listing.Page{Queries: in.Queries, NoTotal: !in.Total})
		list := model.ResourceTokenList{Total: total, Tokens: make([]model.ResourceToken, len(rows))}
		for i := range rows {
			if err == nil {
				list.Tokens[i], err = s.show(call, &rows[i])
			}
		}
		return list, err
	})
}

type tokenParams struct {
	TokenID api.ID `param:"tokenId"`
}

func (s *Service) get(ctx context.Context, call *api.Call, in tokenParams) (model.ResourceToken, error) {
	return api.Read(ctx, call, func(tx store.Tx) (model.ResourceToken, error) {
		t, err := files.GetToken(ctx, tx, string(in.TokenID))
		if err != nil {
			return model.ResourceToken{}, err
		}
		return s.show(call, t)
	})
}

type updateParams struct {
	TokenID api.ID              `param:"tokenId"`
	Expire  opt.Value[api.Time] `param:"expire" doc:"When the token ends; null is never."`
}

func (s *Service) update(ctx context.Context, call *api.Call, in updateParams) (model.ResourceToken, error) {
	expire, err := end(call, in.Expire)
	if err != nil {
		return model.ResourceToken{}, err
	}
	return api.Write(ctx, call, func(tx store.Tx) (model.ResourceToken, error) {
		t, err := files.GetToken(ctx, tx, string(in.TokenID))
		if err != nil {
			return model.ResourceToken{}, err
		}
		t.Expire, t.UpdatedAt = expire, call.Micros()
		if err := files.UpdateToken(ctx, tx, t); err != nil {
			return model.ResourceToken{}, err
		}
		return s.show(call, t)
	})
}

func (s *Service) delete(ctx context.Context, call *api.Call, in tokenParams) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		return api.None{}, files.DeleteToken(ctx, tx, string(in.TokenID))
	})
}
