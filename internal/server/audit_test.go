package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"moorfast/internal/audit"
	"moorfast/internal/secevent"
	"moorfast/internal/server"
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
		{"a token of its own", user, "POST", "/account/jwts", nil, "", "", ""},
		{"a token of a server", app.Key, "POST", "/users/ada/jwts", M(), "jwt.create", "user/ada", "key/all"},
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
			if len(fresh) > 0 {
				t.Errorf("%s left %+v", step.name, fresh)
			}
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

// An organization takes its projects with it, and each is recorded with its mark.
func TestEveryProjectOfAnOrganizationThatGoesIsRecorded(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	s.Project(app.Owner, "shop")
	before := len(records(t, s, store.Platform))
	app.Owner.Must("DELETE", "/teams/home", nil)
	var got []string
	for _, r := range records(t, s, store.Platform)[before:] {
		got = append(got, r.Event+" "+r.Resource+" of "+r.Project+" by "+r.Actor.By())
	}
	slices.Sort(got)
	want := []string{"project.delete project/app of app by user/olga", "project.delete project/shop of shop by user/olga", "team.delete team/home of console by user/olga"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if r := verify(t, s); len(r.Findings) > 0 {
		t.Error(r.Findings)
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

func TestLogsAnswerWhatWasDone(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	const password = "correct horse 1"
	app.Key.Must("POST", "/users", servertest.M{"userId": "ada", "email": "ada@example.org", "password": password})
	user := app.Guest.With("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
	user.Must("POST", "/account/sessions/email", servertest.M{"email": "ada@example.org", "password": password})
	user.Must("PATCH", "/account/name", servertest.M{"name": "Ada"})
	user.Must("POST", "/teams", servertest.M{"teamId": "crew", "name": "Crew"})
	app.Key.Must("POST", "/tablesdb", servertest.M{"databaseId": "main", "name": "Main"})
	app.Key.Must("POST", "/tablesdb/main/tables", servertest.M{"tableId": "movies", "name": "Movies"})
	app.Key.Must("POST", "/tablesdb/main/tables/movies/columns/integer", servertest.M{"key": "n", "required": false})
	app.Key.Must("POST", "/tablesdb/main/tables/movies/rows", servertest.M{"rowId": "r1", "data": servertest.M{"n": 1}})
	app.Key.Must("DELETE", "/tablesdb/main/tables/movies/rows/r1", nil)
	events := func(a servertest.Answer, list string) (got []string) {
		t.Helper()
		for _, e := range a.JSON[list].([]any) {
			got = append(got, e.(map[string]any)["event"].(string))
		}
		return got
	}
	for _, sealed := range []bool{false, true} {
		if sealed {
			verify(t, s)
		}
		for _, c := range []struct {
			client *servertest.Client
			path   string
			list   string
			want   string
		}{
			{user, "/account/logs", "logs", "team.create user.update session.create"},
			{app.Key, "/users/ada/logs", "logs", "team.create user.update session.create"},
			{app.Admin, "/teams/crew/logs", "logs", "team.create"},
			{app.Admin, "/tablesdb/main/logs", "logs", "database.create"},
			{app.Admin, "/tablesdb/main/tables/movies/logs", "logs", "row.create column.create table.create"},
			{app.Admin, "/tablesdb/main/tables/movies/rows/r1/logs", "logs", "row.delete"},
			{app.Admin, "/databases/main/collections/movies/documents/r1/logs", "logs", "row.delete"},
			{app.Key, `/users/ada/logs?queries[]={"method":"limit","values":[1]}&queries[]={"method":"offset","values":[1]}`, "logs", "user.update"},
			{app.Key, `/activities/events?queries[]={"method":"limit","values":[2]}`, "events", "row.delete row.create"},
		} {
			a := c.client.Must("GET", c.path, nil)
			if got := strings.Join(events(a, c.list), " "); got != c.want {
				t.Errorf("%s (sealed: %v)\ngot  %s\nwant %s", c.path, sealed, got, c.want)
			}
		}
	}
	a := user.Must("GET", "/account/logs", nil)
	log := a.JSON["logs"].([]any)[0].(map[string]any)
	if log["clientName"] != "Firefox" || log["userEmail"] != "ada@example.org" || log["ip"] == "" || log["countryCode"] != "--" || len(log) != 22 || a.Text("total") != "3" {
		t.Errorf("a log is %v", a.Body)
	}
	e := app.Key.Must("GET", "/activities/events", nil).JSON["events"].([]any)[0].(map[string]any)
	if one := app.Key.Must("GET", "/activities/events/"+e["$id"].(string), nil); one.Text("resourceId") != "r1" || one.Text("resourceParent") != "database/main/table/movies" || len(one.JSON) != 29 {
		t.Errorf("an event is %s", one.Body)
	}
	app.Key.Refused("GET", "/activities/events/9999", nil, 404, "activity_event_not_found")
	app.Key.Refused("GET", "/users/nobody/logs", nil, 404, "user_not_found")
	app.Key.Refused("GET", "/tablesdb/nothing/logs", nil, 404, "database_not_found")
	app.Key.Refused("GET", `/users/ada/logs?queries[]={"method":"equal","attribute":"event","values":["x"]}`, nil, 400, "general_argument_invalid")
	user.Refused("GET", "/teams/crew/logs", nil, 401, "user_unauthorized")
	s.Guest("X-Appwrite-Project", "app").Refused("GET", "/account/logs", nil, 401, "general_unauthorized_scope")
}

// L-1: the settings of a project are kept by the platform, and are the project's
// own activities all the same, in the order of time.
func TestTheSettingsOfAProjectAreInItsActivities(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	clock := func() { s.Clock.Advance(time.Second) }
	app.Key.Must("POST", "/users", servertest.M{"userId": "ada", "email": "ada@example.org", "password": "correct horse 1"})
	clock()
	app.Admin.Must("PUT", "/project/labels", servertest.M{"labels": []string{"a"}})
	clock()
	app.Key.Must("PATCH", "/users/ada/name", servertest.M{"name": "Ada"})
	clock()
	app.Admin.Must("POST", "/webhooks", servertest.M{"webhookId": "hook", "name": "Hook", "url": "https://example.org", "events": []string{"users.*"}})
	for _, sealed := range []bool{false, true} {
		if sealed {
			verify(t, s)
		}
		a := app.Admin.Must("GET", `/activities/events?queries[]={"method":"limit","values":[4]}`, nil)
		var got []string
		for _, e := range a.JSON["events"].([]any) {
			event := e.(map[string]any)
			got = append(got, event["event"].(string))
			if one := app.Admin.Must("GET", "/activities/events/"+event["$id"].(string), nil); one.Text("event") != event["event"] || one.Text("$id") != event["$id"] {
				t.Errorf("an event by its id: %s", one.Body)
			}
		}
		if want := "webhook.create user.update project.labels.update user.create"; strings.Join(got, " ") != want {
			t.Errorf("sealed %v: got %v, want %s", sealed, got, want)
		}
	}
	// What is about the platform, or another project, is not there.
	for seq := int64(1); ; seq++ {
		list := records(t, s, store.Platform)
		if seq > int64(len(list)) {
			break
		}
		if list[seq-1].Project != "app" {
			app.Admin.Refused("GET", fmt.Sprintf("/activities/events/p%d", seq), nil, 404, "activity_event_not_found")
		}
	}
	app.Admin.Refused("GET", "/activities/events/p0", nil, 404, "activity_event_not_found")
	app.Admin.Refused("GET", "/activities/events/-1", nil, 400, "general_argument_invalid")
}

// unaudited are the calls besides reads that leave no record, and why.
var unaudited = map[string]string{
	"account.createJWT": "it gives a session that is there already another form, for an hour at most",

	"tablesDB.createTransaction": notBuilt, "tablesDB.updateTransaction": notBuilt, "tablesDB.deleteTransaction": notBuilt, "tablesDB.createOperations": notBuilt,
	"databases.createTransaction": notBuilt, "databases.updateTransaction": notBuilt, "databases.deleteTransaction": notBuilt, "databases.createOperations": notBuilt,
}

const notBuilt = "it refuses every call, as it is not built yet"

// TestEveryEndpointThatChangesSomethingIsAudited walks the table.
func TestEveryEndpointThatChangesSomethingIsAudited(t *testing.T) {
	table, err := server.Table()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range table {
		if e.Method == http.MethodGet {
			continue
		}
		_, excepted := unaudited[e.Name]
		if (e.Audit.Event != "") == excepted {
			t.Errorf("%s (%s %s): audit event %q, excepted: %v", e.Name, e.Method, e.Path, e.Audit.Event, excepted)
		}
		if e.Audit.Event != "" && e.Audit.Resource == "" {
			t.Errorf("%s has an audit event without a resource", e.Name)
		}
	}
}

func TestWhoIsTurnedAwayIsRecorded(t *testing.T) {
	s := servertest.New(t, "_APP_CONSOLE_WHITELIST_EMAILS=olga@example.org")
	app := s.Found()
	s.Guest().Do("POST", "/account", servertest.M{"userId": "eve", "email": "eve@example.org", "password": "correct horse 1"})
	s.Guest("X-Appwrite-Project", "app", "X-Appwrite-Key", "standard_nonsense").Refused("GET", "/users", nil, 401, "general_unauthorized_scope")
	s.Guest("X-Appwrite-Project", "app").Refused("GET", "/users", nil, 401, "general_unauthorized_scope")
	s.Guest("X-Appwrite-Project", "app", "X-Appwrite-JWT", "nonsense").Refused("GET", "/account", nil, 401, "user_jwt_invalid")
	app.Key.Refused("GET", "/account", nil, 401, "general_unauthorized_scope")
	if r := verify(t, s); len(r.Findings) > 0 {
		t.Error(r.Findings)
	}
	got := map[string]int{}
	for _, p := range []string{store.Platform, "app"} {
		for _, r := range records(t, s, p) {
			if r.Outcome != "" {
				got[r.Endpoint+" "+r.Actor.Kind+" "+r.Outcome] += max(r.Count, 1)
			}
		}
	}
	want := map[string]int{
		"account.create guest user_email_not_whitelisted": 1,
		"users.list guest general_unauthorized_scope":     1,
		"account.get guest user_jwt_invalid":              1,
		"account.get key general_unauthorized_scope":      1,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestEmailsAreHashedInTheLogWhereThatIsSet(t *testing.T) {
	s := servertest.New(t, "MOORFAST_AUDIT_EMAILS=hashed")
	app := s.Found()
	app.Key.Must("POST", "/users", servertest.M{"userId": "ada", "email": "ada@example.org", "password": "correct horse 1"})
	user := app.Guest.With()
	user.Must("POST", "/account/sessions/email", servertest.M{"email": "ada@example.org", "password": "correct horse 1"})
	user.Must("PATCH", "/account/name", servertest.M{"name": "Ada"})
	user.Refused("POST", "/users", servertest.M{"userId": "eve"}, 401, "general_unauthorized_scope")
	verify(t, s)
	seen := map[string]bool{}
	for _, p := range []string{store.Platform, "app"} {
		for _, r := range records(t, s, p) {
			text := fmt.Sprintf("%+v", r)
			if strings.Contains(text, "@example.org") {
				t.Errorf("an address is in %s", text)
			}
			if r.Actor.ID == "ada" {
				seen[r.Actor.Email] = true
			}
		}
	}
	for email := range seen {
		if len(seen) != 1 || !strings.HasPrefix(email, "hmac:") {
			t.Errorf("one user is %v", seen)
		}
	}
	if len(seen) == 0 {
		t.Error("there is no record of the user")
	}
}

func TestWhoCallsTooOftenIsRecorded(t *testing.T) {
	s := servertest.New(t, "_APP_OPTIONS_ABUSE=enabled")
	app := s.Found()
	limited := 0
	for range 15 {
		if a := app.Guest.Do("POST", "/account/sessions/email", servertest.M{"email": "ada@example.org", "password": "wrong horse 1"}); a.Status == 429 {
			limited++
		}
	}
	verify(t, s)
	got := 0
	for _, r := range records(t, s, "app") {
		if r.Event == "session.create" && r.Outcome == "general_rate_limit_exceeded" {
			got += max(r.Count, 1)
		}
	}
	if limited == 0 || got != limited {
		t.Errorf("%d calls were limited, and %d are recorded", limited, got)
	}
}

// damaged renames the table of the records of a project while fn runs.
func damaged(t *testing.T, s *servertest.Server, project string, fn func()) {
	t.Helper()
	ctx := context.Background()
	rename := func(from, to string) {
		t.Helper()
		err := s.DB().Update(ctx, project, func(tx store.Tx) error {
			_, err := tx.Exec(ctx, `ALTER TABLE `+from+` RENAME TO `+to)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	rename("audit_records", "audit_away")
	fn()
	rename("audit_away", "audit_records")
}

// L-7: what cannot be recorded does not happen.
func TestAChangeThatCannotBeRecordedIsRefused(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	user := servertest.M{"userId": "ada", "email": "ada@example.org", "password": "correct horse 1"}
	damaged(t, s, "app", func() {
		app.Key.Refused("POST", "/users", user, 503, "general_server_error")
		app.Key.Refused("GET", "/users/ada", nil, 404, "user_not_found") // reads go on
	})
	app.Key.Must("POST", "/users", user)
}

// L-7: with degrade, it happens, and is told.
func TestAChangeThatCannotBeRecordedIsToldWhereTheOperatorWantsItAllTheSame(t *testing.T) {
	s := servertest.New(t, "MOORFAST_AUDIT_FAILURE=degrade")
	app := s.Found()
	ctx := context.Background()
	damaged(t, s, "app", func() {
		app.Key.Must("POST", "/users", servertest.M{"userId": "ada", "email": "ada@example.org", "password": "correct horse 1"})
		app.Key.Must("POST", "/users/ada/jwts", servertest.M{}) // which has no transaction
		s.Clock.Advance(time.Minute)
		for range 2 {
			if s.Audit.Flush(ctx) == nil {
				t.Error("the log was written")
			}
			s.Clock.Advance(time.Minute)
		}
		app.Admin.Must("PATCH", "/users/ada/name", servertest.M{"name": "Ada"})
	})
	if a := app.Key.Must("GET", "/users/ada", nil); a.Text("name") != "Ada" {
		t.Errorf("the change is not there: %s", a.Body)
	}
	if r := verify(t, s); len(r.Findings) > 0 || !s.Audit.Writable() {
		t.Errorf("afterwards: %+v", r)
	}
	lost := 0
	for _, r := range records(t, s, "app") {
		if r.Event == "audit.lost" {
			lost += r.Count
		}
	}
	told := map[secevent.Kind]int{}
	l, err := s.Events.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	list, _ := l.Take()
	for _, e := range list {
		if e.Project == "app" {
			told[e.Kind]++
		}
	}
	if lost != 3 || told[secevent.AuditLost] != 3 || told[secevent.AuditFailing] != 1 {
		t.Errorf("the log tells of %d changes, and the events are %v", lost, told)
	}
}
