package avatars

import (
	"context"
	"errors"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/fetch"
)

type imageParams struct {
	URL    api.WebURL `param:"url" doc:"Address of the image."`
	Width  int        `param:"width" min:"0" max:"2000" default:"400" doc:"Pixels; 0 follows from the height."`
	Height int        `param:"height" min:"0" max:"2000" default:"400" doc:"Pixels; 0 follows from the width."`
}

const imageQuality = 80

func (s *Service) image(ctx context.Context, call *api.Call, in imageParams) (api.Content, error) {
	return s.kept(ctx, call, groupImage, in, func() (api.Content, error) {
		leave, err := s.remote.take(ctx)
		if err != nil {
			return api.Content{}, err
		}
		defer leave()
		r, err := s.Out.Get(ctx, string(in.URL), fetch.Use{MaxBytes: 10 << 20, Timeout: 10 * time.Second, Accept: "image/*"})
		if err := fetched(ctx, r, err); err != nil {
			return api.Content{}, err
		}
		body, err := s.Pictures.Fit(ctx, r.Body, in.Width, in.Height, imageQuality, "png")
		if err != nil {
			return api.Content{}, unreadable(ctx, err, apierr.AvatarImageNotFound)
		}
		return api.Content{Type: pngType, Body: body}, nil
	})
}

// fetched says what an answer from elsewhere, or none, means to the client. Why
// there is none stays here: it would be a map of our network.
func fetched(ctx context.Context, r *fetch.Response, err error) error {
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return apierr.AvatarRemoteURLFailed.Because(err)
	case r.Status != 200:
		return apierr.AvatarRemoteURLFailed
	}
	return nil
}

// unreadable says what an error of reading an image means, unless that is said
// already.
func unreadable(ctx context.Context, err error, row *apierr.Error) error {
	if e := (*apierr.Error)(nil); errors.As(err, &e) || ctx.Err() != nil {
		return err
	}
	return row.Because(err)
}
