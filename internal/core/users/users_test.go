package users_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/clock"
	"moorfast/internal/core/users"
	"moorfast/internal/id"
	"moorfast/internal/identity"
	"moorfast/internal/password"
	"moorfast/internal/project"
	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/token"
	"moorfast/internal/vault/vaulttest"
)

const (
	shop = "shop"
	idle = 12 * time.Hour // of the console's sessions
)

// noTeams are the teams of users who are in none.
type noTeams struct{ left []string }

func (*noTeams) MembershipsOf(context.Context, store.Tx, string) ([]identity.Membership, error) {
	return nil, nil
}

func (t *noTeams) Leave(_ context.Context, _ store.Tx, userID string) error {
	t.left = append(t.left, userID)
	return nil
}

type fixture struct {
	*users.Users
	t     testing.TB
	db    store.DB
	clock *clock.Manual
	teams *noTeams
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	db, err := sqlite.Open(sqlite.Options{Dir: t.TempDir(), Vault: vaulttest.New(t), Migrations: func(string) []migrate.Migration {
		return []migrate.Migration{{Number: 1, Name: "users", SQL: users.Tables}}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	f := &fixture{t: t, db: db, clock: clock.NewManual(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)), teams: &noTeams{}}
	units := api.Units{DB: db, Now: f.clock.Now, NewID: func() string { return id.New(f.clock.Now()) }}
	f.Users = users.New(units, f.teams, users.Options{ConsoleIdle: idle}, slog.New(slog.DiscardHandler))
	return f
}

func (f *fixture) update(fn func(tx store.Tx) error) {
	f.t.Helper()
	if err := f.try(fn); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) try(fn func(tx store.Tx) error) error { return f.db.Update(f.t.Context(), shop, fn) }

func (f *fixture) micros() int64 { return f.clock.Now().UnixMicro() }

// add adds a user with an address.
func (f *fixture) add(id, address string) *users.User {
	f.t.Helper()
	u := users.NewUser(id, f.micros())
	u.SetEmail(address)
	f.update(func(tx store.Tx) error { return f.Insert(f.t.Context(), tx, u) })
	return u
}

// open opens a session of a user for an hour.
func (f *fixture) open(id, userID string, limit int) (secret string) {
	f.t.Helper()
	s, secret := users.NewSession(id, userID, f.micros(), f.clock.Now().Add(time.Hour).UnixMicro())
	f.update(func(tx store.Tx) error { return f.Open(f.t.Context(), tx, s, limit) })
	return secret
}

func (f *fixture) identity(userID string) *identity.User {
	f.t.Helper()
	u, err := f.Identity(f.t.Context(), shop, userID)
	if err != nil {
		f.t.Fatal(err)
	}
	return u
}

func (f *fixture) wantError(what string, err error, want error) {
	f.t.Helper()
	if !errors.Is(err, want) {
		f.t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func TestInsert(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	f.add("walter", "walter@example.com")
	for name, u := range map[string]*users.User{
		"id":      users.NewUser("walter", 1),
		"address": users.NewUser("jesse", 1),
	} {
		u.SetEmail("walter@example.com")
		if name == "id" {
			u.SetEmail("other@example.com")
		}
		f.wantError("same "+name, f.try(func(tx store.Tx) error { return f.Insert(ctx, tx, u) }), apierr.UserAlreadyExists)
	}
	f.update(func(tx store.Tx) error {
		got, err := f.ByEmail(ctx, tx, "walter@example.com")
		if err != nil {
			return err
		}
		targets, err := f.Targets(ctx, tx, got.ID)
		if err != nil {
			return err
		}
		m, err := got.Model(targets["walter"])
		if err != nil {
			return err
		}
		if len(m.Targets) != 1 || m.Targets[0].Identifier != "walter@example.com" || m.Targets[0].ProviderType != "email" {
			t.Errorf("targets = %+v", m.Targets)
		}
		if m.Password != nil || m.Hash != "argon2" || m.PasswordUpdate != "" || !*m.EmailIsCorporate || *m.EmailCanonical != "walter@example.com" {
			t.Errorf("model = %+v", m)
		}
		_, err = f.ByPhone(ctx, tx, "+1")
		f.wantError("unknown number", err, apierr.UserNotFound)
		return nil
	})
}

func TestAnAddressAtAProviderIsTaken(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	f.add("walter", "walter@example.com")
	f.update(func(tx store.Tx) error {
		return f.AddIdentity(ctx, tx, &users.Identity{ID: "i1", UserID: "walter", Provider: "github", ProviderUID: "1", ProviderEmail: "ww@example.com"})
	})
	u := users.NewUser("jesse", 1)
	u.SetEmail("ww@example.com")
	f.wantError("insert", f.try(func(tx store.Tx) error { return f.Insert(ctx, tx, u) }), apierr.UserEmailAlreadyExists)
	f.wantError("another's identity", f.try(func(tx store.Tx) error { return f.DeleteIdentity(ctx, tx, "jesse", "i1") }), apierr.UserIdentityNotFound)
	f.update(func(tx store.Tx) error { return f.DeleteIdentity(ctx, tx, "walter", "i1") })
	f.update(func(tx store.Tx) error { return f.Insert(ctx, tx, u) })
}

// Whatever changes about a user, the next request sees it, and those in between
// do not read the store.
func TestIdentityIsAsOfTheLastCommit(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	if u := f.identity("walter"); u != nil {
		t.Fatalf("nobody is %+v", u)
	}
	u := f.add("walter", "walter@example.com")
	secret := f.open("s1", "walter", 0)
	got := f.identity("walter")
	if got == nil || len(got.Sessions) != 1 || !token.Matches(secret, got.Sessions[0].SecretHash) || got.Email != "walter@example.com" {
		t.Fatalf("identity = %+v", got)
	}
	if again := f.identity("walter"); again != got {
		t.Error("the identity was loaded again, though nothing changed")
	}
	steps := []struct {
		name   string
		change func(tx store.Tx) error
		seen   func(*identity.User) bool
	}{
		{
			"block", func(tx store.Tx) error { u.Active = false; return f.Update(ctx, tx, u, "status") },
			func(i *identity.User) bool { return i.Blocked },
		},
		{
			"labels", func(tx store.Tx) error { u.Labels = []string{"vip"}; return f.Update(ctx, tx, u, "labels") },
			func(i *identity.User) bool { return len(i.Labels) == 1 },
		},
		{
			"close", func(tx store.Tx) error { return f.CloseAll(ctx, tx, "walter", "") },
			func(i *identity.User) bool { return len(i.Sessions) == 0 },
		},
		{
			"delete", func(tx store.Tx) error { return f.Delete(ctx, tx, "walter") },
			func(i *identity.User) bool { return i == nil },
		},
	}
	for _, s := range steps {
		before := f.identity("walter")
		f.wantError(s.name, f.try(func(tx store.Tx) error { return errors.Join(s.change(tx), errRollback) }), errRollback)
		if f.identity("walter") != before {
			t.Errorf("%s: what was rolled back dropped the identity", s.name)
		}
		f.update(s.change)
		if !s.seen(f.identity("walter")) {
			t.Errorf("%s: the next request sees %+v", s.name, f.identity("walter"))
		}
	}
	if len(f.teams.left) != 2 { // of which one was rolled back
		t.Errorf("left = %v", f.teams.left)
	}
}

var errRollback = errors.New("roll back")

// A request that loads while the user is changed cannot leave behind what it saw.
func TestIdentityUnderChanges(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	u := f.add("walter", "walter@example.com")
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if _, err := f.Identity(ctx, shop, "walter"); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	for i := range 50 {
		u.Active = i%2 == 0
		f.update(func(tx store.Tx) error { return f.Update(ctx, tx, u, "status") })
		if got := f.identity("walter"); got.Blocked == u.Active {
			t.Fatalf("change %d: active %v, but blocked %v", i, u.Active, got.Blocked)
		}
	}
	close(stop)
	wg.Wait()
}

func TestSessionLimitClosesTheOldest(t *testing.T) {
	f := newFixture(t)
	f.add("walter", "walter@example.com")
	for _, s := range []string{"s1", "s2", "s3"} {
		f.open(s, "walter", 2)
	}
	var got []string
	for _, s := range f.identity("walter").Sessions {
		got = append(got, s.ID)
	}
	if strings.Join(got, " ") != "s2 s3" {
		t.Errorf("sessions = %v, want s2 s3", got)
	}
	f.clock.Advance(2 * time.Hour)
	f.open("s4", "walter", 0)
	f.update(func(tx store.Tx) error {
		n, err := store.Count(t.Context(), tx, "sessions", nil, 0)
		if n != 1 {
			t.Errorf("%d sessions are stored after two have ended", n)
		}
		return err
	})
}

func TestPushTargetsGoWithTheirSession(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	f.add("walter", "walter@example.com")
	f.open("s1", "walter", 0)
	f.update(func(tx store.Tx) error {
		return f.AddTarget(ctx, tx, &users.Target{ID: "t1", UserID: "walter", SessionID: "s1", ProviderType: users.PushTarget, Identifier: "device"})
	})
	f.wantError("same identifier", f.try(func(tx store.Tx) error {
		return f.AddTarget(ctx, tx, &users.Target{ID: "t2", UserID: "walter", ProviderType: users.PushTarget, Identifier: "device"})
	}), apierr.UserTargetAlreadyExists)
	f.update(func(tx store.Tx) error {
		s, err := f.Session(ctx, tx, "walter", "s1")
		if err != nil {
			return err
		}
		return f.Close(ctx, tx, s)
	})
	f.update(func(tx store.Tx) error {
		_, err := f.Target(ctx, tx, "walter", "t1")
		f.wantError("push target", err, apierr.UserTargetNotFound)
		all, err := f.Targets(ctx, tx, "walter")
		if len(all["walter"]) != 1 {
			t.Errorf("targets = %+v, want the address alone", all)
		}
		return err
	})
}

func TestTokensWorkOnce(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	f.add("walter", "walter@example.com")
	issue := func(id, secret string, kind users.TokenKind) {
		f.update(func(tx store.Tx) error {
			return f.Issue(ctx, tx, users.NewToken(id, "walter", kind, secret, f.micros(), f.clock.Now().Add(time.Minute).UnixMicro()))
		})
	}
	redeem := func(secret string, kinds ...users.TokenKind) error {
		return f.try(func(tx store.Tx) error { _, err := f.Redeem(ctx, tx, "walter", secret, kinds...); return err })
	}
	issue("t1", "123456", users.EmailToken)
	f.wantError("wrong", redeem("654321", users.EmailToken), apierr.UserInvalidToken)
	f.wantError("another kind", redeem("123456", users.RecoveryToken), apierr.UserInvalidToken)
	f.wantError("right", redeem("123456", users.RecoveryToken, users.EmailToken), nil)
	f.wantError("again", redeem("123456", users.EmailToken), apierr.UserInvalidToken)

	issue("t2", "123456", users.EmailToken)
	f.clock.Advance(2 * time.Minute)
	f.wantError("late", redeem("123456", users.EmailToken), apierr.UserInvalidToken)

	issue("t3", "123456", users.EmailToken)
	for range 10 {
		f.update(func(tx store.Tx) error { return f.Miss(ctx, tx, "walter") })
	}
	f.wantError("after ten wrong ones", redeem("123456", users.EmailToken), apierr.UserInvalidToken)
}

func TestFactors(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	u := f.add("walter", "walter@example.com")
	u.MFA = true
	secret := token.NewTOTP()
	f.update(func(tx store.Tx) error {
		return errors.Join(f.Update(ctx, tx, u, "mfa"), f.NewAuthenticator(ctx, tx, "walter", token.NewTOTP()), f.NewAuthenticator(ctx, tx, "walter", secret))
	})
	if f.identity("walter").MFA {
		t.Error("a factor is asked for, though none is verified")
	}
	take := func(code string) error {
		return f.try(func(tx store.Tx) error {
			a, err := f.Authenticator(ctx, tx, "walter")
			if err != nil {
				return err
			}
			return f.TakeCode(ctx, tx, a, code)
		})
	}
	f.wantError("wrong code", take("000000x"), apierr.UserInvalidToken)
	f.wantError("code", take(token.TOTP(secret, f.clock.Now())), nil)
	f.wantError("the code that verified", take(token.TOTP(secret, f.clock.Now())), nil)
	f.wantError("same code", take(token.TOTP(secret, f.clock.Now())), apierr.UserInvalidToken)
	if !f.identity("walter").MFA {
		t.Error("no factor is asked for, though one is verified")
	}
	f.wantError("another authenticator", f.try(func(tx store.Tx) error { return f.NewAuthenticator(ctx, tx, "walter", secret) }), apierr.UserAuthenticatorVerified)

	f.update(func(tx store.Tx) error {
		codes, err := f.NewCodes(ctx, tx, u)
		if err != nil {
			return err
		}
		c := &users.Challenge{ID: "c1", UserID: "walter", Factor: users.FactorRecovery, CreatedAt: f.micros(), ExpiresAt: f.clock.Now().Add(time.Hour).UnixMicro()}
		if err := f.Ask(ctx, tx, c); err != nil {
			return err
		}
		f.wantError("wrong recovery code", f.Answer(ctx, tx, u, c, "0123456789"), apierr.UserInvalidToken)
		f.wantError("recovery code", f.Answer(ctx, tx, u, c, codes[3]), nil)
		_, err = f.Challenge(ctx, tx, "walter", "c1")
		f.wantError("answered challenge", err, apierr.UserInvalidToken)
		left, err := u.Codes()
		if len(left) != 5 {
			t.Errorf("%d recovery codes are left, want 5", len(left))
		}
		return err
	})
}

func TestPasswordHistory(t *testing.T) {
	u := users.NewUser("walter", 1)
	hash := func(s string) password.Hash {
		return password.Hash{Text: s, Options: password.Options{Type: password.MD5}}
	}
	for i, s := range []string{"a", "b", "c"} {
		if err := u.SetPassword(hash(s), 2, int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	history, err := u.History()
	if err != nil || len(history) != 2 || history[0].Text != "b" || history[1].Text != "c" {
		t.Errorf("history = %+v, %v", history, err)
	}
	if h, err := u.Hash(); h.Text != "c" || err != nil {
		t.Errorf("hash = %+v, %v", h, err)
	}
	if err := u.SetPassword(password.Hash{}, 2, 9); err != nil || u.Password.Set() || *u.PasswordUpdate != 9 {
		t.Errorf("without a password: %+v, %v", u, err)
	}
}

func TestChangeEmail(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	f.add("walter", "walter@example.com")
	f.add("jesse", "jesse@example.com")
	f.update(func(tx store.Tx) error {
		return f.AddIdentity(ctx, tx, &users.Identity{ID: "i1", UserID: "jesse", Provider: "github", ProviderUID: "1", ProviderEmail: "jp@example.com"})
	})
	change := func(address string) error {
		return f.try(func(tx store.Tx) error {
			u, err := f.Get(ctx, tx, "walter")
			if err != nil {
				return err
			}
			return f.ChangeEmail(ctx, tx, u, address)
		})
	}
	f.wantError("another's", change("jesse@example.com"), apierr.UserTargetAlreadyExists)
	f.wantError("another's at a provider", change("jp@example.com"), apierr.UserEmailAlreadyExists)
	for _, next := range []string{"ww@example.com", "", "walter@example.com", "walter@example.com"} {
		f.wantError(next, change(next), nil)
		f.update(func(tx store.Tx) error {
			u, err := f.Get(ctx, tx, "walter")
			if err != nil {
				return err
			}
			targets, err := f.Targets(ctx, tx, "walter")
			if got := targets["walter"]; u.EmailText() != next || (next == "") != (len(got) == 0) || next != "" && got[0].Identifier != next {
				t.Errorf("address %q, targets %+v, want %q", u.EmailText(), got, next)
			}
			return err
		})
	}
}

// What was sent to an address proves nothing about the next one, and who asked
// for a recovery before the password was changed cannot change it back.
func TestChangesVoidWhatWasSentBefore(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	u := f.add("walter", "walter@example.com")
	all := []users.TokenKind{users.VerificationToken, users.RecoveryToken, users.MagicURLToken, users.EmailToken, users.PhoneToken, users.GenericToken}
	for name, c := range map[string]struct {
		change func(tx store.Tx) error
		left   int
	}{
		"email": {func(tx store.Tx) error { return f.ChangeEmail(ctx, tx, u, "ww@example.com") }, 2},
		"phone": {func(tx store.Tx) error { return f.ChangePhone(ctx, tx, u, "+14155552671") }, 5},
		"password": {func(tx store.Tx) error {
			return f.ChangePassword(ctx, tx, project.DefaultAuths(), u, password.Hash{}, "")
		}, 5},
	} {
		f.update(func(tx store.Tx) error {
			if _, err := store.DeleteWhere(ctx, tx, "user_tokens", sqlb.And()); err != nil {
				return err
			}
			for _, kind := range all {
				if err := f.Issue(ctx, tx, users.NewToken(fmt.Sprint(name, kind), "walter", kind, "s", f.micros(), f.micros()+1e6)); err != nil {
					return err
				}
			}
			if err := c.change(tx); err != nil {
				return err
			}
			left, err := store.Count(ctx, tx, "user_tokens", nil, 0)
			if left != c.left {
				t.Errorf("after a change of %s, %d tokens are left, want %d", name, left, c.left)
			}
			return err
		})
	}
}

func TestTouchNotesAVisitOnceADay(t *testing.T) {
	f := newFixture(t)
	f.add("walter", "walter@example.com")
	first := f.identity("walter")
	f.Touch(t.Context(), shop, first, "")
	if f.identity("walter") != first {
		t.Error("a second visit of the day was noted")
	}
	f.clock.Advance(25 * time.Hour)
	f.Touch(t.Context(), shop, first, "")
	if got := f.identity("walter").AccessedAt; !got.Equal(f.clock.Now()) {
		t.Errorf("accessed at %v, want %v", got, f.clock.Now())
	}
}

// A session of the console ends when it is not used; a project's does not.
func TestIdleSessions(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	for _, project := range []string{store.Platform, shop} {
		s, _ := users.NewSession("s1", "walter", f.micros(), f.clock.Now().Add(1000*time.Hour).UnixMicro())
		err := f.db.Update(ctx, project, func(tx store.Tx) error {
			return errors.Join(f.Insert(ctx, tx, users.NewUser("walter", f.micros())), f.Open(ctx, tx, s, 0))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	alive := func(project string) bool {
		t.Helper()
		u, err := f.Identity(ctx, project, "walter")
		if err != nil {
			t.Fatal(err)
		}
		_, ok := u.Session("s1", f.clock.Now())
		if ok {
			f.Touch(ctx, project, u, "s1")
		}
		return ok
	}
	for range 3 {
		f.clock.Advance(11 * time.Hour)
		if !alive(store.Platform) || !alive(shop) {
			t.Fatal("a session that is used has ended")
		}
	}
	f.clock.Advance(13 * time.Hour)
	if alive(store.Platform) {
		t.Error("a session of the console outlives its disuse")
	}
	if !alive(shop) {
		t.Error("a session of a project ends by disuse")
	}
	err := f.db.View(ctx, store.Platform, func(tx store.Tx) error {
		list, err := f.Sessions(ctx, tx, "walter")
		if len(list) != 0 {
			t.Errorf("it is listed: %+v", list)
		}
		_, notFound := f.Session(ctx, tx, "walter", "s1")
		f.wantError("get", notFound, apierr.UserSessionNotFound)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// The claim of the console's root is found free once, and stays taken.
func TestClaim(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	var wg sync.WaitGroup
	results := make(chan error, 50)
	for i := range 50 {
		wg.Go(func() {
			results <- f.db.Update(ctx, store.Platform, func(tx store.Tx) error {
				u := users.NewUser(id.New(time.Unix(int64(i), 0)), 1)
				if err := f.Claim(ctx, tx, u.ID, true); err != nil {
					return err
				}
				return f.Insert(ctx, tx, u)
			})
		})
	}
	wg.Wait()
	close(results)
	won := 0
	for err := range results {
		if err == nil {
			won++
		} else if !errors.Is(err, apierr.UserConsoleCountExceeded) {
			t.Errorf("a late one got %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of 50 became root", won)
	}
	err := f.db.Update(ctx, store.Platform, func(tx store.Tx) error {
		if _, err := store.DeleteWhere(ctx, tx, "users", sqlb.And()); err != nil {
			return err
		}
		f.wantError("after the root is gone", f.Claim(ctx, tx, "next", true), apierr.UserConsoleCountExceeded)
		f.wantError("where others may sign up", f.Claim(ctx, tx, "next", false), nil)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// What deciding about a request costs, while its user is held in memory.
func BenchmarkIdentity(b *testing.B) {
	f := newFixture(b)
	f.add("walter", "walter@example.com")
	f.open("s1", "walter", 0)
	b.ReportAllocs()
	for b.Loop() {
		f.identity("walter")
	}
}

// What the first request of a user costs.
func BenchmarkIdentityFromTheStore(b *testing.B) {
	f := newFixture(b)
	f.add("walter", "walter@example.com")
	f.open("s1", "walter", 0)
	b.ReportAllocs()
	for b.Loop() {
		f.Forget(shop)
		f.identity("walter")
	}
}
