package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"
)

var (
	compare = flag.Bool("compare", false, "instead of the rest, run the same operations on PocketBase and show ratios")
	other   = flag.String("pocketbase", "pocketbase", "the PocketBase program, a path or a name on PATH")
)

// A subject is a server whose table is measured.
type subject interface {
	fill() error
	operations() map[string]func(worker, i int) error
}

func (a *app) operations() map[string]func(int, int) error {
	return map[string]func(int, int) error{
		"floor": a.version, "get": a.get, "list": a.list, "create": a.create, "update": a.update, "mixed": a.mixed,
		"upload": a.uploadSmall,
	}
}

// measureCompared runs operations on both servers, one after the other, and
// prints how many times better moorfast is, or worse below 1. Both have
// rows of one owner, and rules that ask for the owner; PocketBase commits with
// synchronous=NORMAL and logs requests, as it is shipped. Files are sealed here, and
// not there.
func measureCompared(ctx context.Context) error {
	path, err := exec.LookPath(*other)
	if err != nil {
		fmt.Printf("nothing to compare with: there is no %s on PATH (name one with -pocketbase)\n", *other)
		return nil
	}
	ours, err := start(ctx, *binary)
	if err != nil {
		return err
	}
	defer ours.stop()
	a, err := newApp(ctx, ours)
	if err != nil {
		return err
	}
	theirs, p, err := startPocketBase(ctx, path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer theirs.stop()
	for _, s := range []subject{a, p} {
		if err := s.fill(); err != nil {
			return err
		}
	}
	if err := a.makeBucket(); err != nil {
		return err
	}
	version, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return fmt.Errorf("%s --version: %w", path, err)
	}
	fmt.Printf("moorfast (synchronous=FULL) and %s, %d rows; a ratio above 1 is in favour of moorfast\n\n", bytes.TrimSpace(version), *rows)
	fmt.Printf("%-28s %5s %10s %10s %7s %12s %12s %7s %7s\n", "operation", "conns", "ops/s", "other", "ratio", "CPU µs/op", "other", "ratio", "p99")
	for _, c := range []struct {
		name  string
		conns int
		what  string
	}{
		{"floor", 16, "health: HTTP alone"},
		{"get", 16, "one row by id"},
		{"list", 16, "30 rows, filter+sort+total"},
		{"create", 1, "create"},
		{"create", 16, "create"},
		{"create", 64, "create"},
		{"update", 16, "update"},
		{"mixed", 16, "80 % get, 20 % update"},
		{"mixed", 64, "80 % get, 20 % update"},
		{"upload", 16, "upload of 100 KiB"},
	} {
		mine, err := measure(ctx, ours, c.conns, a.operations()[c.name])
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		its, err := measure(ctx, theirs, c.conns, p.operations()[c.name])
		if err != nil {
			return fmt.Errorf("%s of the other: %w", c.name, err)
		}
		fmt.Printf("%-28s %5d %10.0f %10.0f %6.1f× %12.0f %12.0f %6.1f× %6.1f×\n", c.what, c.conns,
			mine.rate, its.rate, mine.rate/its.rate, mine.cpu, its.cpu, its.cpu/mine.cpu, its.p99/mine.p99)
	}
	fmt.Printf("\nmemory: %d MB and %d MB\n", ours.memory()>>20, theirs.memory()>>20)
	return nil
}

// pocketBase is a PocketBase with the same table, and a user who is signed in.
type pocketBase struct {
	app     // for its client
	user    string
	token   string
	created atomic.Int64
}

const records = "/api/collections/movies/records"

func startPocketBase(ctx context.Context, path string) (*process, *pocketBase, error) {
	dir, err := os.MkdirTemp("", "pocketbase-load-")
	if err != nil {
		return nil, nil, err
	}
	s := &process{dir: dir}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, nil, err
	}
	where := []string{"--dir", dir, "--migrationsDir", filepath.Join(dir, "migrations")} // else the next one finds what this one made
	if out, err := exec.CommandContext(ctx, path, append([]string{"superuser", "upsert", email, password}, where...)...).CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("superuser: %w\n%s", err, out)
	}
	s.cmd = exec.CommandContext(ctx, path, append([]string{"serve", "--http", address}, where...)...)
	if err := s.cmd.Start(); err != nil {
		return nil, nil, err
	}
	s.endpoint = "http://" + address
	p := &pocketBase{app: app{ctx: ctx, server: s, client: newClient()}}
	if err := errors.Join(p.await(ctx), p.prepare()); err != nil {
		s.stop()
		return nil, nil, err
	}
	return s, p, nil
}

