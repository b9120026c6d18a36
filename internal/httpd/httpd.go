// Package httpd serves the table of endpoints over HTTP.
package httpd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/compat"
	"moorfast/internal/datetime"
	"moorfast/internal/gateway"
	"moorfast/internal/project"
	"moorfast/internal/route"
)

// Server is the handler of every endpoint in a table.
type Server struct {
	Gateway *gateway.Gateway
	Log     *slog.Logger

	// Peer tells who sent a request, and by what: never from a header that the
	// client could have written itself.
	Peer func(*http.Request) api.Client

	Own         project.Own
	Locale      string // of requests that name none
	Locales     func(code string) bool
	Format      string // the response format of requests that name none; "" is the newest
	ForceHTTPS  bool
	NoPlain     bool // not even this machine is served by plain HTTP, where ForceHTTPS is set
	Compression Compression
	Cookies     Cookies

	// Hosts reports whether a host, in lower case and without its port, is ours; nil
	// takes every one. Addresses and localhost need not be asked about: no page can
	// be at them that another name leads to (DNS rebinding, N-9).
	Hosts func(host string) bool

	// Observe is told of every answer; nil is nobody.
	Observe func(Answer)

	routes route.Tree[*target]
}

// Answer is what is told of one that is being sent.
type Answer struct {
	Endpoint *api.Endpoint    // nil where the request was for none
	Project  *project.Project // nil where it was not found out
	Method   string           // as the client wrote it
	Status   int
	Err      *apierr.Error // nil where there was none
	Start    time.Time
	Took     time.Duration
}

// target is where a path leads.
type target struct {
	endpoint *api.Endpoint
	alias    bool // the path is an older one
}

// Route files every endpoint of the table under its paths.
func (s *Server) Route(table api.Table) error {
	for i := range table {
		e := &table[i]
		if err := s.routes.Add(e.Method, e.Path, &target{endpoint: e}); err != nil {
			return err
		}
		for _, path := range e.Aliases {
			if err := s.routes.Add(e.Method, path, &target{endpoint: e, alias: true}); err != nil {
				return err
			}
		}
	}
	return nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{s: s, w: w, r: r, start: time.Now()}
	defer x.recover()
	h := w.Header()
	maps.Copy(h, fixed)
	x.client = s.Peer(r)
	if x.client.Secure {
		h.Set("Strict-Transport-Security", "max-age=10886400")
	}
	if !s.here(x.client.Host) {
		x.fail(apierr.AccessForbidden)
		return
	}
	if r.Method == http.MethodOptions {
		x.preflight()
		return
	}
	if s.ForceHTTPS && x.forceHTTPS() {
		return
	}
	out, err := x.serve(r.Context())
	if err != nil {
		x.fail(err)
		return
	}
	x.reply(out)
}

// observe tells of the answer that is being sent.
func (x *exchange) observe(status int, err *apierr.Error) {
	if x.s.Observe != nil {
		x.s.Observe(Answer{x.endpoint, x.project, x.r.Method, status, err, x.start, time.Since(x.start)})
	}
}

// exchange is one request and its answer.
type exchange struct {
	s      *Server
	w      http.ResponseWriter
	r      *http.Request
	start  time.Time
	client api.Client

	endpoint *api.Endpoint // nil until it is known
	project  *project.Project
	call     *api.Call
	fallback bool // the session was looked for in X-Fallback-Cookies
}

// serve takes the request through the steps that are HTTP's own, and through
// the gateway.
func (x *exchange) serve(ctx context.Context) (any, error) {
	method := x.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	path := x.r.URL.EscapedPath()
	found, params, ok := x.s.routes.Find(method, path, make([]route.Param, 0, 4))
	credentials, err := x.credentials()
	if err != nil {
		return nil, err
	}
	if ok {
		x.endpoint = found.endpoint
		pathProject(found, params, credentials)
	}
	if x.project, err = x.s.Gateway.Find(ctx, credentials); err != nil {
		return nil, err
	}
	x.s.cors(x.w.Header(), x.client.Origin, x.project)
	if !ok {
		return nil, apierr.RouteNotFound
	}
	if err := x.s.checkOrigin(x.r, x.endpoint, x.project); err != nil {
		return nil, err
	}
	vals, err := x.values()
	if err != nil {
		return nil, err
	}
	defer x.release(vals)
	for _, p := range params {
		vals.Path = append(vals.Path, api.PathValue{Name: p.Name, Text: p.Value})
	}
	if x.endpoint.Rules.Where == api.ConsoleOnly && credentials.Team == "" {
		credentials.Team, _ = vals.Lookup("teamId")
	}
	if x.call, err = x.s.Gateway.Authenticate(ctx, x.endpoint, x.project, credentials); err != nil {
		return nil, err
	}
	x.call.Conditions = api.Conditions{
		Range: x.r.Header.Get("Range"), IfRange: x.r.Header.Get("If-Range"),
		IfNoneMatch: x.r.Header.Get("If-None-Match"), IfModifiedSince: x.r.Header.Get("If-Modified-Since"),
	}
	x.call.Chunk, _, _ = strings.Cut(x.r.Header.Get("Content-Range"), "/")
	if err := compat.Upgrade(x.call.Format, x.endpoint, vals); err != nil {
		return nil, err
	}
	return x.s.Gateway.Invoke(ctx, x.endpoint, x.call, vals)
}

