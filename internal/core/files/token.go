package files

import (
	"context"
	"errors"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/listing"
	"moorfast/internal/model"
	"moorfast/internal/perm"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/token"
)

// Token opens one file for whoever has its secret. Moments are microseconds.
type Token struct {
	Seq        int64  `col:"seq"`
	ID         string `col:"id"`
	CreatedAt  int64  `col:"created_at"`
	UpdatedAt  int64  `col:"updated_at"`
	File       int64  `col:"file_seq"`
	Resource   string `col:"resource_id"` // "bucket:file"
	Expire     *int64 `col:"expire"`
	AccessedAt int64  `col:"accessed_at"`
}

// resourceType is what tokens are for.
const resourceType = "files"

// tokenClaims are what the secret of a token says.
type tokenClaims struct {
	TokenID    string `json:"tokenId"`
	Resource   string `json:"resourceId"`
	Type       string `json:"resourceType"`
	InternalID int64  `json:"resourceInternalId"`
}

// Model returns the token as answers show it, with its secret: which signer
// makes the same each time.
func (t *Token) Model(signer token.Signer) (model.ResourceToken, error) {
	created, life := time.UnixMicro(t.CreatedAt), signer.Kind.Max
	if t.Expire != nil {
		life = max(time.UnixMicro(*t.Expire).Sub(created), 0)
	}
	secret, err := signer.Mint(tokenClaims{TokenID: t.ID, Resource: t.Resource, Type: resourceType, InternalID: t.File}, t.ID, created, min(life, signer.Kind.Max))
	m := model.ResourceToken{
		ID: t.ID, CreatedAt: model.Time(t.CreatedAt), ResourceID: t.Resource, ResourceType: resourceType,
		Secret: secret, AccessedAt: model.Time(t.AccessedAt),
	}
	if t.Expire != nil {
		m.Expire = model.Time(*t.Expire)
	}
	return m, err
}

// GetToShare returns a file that the actor may give others access to: who can
// read the bucket, and change it or the file.
func GetToShare(ctx context.Context, tx store.Tx, call *api.Call, bucketID, id string) (*File, error) {
	b, err := GetBucket(ctx, tx, &call.Actor, bucketID)
	if err != nil {
		return nil, err
	}
	if !b.Allows(perm.Read, &call.Actor) {
		return nil, apierr.UserUnauthorized
	}
	_, f, err := GetToChange(ctx, tx, &call.Actor, bucketID, id, perm.Update)
	return f, err
}

// InsertToken adds a token of a file.
func InsertToken(ctx context.Context, tx store.Tx, f *File, bucketID string, t *Token) error {
	t.File, t.Resource = f.Seq, bucketID+":"+f.ID
	return store.Insert(ctx, tx, tokensTable, t)
}

// GetToken returns a token, or [apierr.TokenNotFound].
func GetToken(ctx context.Context, tx store.Tx, id string) (*Token, error) {
	t, err := store.Get[Token](ctx, tx, tokensTable, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, apierr.TokenNotFound.With(id).Because(err)
	}
	return &t, err
}

// UpdateToken writes a changed token.
func UpdateToken(ctx context.Context, tx store.Tx, t *Token) error {
	return store.Update(ctx, tx, tokensTable, t)
}

// DeleteToken removes a token.
func DeleteToken(ctx context.Context, tx store.Tx, id string) error {
	err := store.Delete(ctx, tx, tokensTable, id)
	if errors.Is(err, store.ErrNotFound) {
		return apierr.TokenNotFound.With(id).Because(err)
	}
	return err
}

// ListTokens reads a page of the tokens of a file.
func ListTokens(ctx context.Context, tx store.Tx, f *File, p listing.Page) ([]Token, int, error) {
	p.Where = sqlb.Eq("file_seq", f.Seq)
	return listing.Read[Token](ctx, tx, tokenList, p)
}

// tokenStamp is how old the note of a token's last use may get.
const tokenStamp = 24 * time.Hour

// Granted returns the token that a secret is of, or nil where it is of none, or
// of one that has ended.
func Granted(ctx context.Context, tx store.Tx, signer token.Signer, secret string, now time.Time) (*Token, error) {
	var claims tokenClaims
	if secret == "" || signer.Verify(secret, now, &claims) != nil {
		return nil, nil //nolint:nilerr // why a secret is refused is nobody else's business
	}
	t, err := GetToken(ctx, tx, claims.TokenID)
	if errors.Is(err, apierr.TokenNotFound) {
		return nil, nil
	}
	if err != nil || t.File != claims.InternalID || t.Expire != nil && *t.Expire <= now.UnixMicro() {
		return nil, err
	}
	return t, nil
}

// GetGranted is [Get] for whoever shows a token of the file.
func GetGranted(ctx context.Context, tx store.Tx, call *api.Call, t *Token, bucketID, id string) (*Bucket, *File, error) {
	if t == nil {
		return Get(ctx, tx, &call.Actor, bucketID, id)
	}
	b, err := GetBucket(ctx, tx, &call.Actor, bucketID)
	if err != nil {
		return nil, nil, err
	}
	f, err := find(ctx, tx, b, id)
	if err == nil && f.Seq != t.File {
		err = apierr.UserUnauthorized
	}
	return b, f, err
}

// Stale reports whether the use of the token is to be noted.
func (t *Token) Stale(now time.Time) bool {
	return now.Sub(time.UnixMicro(t.AccessedAt)) > tokenStamp
}

// Touch notes that a token was used.
func (f *Files) Touch(ctx context.Context, project string, t *Token) error {
	t.AccessedAt = f.units.Now().UnixMicro()
	return f.units.DB.Update(ctx, project, func(tx store.Tx) error {
		err := store.UpdateColumns(ctx, tx, tokensTable, t, "accessed_at")
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
}

// PushClaims are what a link to a file says that needs nothing but itself: for
// the pictures of push messages, and exports.
type PushClaims struct {
	ProjectID   string `json:"projectId"`
	BucketID    string `json:"bucketId"`
	FileID      string `json:"fileId"`
	Disposition string `json:"disposition,omitempty"` // "inline", or "attachment"
}
