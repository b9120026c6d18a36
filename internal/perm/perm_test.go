package perm_test

import (
	"slices"
	"strings"
	"testing"

	"moorfast/internal/perm"
)

const keyForm = "Parameter must contain at most 36 chars. Valid chars are a-z, A-Z, 0-9, period, hyphen, and underscore. Can't start with a special char"

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		permission string
		apply      perm.Actions
		want       string
	}{
		{`read("any")`, perm.Row, ""},
		{`create("guests")`, perm.Resource, ""},
		{`write("users/unverified")`, perm.Row, ""},
		{`update("user:123/verified")`, perm.Row, ""},
		{`delete("team:abc/owner")`, perm.Row, ""},
		{`delete("team:abc/project-x-owner")`, perm.Row, ""},
		{`read("member:m.1")`, perm.Row, ""},
		{`read("label:admin")`, perm.Row, ""},

		{`*`, perm.Row, `Wildcard permission "*" has been replaced. Use "any" instead.`},
		{`read("role:all")`, perm.Row, `Permissions using the "role:" prefix have been replaced. Use "users", "guests", or "any" instead.`},
		{`create("any")`, perm.Row, `Permission "create("any")" is not allowed. Must be one of: read, update, delete, write.`},
		{`destroy("any")`, perm.Resource, `Permission "destroy("any")" is not allowed. Must be one of: create, read, update, delete, write.`},
		{``, perm.Resource, `Permission "" is not allowed. Must be one of: create, read, update, delete, write.`},
		{`read`, perm.Row, `Invalid permission string format: "read".`},
		{`read("any"`, perm.Row, `Invalid permission string format: "read("any"".`},
		{`readable("any")`, perm.Row, `Invalid permission string format: "readable("any")".`},
		{`read("any") `, perm.Row, `Invalid permission string format: "read("any") ".`},
		{`read("everyone")`, perm.Row, `Role "everyone" is not allowed. Must be one of: any, guests, users, user, team, member, label.`},
		{`read("any:1")`, perm.Row, `Role "any" can not have an ID value.`},
		{`read("users:1")`, perm.Row, `Role "users" can not have an ID value.`},
		{`read("user")`, perm.Row, `Role "user" must have an ID value.`},
		{`read("team:")`, perm.Row, `Role "team" must have an ID value.`},
		{`read("user:_1")`, perm.Row, `Role "user" identifier value is invalid: ` + keyForm},
		{`read("user:a:b")`, perm.Row, `Role "user" identifier value is invalid: ` + keyForm},
		{`read("label:a-b")`, perm.Row, `Role "label" identifier value is invalid: Value must be a valid string between 1 and 36 chars containing only alphanumeric chars`},
		{`read("any/verified")`, perm.Row, `Role "any" can not have a dimension value.`},
		{`read("member:x/owner")`, perm.Row, `Role "member" can not have a dimension value.`},
		{`read("users/verifed")`, perm.Row, `Role "users" dimension value is invalid. Must be one of: verified, unverified.`},
		{`read("users/")`, perm.Row, `Role "users" dimension value is invalid. Must be one of: verified, unverified.`},
		{`read("team:x/a/b")`, perm.Row, `Role "team" dimension value is invalid: ` + strings.Replace(keyForm, "36", "81", 1)},
	} {
		got := ""
		if err := perm.Check([]string{c.permission}, c.apply); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("Check(%s):\n got %q\nwant %q", c.permission, got, c.want)
		}
	}
	many := slices.Repeat([]string{`read("any")`}, perm.Max+1)
	if err := perm.Check(many, perm.Row); err == nil || err.Error() != "You can only provide up to 100 permissions." {
		t.Errorf("101 permissions: got %v", err)
	}
}

func TestCheckRoles(t *testing.T) {
	for role, want := range map[string]string{
		"any":            "",
		"team:x/owner":   "",
		"*":              `Wildcard role "*" has been replaced. Use "any" instead.`,
		"role:all":       `Roles using the "role:" prefix have been replaced. Use "users", "guests", or "any" instead.`,
		"user":           `Role "user" must have an ID value.`,
		"users/verified": "",
	} {
		got := ""
		if err := perm.CheckRoles([]string{role}); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("CheckRoles(%s): got %q, want %q", role, got, want)
		}
	}
}

