package storage

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/files"
	"moorfast/internal/identity"
	"moorfast/internal/store"
	"moorfast/internal/token"
)

type pushParams struct {
	BucketID api.ID `param:"bucketId"`
	FileID   api.ID `param:"fileId"`
	JWT      string `param:"jwt" min:"0" max:"2048" default:"\"\"" doc:"What the link was made with."`
}

// push sends a file to whoever has a link that names it.
func (s *Service) push(ctx context.Context, call *api.Call, in pushParams) (api.Stream, error) {
	signer, err := s.signer(call, token.Push)
	if err != nil {
		return api.Stream{}, err
	}
	var claims files.PushClaims
	if err := signer.Verify(in.JWT, call.Now(), &claims); err != nil {
		return api.Stream{}, apierr.UserUnauthorized.Because(err)
	}
	if claims.ProjectID != call.Project.ID || claims.BucketID != string(in.BucketID) || claims.FileID != string(in.FileID) {
		return api.Stream{}, apierr.UserUnauthorized
	}
	server := identity.Actor{}.As(identity.RoleKeys, nil, true) // the link is the permission
	file, err := api.Read(ctx, call, func(tx store.Tx) (*files.File, error) {
		_, file, err := files.Get(ctx, tx, &server, claims.BucketID, claims.FileID)
		return file, err
	})
	if err == nil && !file.Complete {
		err = apierr.FileNotFound.With(file.ID)
	}
	if err != nil {
		return api.Stream{}, err
	}
	what := "inline"
	if claims.Disposition == "attachment" {
		what = claims.Disposition
	}
	call.SetHeader("Content-Disposition", disposition(what, file.Name))
	return send(call, file, shown(file.MIME), viewWindow, s.opener(ctx, call, file))
}
