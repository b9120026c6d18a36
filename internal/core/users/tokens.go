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

// TokenKind is what a one-time token is for. The numbers are the contract's.
type TokenKind int

// The kinds of tokens.
const (
	VerificationToken TokenKind = 2
	RecoveryToken     TokenKind = 3
	MagicURLToken     TokenKind = 5
	PhoneToken        TokenKind = 6
	OAuthToken        TokenKind = 7
	GenericToken      TokenKind = 8 // a server made it
	EmailToken        TokenKind = 9
)

// Token is a one-time secret of a user, as it is stored.
type Token struct {
	Seq       int64        `col:"seq"`
	ID        string       `col:"id"`
	CreatedAt int64        `col:"created_at"`
	UpdatedAt int64        `col:"updated_at"`
	UserID    string       `col:"user_id"`
	Kind      TokenKind    `col:"kind"`
	Secret    vault.Secret `col:"secret"` // its sum; see token.Sum
	ExpiresAt int64        `col:"expires_at"`
	Tries     int64        `col:"tries"` // wrong ones, while it was alive
	IP        string       `col:"ip"`
	UserAgent string       `col:"user_agent"`
}

// maxTries is how many wrong secrets a user's short tokens survive. Six digits
// are guessed in a million tries; the rate limit alone counts by address.
const maxTries = 10

// NewToken returns a token that is about to be issued, for a secret.
func NewToken(id, userID string, kind TokenKind, secret string, now, expires int64) *Token {
	return &Token{
		ID: id, UserID: userID, Kind: kind, CreatedAt: now, UpdatedAt: now, ExpiresAt: expires,
		Secret: vault.Hide(token.Sum(secret)),
	}
}

// Model returns the token as answers show it. The secret is "" for those who
// are to get it another way.
func (t *Token) Model(secret, phrase string) model.Token {
	return model.Token{
		ID: t.ID, CreatedAt: model.Time(t.CreatedAt), UserID: t.UserID,
		Secret: secret, Expire: model.Time(t.ExpiresAt), Phrase: phrase,
	}
}

// Issue adds a token, and removes those of its user that have ended.
func (u *Users) Issue(ctx context.Context, tx store.Tx, t *Token) error {
	ended := sqlb.And(sqlb.Eq("user_id", t.UserID), sqlb.Lt("expires_at", t.CreatedAt))
	if _, err := store.DeleteWhere(ctx, tx, tokensTable, ended); err != nil {
		return err
	}
	return store.Insert(ctx, tx, tokensTable, t)
}

// Holds returns the token of a user that a secret belongs to, among those of
// the given kinds, or [apierr.UserInvalidToken] where there is none. The token
// stays; it spares a wrong secret the work that goes before a [Users.Redeem].
func (u *Users) Holds(ctx context.Context, tx store.Tx, userID, secret string, kinds ...TokenKind) (*Token, error) {
	list, err := store.List[Token](ctx, tx, sqlb.Select{
		From: tokensTable,
		Where: sqlb.And(sqlb.Eq("user_id", userID), sqlb.In("kind", ints(kinds)...),
			sqlb.Ge("expires_at", u.micros()), sqlb.Lt("tries", maxTries)),
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		if token.Matches(secret, list[i].Secret.Reveal()) {
			return &list[i], nil
		}
	}
	return nil, apierr.UserInvalidToken
}

// Redeem is [Users.Holds] for a token that is used, and so removed. Of two who
// use it at once, one finds it gone.
func (u *Users) Redeem(ctx context.Context, tx store.Tx, userID, secret string, kinds ...TokenKind) (*Token, error) {
	t, err := u.Holds(ctx, tx, userID, secret, kinds...)
	if err != nil {
		return nil, err
	}
	if err := store.Delete(ctx, tx, tokensTable, t.ID); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return nil, apierr.UserInvalidToken
		}
		return nil, err
	}
	return t, nil
}

// Miss counts a wrong secret against the tokens of a user that are short enough
// to be guessed. It belongs in a transaction of its own, since the one that
// found the secret wrong is rolled back.
func (u *Users) Miss(ctx context.Context, tx store.Tx, userID string) error {
	_, err := store.Exec(ctx, tx, sqlb.Update{
		Table: tokensTable,
		Set:   []sqlb.Assign{sqlb.SetExpr("tries", "tries + 1")},
		Where: sqlb.And(sqlb.Eq("user_id", userID), sqlb.In("kind", ints([]TokenKind{PhoneToken, GenericToken, EmailToken})...)),
	})
	return err
}

func ints(kinds []TokenKind) []int {
	list := make([]int, len(kinds))
	for i, k := range kinds {
		list[i] = int(k)
	}
	return list
}
