package teams_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"testing"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/clock"
	"moorfast/internal/core/access"
	"moorfast/internal/core/projects"
	"moorfast/internal/core/teams"
	"moorfast/internal/core/users"
	"moorfast/internal/id"
	"moorfast/internal/identity"
	"moorfast/internal/project"
	service "moorfast/internal/service/teams"
	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/vault/vaulttest"
)

// office is the service with a post office, which keeps the last letter, called
// at its endpoints.
type office struct {
	t       *testing.T
	table   api.Table
	units   api.Units
	clock   *clock.Manual
	users   *users.Users
	letter  service.Invitation
	removed []string // projects
	project *project.Project
	reply   api.Reply // of the last call
}

func (o *office) Invite(_ context.Context, _ *project.Project, i service.Invitation) error {
	o.letter = i
	return nil
}

// Delete removes a project of the platform.
func (o *office) Delete(ctx context.Context, id string, _ int64, _ func(ctx context.Context, tx store.Tx) error) error {
	o.removed = append(o.removed, id)
	return o.units.DB.Update(ctx, store.Platform, func(tx store.Tx) error { return store.Delete(ctx, tx, "projects", id) })
}

func newOffice(t *testing.T) *office {
	t.Helper()
	db, err := sqlite.Open(sqlite.Options{Dir: t.TempDir(), Vault: vaulttest.New(t), Migrations: func(string) []migrate.Migration {
		return []migrate.Migration{
			{Number: 1, Name: "users", SQL: users.Tables},
			{Number: 2, Name: "teams", SQL: teams.Tables},
			{Number: 3, Name: "projects", SQL: projects.PlatformTables},
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	o := &office{
		t: t, clock: clock.NewManual(time.Unix(1_800_000_000, 0)),
		project: &project.Project{ID: "shop", Auths: project.DefaultAuths()},
	}
	o.units = api.Units{DB: db, Now: o.clock.Now, NewID: func() string { return id.New(o.clock.Now()) }}
	o.users = users.New(o.units, teams.Memberships{}, users.Options{}, slog.New(slog.DiscardHandler))
	o.table, err = api.Compile(&service.Service{
		Users: o.users, Teams: teams.New(o.units, o.users), Projects: o, Mailer: o, Console: access.New(access.Settings{}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// user makes a user, whom fn may change before.
func (o *office) user(id string, fn func(*users.User)) {
	o.t.Helper()
	o.update(func(ctx context.Context, tx store.Tx) error {
		r := users.NewUser(id, o.clock.Now().UnixMicro())
		r.Name = "Mr " + id
		r.SetEmail(id + "@example.com")
		fn(r)
		return o.users.Insert(ctx, tx, r)
	})
}

func (o *office) update(fn func(context.Context, store.Tx) error) {
	o.t.Helper()
	if err := o.units.DB.Update(o.t.Context(), o.project.ID, func(tx store.Tx) error { return fn(o.t.Context(), tx) }); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) identity(user string) *identity.User {
	o.t.Helper()
	u, err := o.users.Identity(o.t.Context(), o.project.ID, user)
	if err != nil || u == nil {
		o.t.Fatalf("user %s: %v, %v", user, u, err)
	}
	return u
}

// call runs an endpoint for a user, or for a guest where he is "". The ids of
// the path are among the parameters.
func (o *office) call(name, user string, params m) (any, error) {
	o.t.Helper()
	call := &api.Call{Project: o.project, Client: api.Client{
		Addr: netip.MustParseAddr("192.0.2.7"), Refuses: func(string) string { return "" },
	}}
	call.Actor.Kind = identity.Guest
	if user != "" {
		u := o.identity(user)
		call.Actor = identity.Actor{Kind: identity.Session, User: u, Roles: identity.RolesOf(u)}
	}
	values := &api.Values{}
	for name, v := range params {
		raw, err := json.Marshal(v)
		if err != nil {
			o.t.Fatal(err)
		}
		values.Fields = append(values.Fields, api.Field{Name: name, Raw: raw})
	}
	i := slices.IndexFunc(o.table, func(e api.Endpoint) bool { return e.Name == "teams."+name })
	if i < 0 {
		o.t.Fatalf("there is no endpoint %s", name)
	}
	e := &o.table[i]
	call.Start(e, o.units)
	in, err := e.Bind(call, values)
	if err != nil {
		return nil, err
	}
	out, err := e.Run(o.t.Context(), call, in)
	o.reply = call.Reply
	return out, err
}

// must calls an endpoint that has to succeed, and returns its answer.
func (o *office) must(name, user string, params m) map[string]any {
	o.t.Helper()
	out, err := o.call(name, user, params)
	if err != nil {
		o.t.Fatalf("%s: %v", name, err)
	}
	b, err := json.Marshal(out)
	if err != nil {
		o.t.Fatal(err)
	}
	var object map[string]any
	if json.Unmarshal(b, &object) != nil {
		return nil
	}
	return object
}

func (o *office) refused(name, user string, params m, want error) {
	o.t.Helper()
	if _, err := o.call(name, user, params); !errors.Is(err, want) {
		o.t.Errorf("%s: got %v, want %v", name, err, want)
	}
}

// answer is what accepts the invitation of the last letter.
func (o *office) answer() m {
	o.t.Helper()
	u, err := url.Parse(o.letter.Link)
	if err != nil {
		o.t.Fatal(err)
	}
	q := u.Query()
	return m{"teamId": q.Get("teamId"), "membershipId": q.Get("membershipId"), "userId": q.Get("userId"), "secret": q.Get("secret")}
}
