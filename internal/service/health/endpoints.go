// Package health tells whether the parts of the server work. Appwrite's parts
// are many processes; here most are this one, which answers for them.
package health

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/identity"
)

// Service serves the health endpoints.
type Service struct {
	Version string
	Ping    func(context.Context) error // of the store
	Local   func() error                // whether the data directory can be written
	Storage func(context.Context) error // whether files can be written and read
	Geo     bool                        // addresses can be placed
	Scanner Scanner                     // of files; nil where there is none
	Out     Dialer                      // to hosts whose certificates are looked at

	// Security is what the doctor says of the installation to a caller, as JSON.
	Security func(ctx context.Context, caller netip.Addr) (json.RawMessage, error)
	Now      func() time.Time
}

// Scanner is what looks for viruses.
type Scanner interface {
	Version(ctx context.Context) (string, error)
}

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	return []api.Endpoint{
		api.New(spec("get", "", "healthStatus", "Tell whether the server answers."), s.get),
		api.New(spec("getDB", "/db", "healthStatusList", "Tell whether the database answers."), s.db),
		api.New(spec("getCache", "/cache", "healthStatusList", "Tell whether the cache answers, which is this process."), s.cache),
		api.New(spec("getPubSub", "/pubsub", "healthStatusList", "Tell whether messages between parts arrive, which are one process."), s.pubsub),
		api.New(spec("getStorageLocal", "/storage/local", "healthStatus", "Tell whether the data directory can be read and written."), s.local),
		api.New(spec("getStorage", "/storage", "healthStatus", "Tell whether files can be written and read where they are stored."), s.storage),
		api.New(spec("getAntivirus", "/anti-virus", "healthAntivirus", "Tell whether files are searched for viruses."), s.antivirus),
		api.New(spec("getCertificate", "/certificate", "healthCertificate", "Tell about the certificate that a domain shows."), s.certificate),
		api.New(spec("getTime", "/time", "healthTime", "Compare the clock with another's, which would need the internet."), s.time),
		api.New(spec("getGeo", "/geo", "healthStatus", "Tell whether addresses can be placed."), s.geo),
		api.New(spec("getFailedJobs", "/queue/failed/{name}", "healthQueue", "Count the jobs of a queue that have failed."), s.failed),
		api.New(security, s.security),
		api.New(open("getVersion", "/version", "healthVersion", "Tell the version of the API."), s.version),
	}
}

func spec(name, path, model, summary string) api.Spec {
	return api.Spec{
		Name: "health." + name, Method: "GET", Path: "/v1/health" + path, Model: model, Summary: summary,
		Auth: identity.Key | identity.Admin, Scopes: []string{"health.read"}, Rules: api.Rules{Open: true},
	}
}

// security is for who owns an organization of the console: it tells where the
// installation is weak.
var security = api.Spec{
	Name: "health.getSecurity", Method: "GET", Path: "/v1/health/security",
	Summary: "Tell what is wrong with the installation, as moorfast doctor does. For owners, at the console.",
	Auth:    identity.Session | identity.JWT, Scopes: []string{"account"}, Rules: api.Rules{Where: api.ConsoleOnly},
	Limit: api.Limit{N: 60, Keys: []string{"url:{url},userId:{userId}"}},
}

func (s *Service) security(ctx context.Context, call *api.Call, _ none) (api.Raw, error) {
	owns := func(m identity.Membership) bool { return slices.Contains(m.Roles, identity.RoleOwner) }
	if call.Actor.User == nil || !slices.ContainsFunc(call.Actor.User.Memberships, owns) {
		return nil, apierr.UserUnauthorized
	}
	report, err := s.Security(ctx, call.Client.Addr)
	return api.Raw(report), err
}

func open(name, path, model, summary string) api.Spec {
	s := spec(name, path, model, summary)
	s.Auth, s.Scopes = identity.Guest, nil
	return s
}

type none struct{}

type status struct {
	Name   string `json:"name"`
	Ping   int64  `json:"ping"` // milliseconds
	Status string `json:"status"`
}