// freeAddress is one that nobody listens on just now.
func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// await waits until the server answers.
func (p *pocketBase) await(ctx context.Context) error {
	var err error
	for range 200 {
		if err = p.floor(0, 0); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return err
}

// prepare makes the table and the user.
func (p *pocketBase) prepare() error {
	admin, _, err := p.signIn("_superusers")
	if err != nil {
		return err
	}
	headers := map[string]string{"Authorization": admin}
	const owner = "owner = @request.auth.id"
	field := func(name, kind string) map[string]any { return map[string]any{"name": name, "type": kind} }
	if _, err := p.do("POST", "/api/collections", map[string]any{
		"name": "movies", "type": "base", "listRule": owner, "viewRule": owner, "createRule": `@request.auth.id != ""`, "updateRule": owner, "deleteRule": owner,
		"fields": []any{
			field("owner", "text"), field("title", "text"), field("category", "text"), field("score", "number"),
			field("body", "text"), field("seen", "bool"), field("at", "date"),
		},
		"indexes": []string{"CREATE INDEX idx_by_score ON movies (owner, category, score)"},
	}, headers); err != nil {
		return err
	}
	if _, err := p.do("POST", "/api/collections", map[string]any{
		"name": "files", "type": "base", "createRule": `@request.auth.id != ""`, "viewRule": owner,
		"fields": []any{field("owner", "text"), field("file", "file")},
	}, headers); err != nil {
		return err
	}
	if _, err := p.do("POST", "/api/collections/users/records", map[string]any{"email": email, "password": password, "passwordConfirm": password}, headers); err != nil {
		return err
	}
	p.token, p.user, err = p.signIn("users")
	p.headers = map[string]string{"Authorization": p.token}
	return err
}

func (p *pocketBase) signIn(collection string) (token, id string, err error) {
	body, err := p.answer("POST", "/api/collections/"+collection+"/auth-with-password", map[string]any{"identity": email, "password": password})
	if err != nil {
		return "", "", err
	}
	var in struct {
		Token  string
		Record struct{ ID string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return "", "", err
	}
	return in.Token, in.Record.ID, nil
}

// answer is do for what answers with more than a cookie.
func (p *pocketBase) answer(method, path string, body any) ([]byte, error) {
	r, err := p.request(method, path, body, nil)
	if err != nil {
		return nil, err
	}
	response, err := p.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %d %s", method, path, response.StatusCode, answer)
	}
	return answer, err
}

func (p *pocketBase) operations() map[string]func(int, int) error {
	return map[string]func(int, int) error{
		"floor": p.floor, "get": p.get, "list": p.list, "create": p.create, "update": p.update, "mixed": p.mixed,
		"upload": p.uploadSmall,
	}
}

func (p *pocketBase) uploadSmall(int, int) error {
	r, err := p.form("/api/collections/files/records", "owner", p.user, "small.bin", small())
	if err == nil {
		_, err = p.send(r, p.headers)
	}
	return err
}

func (p *pocketBase) fill() error { return fillRows(&p.created, p.create) }

// record is a row's id, of the 15 characters that PocketBase wants.
func record(n int64) string { return fmt.Sprintf("row%012d", n) }

func someRecord() string { return record(1 + rand.Int64N(int64(*rows))) }

func (p *pocketBase) floor(int, int) error {
	_, err := p.do("GET", "/api/health", nil, nil)
	return err
}

func (p *pocketBase) get(int, int) error {
	_, err := p.do("GET", records+"/"+someRecord(), nil, p.headers)
	return err
}

func (p *pocketBase) list(int, int) error {
	q := url.Values{"filter": {`category="c1" && score<900`}, "sort": {"-score"}, "perPage": {"30"}}
	_, err := p.do("GET", records+"?"+q.Encode(), nil, p.headers)
	return err
}

func (p *pocketBase) create(int, int) error {
	n := p.created.Add(1)
	values := movie(n)
	values["id"], values["owner"], values["at"] = record(n), p.user, "2026-01-02 03:04:05.678Z"
	_, err := p.do("POST", records, values, p.headers)
	return err
}

func (p *pocketBase) update(int, int) error {
	_, err := p.do("PATCH", records+"/"+someRecord(), map[string]any{"score": rand.IntN(1000)}, p.headers)
	return err
}

func (p *pocketBase) mixed(worker, i int) error {
	if i%5 == 0 {
		return p.update(worker, i)
	}
	return p.get(worker, i)
}