func TestNewExpandsWriteAndKeepsTheOrder(t *testing.T) {
	given := []string{`write("user:a")`, `read("any")`, `delete("user:a")`, `read("any")`}
	for _, c := range []struct {
		apply perm.Actions
		want  string
	}{
		{perm.Row, `["update(\"user:a\")","delete(\"user:a\")","read(\"any\")"]`},
		{perm.Resource, `["create(\"user:a\")","update(\"user:a\")","delete(\"user:a\")","read(\"any\")"]`},
	} {
		if got := perm.New(given, c.apply).JSON(); got != c.want {
			t.Errorf("New for %d:\n got %s\nwant %s", c.apply, got, c.want)
		}
	}
	if got := (perm.Set{}).JSON(); got != "[]" {
		t.Errorf("zero Set: got %s", got)
	}
}

func TestAllowsAndGrants(t *testing.T) {
	s := perm.New([]string{`read("any")`, `write("team:x/owner")`}, perm.Row)
	owner := []string{"any", "user:1", "team:x", "team:x/owner"}
	for _, c := range []struct {
		action perm.Actions
		roles  []string
		want   bool
	}{
		{perm.Read, []string{"any", "guests"}, true},
		{perm.Update, []string{"any", "team:x"}, false},
		{perm.Update, owner, true},
		{perm.Create, owner, false},
		{perm.Read, nil, false},
	} {
		if got := s.Allows(c.action, c.roles); got != c.want {
			t.Errorf("Allows(%v, %v) = %v", c.action, c.roles, got)
		}
		if got := perm.TextAllows([]byte(s.JSON()), c.action, c.roles); got != c.want {
			t.Errorf("TextAllows(%v, %v) = %v", c.action, c.roles, got)
		}
	}
	if err := s.CheckGrant(owner); err != nil {
		t.Errorf("CheckGrant(owner): %v", err)
	}
	err := s.CheckGrant([]string{"any", "guests"})
	if err == nil || err.Error() != "Permissions must be one of: (any, guests)" {
		t.Errorf("CheckGrant(guest): %v", err)
	}
	if got := perm.ForUser("u").JSON(); got != `["read(\"user:u\")","update(\"user:u\")","delete(\"user:u\")"]` {
		t.Errorf("ForUser: %s", got)
	}
}

// FuzzSet: what the check lets through becomes a set that survives its text,
// has only actions that apply, and can be granted by who holds all its roles.
func FuzzSet(f *testing.F) {
	for _, s := range []string{`read("any")`, `write("team:x/owner")`, `update("user:123/verified")`, `create("label:a")`, `*`, `read("`, `write("users/verified")`} {
		f.Add(s, `read("any")`)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		list := []string{a, b, a}
		if perm.Check(list, perm.Row) != nil {
			return
		}
		s := perm.New(list, perm.Row)
		again, err := perm.Load(s.JSON())
		if err != nil || again.JSON() != s.JSON() || !slices.Equal(again.Permissions(), s.Permissions()) {
			t.Fatalf("%q becomes %s, which loads as %s, %v", list, s.JSON(), again.JSON(), err)
		}
		if err := perm.Check(s.Strings(), perm.Row); err != nil {
			t.Fatalf("%s: %v", s.JSON(), err)
		}
		if same := perm.New(s.Strings(), perm.Row); same.JSON() != s.JSON() {
			t.Fatalf("%s is not canonical: %s", s.JSON(), same.JSON())
		}
		var roles []string
		for _, p := range s.Permissions() {
			roles = append(roles, p.Role)
			if p.Actions&perm.Row == 0 || !s.Allows(p.Actions, []string{p.Role}) || !perm.TextAllows([]byte(s.JSON()), p.Actions, []string{p.Role}) {
				t.Fatalf("%s does not allow %v", s.JSON(), p)
			}
		}
		if err := s.CheckGrant(roles); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkTextAllows(b *testing.B) {
	text := []byte(perm.New([]string{`read("team:x")`, `write("team:x/owner")`, `read("label:staff")`}, perm.Row).JSON())
	roles := []string{"any", "user:1", "users", "user:1/verified", "users/verified", "team:y", "member:z", "label:staff"}
	b.ReportAllocs()
	for b.Loop() {
		perm.TextAllows(text, perm.Read, roles)
	}
}

func BenchmarkAllows(b *testing.B) {
	s := perm.New([]string{`read("team:x")`, `write("team:x/owner")`, `read("label:staff")`}, perm.Row)
	roles := []string{"any", "user:1", "users", "user:1/verified", "users/verified", "team:y", "member:z", "label:staff"}
	for b.Loop() {
		s.Allows(perm.Read, roles)
	}
}