type statusList struct {
	Total    int      `json:"total"`
	Statuses []status `json:"statuses"`
}

func (s *Service) get(context.Context, *api.Call, none) (status, error) {
	return status{Name: "http", Status: "pass"}, nil
}

func (s *Service) db(ctx context.Context, _ *api.Call, _ none) (statusList, error) {
	begin := s.Now()
	if err := s.Ping(ctx); err != nil {
		return statusList{}, apierr.ServerError.Detail("DB failure on: db").Because(err)
	}
	took := s.Now().Sub(begin).Milliseconds()
	return all(status{"Console.DB (db)", took, "pass"}, status{"Projects.DB (db)", took, "pass"}), nil
}

func all(list ...status) statusList { return statusList{len(list), list} }

func (s *Service) cache(context.Context, *api.Call, none) (statusList, error) {
	return all(status{Name: "Cache", Status: "pass"}), nil
}

func (s *Service) pubsub(context.Context, *api.Call, none) (statusList, error) {
	return all(status{Name: "PubSub (local)", Status: "pass"}), nil
}

func (s *Service) local(context.Context, *api.Call, none) (status, error) {
	begin := s.Now()
	if err := s.Local(); err != nil {
		return status{}, apierr.ServerError.Detail("Device data dir is not readable or not writable").Because(err)
	}
	return status{Ping: s.Now().Sub(begin).Milliseconds(), Status: "pass"}, nil
}

type antivirus struct {
	Version string `json:"version"`
	Status  string `json:"status"`
}

func (s *Service) storage(ctx context.Context, _ *api.Call, _ none) (status, error) {
	begin := s.Now()
	if err := s.Storage(ctx); err != nil {
		return status{}, apierr.ServerError.Detail("Device files is not readable or not writable").Because(err)
	}
	return status{Ping: s.Now().Sub(begin).Milliseconds(), Status: "pass"}, nil
}

func (s *Service) antivirus(ctx context.Context, _ *api.Call, _ none) (antivirus, error) {
	if s.Scanner == nil {
		return antivirus{Status: "disabled"}, nil
	}
	version, err := s.Scanner.Version(ctx)
	if err != nil {
		return antivirus{Status: "fail"}, nil //nolint:nilerr // that it does not answer is the answer
	}
	return antivirus{Version: version, Status: "pass"}, nil
}

func (s *Service) geo(context.Context, *api.Call, none) (status, error) {
	if !s.Geo {
		return status{}, apierr.ServerError.Detail("No countries of addresses are set up; see MOORFAST_GEO_DATABASE.")
	}
	return status{Status: "pass"}, nil
}

// time answers for what is not built: no other clock is asked.
func (s *Service) time(context.Context, *api.Call, none) (status, error) {
	return status{}, apierr.NotImplemented
}

type failedParams struct {
	Name      queue `param:"name"`
	Threshold int32 `param:"threshold" default:"5000"`
}

// queue is the name of one of Appwrite's queues.
type queue string

var queues = []string{
	"v1-database", "v1-deletes", "v1-audits", "v1-mails", "v1-functions", "v1-stats-resources", "v1-stats-usage",
	"v1-webhooks", "v1-certificates", "v1-builds", "v1-screenshots", "v1-messaging", "v1-migrations", "v1-notifications",
}

// Check allows the names of queues.
func (q queue) Check() error {
	for _, name := range queues {
		if name == string(q) {
			return nil
		}
	}
	return api.Reject("Value must be one of (%s)", strings.Join(queues, ", "))
}

type queueSize struct {
	Size int `json:"size"`
}

// failed counts nothing: there are no queues, so nothing in them fails.
func (s *Service) failed(_ context.Context, _ *api.Call, in failedParams) (queueSize, error) {
	if in.Threshold <= 0 {
		return queueSize{}, apierr.HealthQueueSizeExceeded
	}
	return queueSize{}, nil
}

type version struct {
	Version string `json:"version"`
}

func (s *Service) version(context.Context, *api.Call, none) (version, error) {
	return version{s.Version}, nil
}
