package server_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"moorfast/internal/audit"
	"moorfast/internal/server/servertest"
	"moorfast/internal/store"
)

// records reads the log of a project, as it is stored.
func records(t testing.TB, s *servertest.Server, project string) (list []audit.Record) {
	t.Helper()
	err := s.DB().View(context.Background(), project, func(tx store.Tx) error {
		return store.Each(context.Background(), tx, `SELECT body FROM audit_records ORDER BY seq`, nil, func(rows store.Rows) error {
			var r audit.Record
			err := json.Unmarshal(rows.Text(0), &r)
			list = append(list, r)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func verify(t testing.TB, s *servertest.Server, saved ...string) audit.Report {
	t.Helper()
	if err := s.Audit.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	r, err := s.Verifier(saved...).Verify(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestEveryChangeLeavesOneRecord walks through calls of every kind and counts
// the records that each has left, in the log of its project and of the platform.
func TestEveryChangeLeavesOneRecord(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	seen := map[string]int{store.Platform: len(records(t, s, store.Platform)), "app": len(records(t, s, "app"))}
	M := func(pairs ...any) servertest.M {
		m := servertest.M{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		return m
	}
	user := app.Guest.With()
	const password = "correct horse 1"
	const table = "/tablesdb/main/tables/movies"
	steps := []struct {
		name         string
		client       *servertest.Client
		method, path string
		body         any
		event        string
		resource     string
		actor        string
	}{
		{"a user is made", app.Key, "POST", "/users", M("userId", "ada", "email", "ada@example.org", "password", password), "user.create", "user/ada", "key/all"},
		{"an admin changes it", app.Admin, "PATCH", "/users/ada/name", M("name", "Ada"), "user.update", "user/ada", "admin/olga"},
		{"it signs in", user, "POST", "/account/sessions/email", M("email", "ada@example.org", "password", password), "session.create", "user/ada", "user/ada"},
		{"it changes its name", user, "PATCH", "/account/name", M("name", "Ada L."), "user.update", "user/ada", "user/ada"},
		{"it makes a team", user, "POST", "/teams", M("teamId", "crew", "name", "Crew"), "team.create", "team/crew", "user/ada"},
		{"it renames the team", user, "PUT", "/teams/crew", M("name", "Crew 2"), "team.update", "team/crew", "user/ada"},
		{"it removes the team", user, "DELETE", "/teams/crew", nil, "team.delete", "team/crew", "user/ada"},
		{"a database", app.Admin, "POST", "/tablesdb", M("databaseId", "main", "name", "Main"), "database.create", "database/main", "admin/olga"},
		{"a table", app.Admin, "POST", "/tablesdb/main/tables", M("tableId", "movies", "name", "Movies", "permissions", []string{`create("users")`, `update("users")`, `delete("users")`}), "table.create", "database/main/table/movies", "admin/olga"},
		{"a column", app.Key, "POST", table + "/columns/varchar", M("key", "title", "size", 128, "required", false), "column.create", "database/main/table/movies", "key/all"},
		{"a row", user, "POST", table + "/rows", M("rowId", "r1", "data", M("title", "x")), "row.create", "database/main/table/movies", "user/ada"},
		{"the row changes", user, "PATCH", table + "/rows/r1", M("data", M("title", "y")), "row.update", "database/main/table/movies/row/r1", "user/ada"},
		{"the row goes", user, "DELETE", table + "/rows/r1", nil, "row.delete", "database/main/table/movies/row/r1", "user/ada"},
		{"a bucket", app.Key, "POST", "/storage/buckets", M("bucketId", "pics", "name", "Pics"), "bucket.create", "bucket/pics", "key/all"},
		{"the bucket goes", app.Key, "DELETE", "/storage/buckets/pics", nil, "bucket.delete", "bucket/pics", "key/all"},
		{"a webhook", app.Admin, "POST", "/webhooks", M("webhookId", "hook", "name", "Hook", "url", "https://example.org", "events", []string{"users.*"}), "webhook.create", "webhook/hook", "admin/olga"},
		{"labels of the project", app.Admin, "PUT", "/project/labels", M("labels", []string{"a"}), "project.labels.update", "project.labels/app", "admin/olga"},
		{"a token", user, "POST", "/account/jwts", nil, "", "", ""},
		{"it signs out", user, "DELETE", "/account/sessions/current", nil, "session.delete", "user/ada", "user/ada"},
		{"the user goes", app.Key, "DELETE", "/users/ada", nil, "user.delete", "user/ada", "key/all"},
	}
	for _, step := range steps {
		step.client.Must(step.method, step.path, step.body)
		var fresh []audit.Record
		for _, p := range []string{store.Platform, "app"} {
			list := records(t, s, p)
			fresh = append(fresh, list[seen[p]:]...)
			seen[p] = len(list)
		}
		if step.event == "" {
			continue
		}
		if len(fresh) != 1 {
			t.Errorf("%s: %d records: %+v", step.name, len(fresh), fresh)
			continue
		}
		r := fresh[0]
		if r.Event != step.event || r.Resource != step.resource || r.Actor.By() != step.actor || r.Project != "app" || r.Outcome != "" || r.Address == "" {
			t.Errorf("%s\ngot  %+v\nwant %s %s %s", step.name, r, step.event, step.resource, step.actor)
		}
	}
	app.Admin.Must("DELETE", "/project", nil)
	list := records(t, s, store.Platform)
	if r := list[len(list)-1]; len(list) != seen[store.Platform]+1 || r.Event != "project.delete" || r.Project != "app" {
		t.Errorf("the removal of the project left %+v", list[seen[store.Platform]:])
	}
	if r := verify(t, s); len(r.Findings) > 0 || r.Unsealed > 0 || r.Records == 0 {
		t.Errorf("the log of a server that works: %+v", r)
	}
}

func TestARefusalIsRecordedAndARolledBackChangeIsNot(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	app.Key.Must("POST", "/users", servertest.M{"userId": "ada", "email": "ada@example.org", "password": "correct horse 1"})
	before := len(records(t, s, "app"))
	app.Key.Refused("POST", "/users", servertest.M{"userId": "ada", "email": "ada2@example.org", "password": "correct horse 1"}, 409, "user_already_exists")
	if n := len(records(t, s, "app")); n != before {
		t.Errorf("a conflict left %d records", n-before)
	}
	for range 3 {
		app.Guest.Refused("POST", "/account/sessions/email", servertest.M{"email": "ada@example.org", "password": "wrong horse 1"}, 401, "user_invalid_credentials")
	}
	app.Guest.Refused("POST", "/users", servertest.M{"userId": "eve", "email": "eve@example.org", "password": "correct horse 1"}, 401, "general_unauthorized_scope")
	if r := verify(t, s); len(r.Findings) > 0 {
		t.Error(r.Findings)
	}
	list := records(t, s, "app")[before:]
	count := map[string]int{}
	for _, r := range list {
		count[r.Event+" "+r.Outcome] += max(r.Count, 1)
		if strings.Contains(r.Resource+r.Actor.Email, "wrong horse") {
			t.Errorf("a password is in %+v", r)
		}
	}
	if count["session.create user_invalid_credentials"] != 3 || count["user.create general_unauthorized_scope"] != 1 {
		t.Errorf("refusals: %v", list)
	}
}
