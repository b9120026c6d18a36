package users

import (
	"context"
	"errors"

	"moorfast/internal/apierr"
	"moorfast/internal/core/listing"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/vault"
)

// Identity is a user's account at an OAuth2 provider, as it is stored.
type Identity struct {
	Seq                  int64        `col:"seq"`
	ID                   string       `col:"id"`
	CreatedAt            int64        `col:"created_at"`
	UpdatedAt            int64        `col:"updated_at"`
	UserID               string       `col:"user_id"`
	Provider             string       `col:"provider"`
	ProviderUID          string       `col:"provider_uid"`
	ProviderEmail        string       `col:"provider_email"`
	AccessToken          vault.Secret `col:"access_token"`
	AccessTokenExpiresAt *int64       `col:"access_token_expires_at"`
	RefreshToken         vault.Secret `col:"refresh_token"`
}

// Model returns the identity as answers show it.
func (i *Identity) Model() model.Identity {
	return model.Identity{
		ID: i.ID, CreatedAt: model.Time(i.CreatedAt), UpdatedAt: model.Time(i.UpdatedAt),
		UserID: i.UserID, Provider: i.Provider, ProviderUID: i.ProviderUID, ProviderEmail: i.ProviderEmail,
		ProviderAccessToken: i.AccessToken.Reveal(), ProviderAccessTokenExpiry: moment(i.AccessTokenExpiresAt),
		ProviderRefreshToken: i.RefreshToken.Reveal(),
	}
}

// Identities returns a page of identities.
func Identities(ctx context.Context, tx store.Tx, page listing.Page) (model.IdentityList, error) {
	rows, total, err := listing.Read[Identity](ctx, tx, identityList, page)
	models := make([]model.Identity, len(rows))
	for i := range rows {
		models[i] = rows[i].Model()
	}
	return model.IdentityList{Total: total, Identities: models}, err
}

// AddIdentity adds an identity.
func (u *Users) AddIdentity(ctx context.Context, tx store.Tx, i *Identity) error {
	return store.Insert(ctx, tx, identitiesTable, i)
}

// DeleteIdentity removes an identity of a user, or of anyone where userID is "".
// It returns [apierr.UserIdentityNotFound] where there is none.
func (u *Users) DeleteIdentity(ctx context.Context, tx store.Tx, userID, id string) error {
	i, err := store.Get[Identity](ctx, tx, identitiesTable, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && userID != "" && i.UserID != userID {
		return apierr.UserIdentityNotFound
	}
	if err != nil {
		return err
	}
	return store.Delete(ctx, tx, identitiesTable, id)
}
