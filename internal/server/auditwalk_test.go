package server_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/audit"
	"moorfast/internal/identity"
	"moorfast/internal/server/servertest"
	"moorfast/internal/store"
	"moorfast/internal/token"
)

// auditWalk drives every endpoint that changes something, once.
type auditWalk struct {
	t      *testing.T
	s      *servertest.Server
	app    servertest.Project
	user   *servertest.Client
	ids    map[string]string // what a parameter of a name is
	values map[string]servertest.M
	seen   map[string]int64 // the newest record of each log
	driven map[string]bool
	upload bool               // the next call is one
	as     *servertest.Client // makes the next call
	totp   string             // the secret of the second factor
}

// TestEveryEndpointThatChangesSomethingLeavesOneRecord makes each call twice (L-1,
// L-2). While the log cannot be written, it has to be refused and to change
// nothing, so that the same call succeeds afterwards; then there is one record.
func TestEveryEndpointThatChangesSomethingLeavesOneRecord(t *testing.T) {
	s := servertest.New(t)
	w := &auditWalk{t: t, s: s, app: s.Found(), seen: map[string]int64{}, driven: map[string]bool{}, ids: maps.Clone(walkIDs), values: maps.Clone(walkValues)}
	w.prepare()
	list := slices.DeleteFunc(slices.Clone(s.Table), func(e api.Endpoint) bool { return e.Audit.Event == "" })
	slices.SortStableFunc(list, func(a, b api.Endpoint) int { return cmp.Compare(walkOrder(a), walkOrder(b)) })
	for _, e := range list {
		if undriven[e.Name] != "" {
			continue
		}
		w.drive(e)
	}
	for _, e := range list {
		if w.driven[e.Name] == (undriven[e.Name] != "") {
			t.Errorf("%s: driven: %v, excepted: %q", e.Name, w.driven[e.Name], undriven[e.Name])
		}
	}
	if r := verify(t, s); len(r.Findings) > 0 {
		t.Error(r.Findings)
	}
}

// walkOrder has what removes things behind what uses them, the inner ones first.
func walkOrder(e api.Endpoint) int {
	switch {
	case e.Name == "account.delete" || e.Name == "account.updateStatus":
		return 2000
	case e.Name == "tokens.delete":
		return 900 // it goes with its file
	case e.Name == "project.delete":
		return 3000
	case e.Method == "DELETE":
		return 1000 - strings.Count(e.Path, "/")
	}
	return 0
}

func (w *auditWalk) prepare() {
	const password = "correct horse 1"
	w.app.Key.Must("POST", "/users", servertest.M{"userId": "eve", "email": "eve@example.org", "password": password})
	w.user = w.s.Guest("X-Appwrite-Project", "app")
	w.user.Must("POST", "/account/sessions/email", servertest.M{"email": "eve@example.org", "password": password})
	for _, p := range []string{store.Platform, "app"} {
		w.fresh(p)
	}
}

