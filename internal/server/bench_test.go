package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"moorfast/internal/httpd"
	"moorfast/internal/server/servertest"
)

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// BenchmarkRows takes requests of a signed-in user through the whole program,
// without a network: a table of 10,000 rows, each with permissions of its own.
// It is for profiles; test/load measures processes.
func BenchmarkRows(b *testing.B) {
	s := servertest.New(b)
	app := s.Found()
	const table = "/tablesdb/main/tables/movies"
	app.Admin.Must("POST", "/tablesdb", servertest.M{"databaseId": "main", "name": "Main"})
	app.Admin.Must("POST", "/tablesdb/main/tables", servertest.M{"tableId": "movies", "name": "Movies", "rowSecurity": true, "permissions": []string{`create("users")`}})
	for _, c := range []struct {
		kind string
		more servertest.M
	}{
		{"varchar", servertest.M{"key": "title", "size": 128, "required": true}},
		{"varchar", servertest.M{"key": "category", "size": 32, "required": true}},
		{"integer", servertest.M{"key": "score", "required": true}},
		{"text", servertest.M{"key": "body", "required": false}},
		{"boolean", servertest.M{"key": "seen", "required": false, "default": false}},
		{"datetime", servertest.M{"key": "at", "required": false}},
	} {
		app.Admin.Must("POST", table+"/columns/"+c.kind, c.more)
	}
	app.Admin.Must("POST", table+"/indexes", servertest.M{"key": "by_score", "type": "key", "columns": []string{"category", "score"}})
	app.Admin.Must("POST", "/users", servertest.M{"userId": "ada", "email": "ada@example.org", "password": "correct horse 1"})
	session := app.Admin.Must("POST", "/users/ada/sessions", servertest.M{})

	request := func(b *testing.B, method, path, body string, want int) {
		b.Helper()
		r := httptest.NewRequest(method, "/v1"+path, nil)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Appwrite-Project", app.ID)
		r.Header.Set("X-Appwrite-Session", session.Text("secret"))
		if strings.HasSuffix(path, "/rows") && strings.HasPrefix(body, `{"rows"`) { // which is for servers
			r.Header.Del("X-Appwrite-Session")
			r.Header.Set("X-Appwrite-Key", app.Key.Header("X-Appwrite-Key"))
		}
		w := &discard{header: http.Header{}}
		s.Handler.ServeHTTP(w, r)
		if w.status != want {
			b.Fatalf("%s %s: %d", method, path, w.status)
		}
	}
	n := 0
	bulk := func(b *testing.B) { // of a hundred rows, each with a list of permissions of its own
		rows := make([]servertest.M, 100)
		for i := range rows {
			n++
			rows[i] = servertest.M{
				"$id": fmt.Sprintf("row%d", n), "$permissions": []string{`read("label:all")`, `update("label:all")`, fmt.Sprintf(`read("user:u%d")`, n%1000)},
				"title": fmt.Sprintf("Movie number %d", n), "category": fmt.Sprintf("c%d", n%10), "score": n % 1000,
				"body": "A text of about a hundred characters, which is what a short description in an app may well come to be.",
				"at":   "2026-01-02T03:04:05.678+00:00",
			}
		}
		body, err := json.Marshal(servertest.M{"rows": rows})
		if err != nil {
			b.Fatal(err)
		}
		request(b, "POST", table+"/rows", string(body), 201)
	}
	create := func(b *testing.B) {
		n++
		body, err := json.Marshal(servertest.M{"rowId": fmt.Sprintf("row%d", n), "data": servertest.M{
			"title": fmt.Sprintf("Movie number %d", n), "category": fmt.Sprintf("c%d", n%10), "score": n % 1000,
			"body": "A text of about a hundred characters, which is what a short description in an app may well come to be.",
			"at":   "2026-01-02T03:04:05.678+00:00",
		}})
		if err != nil {
			b.Fatal(err)
		}
		request(b, "POST", table+"/rows", string(body), 201)
	}
	for n < 10_000 {
		create(b)
	}
	query := url.Values{}
	for _, q := range []string{
		`{"method":"equal","attribute":"category","values":["c1"]}`,
		`{"method":"lessThan","attribute":"score","values":[900]}`,
		`{"method":"orderDesc","attribute":"score"}`,
		`{"method":"limit","values":[30]}`,
	} {
		query.Add("queries[]", q)
	}
	for _, bench := range []struct {
		name string
		do   func(b *testing.B, i int)
	}{
		{"get", func(b *testing.B, i int) { request(b, "GET", fmt.Sprintf("%s/rows/row%d", table, 1+i%10_000), "", 200) }},
		{"list", func(b *testing.B, _ int) { request(b, "GET", table+"/rows?"+query.Encode(), "", 200) }},
		{"create", func(b *testing.B, _ int) { create(b) }},
		{"bulk", func(b *testing.B, _ int) { bulk(b) }},
		{"update", func(b *testing.B, i int) {
			request(b, "PATCH", fmt.Sprintf("%s/rows/row%d", table, 1+i%10_000), fmt.Sprintf(`{"data":{"score":%d}}`, i%997), 200)
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				bench.do(b, i)
			}
		})
	}
}