// release closes the file of an upload, which is gone unless it was kept.
func (x *exchange) release(vals *api.Values) {
	if err := vals.Close(); err != nil {
		x.s.Log.WarnContext(x.r.Context(), "release an upload", "err", err, "endpoint", x.endpoint.Name)
	}
}

// pathProject lets the path of an older kind, "/v1/projects/{projectId}/keys",
// name the project that a request is for. Where the endpoint itself has that
// parameter, the request is about the project, and not in it.
func pathProject(t *target, params []route.Param, c *gateway.Credentials) {
	for _, p := range params {
		switch {
		case p.Name != "projectId":
		case t.endpoint.In.Has(p.Name):
			c.About = p.Value
		case t.alias:
			c.PathProject = p.Value
		}
	}
}

// credentials gathers what the request says about who sent it.
func (x *exchange) credentials() (*gateway.Credentials, error) {
	h, q := x.r.Header, lazyQuery{r: x.r}
	c := &gateway.Credentials{
		Project:      first(q.get("project"), h.Get("X-Appwrite-Project")),
		Admin:        first(q.get("mode"), h.Get("X-Appwrite-Mode")) == "admin",
		Key:          h.Get("X-Appwrite-Key"),
		KeyUser:      h.Get("X-Appwrite-User"),
		JWT:          h.Get("X-Appwrite-JWT"),
		Organization: h.Get("X-Appwrite-Organization"),
		Team:         h.Get("X-Appwrite-Organization"),
		Format:       first(h.Get("X-Appwrite-Response-Format"), x.s.Format),
		Locale:       x.s.Locale,
		Impersonate: gateway.Target{
			ID:    first(h.Get("X-Appwrite-Impersonate-User-Id"), q.get("impersonateUserId"), q.get("impersonateuserid")),
			Email: first(h.Get("X-Appwrite-Impersonate-User-Email"), q.get("impersonateemail")),
			Phone: first(h.Get("X-Appwrite-Impersonate-User-Phone"), q.get("impersonatephone")),
		},
	}
	if code := first(q.get("locale"), h.Get("X-Appwrite-Locale")); code != "" && x.s.Locales(code) {
		c.Locale = code
	}
	if c.Key != "" {
		if agent := h.Get("X-Forwarded-User-Agent"); agent != "" {
			x.client.UserAgent = agent
		}
	}
	if stamp := h.Get("X-Appwrite-Timestamp"); stamp != "" {
		var ok bool
		if c.Unchanged, ok = datetime.Parse(stamp); !ok {
			return nil, apierr.ArgumentInvalid.Detail("Invalid X-Appwrite-Timestamp header value")
		}
	}
	c.Cookie = func(project string) string {
		var text string
		text, x.fallback = x.s.Cookies.session(x.r, project)
		return text
	}
	x.client.Refuses = func(address string) string {
		_, why := x.project.AllowsRedirect(address, x.s.Own)
		return why
	}
	c.Client = x.client
	return c, nil
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// lazyQuery reads single parameters of a query, which most requests have none of.
type lazyQuery struct {
	r      *http.Request
	values map[string][]string
}

func (q *lazyQuery) get(name string) string {
	if q.r.URL.RawQuery == "" {
		return ""
	}
	if q.values == nil {
		q.values = q.r.URL.Query()
	}
	if v := q.values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// forceHTTPS sends a reader on to the same address by HTTPS, and refuses
// everyone else, whose request has already been seen on the way.
func (x *exchange) forceHTTPS() bool {
	host := project.Host(x.r.Host)
	if x.client.Secure || !x.s.NoPlain && (host == "localhost" || strings.HasPrefix(host, "127.") || host == "[::1]") {
		return false
	}
	if x.r.Method != http.MethodGet {
		x.fail(apierr.ProtocolUnsupported)
		return true
	}
	x.redirect(x.client.Host)
	return true
}

// recover answers for a handler that panicked. The answer says nothing of why.
func (x *exchange) recover() {
	reason := recover()
	if reason == nil {
		return
	}
	if err, ok := reason.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(reason)
	}
	x.fail(fmt.Errorf("panic: %v\n%s", reason, debug.Stack()))
}
