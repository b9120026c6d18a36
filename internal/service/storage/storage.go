// Package storage serves buckets and files.
package storage

import (
	"context"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/core/files"
	"moorfast/internal/image"
	"moorfast/internal/token"
)

// Tokens hands out the keys that tokens are checked with.
type Tokens interface {
	TokenKey(project, typ string) ([]byte, error)
}

// Pictures makes pictures of pictures, within limits of its own.
type Pictures interface {
	Edit(ctx context.Context, src []byte, e image.Edit) ([]byte, error)
	Icon(ctx context.Context, mime, extension string, e image.Edit) ([]byte, error)
}

// Cache keeps what was made of a project's files. What it has, it has sealed.
type Cache interface {
	Get(ctx context.Context, project, group, key string) ([]byte, bool)
	Put(ctx context.Context, project, group, key string, body []byte) error
	Drop(ctx context.Context, project, group string) error
}

// Limits are those of the installation.
type Limits struct {
	File    int64 // bytes of the largest file that a bucket may allow
	Preview int64 // bytes of the largest file that a preview is made of
}

// Service serves the storage endpoints.
type Service struct {
	Files    *files.Files
	Pictures Pictures
	Cache    Cache
	Tokens   Tokens
	Limits   Limits
}

// signer is what checks one kind of tokens of the call's project.
func (s *Service) signer(call *api.Call, kind token.Kind) (token.Signer, error) {
	key, err := s.Tokens.TokenKey(call.Project.ID, kind.Name)
	return token.Signer{Kind: kind, Project: call.Project.ID, Key: key}, err
}

// cacheFor is how long clients may keep what they were sent: the contract's 45
// days, for nobody but the one who asked.
const cacheFor = "private, max-age=3888000"

// httpTime is the form of a moment in headers (RFC 9110 §5.6.7).
const httpTime = "Mon, 02 Jan 2006 15:04:05 GMT"

func httpDate(micros int64) string { return time.UnixMicro(micros).UTC().Format(httpTime) }
