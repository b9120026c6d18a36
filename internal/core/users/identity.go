package users

import (
	"context"
	"errors"
	"sync"
	"time"

	"moorfast/internal/apierr"
	"moorfast/internal/identity"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// errNobody keeps users who are not there out of the cache: anybody can ask for
// any number of them.
var errNobody = errors.New("no such user")

// Identity returns a user as far as deciding about a request goes, or nil where
// there is none of that id. It is as of the last commit of this process, and
// held in memory, so that requests of a user do not read the store.
func (u *Users) Identity(ctx context.Context, project, id string) (*identity.User, error) {
	user, err := u.cache.Get(key{project, id}, func() (*identity.User, error) {
		var user *identity.User
		err := u.units.DB.View(ctx, project, func(tx store.Tx) (err error) {
			user, err = u.load(ctx, tx, id)
			return err
		})
		return user, err
	})
	if errors.Is(err, errNobody) {
		return nil, nil
	}
	return user, err
}

// identityColumns are the columns of a user that no secret is in: opening one
// would cost more than all the rest.
var identityColumns = []string{
	"id", "name", "email", "phone", "status", "labels", "reset", "email_verification", "phone_verification",
	"mfa", "created_at", "accessed_at", "impersonator", "invited", "password_update",
}

func (u *Users) load(ctx context.Context, tx store.Tx, id string) (*identity.User, error) {
	list, err := store.List[User](ctx, tx, sqlb.Select{Columns: identityColumns, From: usersTable, Where: sqlb.Eq("id", id)})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errNobody
	}
	r := &list[0]
	user := &identity.User{
		ID: r.ID, Email: text(r.Email), Name: r.Name, Phone: text(r.Phone),
		EmailVerified: r.EmailVerified, PhoneVerified: r.PhoneVerified,
		Blocked: !r.Active, PasswordReset: r.Reset, Impersonator: r.Impersonator, Invited: r.Invited,
		CreatedAt: time.UnixMicro(r.CreatedAt).UTC(), AccessedAt: time.UnixMicro(r.AccessedAt).UTC(), Labels: r.Labels,
	}
	if r.PasswordUpdate != nil {
		user.PasswordAt = time.UnixMicro(*r.PasswordUpdate).UTC()
	}
	if r.MFA {
		factors, err := u.Factors(ctx, tx, r)
		if err != nil {
			return nil, err
		}
		user.MFA = factors.Any()
	}
	if user.Sessions, err = u.sessionInfos(ctx, tx, id); err != nil {
		return nil, err
	}
	user.Memberships, err = u.teams.MembershipsOf(ctx, tx, id)
	return user, err
}

func (u *Users) sessionInfos(ctx context.Context, tx store.Tx, userID string) ([]identity.SessionInfo, error) {
	list, err := store.List[Session](ctx, tx, sqlb.Select{
		Columns: []string{"id", "secret", "created_at", "expires_at", "used_at", "ip", "factors", "challenged_at"}, From: sessionsTable,
		Where: sqlb.And(sqlb.Eq("user_id", userID), u.alive(tx)),
		Order: []sqlb.Order{{Column: "seq"}},
	})
	if err != nil {
		return nil, err
	}
	infos := make([]identity.SessionInfo, len(list))
	for i := range list {
		s := &list[i]
		infos[i] = identity.SessionInfo{
			ID: s.ID, SecretHash: s.Secret.Reveal(), ExpiresAt: time.UnixMicro(u.ends(tx, s)).UTC(), UsedAt: time.UnixMicro(s.UsedAt).UTC(),
			CreatedAt: time.UnixMicro(s.CreatedAt).UTC(), IP: s.IP, Factors: s.Factors, ChallengedAt: time.UnixMicro(s.ChallengedAt).UTC(),
		}
	}
	return infos, nil
}

// Search returns the id of the user with an address in lower case, or else with
// a phone number, and "" where there is none.
func (u *Users) Search(ctx context.Context, project, address, number string) (id string, err error) {
	err = u.units.DB.View(ctx, project, func(tx store.Tx) error {
		if id, err = idWhere(ctx, tx, "email", address); id != "" || err != nil {
			return err
		}
		id, err = idWhere(ctx, tx, "phone", number)
		return err
	})
	return id, err
}

func idWhere(ctx context.Context, tx store.Tx, column, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	list, err := store.List[User](ctx, tx, sqlb.Select{Columns: []string{"id"}, From: usersTable, Where: sqlb.Eq(column, value)})
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0].ID, nil
}

// touchEvery is how exact the time of a user's last visit is.
const touchEvery = 24 * time.Hour

// touches are the visits that are being noted.
type touches struct {
	mu   sync.Mutex
	busy map[key]bool
}

func (t *touches) begin(k key) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.busy[k] {
		return false
	}
	if t.busy == nil {
		t.busy = map[key]bool{}
	}
	t.busy[k] = true
	return true
}

func (t *touches) end(k key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.busy, k)
}

// Touch notes that a user was here, in a session or in "", where this has not
// been noted for a while. A visit that cannot be noted is no reason to turn it
// away; that goes to the log.
func (u *Users) Touch(ctx context.Context, project string, user *identity.User, session string) {
	now := u.units.Now()
	k := key{project, user.ID}
	visit := now.Sub(user.AccessedAt) >= touchEvery
	used := project == store.Platform && u.overdue(user, session, now)
	if !visit && !used || !u.here.begin(k) {
		return
	}
	defer u.here.end(k)
	err := u.units.DB.Update(ctx, project, func(tx store.Tx) error {
		u.Changed(tx, user.ID)
		if visit {
			if err := note(ctx, tx, usersTable, "accessed_at", user.ID, now); err != nil {
				return err
			}
		}
		if used {
			return note(ctx, tx, sessionsTable, "used_at", session, now)
		}
		return nil
	})
	if err != nil {
		u.log.WarnContext(ctx, "note a visit", "err", err, "project", project)
	}
}

// overdue reports whether the use of a session has to be noted, lest it ends.
// Noting it at each use would make every request a change.
func (u *Users) overdue(user *identity.User, session string, now time.Time) bool {
	if u.idle <= 0 {
		return false
	}
	s, ok := user.Session(session, now)
	return ok && now.Sub(s.UsedAt) >= min(touchEvery, u.idle/24)
}

func note(ctx context.Context, tx store.Tx, table, column, id string, now time.Time) error {
	_, err := store.Exec(ctx, tx, sqlb.Update{
		Table: table, Set: []sqlb.Assign{sqlb.Set(column, now.UnixMicro())}, Where: sqlb.Eq("id", id),
	})
	return err
}

// Claim makes a user the root of the console, in the transaction that adds him.
// Of any number who try at once, one finds the claim free, and it stays taken
// when he is gone. Only is what the console's policy says: where others may
// sign up too, being late is no error.
func (u *Users) Claim(ctx context.Context, tx store.Tx, userID string, only bool) error {
	n, err := store.Exec(ctx, tx, sqlb.Insert{
		Into: rootTable, Columns: []string{"claim", "user_id", "claimed_at"},
		Rows: [][]any{{"root", userID, u.micros()}}, Conflict: []string{"claim"},
	})
	if err != nil {
		return err
	}
	if n == 0 && only {
		return apierr.UserConsoleCountExceeded
	}
	return nil
}

// Claimed reports whether the console has its root. It spares those who come
// too late the work that goes before a [Users.Claim], which decides.
func (u *Users) Claimed(ctx context.Context, tx store.Tx) (bool, error) {
	n, err := store.Count(ctx, tx, rootTable, nil, 1)
	return n > 0, err
}
