package documents_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"moorfast/internal/core/documents"
	"moorfast/internal/identity"
	"moorfast/internal/perm"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

func TestWhoReads(t *testing.T) {
	for _, c := range []struct {
		name        string
		table       []string
		rowSecurity bool
		actor       *identity.Actor
		list        string // the ids, or "refused"
		get         string
	}{
		{"a key reads all", nil, false, server, "a b c", "a b c"},
		{"nobody reads a table without permissions", nil, false, guest, "refused", ""},
		{"who may read the table reads all", []string{`read("any")`}, false, guest, "a b c", "a b c"},
		{"also where rows have their own", []string{`read("users")`}, true, user("u9"), "a b c", "a b c"},
		{"a guest reads what any may read", nil, true, guest, "a", "a"},
		{"a user reads also its own", nil, true, user("u1"), "a b", "a b"},
		{"a member reads also the team's", nil, true, user("u2", "team:x"), "a c", "a c"},
		{"one of both, once", nil, true, user("u1", "team:x"), "a b c", "a b c"},
		{"what rows allow does not count without row security", nil, false, user("u1"), "refused", ""},
	} {
		b := newBench(t)
		ref := b.table(documents.NewTable{Permissions: permissions(c.table...), RowSecurity: c.rowSecurity, Columns: []schema.Column{column("n:integer")}})
		for id, set := range map[string]*perm.Set{
			"a": rowPermissions(`read("any")`, `read("user:u1")`),
			"b": rowPermissions(`write("team:x")`, `read("user:u1")`),
			"c": rowPermissions(`read("team:x")`),
		} {
			if _, err := b.create(ref, server, id, `{"n":1}`, set); err != nil {
				t.Fatal(err)
			}
		}
		for _, queries := range [][]string{nil, {q("equal", "n", 1)}, {q("orderDesc", "n")}} {
			p, err := b.list(ref, c.actor, queries...)
			if c.list == "refused" {
				wantKind(t, err, documents.Unauthorized)
				continue
			}
			if err != nil || sorted(p.ids()) != c.list || p.Total != len(p.Rows) {
				t.Errorf("%s: list %v: %q of %d, %v", c.name, queries, p.ids(), p.Total, err)
			}
		}
		for _, id := range []string{"a", "b", "c"} {
			_, err := b.get(ref, c.actor, id)
			if strings.Contains(c.get, id) {
				if err != nil {
					t.Errorf("%s: get %s: %v", c.name, id, err)
				}
				continue
			}
			wantKind(t, err, documents.NoRow)
		}
	}
}