// BenchmarkAudit is the creation of a row with the audit log, and without it,
// with many clients at once, as a server has them.
func BenchmarkAudit(b *testing.B) {
	for _, name := range []string{"without", "with"} {
		b.Run(name, func(b *testing.B) {
			s := servertest.New(b)
			app := s.Found()
			const table = "/tablesdb/main/tables/movies"
			app.Admin.Must("POST", "/tablesdb", servertest.M{"databaseId": "main", "name": "Main"})
			app.Admin.Must("POST", "/tablesdb/main/tables", servertest.M{"tableId": "movies", "name": "Movies", "permissions": []string{`create("users")`}})
			app.Admin.Must("POST", table+"/columns/varchar", servertest.M{"key": "title", "size": 128, "required": true})
			app.Admin.Must("POST", "/users", servertest.M{"userId": "ada", "email": "ada@example.org", "password": "correct horse 1"})
			session := app.Admin.Must("POST", "/users/ada/sessions", servertest.M{})
			if name == "without" {
				s.Handler.(*httpd.Server).Gateway.Units.Audit = nil
			}
			ctx, stop := context.WithCancel(context.Background())
			var relay sync.WaitGroup
			relay.Go(func() { s.Audit.Run(ctx) })
			defer relay.Wait()
			defer stop()
			var n atomic.Int64
			b.SetParallelism(16)
			b.ReportAllocs()
			before := processorTime()
			defer func() { b.ReportMetric(float64(processorTime()-before)/float64(b.N), "cpu-ns/op") }()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					body := fmt.Sprintf(`{"rowId":"row%d","data":{"title":"Movie number %[1]d"}}`, n.Add(1))
					r := httptest.NewRequest("POST", "/v1"+table+"/rows", nil)
					r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("X-Appwrite-Project", app.ID)
					r.Header.Set("X-Appwrite-Session", session.Text("secret"))
					w := &discard{header: http.Header{}}
					s.Handler.ServeHTTP(w, r)
					if w.status != 201 {
						b.Errorf("%d", w.status)
					}
				}
			})
		})
	}
}

// BenchmarkUpload is the upload of 100 KiB, sealed, with many clients at once.
func BenchmarkUpload(b *testing.B) {
	s := servertest.New(b)
	app := s.Found()
	app.Admin.Must("POST", "/storage/buckets", servertest.M{"bucketId": "files", "name": "Files", "permissions": []string{`create("users")`}})
	app.Admin.Must("POST", "/users", servertest.M{"userId": "ada", "email": "ada@example.org", "password": "correct horse 1"})
	session := app.Admin.Must("POST", "/users/ada/sessions", servertest.M{}).Text("secret")
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", "small.bin")
	if err == nil {
		_, err = part.Write(bytes.Repeat([]byte("0123456789abcdef"), 6400))
	}
	if err := errors.Join(err, w.WriteField("fileId", "unique()"), w.Close()); err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(8)
	b.ReportAllocs()
	before := processorTime()
	defer func() { b.ReportMetric(float64(processorTime()-before)/float64(b.N), "cpu-ns/op") }()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest("POST", "/v1/storage/buckets/files/files", bytes.NewReader(body.Bytes()))
			r.Header.Set("Content-Type", w.FormDataContentType())
			r.Header.Set("X-Appwrite-Project", app.ID)
			r.Header.Set("X-Appwrite-Session", session)
			to := &discard{header: http.Header{}}
			s.Handler.ServeHTTP(to, r)
			if to.status != 201 {
				b.Errorf("%d", to.status)
			}
		}
	})
}

// processorTime is what the process has used of the processors. Unlike the time
// on the wall, it does not depend on what else the machine does.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
