package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync/atomic"
)

// app is a project with a table of movies, and a user who is signed in.
type app struct {
	ctx     context.Context
	server  *process
	client  *http.Client
	headers map[string]string // of the user
	admin   map[string]string // of the owner, working on the project
	listURL string
	cookie  string // of the user
	created atomic.Int64
	deleted atomic.Int64
}

const (
	email    = "load@example.org"
	password = "correct horse 1"
	table    = "/tablesdb/main/tables/movies"
)

func newApp(ctx context.Context, s *process) (*app, error) {
	a := &app{ctx: ctx, server: s, client: newClient()}
	console := map[string]string{}
	steps := []struct {
		path    string
		body    any
		headers map[string]string
	}{
		{"/account", map[string]any{"userId": "unique()", "email": email, "password": password}, console},
		{"/account/sessions/email", map[string]any{"email": email, "password": password}, console},
		{"/teams", map[string]any{"teamId": "home", "name": "Home"}, console},
		{"/organization/projects", map[string]any{"projectId": "load", "name": "Load"}, console},
	}
	for _, step := range steps {
		console["X-Appwrite-Organization"] = "home"
		cookie, err := a.do("POST", step.path, step.body, step.headers)
		if err != nil {
			return nil, err
		}
		if cookie != "" {
			console["Cookie"] = cookie
		}
	}
	admin := map[string]string{"Cookie": console["Cookie"], "X-Appwrite-Project": "load", "X-Appwrite-Mode": "admin"}
	a.admin = admin
	column := func(kind string, more map[string]any) func() error {
		return func() error { _, err := a.do("POST", table+"/columns/"+kind, more, admin); return err }
	}
	for _, step := range []func() error{
		func() error {
			_, err := a.do("POST", "/tablesdb", map[string]any{"databaseId": "main", "name": "Main"}, admin)
			return err
		},
		func() error {
			_, err := a.do("POST", "/tablesdb/main/tables", map[string]any{"tableId": "movies", "name": "Movies", "rowSecurity": true, "permissions": []string{`create("users")`}}, admin)
			return err
		},
		column("varchar", map[string]any{"key": "title", "size": 128, "required": true}),
		column("varchar", map[string]any{"key": "category", "size": 32, "required": true}),
		column("integer", map[string]any{"key": "score", "required": true}),
		column("text", map[string]any{"key": "body", "required": false}),
		column("boolean", map[string]any{"key": "seen", "required": false, "default": false}),
		column("datetime", map[string]any{"key": "at", "required": false}),
		func() error {
			_, err := a.do("POST", table+"/indexes", map[string]any{"key": "by_score", "type": "key", "columns": []string{"category", "score"}}, admin)
			return err
		},
		func() error {
			_, err := a.do("POST", "/users", map[string]any{"userId": "ada", "email": email, "password": password}, admin)
			return err
		},
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	cookie, err := a.do("POST", "/account/sessions/email", map[string]any{"email": email, "password": password}, map[string]string{"X-Appwrite-Project": "load"})
	if err != nil {
		return nil, err
	}
	a.cookie = cookie
	a.headers = map[string]string{"Cookie": cookie, "X-Appwrite-Project": "load"}
	query := url.Values{}
	for _, q := range []string{
		`{"method":"equal","attribute":"category","values":["c1"]}`,
		`{"method":"lessThan","attribute":"score","values":[900]}`,
		`{"method":"orderDesc","attribute":"score"}`,
		`{"method":"limit","values":[30]}`,
	} {
		query.Add("queries[]", q)
	}
	a.listURL = table + "/rows?" + query.Encode()
	return a, nil
}

func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}}
}

// fill makes the rows that are there before measuring.
func (a *app) fill() error { return fillRows(&a.created, a.create) }

func fillRows(created *atomic.Int64, create func(int, int) error) error {
	errs := make(chan error, 16)
	for range 16 {
		go func() {
			for created.Load() < int64(*rows) {
				if err := create(0, 0); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range 16 {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

// do sends a request, and returns the session cookie of its answer.
func (a *app) do(method, path string, body any, headers map[string]string) (cookie string, err error) {
	r, err := a.request(method, path, body, headers)
	if err != nil {
		return "", err
	}
	response, err := a.client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode >= 300 {
		return "", fmt.Errorf("%s %s: %d %s", method, path, response.StatusCode, answer)
	}
	for _, c := range response.Cookies() {
		cookie = c.Name + "=" + c.Value
	}
	return cookie, nil
}

func (a *app) request(method, path string, body any, headers map[string]string) (*http.Request, error) {
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(a.ctx, method, a.server.endpoint+path, reader)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	for k, v := range headers {
		r.Header.Set(k, v)
	}
	return r, nil
}

func row(n int64) string { return fmt.Sprintf("row%d", n) }

// some is the id of a row that was there before measuring.
func some() string { return row(1 + rand.Int64N(int64(*rows))) }

// version is the least that a request can be: the cost of HTTP here and now.
func (a *app) version(int, int) error {
	_, err := a.do("GET", "/health/version", nil, nil)
	return err
}

func (a *app) get(int, int) error {
	_, err := a.do("GET", table+"/rows/"+some(), nil, a.headers)
	return err
}

func (a *app) list(int, int) error {
	_, err := a.do("GET", a.listURL, nil, a.headers)
	return err
}

func (a *app) create(int, int) error {
	n := a.created.Add(1)
	_, err := a.do("POST", table+"/rows", map[string]any{"rowId": row(n), "data": movie(n)}, a.headers)
	return err
}

// movie is what a row has.
func movie(n int64) map[string]any {
	return map[string]any{
		"title": fmt.Sprintf("Movie number %d", n), "category": fmt.Sprintf("c%d", n%10), "score": n % 1000,
		"body": "A text of about a hundred characters, which is what a short description in an app may well come to be.",
		"at":   "2026-01-02T03:04:05.678+00:00",
	}
}

func (a *app) update(int, int) error {
	_, err := a.do("PATCH", table+"/rows/"+some(), map[string]any{"data": map[string]any{"score": rand.IntN(1000)}}, a.headers)
	return err
}

// prepareDelete lets deletion begin at the newest rows.
func (a *app) prepareDelete() { a.deleted.Store(a.created.Load() + 1) }

func (a *app) delete(int, int) error {
	n := a.deleted.Add(-1)
	if n <= int64(*rows) {
		return fmt.Errorf("no rows are left to delete")
	}
	_, err := a.do("DELETE", table+"/rows/"+row(n), nil, a.headers)
	return err
}

func (a *app) mixed(worker, i int) error {
	if i%5 == 0 {
		return a.update(worker, i)
	}
	return a.get(worker, i)
}
