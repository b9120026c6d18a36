package users

import (
	"context"
	"errors"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/password"
	"moorfast/internal/project"
)

// Passwords makes and verifies passwords, as the settings of a project want
// them. It takes its time on purpose: ask it before a transaction, not within.
type Passwords struct{ Hasher *password.Hasher }

// New hashes a password that a user is about to get, or says why he may not
// have it. The user is as he will be then, with the history that he has now.
func (p Passwords) New(ctx context.Context, auths project.Auths, plain string, r *User) (password.Hash, error) {
	if err := check(auths, plain, r); err != nil {
		return password.Hash{}, api.Invalid("password", err)
	}
	if auths.PersonalDataCheck && r.Person().Within(plain) {
		return password.Hash{}, apierr.PasswordPersonalData
	}
	if auths.PasswordHistory > 0 {
		history, err := r.History()
		if err != nil {
			return password.Hash{}, err
		}
		reused, err := p.Hasher.Reused(ctx, plain, history)
		if err != nil {
			return password.Hash{}, busy(err)
		}
		if reused {
			return password.Hash{}, apierr.PasswordRecentlyUsed
		}
	}
	hash, err := p.Hasher.Hash(ctx, plain)
	return hash, busy(err)
}

func check(auths project.Auths, plain string, r *User) error {
	want := auths.PasswordStrength
	if r.MFA && auths.MinWithMFA > 0 {
		want.Min = auths.MinWithMFA
	}
	strength := password.Strength{
		Min: want.Min, Uppercase: want.Uppercase, Lowercase: want.Lowercase, Number: want.Number, Symbol: want.Symbols,
	}
	if err := strength.Check(plain); err != nil {
		return err
	}
	if auths.PasswordDictionary {
		return password.CheckCommon(plain)
	}
	return nil
}

// Verify returns nil where plain is the password of a user, and
// [apierr.UserInvalidCredentials] where it is not, he has none, or there is no
// such user, which is nil. The answer takes the same time for all of them. Where
// the hash is outdated, next is one to replace it.
func (p Passwords) Verify(ctx context.Context, r *User, plain string) (next password.Hash, err error) {
	var hash password.Hash
	if r != nil {
		if hash, err = r.Hash(); err != nil {
			return next, err
		}
	}
	ok, next, err := p.Hasher.Upgrade(ctx, plain, hash)
	switch {
	case err != nil:
		return next, busy(err)
	case !ok:
		return next, apierr.UserInvalidCredentials
	}
	return next, nil
}

func busy(err error) error {
	if errors.Is(err, password.ErrBusy) {
		return apierr.Busy.Because(err)
	}
	return err
}
