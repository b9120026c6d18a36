package users

import (
	"context"
	"encoding/json"
	"errors"

	"moorfast/internal/apierr"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/token"
	"moorfast/internal/vault"
)

// Factors are what a user has set up to prove himself with, besides his
// password.
type Factors struct{ TOTP, Email, Phone, RecoveryCode bool }

// Any reports whether there is a factor that a sign-in can ask for.
func (f Factors) Any() bool { return f.TOTP || f.Email || f.Phone }

// Factors returns the factors of a user.
func (u *Users) Factors(ctx context.Context, tx store.Tx, r *User) (Factors, error) {
	n, err := store.Count(ctx, tx, authenticatorsTable, sqlb.And(
		sqlb.Eq("user_id", r.ID), sqlb.Eq("type", FactorTOTP), sqlb.Eq("verified", true)), 1)
	return Factors{
		TOTP:         n > 0,
		Email:        r.EmailVerified && r.Email != nil,
		Phone:        r.PhoneVerified && r.Phone != nil,
		RecoveryCode: r.RecoveryCodes.Set(),
	}, err
}

// Authenticator is an app that makes one-time codes, as it is stored.
type Authenticator struct {
	Seq       int64        `col:"seq"`
	ID        string       `col:"id"`
	CreatedAt int64        `col:"created_at"`
	UpdatedAt int64        `col:"updated_at"`
	UserID    string       `col:"user_id"`
	Type      string       `col:"type"`
	Secret    vault.Secret `col:"secret"` // shared with the app
	Verified  bool         `col:"verified"`
	LastStep  int64        `col:"last_step"` // of the last code that was taken
}

// Authenticator returns the authenticator of a user, or
// [apierr.UserAuthenticatorNotFound].
func (u *Users) Authenticator(ctx context.Context, tx store.Tx, userID string) (*Authenticator, error) {
	a, err := store.Find[Authenticator](ctx, tx, authenticatorsTable, sqlb.And(sqlb.Eq("user_id", userID), sqlb.Eq("type", FactorTOTP)))
	if errors.Is(err, store.ErrNotFound) {
		return nil, apierr.UserAuthenticatorNotFound
	}
	return &a, err
}

// NewAuthenticator gives a user an authenticator that is not verified, in place
// of another that was not.
func (u *Users) NewAuthenticator(ctx context.Context, tx store.Tx, userID, secret string) error {
	switch a, err := u.Authenticator(ctx, tx, userID); {
	case err == nil && a.Verified:
		return apierr.UserAuthenticatorVerified
	case err == nil:
		if err := store.Delete(ctx, tx, authenticatorsTable, a.ID); err != nil {
			return err
		}
	case !errors.Is(err, apierr.UserAuthenticatorNotFound):
		return err
	}
	now := u.micros()
	return store.Insert(ctx, tx, authenticatorsTable, &Authenticator{
		ID: u.units.NewID(), CreatedAt: now, UpdatedAt: now, UserID: userID, Type: FactorTOTP, Secret: vault.Hide(secret),
	})
}

// TakeCode takes a code of the user's authenticator, which it verifies. A code
// is taken once: who looked over the user's shoulder comes too late. Only the
// code that verifies can then answer a challenge, which apps ask for at once.
// Where the code is wrong or was taken, it returns [apierr.UserInvalidToken].
func (u *Users) TakeCode(ctx context.Context, tx store.Tx, a *Authenticator, code string) error {
	step, ok := token.CheckTOTP(a.Secret.Reveal(), code, u.units.Now(), a.LastStep)
	if !ok {
		return apierr.UserInvalidToken
	}
	if !a.Verified {
		step--
	}
	a.LastStep, a.Verified, a.UpdatedAt = step, true, u.micros()
	if err := store.UpdateColumns(ctx, tx, authenticatorsTable, a, "last_step", "verified", "updated_at"); err != nil {
		return err
	}
	u.Changed(tx, a.UserID)
	return nil
}

// DeleteAuthenticator removes the authenticator of a user.
func (u *Users) DeleteAuthenticator(ctx context.Context, tx store.Tx, a *Authenticator) error {
	u.Changed(tx, a.UserID)
	return store.Delete(ctx, tx, authenticatorsTable, a.ID)
}

// What the contract has of recovery codes: how many, and of how many digits.
const (
	recoveryCodes  = 6
	recoveryDigits = 10
)

// Codes returns the recovery codes of a user.
func (r *User) Codes() (codes []string, err error) {
	if !r.RecoveryCodes.Set() {
		return nil, nil
	}
	err = json.Unmarshal([]byte(r.RecoveryCodes.Reveal()), &codes)
	return codes, err
}

// CodesModel returns them as they are answered, or
// [apierr.UserRecoveryCodesNotFound].
func (r *User) CodesModel() (model.MFARecoveryCodes, error) {
	codes, err := r.Codes()
	if err == nil && len(codes) == 0 {
		err = apierr.UserRecoveryCodesNotFound
	}
	return model.MFARecoveryCodes{RecoveryCodes: codes}, err
}

// NewCodes gives a user new recovery codes, and returns them.
func (u *Users) NewCodes(ctx context.Context, tx store.Tx, r *User) ([]string, error) {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = token.NewHex(recoveryDigits)
	}
	return codes, u.setCodes(ctx, tx, r, codes)
}

func (u *Users) setCodes(ctx context.Context, tx store.Tx, r *User, codes []string) error {
	b, err := json.Marshal(codes)
	if err != nil {
		return err
	}
	r.RecoveryCodes = vault.Hide(string(b))
	return u.Update(ctx, tx, r, "recovery_codes")
}

// takeRecovery takes a recovery code of a user, so that it works once.
func (u *Users) takeRecovery(ctx context.Context, tx store.Tx, r *User, code string) error {
	codes, err := r.Codes()
	if err != nil {
		return err
	}
	at := -1
	for i, c := range codes {
		if token.Equal(c, code) {
			at = i
		}
	}
	if at < 0 {
		return apierr.UserInvalidToken
	}
	return u.setCodes(ctx, tx, r, append(codes[:at:at], codes[at+1:]...))
}

// Model returns the factors as answers show them.
func (f Factors) Model(custom bool) model.MFAFactors {
	return model.MFAFactors{TOTP: f.TOTP, Phone: f.Phone, Email: f.Email, RecoveryCode: f.RecoveryCode, Custom: custom}
}
