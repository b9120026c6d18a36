package httpd_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/core/access"
	"moorfast/internal/gateway"
	"moorfast/internal/httpd"
	"moorfast/internal/identity"
	"moorfast/internal/project"
)

// memory is a project and its users, as they are when all of it is held in
// memory: the benchmark is of the kit, and not of the store.
type memory struct{}

func (memory) Find(context.Context, string) (*project.Project, error) { return app, nil }
func (memory) Key(context.Context, string, string) (*identity.APIKey, error) {
	return key, nil
}
func (memory) Touch(context.Context, *project.Project, *identity.APIKey, string) {}

type nobody struct{}

func (nobody) Identity(context.Context, string, string) (*identity.User, error) { return nil, nil }
func (nobody) Search(context.Context, string, string, string) (string, error)   { return "", nil }
func (nobody) Touch(context.Context, string, *identity.User, string)            {}

var (
	app = &project.Project{ID: "app", TeamID: "home"}
	key = &identity.APIKey{ID: "k", Scopes: []string{"teams.read", "teams.write"}}
)

type noteParams struct {
	NoteID api.NewID `param:"noteId"`
	Title  string    `param:"title" max:"128"`
	Stars  int       `param:"stars" default:"3" min:"0" max:"5"`
}

type note struct {
	ID    string `json:"$id"`
	Title string `json:"title"`
	Stars int    `json:"stars"`
}

type getParams struct {
	NoteID api.ID `param:"noteId"`
}

type service struct{}

func (service) Endpoints() []api.Endpoint {
	return []api.Endpoint{
		api.New(api.Spec{Name: "notes.create", Method: "POST", Path: "/v1/notes", Status: 201, Summary: "Create.", Auth: identity.Key, Scopes: []string{"teams.write"}},
			func(_ context.Context, _ *api.Call, in noteParams) (note, error) {
				return note{string(in.NoteID), in.Title, in.Stars}, nil
			}),
		api.New(api.Spec{Name: "notes.get", Method: "GET", Path: "/v1/notes/{noteId}", Summary: "Get.", Auth: identity.Key, Scopes: []string{"teams.read"}},
			func(_ context.Context, _ *api.Call, in getParams) (note, error) {
				return note{ID: string(in.NoteID)}, nil
			}),
	}
}

func kit(b *testing.B) http.Handler {
	b.Helper()
	table, err := api.Compile(service{})
	if err != nil {
		b.Fatal(err)
	}
	s := &httpd.Server{
		Gateway: &gateway.Gateway{
			Units:    api.Units{Now: time.Now, NewID: func() string { return "new" }},
			Projects: memory{}, Users: nobody{}, Console: access.New(access.Settings{}),
		},
		Log: slog.New(slog.DiscardHandler),
		Peer: func(*http.Request) api.Client {
			return api.Client{Addr: netip.MustParseAddr("192.0.2.1"), Host: "localhost"}
		},
		Locales: func(string) bool { return false },
	}
	if err := s.Route(table); err != nil {
		b.Fatal(err)
	}
	return s
}

// plain is what a handler does that was written by hand for these two, without
// any of the checks.
func plain() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/notes", func(w http.ResponseWriter, r *http.Request) {
		in := struct {
			NoteID, Title string
			Stars         int
		}{}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		json.NewEncoder(w).Encode(note{in.NoteID, in.Title, in.Stars})
	})
	mux.HandleFunc("GET /v1/notes/{noteId}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(note{ID: r.PathValue("noteId")})
	})
	return mux
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkKit shows what the kit costs over a handler written by hand: the
// difference of "kit" and "plain", in CPU time, is the overhead of a request.
func BenchmarkKit(b *testing.B) {
	const body = `{"noteId":"unique()","title":"A note about nothing in particular","stars":4}`
	for _, side := range []struct {
		name    string
		handler http.Handler
	}{{"plain", plain()}, {"kit", kit(b)}} {
		for _, call := range []struct{ name, method, path, body string }{
			{"get", "GET", "/v1/notes/n1", ""},
			{"post", "POST", "/v1/notes", body},
		} {
			b.Run(call.name+"/"+side.name, func(b *testing.B) {
				r := httptest.NewRequest(call.method, call.path, nil)
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("X-Appwrite-Project", "app")
				r.Header.Set("X-Appwrite-Key", "standard_x")
				b.ReportAllocs()
				for b.Loop() {
					r.Body = io.NopCloser(strings.NewReader(call.body))
					r.ContentLength = int64(len(call.body))
					side.handler.ServeHTTP(discard{http.Header{}}, r)
				}
			})
		}
	}
}
