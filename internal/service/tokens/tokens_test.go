package tokens_test

import (
	"strings"
	"testing"
	"time"

	"moorfast/internal/server/servertest"
)

type M = servertest.M

const (
	list   = "/storage/buckets/pics/files"
	tokens = "/tokens/buckets/pics/files/f"
)

func found(t *testing.T) (*servertest.Server, servertest.Project) {
	t.Helper()
	s := servertest.New(t)
	app := s.Found()
	app.Key.Must("POST", "/storage/buckets", M{"bucketId": "pics", "name": "Pics"})
	for _, id := range []string{"f", "g"} {
		app.Key.Sent(list, M{"fileId": id}, servertest.File{Name: id + ".txt", Content: []byte("content of " + id)})
	}
	return s, app
}

func TestATokenOpensOneFile(t *testing.T) {
	_, app := found(t)
	app.Guest.Refused("GET", list+"/f/view", nil, 401, "user_unauthorized")
	made := app.Key.Must("POST", tokens, M{})
	if made.Status != 201 || made.Text("resourceId") != "pics:f" || made.Text("resourceType") != "files" || made.Text("expire") != "" {
		t.Errorf("created: %d %s", made.Status, made.Body)
	}
	secret := made.Text("secret")
	for _, path := range []string{"/view", "/download", "/preview"} {
		app.Guest.Must("GET", list+"/f"+path+"?token="+secret, nil)
		app.Guest.Refused("GET", list+"/g"+path+"?token="+secret, nil, 401, "user_unauthorized")
		app.Guest.Refused("GET", list+"/f"+path+"?token=x"+secret, nil, 401, "user_unauthorized")
	}
	if got := app.Guest.Must("GET", list+"/f/view?token="+secret, nil); got.Body != "content of f" {
		t.Errorf("view: %q", got.Body)
	}
	if again := app.Key.Must("GET", "/tokens/"+made.Text("$id"), nil); again.Text("secret") != secret {
		t.Error("the secret is another each time")
	}
	app.Key.Must("DELETE", "/tokens/"+made.Text("$id"), nil)
	app.Guest.Refused("GET", list+"/f/view?token="+secret, nil, 401, "user_unauthorized")
	app.Key.Refused("GET", "/tokens/"+made.Text("$id"), nil, 404, "token_not_found")
}

func TestATokenEnds(t *testing.T) {
	s, app := found(t)
	at := s.Clock.Now().Add(time.Hour)
	made := app.Key.Must("POST", tokens, M{"expire": at.Format(time.RFC3339)})
	view := func() string {
		return list + "/f/view?token=" + app.Key.Must("GET", "/tokens/"+made.Text("$id"), nil).Text("secret")
	}
	old := view()
	app.Guest.Must("GET", old, nil)
	s.Clock.Advance(time.Hour)
	app.Guest.Refused("GET", old, nil, 401, "user_unauthorized")
	put := app.Key.Must("PATCH", "/tokens/"+made.Text("$id"), M{"expire": s.Clock.Now().Add(time.Hour).Format(time.RFC3339)})
	if put.Text("expire") == made.Text("expire") {
		t.Errorf("update: %s", put.Body)
	}
	app.Guest.Must("GET", view(), nil)
	app.Guest.Refused("GET", old, nil, 401, "user_unauthorized") // what was given out has its end in it
	app.Key.Must("PATCH", "/tokens/"+made.Text("$id"), M{"expire": nil})
	s.Clock.Advance(1000 * 24 * time.Hour)
	app.Guest.Must("GET", view(), nil)
	for _, bad := range []any{"yesterday", "2001-01-01T00:00:00Z", 5} {
		app.Key.Refused("POST", tokens, M{"expire": bad}, 400, "general_argument_invalid")
	}
}

func TestListsOfTokens(t *testing.T) {
	s, app := found(t)
	app.Key.Must("POST", tokens, M{})
	app.Key.Must("POST", tokens, M{"expire": s.Clock.Now().Add(time.Hour).Format(time.RFC3339)})
	app.Key.Must("POST", strings.TrimSuffix(tokens, "f")+"g", M{})
	if l := app.Key.Must("GET", tokens, nil); l.Text("total") != "2" {
		t.Errorf("tokens of f: %s", l.Body)
	}
	if l := app.Key.Must("GET", tokens+`?queries[]={"method":"isNull","attribute":"expire"}`, nil); l.Text("total") != "1" {
		t.Errorf("tokens without an end: %s", l.Body)
	}
	app.Key.Refused("GET", "/tokens/buckets/pics/files/none", nil, 404, "storage_file_not_found")
	app.Key.Refused("GET", "/tokens/buckets/none/files/f", nil, 404, "storage_bucket_not_found")
	app.Key.Refused("POST", "/tokens/buckets/none/files/f", M{}, 404, "storage_bucket_not_found")
}

func TestASecretFitsTheParameter(t *testing.T) {
	s := servertest.New(t)
	app := s.Project(s.Found().Owner, strings.Repeat("p", 36))
	long := strings.Repeat("x", 36)
	app.Key.Must("POST", "/storage/buckets", M{"bucketId": long, "name": "Long"})
	app.Key.Sent("/storage/buckets/"+long+"/files", M{"fileId": long}, servertest.File{Name: "f", Content: []byte("x")})
	made := app.Key.Must("POST", "/tokens/buckets/"+long+"/files/"+long, M{"expire": "2030-01-01T00:00:00Z"})
	if n := len(made.Text("secret")); n > 512 {
		t.Errorf("the secret has %d chars, and the parameter takes 512", n)
	}
	app.Guest.Must("GET", "/storage/buckets/"+long+"/files/"+long+"/view?token="+made.Text("secret"), nil)
}
