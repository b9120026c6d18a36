package server

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"moorfast/internal/audit"
	"moorfast/internal/config"
	"moorfast/internal/core/keyring"
	"moorfast/internal/core/projects"
	"moorfast/internal/core/teams"
	"moorfast/internal/core/users"
	"moorfast/internal/doctor"
	"moorfast/internal/identity"
	"moorfast/internal/password"
	"moorfast/internal/perm"
	"moorfast/internal/store"
	"moorfast/internal/store/postgres"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/vault"
)

// inspection answers what the doctor asks of a database, by reading alone.
type inspection struct {
	db    store.DB
	now   time.Time
	dir   string // of SQLite's files; "" on PostgreSQL
	audit *audit.Verifier
}

var _ doctor.Data = inspection{}

// unusedFor is how long nobody missed what may not be needed.
const unusedFor = 90 * 24 * time.Hour

// sampled is how many users of each project are looked at.
const sampled = 1000

// RootClaimed implements [doctor.Data].
func (i inspection) RootClaimed(ctx context.Context) (claimed bool, err error) {
	err = i.db.View(ctx, store.Platform, func(tx store.Tx) error {
		n, err := store.Count(ctx, tx, "console_root", nil, 1)
		claimed = n > 0
		return err
	})
	return claimed, err
}

// Projects implements [doctor.Data].
func (i inspection) Projects(ctx context.Context) ([]string, error) {
	list, err := i.db.Projects(ctx)
	return append(list, store.Platform), err
}

// StaleInvites implements [doctor.Data].
func (i inspection) StaleInvites(ctx context.Context, t time.Time) (n int, err error) {
	err = i.db.View(ctx, store.Platform, func(tx store.Tx) error {
		n, err = store.Count(ctx, tx, "memberships", sqlb.And(sqlb.Eq("confirm", false), sqlb.Lt("invited", t.UnixMicro())), 0)
		return err
	})
	return n, err
}

// Sample implements [doctor.Data] with the passwords of users. The store opens
// them as it reads, so that one which does not open is an error of its row.
func (i inspection) Sample(ctx context.Context) (tried, refused int, err error) {
	err = i.each(ctx, func(_ string, tx store.Tx) error {
		err := store.Each(ctx, tx, `SELECT id FROM users WHERE password IS NOT NULL LIMIT ?`, []any{sampled}, func(store.Rows) error {
			tried++
			return nil
		})
		if err != nil {
			return err
		}
		if _, err = i.users(ctx, tx); errors.Is(err, vault.ErrRefused) {
			refused++
			return nil
		}
		return err
	})
	return tried, refused, err
}

func (i inspection) users(ctx context.Context, tx store.Tx) ([]users.User, error) {
	return store.List[users.User](ctx, tx, sqlb.Select{Columns: []string{"id", "password"}, From: "users", Limit: sampled})
}

// each looks into the database of every project, and of the platform.
func (i inspection) each(ctx context.Context, fn func(project string, tx store.Tx) error) error {
	all, err := i.Projects(ctx)
	for _, project := range all {
		if err == nil {
			err = i.db.View(ctx, project, func(tx store.Tx) error { return fn(project, tx) })
		}
	}
	return err
}

