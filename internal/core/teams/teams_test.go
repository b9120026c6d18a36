package teams_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/clock"
	"moorfast/internal/core/teams"
	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/vault/vaulttest"
)

// changed are the users whose memberships were changed.
type changed []string

func (c *changed) Changed(_ store.Tx, userID string) { *c = append(*c, userID) }

type fixture struct {
	*teams.Teams
	db      store.DB
	changed changed
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	db, err := sqlite.Open(sqlite.Options{Dir: t.TempDir(), Vault: vaulttest.New(t), Migrations: func(string) []migrate.Migration {
		return []migrate.Migration{{Number: 1, Name: "teams", SQL: teams.Tables}}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	f := &fixture{db: db}
	now := clock.NewManual(time.Unix(1_800_000_000, 0))
	f.Teams = teams.New(api.Units{DB: db, Now: now.Now}, &f.changed)
	return f
}

func (f *fixture) in(t *testing.T, fn func(ctx context.Context, tx store.Tx) error) {
	t.Helper()
	if err := f.db.Update(t.Context(), "shop", func(tx store.Tx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func member(id, team, user string, confirm bool, roles ...string) *teams.Membership {
	m := &teams.Membership{ID: id, TeamID: team, UserID: user, Roles: roles}
	if confirm {
		m.Join(1)
	}
	return m
}

func TestTotalCountsConfirmedMembers(t *testing.T) {
	f := newFixture(t)
	total := func(want int64) {
		t.Helper()
		f.in(t, func(ctx context.Context, tx store.Tx) error {
			team, err := f.Get(ctx, tx, "cooks")
			if err == nil && team.Total != want {
				t.Errorf("total = %d, want %d", team.Total, want)
			}
			return err
		})
	}
	f.in(t, func(ctx context.Context, tx store.Tx) error {
		return errors.Join(
			f.Insert(ctx, tx, teams.NewTeam("cooks", "Cooks", 1)),
			f.Add(ctx, tx, member("m1", "cooks", "walter", true, "owner")),
			f.Add(ctx, tx, member("m2", "cooks", "jesse", false, "cook")),
		)
	})
	total(1)
	f.in(t, func(ctx context.Context, tx store.Tx) error {
		m, err := f.MembershipOf(ctx, tx, "cooks", "jesse")
		if err != nil {
			return err
		}
		m.Join(2)
		return f.Change(ctx, tx, m, true)
	})
	total(2)
	f.in(t, func(ctx context.Context, tx store.Tx) error { return teams.Memberships{}.Leave(ctx, tx, "jesse") })
	total(1)
	f.in(t, func(ctx context.Context, tx store.Tx) error {
		return f.Remove(ctx, tx, member("m1", "cooks", "walter", true))
	})
	total(0)
	if want := []string{"walter", "jesse", "jesse", "walter"}; !slices.Equal(f.changed, want) {
		t.Errorf("changed = %v, want %v", f.changed, want)
	}
}

func TestConflicts(t *testing.T) {
	f := newFixture(t)
	f.in(t, func(ctx context.Context, tx store.Tx) error {
		return errors.Join(f.Insert(ctx, tx, teams.NewTeam("cooks", "Cooks", 1)), f.Add(ctx, tx, member("m1", "cooks", "walter", true)))
	})
	for name, c := range map[string]struct {
		fn   func(ctx context.Context, tx store.Tx) error
		want error
	}{
		"team": {func(ctx context.Context, tx store.Tx) error { return f.Insert(ctx, tx, teams.NewTeam("cooks", "x", 1)) }, apierr.TeamAlreadyExists},
		"membership": {func(ctx context.Context, tx store.Tx) error {
			return f.Add(ctx, tx, member("m2", "cooks", "walter", true))
		}, apierr.MembershipAlreadyConfirmed},
		"no team":   {func(ctx context.Context, tx store.Tx) error { _, err := f.Get(ctx, tx, "x"); return err }, apierr.TeamNotFound},
		"no member": {func(ctx context.Context, tx store.Tx) error { _, err := f.Membership(ctx, tx, "x"); return err }, apierr.MembershipNotFound},
	} {
		err := f.db.Update(t.Context(), "shop", func(tx store.Tx) error { return c.fn(t.Context(), tx) })
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestLastOwner(t *testing.T) {
	f := newFixture(t)
	owner, cook, invited := member("m1", "cooks", "walter", true, "owner"), member("m2", "cooks", "jesse", true, "cook"), member("m3", "cooks", "saul", false, "owner")
	f.in(t, func(ctx context.Context, tx store.Tx) error {
		return errors.Join(f.Insert(ctx, tx, teams.NewTeam("cooks", "Cooks", 1)), f.Add(ctx, tx, owner), f.Add(ctx, tx, cook), f.Add(ctx, tx, invited))
	})
	check := func(m *teams.Membership, want bool) {
		t.Helper()
		f.in(t, func(ctx context.Context, tx store.Tx) error {
			got, err := f.LastOwner(ctx, tx, m)
			if got != want {
				t.Errorf("LastOwner of %s = %v, want %v", m.UserID, got, want)
			}
			return err
		})
	}
	check(owner, true) // an invited owner is none yet
	check(cook, false)
	f.in(t, func(ctx context.Context, tx store.Tx) error { invited.Join(2); return f.Change(ctx, tx, invited, true) })
	check(owner, false)
}

func TestDeleteTakesMembershipsWithIt(t *testing.T) {
	f := newFixture(t)
	f.in(t, func(ctx context.Context, tx store.Tx) error {
		return errors.Join(f.Insert(ctx, tx, teams.NewTeam("cooks", "Cooks", 1)), f.Add(ctx, tx, member("m1", "cooks", "walter", true, "owner")))
	})
	f.in(t, func(ctx context.Context, tx store.Tx) error {
		list, err := teams.Memberships{}.MembershipsOf(ctx, tx, "walter")
		if len(list) != 1 || list[0].TeamID != "cooks" || list[0].Roles[0] != "owner" {
			t.Errorf("memberships = %+v", list)
		}
		return errors.Join(err, f.Delete(ctx, tx, "cooks"))
	})
	f.in(t, func(ctx context.Context, tx store.Tx) error {
		list, err := teams.Memberships{}.MembershipsOf(ctx, tx, "walter")
		if len(list) != 0 {
			t.Errorf("memberships of a deleted team: %+v", list)
		}
		return err
	})
	if want := []string{"walter", "walter"}; !slices.Equal(f.changed, want) {
		t.Errorf("changed = %v, want %v", f.changed, want)
	}
}
