// Package users keeps the users of a project, and all that is theirs alone:
// sessions, one-time tokens, factors, accounts at OAuth2 providers, and the
// targets that messages reach them by. The console's own accounts are the users
// of the platform.
package users

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/cache"
	"moorfast/internal/identity"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// Teams is what users have to do with teams; see package teams.
type Teams interface {
	// MembershipsOf returns the confirmed memberships of a user.
	MembershipsOf(ctx context.Context, tx store.Tx, userID string) ([]identity.Membership, error)

	// Leave removes a user from all teams.
	Leave(ctx context.Context, tx store.Tx, userID string) error
}

// Users keeps the users of all projects. Every change of a user goes through
// its methods, which keep [Users.Identity] true.
type Users struct {
	units api.Units
	teams Teams
	log   *slog.Logger
	idle  time.Duration
	life  time.Duration
	geo   func(netip.Addr) string
	names func(code, locale string) string
	cache *cache.Cache[key, *identity.User]
	here  touches
}

type key struct{ project, user string }

// cached is how many users are held for deciding about requests; each takes a
// few kilobytes at most.
const cached = 50_000

// Options are what an operator decides about users.
type Options struct {
	// Staleness bounds for how long a change by another process that shares the
	// store goes unseen; 0 says that there is none.
	Staleness time.Duration
	// ConsoleIdle is for how long a session of the console lives without being
	// used; 0 is for as long as it lives at all (S-2).
	ConsoleIdle time.Duration
	// ConsoleLife is for how long a session of the console lives at all, however it
	// was extended, or opened when it was longer; 0 is for as long as it says.
	ConsoleLife time.Duration
	// Country finds the country of an address, as a code of two capitals or "";
	// nil knows none.
	Country func(netip.Addr) string
	// CountryName names the country of such a code in the language of a locale.
	CountryName func(code, locale string) string
}

// New returns the users of a store.
func New(units api.Units, teams Teams, o Options, log *slog.Logger) *Users {
	return &Users{
		units: units, teams: teams, log: log, idle: o.ConsoleIdle, life: o.ConsoleLife, geo: o.Country, names: o.CountryName,
		cache: cache.New[key, *identity.User](cached, o.Staleness, units.Now),
	}
}

func (u *Users) micros() int64 { return u.units.Now().UnixMicro() }

// Changed makes the next request of a user see what tx commits.
func (u *Users) Changed(tx store.Tx, userID string) {
	k := key{tx.Project(), userID}
	tx.OnCommit(func() { u.cache.Drop(k) })
}

// Forget makes the next request in a project see nothing of before. It is for
// projects that are gone.
func (u *Users) Forget(project string) {
	u.cache.DropIf(func(k key) bool { return k.project == project })
}

// Get returns a user, or [apierr.UserNotFound].
func (u *Users) Get(ctx context.Context, tx store.Tx, id string) (*User, error) {
	return found(store.Get[User](ctx, tx, usersTable, id))
}

// profileColumns are what a user sees of himself. No secret is among them:
// opening one takes longer than reading all the rest.
var profileColumns = []string{
	"seq", "id", "created_at", "updated_at", "name", "email", "phone", "status", "labels", "password_update", "reset",
	"email_verification", "phone_verification", "email_canonical", "email_is_free", "email_is_disposable",
	"email_is_corporate", "email_is_canonical", "mfa", "prefs", "registration", "accessed_at", "impersonator", "invited",
}

// Profile is [Users.Get] without the user's secrets. What it returns can be
// shown, and changed in its other columns.
func (u *Users) Profile(ctx context.Context, tx store.Tx, id string) (*User, error) {
	return one(store.List[User](ctx, tx, sqlb.Select{Columns: profileColumns, From: usersTable, Where: sqlb.Eq("id", id)}))
}

func one(list []User, err error) (*User, error) {
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, apierr.UserNotFound
	}
	return &list[0], nil
}

// ByEmail returns the user with an e-mail address in lower case, or
// [apierr.UserNotFound].
func (u *Users) ByEmail(ctx context.Context, tx store.Tx, address string) (*User, error) {
	return found(store.Find[User](ctx, tx, usersTable, sqlb.Eq("email", address)))
}

// ByPhone returns the user with a phone number, or [apierr.UserNotFound].
func (u *Users) ByPhone(ctx context.Context, tx store.Tx, number string) (*User, error) {
	return found(store.Find[User](ctx, tx, usersTable, sqlb.Eq("phone", number)))
}

func found(row User, err error) (*User, error) {
	if errors.Is(err, store.ErrNotFound) {
		return nil, apierr.UserNotFound
	}
	if err != nil {
		return nil, err
	}
	return &row, nil
}

// Count counts the users of a project, up to limit.
func (u *Users) Count(ctx context.Context, tx store.Tx, limit int) (int, error) {
	return store.Count(ctx, tx, usersTable, nil, limit)
}

// Insert adds a user, and the targets of his address and number. It returns
// [apierr.UserAlreadyExists] where the id, the address or the number is taken,
// and [apierr.UserEmailAlreadyExists] where the address is that of another
// user's account at a provider.
func (u *Users) Insert(ctx context.Context, tx store.Tx, row *User) error {
	if err := u.FreeEmail(ctx, tx, row.ID, text(row.Email)); err != nil {
		return err
	}
	if err := store.Insert(ctx, tx, usersTable, row); err != nil {
		if errors.Is(err, store.ErrConflict) {
			return apierr.UserAlreadyExists.Because(err)
		}
		return err
	}
	for _, t := range []Target{
		{ProviderType: EmailTarget, Identifier: text(row.Email)},
		{ProviderType: SMSTarget, Identifier: text(row.Phone)},
	} {
		if t.Identifier == "" {
			continue
		}
		t.UserID = row.ID
		if err := u.offerTarget(ctx, tx, t); err != nil {
			return err
		}
	}
	u.Changed(tx, row.ID)
	return nil
}

// FreeEmail returns [apierr.UserEmailAlreadyExists] for an address that another
// user has at a provider.
func (u *Users) FreeEmail(ctx context.Context, tx store.Tx, userID, address string) error {
	if address == "" {
		return nil
	}
	taken, err := store.Count(ctx, tx, identitiesTable, sqlb.And(sqlb.Eq("provider_email", address), sqlb.Ne("user_id", userID)), 1)
	if err != nil {
		return err
	}
	if taken > 0 {
		return apierr.UserEmailAlreadyExists
	}
	return nil
}

// Update writes the named columns of a user, and when.
func (u *Users) Update(ctx context.Context, tx store.Tx, row *User, columns ...string) error {
	row.UpdatedAt = u.micros()
	err := store.UpdateColumns(ctx, tx, usersTable, row, append(columns, "updated_at")...)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return apierr.UserNotFound
	case errors.Is(err, store.ErrConflict):
		return apierr.UserAlreadyExists.Because(err)
	case err != nil:
		return err
	}
	u.Changed(tx, row.ID)
	return nil
}

// ownTables are the tables of what goes with its user.
var ownTables = []string{
	sessionsTable, tokensTable, authenticatorsTable, challengesTable, identitiesTable, targetsTable,
}

// Delete removes a user, and all that is his.
func (u *Users) Delete(ctx context.Context, tx store.Tx, id string) error {
	if err := store.Delete(ctx, tx, usersTable, id); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return apierr.UserNotFound
		}
		return err
	}
	for _, table := range ownTables {
		if _, err := store.DeleteWhere(ctx, tx, table, sqlb.Eq("user_id", id)); err != nil {
			return err
		}
	}
	u.Changed(tx, id)
	return u.teams.Leave(ctx, tx, id)
}