// Facts implements [doctor.Data].
func (i inspection) Facts(ctx context.Context) (f doctor.Facts, err error) {
	if err := i.db.View(ctx, store.Platform, func(tx store.Tx) error { return i.console(ctx, tx, &f) }); err != nil {
		return f, err
	}
	err = i.each(ctx, func(project string, tx store.Tx) error {
		if err := i.passwords(ctx, tx, &f); err != nil {
			return err
		}
		if err := i.intact(ctx, project, tx, &f); err != nil {
			return err
		}
		old, err := keyring.Legacy(ctx, tx)
		for _, column := range old {
			f.Legacy = append(f.Legacy, project+"/"+column)
		}
		if err != nil || project == store.Platform {
			return err
		}
		for _, look := range []func(context.Context, string, store.Tx, *doctor.Facts) error{i.keys, i.tables, i.buckets, i.settings} {
			if err := look(ctx, project, tx, &f); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		f.LogBytes, err = i.longestLog()
	}
	return f, err
}

// console looks at who owns organizations, and how projects let users in.
func (i inspection) console(ctx context.Context, tx store.Tx, f *doctor.Facts) error {
	members, err := store.List[teams.Membership](ctx, tx, sqlb.Select{From: "memberships", Where: sqlb.Eq("confirm", true)})
	if err != nil {
		return err
	}
	owners := map[string]bool{}
	for _, m := range members {
		if slices.Contains(m.Roles, teams.RoleOwner) {
			owners[m.UserID] = true
		}
	}
	f.Owners = len(owners)
	for id := range owners {
		u, err := store.Get[users.User](ctx, tx, "users", id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if !u.MFA {
			f.OwnersWithoutMFA = append(f.OwnersWithoutMFA, id)
		}
		if i.stale(u.AccessedAt, u.CreatedAt) {
			f.StaleOwners = append(f.StaleOwners, id)
		}
	}
	rows, err := store.List[projects.Row](ctx, tx, sqlb.Select{From: "projects"})
	for _, p := range rows {
		if len(p.Auths.MockNumbers) > 0 {
			f.Mocked = append(f.Mocked, p.ID)
		}
		if p.Auths.PasswordStrength.Min <= 8 && !p.Auths.PasswordDictionary {
			f.WeakPolicies = append(f.WeakPolicies, p.ID)
		}
	}
	slices.Sort(f.OwnersWithoutMFA)
	slices.Sort(f.StaleOwners)
	return err
}

func (i inspection) stale(used, made int64) bool {
	return i.now.Sub(time.UnixMicro(max(used, made))) > unusedFor
}

func (i inspection) passwords(ctx context.Context, tx store.Tx, f *doctor.Facts) error {
	list, err := i.users(ctx, tx)
	for n := range list {
		h, err := list[n].Hash()
		if err != nil {
			return err
		}
		if h.Text != "" && h.Options.Type != password.Argon2 {
			f.ForeignHash++
		}
	}
	return err
}

func (i inspection) keys(ctx context.Context, project string, tx store.Tx, f *doctor.Facts) error {
	list, err := store.List[projects.Key](ctx, tx, sqlb.Select{From: "api_keys"})
	for _, k := range list {
		name := project + "/" + k.ID
		if k.ExpiresAt == 0 {
			f.KeysForever = append(f.KeysForever, name)
		}
		if i.stale(k.AccessedAt, k.CreatedAt) {
			f.KeysUnused = append(f.KeysUnused, name)
		}
		if len(k.Scopes) >= len(identity.ProjectScopes) {
			f.KeysWide = append(f.KeysWide, name)
		}
	}
	return err
}

// opens reports whether a list of permissions lets anybody do one of some things.
func opens(text string, actions ...perm.Actions) bool {
	return slices.ContainsFunc(actions, func(a perm.Actions) bool {
		return perm.TextAllows([]byte(text), a, []string{"any", identity.RoleGuests})
	})
}

func (i inspection) tables(ctx context.Context, project string, tx store.Tx, f *doctor.Facts) error {
	const sql = `SELECT d.id, t.id, t.permissions FROM db_tables t JOIN databases d ON d.seq = t.database_seq`
	return store.Each(ctx, tx, sql, nil, func(rows store.Rows) error {
		if opens(string(rows.Text(2)), perm.Create, perm.Update, perm.Delete) {
			f.OpenTables = append(f.OpenTables, project+"/"+string(rows.Text(0))+"/"+string(rows.Text(1)))
		}
		return nil
	})
}

func (i inspection) buckets(ctx context.Context, project string, tx store.Tx, f *doctor.Facts) error {
	return store.Each(ctx, tx, `SELECT id, permissions, encryption, antivirus FROM buckets`, nil, func(rows store.Rows) error {
		name, permissions := project+"/"+string(rows.Text(0)), string(rows.Text(1))
		if opens(permissions, perm.Create, perm.Update, perm.Delete) {
			f.OpenBuckets = append(f.OpenBuckets, name)
		}
		if opens(permissions, perm.Read) {
			f.PublicBuckets = append(f.PublicBuckets, name)
		}
		if rows.Int(2) == 0 {
			f.UnsealedBuckets = append(f.UnsealedBuckets, name)
		}
		if rows.Int(3) == 0 {
			f.UnscannedBuckets = append(f.UnscannedBuckets, name)
		}
		return nil
	})
}

func (i inspection) settings(ctx context.Context, project string, tx store.Tx, f *doctor.Facts) error {
	err := store.Each(ctx, tx, `SELECT DISTINCT hostname FROM platforms WHERE hostname LIKE '%*%' ORDER BY hostname`, nil, func(rows store.Rows) error {
		if host := string(rows.Text(0)); host == "*" {
			f.AnyPlatform = append(f.AnyPlatform, project)
		} else {
			f.Patterns = append(f.Patterns, project+"/"+host)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return store.Each(ctx, tx, `SELECT id FROM webhooks WHERE tls = 0 OR url LIKE 'http:%'`, nil, func(rows store.Rows) error {
		f.PlainWebhooks = append(f.PlainWebhooks, project+"/"+string(rows.Text(0)))
		return nil
	})
}

// Audit implements [doctor.Data].
func (i inspection) Audit(ctx context.Context, t time.Time) (a doctor.AuditFacts, err error) {
	v := *i.audit
	v.Since = t.UnixMicro()
	report, err := v.Verify(ctx)
	if err != nil {
		return a, errors.Join(ctx.Err(), err)
	}
	a.Records = report.Records + report.Skipped + report.Unsealed
	if report.LastAt > 0 {
		a.Checkpoint = time.UnixMicro(report.LastAt)
	}
	for _, f := range report.Findings {
		a.Findings = append(a.Findings, f.String())
	}
	err = i.db.View(ctx, store.Platform, func(tx store.Tx) error {
		return audit.Each(ctx, tx, audit.Search{}, func(r *audit.Stored) error {
			a.Newest = time.UnixMicro(r.At)
			return audit.ErrStop
		})
	})
	return a, err
}

// intact asks SQLite to look at the pages and the indexes of a database.
func (i inspection) intact(ctx context.Context, project string, tx store.Tx, f *doctor.Facts) error {
	if tx.Dialect() != sqlb.SQLite {
		return nil
	}
	return store.Each(ctx, tx, `SELECT quick_check FROM pragma_quick_check`, nil, func(rows store.Rows) error {
		if string(rows.Text(0)) != "ok" {
			f.Damaged = append(f.Damaged, project)
		}
		return nil
	})
}

func (i inspection) longestLog() (longest int64, err error) {
	if i.dir == "" {
		return 0, nil
	}
	err = filepath.WalkDir(i.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".db-wal") {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err == nil {
			longest = max(longest, info.Size())
		}
		return err
	})
	return longest, err
}

// Inspect opens what the doctor asks about a database, to be read alone: beside a
// running server, or without one. It needs an installation that was started once.
func Inspect(ctx context.Context, c config.Config, now time.Time) (doctor.Data, io.Closer, error) {
	db, v, err := openToRead(ctx, c, func() time.Time { return now })
	if err != nil {
		return nil, nil, err
	}
	i := inspection{db: db, now: now, dir: c.Data}
	if c.Postgres() {
		i.dir = ""
	}
	key, err := audit.SigningKey(v)
	if err == nil {
		i.audit = &audit.Verifier{DB: db, Name: audit.Name(v.Instance()), Key: key.Public().(ed25519.PublicKey)}
		clear(key)
		i.audit.Saved, err = newestCheckpoint(c.Data)
	}
	if err != nil {
		return nil, nil, errors.Join(err, db.Close(), v.Close())
	}
	return i, closers{db, v}, nil
}

var errNothing = errors.New("nothing is stored here yet")

// openToRead opens a database that is only read, and the keys that open what is
// in it.
func openToRead(ctx context.Context, c config.Config, now func() time.Time) (store.DB, *vault.Vault, error) {
	ring, fresh, err := ringOf(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	if fresh {
		return nil, nil, errNothing
	}
	v, err := vault.Open(ctx, vault.Options{Storage: ring, Source: c.Key, Now: now, AllowKnown: true})
	if err != nil {
		return nil, nil, err
	}
	db, err := OpenReader(ctx, c, v)
	if err != nil {
		return nil, nil, errors.Join(err, v.Close())
	}
	return db, v, nil
}

// OpenReader opens the store of an installation to be read alone: beside a running
// server, or without one.
func OpenReader(ctx context.Context, c config.Config, v *vault.Vault) (store.DB, error) {
	if c.Postgres() {
		return postgres.Open(ctx, postgres.Options{URL: c.DB.Reveal(), Vault: v})
	}
	return sqlite.OpenReader(sqlite.Options{Dir: c.Data, Vault: v})
}

// closers are closed together, in order.
type closers []io.Closer

func (list closers) Close() error {
	var errs []error
	for _, c := range list {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