// fresh returns the records that a log has more than before.
func (w *auditWalk) fresh(project string) (list []audit.Record) {
	w.t.Helper()
	ctx := context.Background()
	err := w.s.DB().View(ctx, project, func(tx store.Tx) error {
		return store.Each(ctx, tx, `SELECT seq, body FROM audit_records WHERE seq > ? ORDER BY seq`, []any{w.seen[project]}, func(rows store.Rows) error {
			var r audit.Record
			w.seen[project] = rows.Int(0)
			err := json.Unmarshal(rows.Text(1), &r)
			list = append(list, r)
			return err
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// client is who makes a call.
func (w *auditWalk) client(e api.Endpoint) *servertest.Client {
	switch {
	case e.Rules.Where == api.ConsoleOnly:
		return w.app.Owner
	case strings.HasPrefix(e.Path, "/v1/organization"):
		return w.app.Owner.With("X-Appwrite-Organization", "home")
	case strings.HasPrefix(e.Path, "/v1/account"):
		return w.user
	case e.Auth&identity.Admin != 0:
		return w.app.Admin
	}
	return w.app.Key
}

func (w *auditWalk) drive(e api.Endpoint) {
	w.t.Helper()
	if setUp := walkSetUp[e.Name]; setUp != nil {
		setUp(w)
	}
	path, body := w.call(e)
	w.fresh(store.Platform)
	w.fresh("app")
	client := w.client(e)
	if w.upload {
		client, body, w.upload = client.With("Content-Type", "multipart/form-data; boundary=x"), walkFile, false
	}
	if w.as != nil {
		client, w.as = w.as, nil
	}
	if e.Name == "account.create" || strings.HasPrefix(e.Audit.Event, "session.create") && strings.HasPrefix(e.Path, "/v1/account") || e.Audit.Event == "recovery.create" {
		client = w.s.Guest("X-Appwrite-Project", "app")
	}
	damaged(w.t, w.s, "app", func() {
		damaged(w.t, w.s, store.Platform, func() {
			if a := client.Do(e.Method, path, body); a.Status != 503 {
				w.t.Errorf("%s, while there is no log: %d %s", e.Name, a.Status, a.Body)
			}
		})
	})
	a := client.Do(e.Method, path, body)
	if a.Status >= 300 {
		w.t.Errorf("%s: %s %s %v\n%d %s", e.Name, e.Method, path, body, a.Status, a.Body)
		return
	}
	w.driven[e.Name] = true
	w.learn(e, a)
	fresh := w.fresh(store.Platform)
	if e.Name != "project.delete" {
		fresh = append(fresh, w.fresh("app")...)
	}
	if len(fresh) != 1 || fresh[0].Endpoint != e.Name || fresh[0].Event != e.Audit.Event || fresh[0].Outcome != "" {
		w.t.Errorf("%s left %d records: %+v", e.Name, len(fresh), fresh)
	}
}

// call makes the path and the body of a call that is right.
func (w *auditWalk) call(e api.Endpoint) (path string, body any) {
	last := strings.TrimSuffix(strings.TrimSuffix(e.Path, "/{key}"), "/{platformId}")
	last = last[strings.LastIndexByte(last, '/')+1:]
	in := servertest.M{}
	set := func(p *api.Param) any {
		switch {
		case w.values[e.Name][p.Name] != nil:
			return w.values[e.Name][p.Name]
		case p.Name == "databaseId" && strings.HasPrefix(e.Path, "/v1/databases"):
			return "legacy"
		case p.Name == "key" && strings.Contains(e.Path, "/indexes"):
			return "idx"
		case p.Name == "key" && strings.Contains(e.Path, "elationship"), p.Name == "key" && strings.HasSuffix(e.Path, "/relationship"):
			return "related"
		case p.Name == "key" && e.Method != "DELETE", p.Name == "platformId" && e.Method != "DELETE":
			return strings.ToLower(last)
		case strings.HasPrefix(e.Name, "users.create") && p.Name == "email":
			return strings.ToLower(last) + "@example.org"
		case e.Name == "users.create" || strings.HasPrefix(e.Name, "users.create") && strings.HasSuffix(e.Name, "User"):
			return valueOf(p)
		case w.ids[p.Name] != "" && len(p.Bounds.OneOf) == 0:
			return w.ids[p.Name]
		}
		return valueOf(p)
	}
	path = e.Path
	for i := range e.In.List {
		p := &e.In.List[i]
		if strings.Contains(path, "{"+p.Name+"}") {
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(fmt.Sprint(set(p))))
			continue
		}
		switch {
		case p.Name == "default" && e.Method == "PATCH":
			in[p.Name] = nil
		case p.Required || w.values[e.Name][p.Name] != nil:
			in[p.Name] = set(p)
		}
	}
	return strings.TrimPrefix(path, "/v1"), in
}

// valueOf is something that a parameter allows.
func valueOf(p *api.Param) any {
	if len(p.Bounds.OneOf) > 0 {
		return p.Bounds.OneOf[0]
	}
	switch name := p.Type.Name(); {
	case name == "NewID":
		return "unique()"
	case name == "Prefs":
		return servertest.M{"a": "b"}
	case p.Type.Kind() == reflect.Bool:
		return false
	case p.Type.Kind() == reflect.Slice:
		return []string{}
	case p.Type.Kind() != reflect.String:
		return max(p.Bounds.Min, 1)
	}
	return "something"
}

// learn keeps the ids of what was made.
func (w *auditWalk) learn(e api.Endpoint, a servertest.Answer) {
	if name := walkLearns[e.Name]; name != "" {
		w.ids[name] = a.Text("$id")
	}
	if e.Name == "account.createMfaAuthenticator" {
		w.totp = a.Text("secret")
	}
}

// walkIDs are what parameters of a name are, wherever nothing else is said.
var walkIDs = map[string]string{
	"teamId": "crew", "databaseId": "main", "tableId": "movies", "collectionId": "movies", "rowId": "r1", "documentId": "r1", "bucketId": "pics", "fileId": "f1",
	"userId": "ada", "webhookId": "hook", "targetId": "target", "projectId": "another", "keyId": "k1", "column": "integer", "attribute": "integer",
	"email": "new@example.org", "password": "correct horse 1", "url": "https://example.org", "number": "+14255550123", "phone": "+14255550199", "otp": "123456",
	"platformId": "web", "expire": "2027-01-01T00:00:00.000+00:00", "key": "boolean", "sessionId": "current",
}

// walkLearns says which id an endpoint's answer has.
var walkLearns = map[string]string{"tokens.createFileToken": "tokenId", "account.createMfaChallenge": "challengeId"}

// walkValues are values for one endpoint alone.
var walkValues = map[string]servertest.M{
	"account.updateEmail":                   {"email": "eve2@example.org"},
	"account.updatePassword":                {"oldPassword": "correct horse 1", "password": "correct horse 2"},
	"account.createMfaChallenge":            {"factor": "totp"},
	"users.deleteMfaAuthenticator":          {"userId": "eve"},
	"users.createTarget":                    {"identifier": "other@example.org", "targetId": "mail"},
	"users.updateTarget":                    {"targetId": "mail", "identifier": "another@example.org"},
	"users.deleteTarget":                    {"targetId": "mail"},
	"teams.createMembership":                {"userId": "eve"},
	"tablesDB.createEnumColumn":             {"elements": []string{"a"}},
	"tablesDB.updateEnumColumn":             {"elements": []string{"a", "b"}},
	"tablesDB.createRelationshipColumn":     {"relatedTableId": "movies", "key": "related"},
	"tablesDB.updateRelationshipColumn":     {"onDelete": "setNull"},
	"tablesDB.createIndex":                  {"columns": []string{"integer"}},
	"tablesDB.createRow":                    {"rowId": "r1", "data": servertest.M{"integer": 1}},
	"tablesDB.updateRow":                    {"data": servertest.M{"integer": 2}},
	"tablesDB.upsertRow":                    {"data": servertest.M{"integer": 3}},
	"tablesDB.updateRows":                   {"tableId": "plain", "data": servertest.M{"integer": 4}},
	"tablesDB.upsertRows":                   {"tableId": "plain", "rows": []servertest.M{{"$id": "r2", "integer": 1}}},
	"tablesDB.deleteRows":                   {"tableId": "plain", "queries": []string{`{"method":"equal","attribute":"$id","values":["r2"]}`}},
	"databases.createEnumAttribute":         {"elements": []string{"a"}},
	"databases.updateEnumAttribute":         {"elements": []string{"a", "b"}},
	"databases.createRelationshipAttribute": {"relatedCollectionId": "movies", "key": "related"},
	"databases.updateRelationshipAttribute": {"onDelete": "setNull"},
	"databases.createIndex":                 {"attributes": []string{"integer"}},
	"databases.createDocument":              {"documentId": "r1", "data": servertest.M{"integer": 1}},
	"databases.updateDocument":              {"data": servertest.M{"integer": 2}},
	"databases.upsertDocument":              {"data": servertest.M{"integer": 3}},
	"databases.updateDocuments":             {"collectionId": "plain", "data": servertest.M{"integer": 4}},
	"databases.upsertDocuments":             {"collectionId": "plain", "documents": []servertest.M{{"$id": "r2", "integer": 1}}},
	"databases.deleteDocuments":             {"collectionId": "plain", "queries": []string{`{"method":"equal","attribute":"$id","values":["r2"]}`}},
	"projects.create":                       {"projectId": "third", "teamId": "home"},
	"projects.update":                       {"projectId": "third"},
	"projects.updateTeam":                   {"projectId": "third", "teamId": "away"},
	"projects.updateMockNumbers":            {"projectId": "third", "numbers": []servertest.M{{"phone": "+14155552671", "otp": "123456"}}},
	"project.createWebPlatform":             {"hostname": "example.org"},
	"project.updateWebPlatform":             {"hostname": "example.net"},
	"project.updatePasswordHistoryPolicy":   {"total": 3},
	"project.updateUserLimitPolicy":         {"total": 100},
	"project.updateService":                 {"enabled": true},
	"project.updateProtocol":                {"enabled": true},
	"project.updateAuthMethod":              {"enabled": true},
}

// walkSetUp is what has to be there before an endpoint is called.
var walkSetUp = map[string]func(w *auditWalk){
	"account.createSession":          func(w *auditWalk) { w.token() },
	"account.updateMagicURLSession":  func(w *auditWalk) { w.token() },
	"account.updatePhoneSession":     func(w *auditWalk) { w.token() },
	"account.createPhoneToken":       func(w *auditWalk) { w.mockPhone() },
	"account.updateMfaAuthenticator": func(w *auditWalk) { w.code() },
	"account.createMfaChallenge":     func(w *auditWalk) { w.s.Clock.Advance(time.Minute) },
	"account.updateMfaChallenge":     func(w *auditWalk) { w.code() },
	"storage.createFile":             func(w *auditWalk) { w.upload = true },
	"projects.create":                func(w *auditWalk) { w.app.Owner.Must("POST", "/teams", servertest.M{"teamId": "away", "name": "Away"}) },
	"teams.updateMembership":         func(w *auditWalk) { w.member() },
	"users.deleteSession": func(w *auditWalk) {
		w.ids["sessionId"] = w.app.Key.Must("POST", "/users/ada/sessions", servertest.M{}).Text("$id")
	},
	"users.deleteMfaAuthenticator":   func(w *auditWalk) { w.ids["sessionId"] = "current" },
	"account.deleteMfaAuthenticator": func(w *auditWalk) { w.authenticator() },
	"account.deleteSession":          func(w *auditWalk) { w.ids["sessionId"] = "current" },
	"account.deleteSessions":         func(w *auditWalk) { w.as = w.signedIn("eve") },
	"account.updateStatus":           func(w *auditWalk) { w.as = w.signedIn("gus") },
	"account.delete":                 func(w *auditWalk) { w.as = w.signedIn("eve") },
	"teams.updateMembershipStatus":   func(w *auditWalk) { w.invite() },
	"teams.deleteMembership":         func(w *auditWalk) { w.ids["teamId"] = "crew"; w.member() },
	"tablesDB.updateRows":            func(w *auditWalk) { w.plain("/tablesdb/main/tables", "tableId", "columns") },
	"databases.updateDocuments":      func(w *auditWalk) { w.plain("/databases/legacy/collections", "collectionId", "attributes") },
}

// token makes a secret that a user signs in with.
func (w *auditWalk) token() {
	w.ids["secret"] = w.app.Key.Must("POST", "/users/ada/tokens", servertest.M{}).Text("secret")
}

// mockPhone makes a number that no message is sent to.
func (w *auditWalk) mockPhone() {
	w.app.Admin.Must("POST", "/project/mock-phones", servertest.M{"number": w.ids["phone"], "otp": "123456"})
}

// code is the next of the second factor.
func (w *auditWalk) code() { w.ids["otp"] = token.TOTP(w.totp, w.s.Clock.Now()) }

// member learns the membership of a team that was made.
func (w *auditWalk) member() {
	for _, m := range w.app.Key.Must("GET", "/teams/crew/memberships", nil).JSON["memberships"].([]any) {
		if m := m.(map[string]any); m["userId"] == "eve" {
			w.ids["membershipId"] = m["$id"].(string)
		}
	}
}

// signedIn is a user in a new session.
func (w *auditWalk) signedIn(user string) *servertest.Client {
	w.app.Key.Do("POST", "/users", servertest.M{"userId": user})
	return w.s.Guest("X-Appwrite-Project", "app", "X-Appwrite-Session", w.app.Key.Must("POST", "/users/"+user+"/sessions", servertest.M{}).Text("secret"))
}

// authenticator makes the user's second factor anew.
func (w *auditWalk) authenticator() {
	w.s.Clock.Advance(time.Minute)
	w.totp = w.user.Must("POST", "/account/mfa/authenticators/totp", nil).Text("secret")
	w.code()
	w.user.Must("PUT", "/account/mfa/authenticators/totp", servertest.M{"otp": w.ids["otp"]})
}

// invite has somebody invited to an organization, whose link needs no e-mail.
func (w *auditWalk) invite() {
	made := w.app.Owner.Must("POST", "/teams/home/memberships", servertest.M{"email": "saul@example.org", "roles": []string{"developer"}, "url": "http://localhost/"})
	link, err := url.Parse(made.Text("inviteLink"))
	if err != nil {
		w.t.Fatal(err)
	}
	q := link.Query()
	w.values["teams.updateMembershipStatus"] = servertest.M{"teamId": "home", "membershipId": q.Get("membershipId"), "userId": q.Get("userId"), "secret": q.Get("secret")}
	w.as = w.s.Guest()
}

// plain makes a table that takes many rows at once.
func (w *auditWalk) plain(path, id, columns string) {
	w.app.Admin.Must("POST", path, servertest.M{id: "plain", "name": "Plain"})
	w.app.Admin.Must("POST", path+"/plain/"+columns+"/integer", servertest.M{"key": "integer", "required": false})
}

// walkFile is an upload.
const walkFile = "--x\r\nContent-Disposition: form-data; name=\"fileId\"\r\n\r\nf1\r\n" +
	"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n"

const (
	noMail     = "nothing is sent without a server of e-mails or a provider of SMS"
	noIdentity = "identities come from other providers"
	noDevKey   = "there are no such keys any more"
)

// undriven are those that are not driven, and why.
var undriven = map[string]string{
	"account.createMagicURLToken": noMail, "account.createEmailToken": noMail,
	"account.createRecovery": noMail, "account.createEmailVerification": noMail, "account.createPhoneVerification": noMail,
	"account.deleteIdentity": noIdentity, "users.deleteIdentity": noIdentity,
	"projects.createDevKey": noDevKey, "projects.updateDevKey": noDevKey, "projects.deleteDevKey": noDevKey,
	"account.updateRecovery": noMail, "account.updateEmailVerification": noMail, "account.updatePhoneVerification": noMail,
}
