package users

import (
	"context"
	"errors"

	"moorfast/internal/apierr"
	"moorfast/internal/password"
	"moorfast/internal/project"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// The columns that the changes of this file write.
var (
	emailColumns = []string{
		"email", "email_verification", "email_canonical",
		"email_is_free", "email_is_disposable", "email_is_corporate", "email_is_canonical",
	}
	phoneColumns    = []string{"phone", "phone_verification"}
	passwordColumns = []string{"password", "password_update", "password_history", "reset"}
)

// ChangeEmail gives a user another address, which is not verified, or takes his
// away where it is "". What was sent to the old one is void: it would prove the
// new one. It returns [apierr.UserEmailAlreadyExists] where another user has the
// address, and [apierr.UserTargetAlreadyExists] where he gets messages there.
func (u *Users) ChangeEmail(ctx context.Context, tx store.Tx, r *User, address string) error {
	old := text(r.Email)
	r.SetEmail(address)
	if err := u.FreeEmail(ctx, tx, r.ID, address); err != nil {
		return err
	}
	if err := u.moveTarget(ctx, tx, r.ID, EmailTarget, old, address); err != nil {
		return err
	}
	if err := u.void(ctx, tx, r.ID, FactorEmail, VerificationToken, RecoveryToken, MagicURLToken, EmailToken); err != nil {
		return err
	}
	err := u.Update(ctx, tx, r, emailColumns...)
	if errors.Is(err, apierr.UserAlreadyExists) {
		return apierr.UserEmailAlreadyExists.Because(err)
	}
	return err
}

// ChangePhone is [Users.ChangeEmail] for the user's number. Where another user
// has it, it returns [apierr.UserPhoneAlreadyExists].
func (u *Users) ChangePhone(ctx context.Context, tx store.Tx, r *User, number string) error {
	old := text(r.Phone)
	r.SetPhone(number)
	if err := u.moveTarget(ctx, tx, r.ID, SMSTarget, old, number); err != nil {
		return err
	}
	if err := u.void(ctx, tx, r.ID, FactorPhone, PhoneToken); err != nil {
		return err
	}
	err := u.Update(ctx, tx, r, phoneColumns...)
	if errors.Is(err, apierr.UserAlreadyExists) {
		return apierr.UserPhoneAlreadyExists.Because(err)
	}
	return err
}

// ChangePassword gives a user another password, or takes his away where hash is
// zero. Recoveries that were asked for before are void, and where the project
// says so the user's sessions end, but for the one named here, which may be "".
func (u *Users) ChangePassword(ctx context.Context, tx store.Tx, auths project.Auths, r *User, hash password.Hash, but string) error {
	if err := r.SetPassword(hash, auths.PasswordHistory, u.micros()); err != nil {
		return err
	}
	if err := u.void(ctx, tx, r.ID, "", RecoveryToken); err != nil {
		return err
	}
	if err := u.Update(ctx, tx, r, passwordColumns...); err != nil {
		return err
	}
	if !auths.InvalidateSessions {
		return nil
	}
	return u.CloseAll(ctx, tx, r.ID, but)
}

// void removes a user's tokens of some kinds, and his challenges of a factor.
func (u *Users) void(ctx context.Context, tx store.Tx, userID, factor string, kinds ...TokenKind) error {
	tokens := sqlb.And(sqlb.Eq("user_id", userID), sqlb.In("kind", ints(kinds)...))
	if _, err := store.DeleteWhere(ctx, tx, tokensTable, tokens); err != nil {
		return err
	}
	_, err := store.DeleteWhere(ctx, tx, challengesTable, sqlb.And(sqlb.Eq("user_id", userID), sqlb.Eq("factor", factor)))
	return err
}