// TestListsAgreeWithGets compares, for actors who may read few or many rows by
// few or many lists of permissions, what a list has with what can be read row
// by row.
func TestListsAgreeWithGets(t *testing.T) {
	b := newBench(t)
	ref := b.table(documents.NewTable{
		RowSecurity: true,
		Columns:     []schema.Column{column("c:string"), column("n:integer")},
		Indexes:     []schema.Index{{Key: "cn", Type: schema.KeyIndex, Columns: []string{"c", "n"}}},
	})
	rnd := rand.New(rand.NewPCG(3, 4))
	const rows = 2400
	b.write(func(ctx context.Context, tx store.Tx) error {
		t, err := b.catalog.TableToChange(ctx, tx, ref)
		for i := 0; err == nil && i < rows; i++ {
			list := []string{fmt.Sprintf(`read("user:u%d")`, i)} // each row has a list of its own
			switch {
			case i%2 == 0:
				list = []string{`read("team:many")`} // 1200 rows have one list
			case i%4 == 1:
				list = append(list, `read("team:lists")`) // 600 lists, of one row each
			}
			if i%100 == 3 {
				list = append(list, `read("team:few")`)
			}
			data := fmt.Sprintf(`{"c":"%c","n":%d}`, 'a'+rnd.IntN(3), rnd.IntN(50))
			_, err = t.Create(ctx, tx, b.by(server), documents.Row{ID: fmt.Sprintf("r%04d", i), Data: []byte(data), Permissions: rowPermissions(list...)})
		}
		return err
	})
	for name, actor := range map[string]*identity.Actor{
		"one row":              user("u5"),
		"no row":               user("nobody"),
		"few lists":            user("u5", "team:few"),
		"one list, many rows":  user("x", "team:many"),
		"two lists, many rows": user("u5", "team:many"),
		"many lists":           user("x", "team:lists"),
		"everything":           user("u5", "team:few", "team:many", "team:lists"),
	} {
		var readable []string
		for i := range rows {
			if i%97 != 0 && i != 5 { // a sample, and the row of u5
				continue
			}
			id := fmt.Sprintf("r%04d", i)
			if _, err := b.get(ref, actor, id); err == nil {
				readable = append(readable, id)
			}
		}
		for _, queries := range [][]string{
			{q("select", "", "$id")},
			{q("select", "", "$id"), q("orderDesc", "n")},
			{q("select", "", "$id"), q("equal", "c", "B"), q("lessThan", "n", 25), q("orderAsc", "n")},
		} {
			all, err := b.list(ref, server, append([]string{q("limit", "", rows)}, queries...)...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := b.list(ref, actor, append([]string{q("limit", "", rows)}, queries...)...)
			if err != nil || got.Total != len(got.Rows) {
				t.Fatalf("%s %v: %d rows of %d, %v", name, queries, len(got.Rows), got.Total, err)
			}
			seen := strings.Fields(got.ids())
			if in := intersect(strings.Fields(all.ids()), seen); !slices.Equal(in, seen) {
				t.Errorf("%s %v: the order differs", name, queries)
			}
			listed := strings.Fields(all.ids())
			for _, id := range readable {
				if slices.Contains(listed, id) != slices.Contains(seen, id) {
					t.Errorf("%s %v: %s can be read, and is not in the list", name, queries, id)
				}
			}
			for _, id := range seen[:min(len(seen), 20)] {
				if _, err := b.get(ref, actor, id); err != nil {
					t.Errorf("%s %v: %s is in the list, and cannot be read", name, queries, id)
				}
			}
		}
	}
}

// intersect returns what of a is in b, in the order of a.
func intersect(a, b []string) (both []string) {
	in := map[string]bool{}
	for _, s := range b {
		in[s] = true
	}
	for _, s := range a {
		if in[s] {
			both = append(both, s)
		}
	}
	return both
}

// TestListsOfPermissionsAreCounted deletes and changes rows, and looks at what
// is left of their lists.
func TestListsOfPermissionsAreCounted(t *testing.T) {
	b := newBench(t)
	ref := b.table(documents.NewTable{RowSecurity: true, Columns: []schema.Column{column("n:integer")}})
	counts := func() (s string) {
		b.view(func(ctx context.Context, tx store.Tx) error {
			rows, err := tx.Query(ctx, `SELECT a.perms, coalesce(c.n, -1), (SELECT count(*) FROM acl_readers r WHERE r.acl = a.id) FROM acl a LEFT JOIN acl_rows c ON c.acl = a.id ORDER BY a.perms`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				s += fmt.Sprintf("%s %d %d\n", rows.Text(0), rows.Int(1), rows.Int(2))
			}
			return rows.Err()
		})
		return s
	}
	steps := []struct {
		do   func() error
		want string
	}{
		{func() error {
			_, err := b.create(ref, server, "a", `{"n":1}`, rowPermissions(`read("any")`, `read("users")`))
			return err
		}, `["read(\"any\")","read(\"users\")"] 1 2` + "\n"},
		{func() error {
			_, err := b.create(ref, server, "b", `{"n":1}`, rowPermissions(`read("any")`, `read("users")`))
			return err
		}, `["read(\"any\")","read(\"users\")"] 2 2` + "\n"},
		{
			func() error { _, err := b.update(ref, server, "b", "", rowPermissions()); return err },
			`["read(\"any\")","read(\"users\")"] 1 2` + "\n" + `[] 1 0` + "\n",
		},
		{func() error { return b.delete(ref, server, "a") }, `[] 1 0` + "\n"},
		{func() error {
			_, err := b.change(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
				rows := []documents.Row{{ID: "c", Data: []byte(`{"n":1}`), Permissions: rowPermissions(`read("any")`)}, {ID: "d", Data: []byte(`{"n":1}`)}}
				more := []documents.Row{{ID: "e", Data: []byte(`{"n":1}`), Permissions: rowPermissions(`read("any")`)}, {ID: "f", Data: []byte(`{"n":1}`), Permissions: rowPermissions(`read("users")`)}}
				if _, err := t.CreateMany(ctx, tx, b.by(server), rows); err != nil {
					return nil, err
				}
				return t.CreateMany(ctx, tx, b.by(server), append(more, documents.Row{ID: "g", Data: []byte(`{"n":1}`), Permissions: rowPermissions(`read("any")`)}))
			})
			return err
		}, `["read(\"any\")"] 3 1` + "\n" + `["read(\"users\")"] 1 1` + "\n" + `[] 2 0` + "\n"},
		{func() error {
			return b.try(func(ctx context.Context, tx store.Tx) error { return b.catalog.DeleteTable(ctx, tx, ref, 9) })
		}, ""},
	}
	for i, s := range steps {
		if err := s.do(); err != nil {
			t.Fatal(err)
		}
		if got := counts(); got != s.want {
			t.Errorf("step %d:\n got %s\nwant %s", i, got, s.want)
		}
	}
}
