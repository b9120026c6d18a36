package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"os"
	"strconv"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/config"
	"moorfast/internal/core/documents"
	"moorfast/internal/core/files"
	"moorfast/internal/core/projects"
	"moorfast/internal/core/teams"
	"moorfast/internal/core/users"
	"moorfast/internal/fetch"
	"moorfast/internal/httpd"
	"moorfast/internal/openapi"
	"moorfast/internal/service/account"
	"moorfast/internal/service/activities"
	"moorfast/internal/service/avatars"
	"moorfast/internal/service/console"
	"moorfast/internal/service/databases"
	"moorfast/internal/service/health"
	"moorfast/internal/service/locale"
	"moorfast/internal/service/meta"
	"moorfast/internal/service/project"
	projectsservice "moorfast/internal/service/projects"
	"moorfast/internal/service/storage"
	teamsservice "moorfast/internal/service/teams"
	"moorfast/internal/service/tokens"
	usersservice "moorfast/internal/service/users"
	"moorfast/internal/service/webhooks"
	"moorfast/internal/store"
)

// core is what services share.
type core struct {
	units    api.Units
	projects *projects.Projects
	users    *users.Users
	teams    *teams.Teams
	files    *files.Files
	slow     documents.Watch
	builder  *documents.Builder

	passwords users.Passwords
}

// services returns every service of the program. Their tables can be read from
// a core of nothing, which is how the documents are made.
func (s *Server) services(c core) []api.Service {
	catalog := documents.New().Watched(c.slow).AllowBlindIndexes(s.config.BlindIndex).BuiltBy(c.builder)
	return []api.Service{
		&account.Service{Users: c.users, Passwords: c.passwords, Tokens: s.Vault, Console: s.Policy, HideUnknown: s.config.Console.HideUnknown},
		&meta.Service{Projects: c.projects, Version: httpd.Version, OpenAPI: s.OpenAPI},
		&usersservice.Service{Users: c.users, Teams: c.teams, Passwords: c.passwords, Tokens: s.Vault},
		&teamsservice.Service{Users: c.users, Teams: c.teams, Projects: c.projects, Console: s.Policy},
		&databases.Service{Catalog: catalog},
		&activities.Service{Users: c.users, Teams: c.teams, Catalog: catalog, Country: s.country, CountryName: locale.CountryName},
		&storage.Service{
			Files: c.files, Pictures: s.images, Cache: s.cache, Tokens: s.Vault,
			Limits: storage.Limits{File: s.config.Storage.Limit, Preview: s.config.Storage.PreviewLimit},
		},
		&tokens.Service{Keys: s.Vault},
		&projectsservice.Service{Projects: c.projects, Teams: organizations{c.teams}, Regions: []string{"default"}},
		&project.Service{
			Projects: c.projects, Tokens: s.Vault, Events: s.Events,
			Reveal: s.config.KeyReveal == config.RevealCompat, Narrow: s.config.Profile == config.Hardened,
		},
		&webhooks.Service{},
		&console.Service{Variables: variables(s.config), Domains: domains(s.config), Policy: s.Policy, Claimed: c.users.Claimed},
		&locale.Service{Country: s.country},
		&avatars.Service{Out: s.out, Pictures: pictures{s.images}, Cache: s.cache, Browser: s.browser()},
		s.health(c),
	}
}

func (s *Server) health(c core) *health.Service {
	h := &health.Service{Version: httpd.Version, Ping: s.ping, Local: s.writable, Now: c.units.Now, Geo: s.country != nil, Out: s.out}
	if c.files != nil {
		h.Storage = c.files.Try
	}
	h.Security = func(ctx context.Context, caller netip.Addr) (json.RawMessage, error) {
		report, err := s.examine(ctx, caller)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		err = report.WriteJSON(&b)
		return b.Bytes(), err
	}
	if s.scanner != nil {
		h.Scanner = s.scanner
	}
	return h
}

// browser returns the service that takes screenshots, or nil. Its address is the
// operator's, and so may be anywhere.
func (s *Server) browser() *avatars.Browser {
	if s.config.BrowserHost == "" {
		return nil
	}
	u, err := url.Parse(s.config.BrowserHost)
	if err != nil {
		return nil // the settings were checked
	}
	port := map[string]int{"http": 80, "https": 443}[u.Scheme]
	if text := u.Port(); text != "" {
		if port, err = strconv.Atoi(text); err != nil {
			return nil
		}
	}
	return &avatars.Browser{Address: s.config.BrowserHost, Port: port, Out: fetch.Anywhere(4)}
}

// hashQueue is how many passwords may wait to be hashed. At about 40 ms each,
// the last of them waits for some seconds on two processors.
const hashQueue = 128

func (s *Server) ping(ctx context.Context) error { return s.db.Ping(ctx) }

// writable makes a file in the data directory, and removes it.
func (s *Server) writable() error {
	f, err := os.CreateTemp(s.config.Data, ".writable-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Table returns every endpoint of the program, without a store behind it.
func Table() (api.Table, error) {
	return api.Compile(new(Server).services(core{})...)
}

// OpenAPI returns the table as an OpenAPI 3.1 document.
func (s *Server) OpenAPI() ([]byte, error) {
	return openapi.Document(s.Table, "moorfast", httpd.Version)
}

// organizations tells which teams of the console there are.
type organizations struct{ teams *teams.Teams }

func (o organizations) Exists(ctx context.Context, tx store.Tx, id string) (bool, error) {
	_, err := o.teams.Get(ctx, tx, id)
	if errors.Is(err, apierr.TeamNotFound) {
		return false, nil
	}
	return err == nil, err
}
