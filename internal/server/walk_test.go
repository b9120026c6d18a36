package server_test

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"moorfast/internal/api"
	"moorfast/internal/httpd"
	"moorfast/internal/identity"
	"moorfast/internal/server/servertest"
)

var hole = regexp.MustCompile(`\{[^}]+\}`)

// path fills the holes of an endpoint's path with ids of nothing.
func path(e api.Endpoint) string {
	p := hole.ReplaceAllString(e.Path, "nothing")
	if len(p) > 3 && p[:4] == "/v1/" {
		return p[3:]
	}
	return "!" + p
}

func open(e api.Endpoint, scopes []string) bool {
	return len(e.Scopes) == 0 || slices.ContainsFunc(e.Scopes, func(s string) bool { return slices.Contains(scopes, s) })
}

// TestEveryEndpointRefuses walks the table: each endpoint refuses guests, keys
// without its scope, keys of another project, projects that are not there, and
// bodies that are too large. An endpoint that is added is in the walk.
func TestEveryEndpointRefuses(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	other := s.Project(app.Owner, "other")
	weak := app.Admin.Must("POST", "/project/keys", servertest.M{"keyId": "weak", "name": "Weak", "scopes": []string{"assistant.read"}})
	weakKey := app.Guest.With("X-Appwrite-Key", weak.Text("secret"))
	foreign := app.Key.With("X-Appwrite-Project", other.ID)
	nowhere := s.Guest("X-Appwrite-Project", "nowhere")
	for _, e := range s.Table {
		t.Run(e.Name, func(t *testing.T) {
			p := path(e)
			guest := app.Guest
			if e.Rules.Where == api.ConsoleOnly {
				guest = s.Guest()
			}
			if !open(e, identity.ScopesOf(identity.RoleGuests)) {
				guest.Refused(e.Method, p, nil, 401, "general_unauthorized_scope")
				if e.Rules.Where != api.ConsoleOnly {
					foreign.Refused(e.Method, p, nil, 401, "general_unauthorized_scope")
				}
			}
			if e.Rules.Where != api.ConsoleOnly && !open(e, identity.ScopesOf(identity.RoleKeys)) {
				weakKey.Refused(e.Method, p, nil, 401, "general_unauthorized_scope")
			}
			if p[0] != '!' {
				nowhere.Refused(e.Method, p, nil, 404, "project_not_found")
			}
			if e.Method != http.MethodGet {
				oversized(t, s, e, p)
			}
		})
	}
}

// oversized sends a body that says that it is too large, and expects the limit
// to be named before any of it is read.
func oversized(t *testing.T, s *servertest.Server, e api.Endpoint, path string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), e.Method, s.URL+path, io.LimitReader(zeros{}, httpd.MaxBody+1))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = httpd.MaxBody + 1
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Expect", "100-continue")
	if e.Rules.Where != api.ConsoleOnly {
		r.Header.Set("X-Appwrite-Project", "app")
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%s %s with %d bytes: got %d, want 413", e.Method, path, httpd.MaxBody+1, response.StatusCode)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }
