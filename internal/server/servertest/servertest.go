// Package servertest runs the whole server in a test: a real store, a real
// listener, and a clock that stands still until it is moved. The store is SQLite
// in a folder of its own, or, where the environment has MOORFAST_TEST_SERVER=postgres,
// a database of its own on the server that MOORFAST_TEST_POSTGRES names.
package servertest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/server"
	"moorfast/internal/store/postgres/postgrestest"
)

// Server is a running server.
type Server struct {
	*server.Server
	URL   string // of the API, with /v1
	Dir   string // of its data
	Clock *clock.Manual
	Log   *bytes.Buffer
	Stop  func() // it stops with the test, too

	t testing.TB
}

// New runs a server with the settings of env, which are those of the
// environment: "_APP_LOCALE=de". Rate limits are off unless env says otherwise.
func New(t testing.TB, env ...string) *Server {
	t.Helper()
	return Open(t, t.TempDir(), append(env, Environment(t)...)...)
}

// Environment returns the settings of a store of its own, for servers that are
// opened on it one after the other.
func Environment(t testing.TB) []string {
	t.Helper()
	if os.Getenv("MOORFAST_TEST_SERVER") == "postgres" {
		return []string{"MOORFAST_DB=" + postgrestest.Database(t, os.Getenv("MOORFAST_TEST_POSTGRES"))}
	}
	return nil
}

// Open is [New] on a data directory.
func Open(t testing.TB, dir string, env ...string) *Server {
	t.Helper()
	c, err := config.Load(config.Sources{Flags: map[string]string{"data": dir}, Environ: append([]string{"_APP_OPTIONS_ABUSE=disabled"}, env...)})
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, Dir: dir, Clock: clock.NewManual(time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)), Log: new(bytes.Buffer)}
	log := slog.New(slog.NewTextHandler(s.Log, nil))
	if s.Server, err = server.New(context.Background(), c, log, s.Clock); err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(s.Handler)
	s.URL = listener.URL + "/v1"
	s.Stop = sync.OnceFunc(func() {
		listener.Close()
		if err := s.Close(); err != nil {
			t.Errorf("close the server: %v", err)
		}
	})
	t.Cleanup(s.Stop)
	return s
}

// Client calls a server as one caller: it keeps cookies, and sends headers.
type Client struct {
	s       *Server
	headers map[string]string
	cookies map[string]string
}

// Guest returns a client without credentials. Pairs of headers go with each of
// its calls.
func (s *Server) Guest(headers ...string) *Client {
	c := &Client{s: s, headers: map[string]string{}, cookies: map[string]string{}}
	for i := 0; i+1 < len(headers); i += 2 {
		c.headers[headers[i]] = headers[i+1]
	}
	return c
}

// With returns a client with more headers, and the same cookies.
func (c *Client) With(headers ...string) *Client {
	more := c.s.Guest(headers...)
	for k, v := range c.headers {
		if _, ok := more.headers[k]; !ok {
			more.headers[k] = v
		}
	}
	more.cookies = c.cookies
	return more
}

// Copy returns a client with the cookies that this one has now, as a thief has
// them.
func (c *Client) Copy() *Client {
	copied := *c
	copied.cookies = maps.Clone(c.cookies)
	return &copied
}

// At returns the same client as it calls another server.
func (c *Client) At(s *Server) *Client {
	moved := *c
	moved.s = s
	return &moved
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	JSON   map[string]any // nil where the body is no object
}

// Text returns a text of the body by its path: "user.name".
func (a Answer) Text(path string) string {
	var v any = a.JSON
	for name := range strings.SplitSeq(path, ".") {
		object, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = object[name]
	}
	s, ok := v.(string)
	if !ok && v != nil {
		b, _ := json.Marshal(v) //nolint:errchkjson // it was JSON
		return string(b)
	}
	return s
}

// Do calls the server. A body that is a string is sent as it is, anything else
// as JSON.
func (c *Client) Do(method, path string, body any) Answer {
	c.s.t.Helper()
	var reader io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(body)
	default:
		b, err := json.Marshal(body)
		if err != nil {
			c.s.t.Fatal(err)
		}
		reader = bytes.NewReader(b)
	}
	url := c.s.URL + path
	if strings.HasPrefix(path, "!") { // not under /v1
		url = strings.TrimSuffix(c.s.URL, "/v1") + path[1:]
	}
	r, err := http.NewRequestWithContext(context.Background(), method, url, reader)
	if err != nil {
		c.s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for k, v := range c.headers {
		r.Header.Set(k, v)
	}
	for k, v := range c.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	transport := http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(r)
	if err != nil {
		c.s.t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		c.s.t.Fatal(err)
	}
	for _, k := range response.Cookies() {
		if k.Value == "" {
			delete(c.cookies, k.Name)
			continue
		}
		c.cookies[k.Name] = k.Value
	}
	a := Answer{Status: response.StatusCode, Header: response.Header, Body: string(b)}
	if json.Unmarshal(b, &a.JSON) != nil {
		a.JSON = nil
	}
	return a
}

// Must is Do for a call that has to succeed.
func (c *Client) Must(method, path string, body any) Answer {
	c.s.t.Helper()
	a := c.Do(method, path, body)
	if a.Status >= 300 {
		c.s.t.Fatalf("%s %s: %d %s", method, path, a.Status, a.Body)
	}
	return a
}

// Refused calls the server, and expects an error of a type and a status.
func (c *Client) Refused(method, path string, body any, status int, typ string) Answer {
	c.s.t.Helper()
	a := c.Do(method, path, body)
	if a.Status != status || a.Text("type") != typ {
		c.s.t.Errorf("%s %s\ngot  %d %s\nwant %d %s", method, path, a.Status, a.Body, status, typ)
	}
	return a
}

// M is short for an object.
type M = map[string]any

// Project is a project with its owner.
type Project struct {
	ID    string
	Owner *Client // at the console
	Admin *Client // the owner, working on the project
	Key   *Client // with an API key of every scope
	Guest *Client
}

// Found signs up the first account of the console, and makes an organization
// "home", and a project "app" in it, with a key.
func (s *Server) Found() Project {
	s.t.Helper()
	owner := s.Guest()
	owner.Must("POST", "/account", M{"userId": "olga", "email": "olga@example.org", "password": "correct horse 1", "name": "Olga"})
	owner.Must("POST", "/account/sessions/email", M{"email": "olga@example.org", "password": "correct horse 1"})
	owner.Must("POST", "/teams", M{"teamId": "home", "name": "Home"})
	return s.Project(owner, "app")
}

// Project makes another project of the organization "home".
func (s *Server) Project(owner *Client, id string) Project {
	s.t.Helper()
	owner.With("X-Appwrite-Organization", "home").Must("POST", "/organization/projects", M{"projectId": id, "name": id})
	p := Project{
		ID: id, Owner: owner,
		Admin: owner.With("X-Appwrite-Project", id, "X-Appwrite-Mode", "admin"),
		Guest: s.Guest("X-Appwrite-Project", id),
	}
	var scopes []string
	list := owner.Must("GET", "/console/scopes/project", nil)
	for _, sc := range list.JSON["scopes"].([]any) {
		scopes = append(scopes, sc.(map[string]any)["$id"].(string))
	}
	key := p.Admin.Must("POST", "/project/keys", M{"keyId": "all", "name": "All", "scopes": scopes})
	p.Key = s.Guest("X-Appwrite-Project", id, "X-Appwrite-Key", key.Text("secret"))
	return p
}

// Header returns a header that the client sends.
func (c *Client) Header(name string) string { return c.headers[name] }
