package users

import (
	"context"
	"errors"

	"moorfast/internal/apierr"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/token"
	"moorfast/internal/vault"
)

// Challenge asks a user for a factor, as it is stored.
type Challenge struct {
	Seq       int64        `col:"seq"`
	ID        string       `col:"id"`
	CreatedAt int64        `col:"created_at"`
	UpdatedAt int64        `col:"updated_at"`
	UserID    string       `col:"user_id"`
	Factor    string       `col:"factor"`
	Code      vault.Secret `col:"code"` // that was sent, or is to be sent by a server
	ExpiresAt int64        `col:"expires_at"`
	Tries     int64        `col:"tries"`
}

// Model returns the challenge as answers show it.
func (c *Challenge) Model() model.MFAChallenge {
	return model.MFAChallenge{
		ID: c.ID, CreatedAt: model.Time(c.CreatedAt), UserID: c.UserID, Expire: model.Time(c.ExpiresAt),
	}
}

// Challenge returns a live challenge of a user, or [apierr.UserInvalidToken].
func (u *Users) Challenge(ctx context.Context, tx store.Tx, userID, id string) (*Challenge, error) {
	c, err := store.Get[Challenge](ctx, tx, challengesTable, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (c.UserID != userID || c.ExpiresAt < u.micros() || c.Tries >= maxTries) {
		return nil, apierr.UserInvalidToken
	}
	return &c, err
}

// Ask adds a challenge, and removes those of its user that have ended.
func (u *Users) Ask(ctx context.Context, tx store.Tx, c *Challenge) error {
	ended := sqlb.And(sqlb.Eq("user_id", c.UserID), sqlb.Lt("expires_at", c.CreatedAt))
	if _, err := store.DeleteWhere(ctx, tx, challengesTable, ended); err != nil {
		return err
	}
	return store.Insert(ctx, tx, challengesTable, c)
}

// Answer takes the answer to a challenge, which is then over. Where the answer
// is wrong, it returns [apierr.UserInvalidToken]; see [Users.MissChallenge].
func (u *Users) Answer(ctx context.Context, tx store.Tx, r *User, c *Challenge, code string) error {
	if err := u.answer(ctx, tx, r, c, code); err != nil {
		return err
	}
	return store.Delete(ctx, tx, challengesTable, c.ID)
}

func (u *Users) answer(ctx context.Context, tx store.Tx, r *User, c *Challenge, code string) error {
	switch c.Factor {
	case FactorTOTP:
		a, err := u.Authenticator(ctx, tx, r.ID)
		if errors.Is(err, apierr.UserAuthenticatorNotFound) || err == nil && !a.Verified {
			return apierr.UserInvalidToken
		}
		if err != nil {
			return err
		}
		return u.TakeCode(ctx, tx, a, code)
	case FactorRecovery:
		return u.takeRecovery(ctx, tx, r, code)
	}
	if !c.Code.Set() || !token.Equal(code, c.Code.Reveal()) {
		return apierr.UserInvalidToken
	}
	return nil
}

// MissChallenge counts a wrong answer, in a transaction of its own.
func (u *Users) MissChallenge(ctx context.Context, tx store.Tx, id string) error {
	_, err := store.Exec(ctx, tx, sqlb.Update{
		Table: challengesTable, Set: []sqlb.Assign{sqlb.SetExpr("tries", "tries + 1")}, Where: sqlb.Eq("id", id),
	})
	return err
}
