// Package activities answers what has happened, from the audit log: the logs of
// an account, of a user, a team, a database and what is in it, and the events of
// a project.
package activities

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/audit"
	"moorfast/internal/core/documents"
	"moorfast/internal/core/listing"
	"moorfast/internal/core/teams"
	"moorfast/internal/core/users"
	"moorfast/internal/model"
	"moorfast/internal/query"
	"moorfast/internal/store"
	"moorfast/internal/useragent"
)

// Service has the endpoints.
type Service struct {
	Users   *users.Users
	Teams   *teams.Teams
	Catalog *documents.Catalog

	// Country finds the country of an address, as a code of two capitals or "";
	// nil knows none. CountryName names it in the language of a locale.
	Country     func(netip.Addr) string
	CountryName func(code, locale string) string
}

// list is what every list takes.
type list struct {
	Queries api.Queries
	Total   bool
}

// page reads the records that a search finds, newest first, and how many there
// are. Those of what was refused are for the operator.
//
// More are records of another log, the newest first, that are listed among them.
func page(ctx context.Context, tx store.Tx, s audit.Search, in list, more ...audit.Stored) (found []audit.Stored, total int, err error) {
	plan, err := listing.Plan(query.Rules{}, in.Queries)
	if err != nil {
		return nil, 0, err
	}
	limit := min(plan.Limit, listing.MaxTotal)
	s.Match = func(r *audit.Stored) bool { return r.Outcome == "" }
	seen := int64(0)
	add := func(r *audit.Stored) error {
		if seen++; seen > plan.Offset && int64(len(found)) < limit {
			found = append(found, *r)
		}
		done := int64(len(found)) == limit
		if done && (!in.Total || seen >= listing.MaxTotal) {
			return audit.ErrStop
		}
		return nil
	}
	err = audit.Each(ctx, tx, s, func(r *audit.Stored) error {
		for ; len(more) > 0 && more[0].At > r.At; more = more[1:] {
			if err := add(&more[0]); err != nil {
				more = nil
				return err
			}
		}
		err := add(r)
		if err != nil {
			more = nil // it was enough
		}
		return err
	})
	for i := range more {
		if err == nil && add(&more[i]) != nil {
			break
		}
	}
	if in.Total {
		total = int(min(seen, listing.MaxTotal))
	}
	return found, total, err
}

// unknownCountry stands for a country that is not known.
const unknownCountry = "--"

func (s *Service) logs(ctx context.Context, tx store.Tx, call *api.Call, search audit.Search, in list) (model.LogList, error) {
	found, total, err := page(ctx, tx, search, in)
	out := model.LogList{Total: total, Logs: make([]model.Log, len(found))}
	for i := range found {
		out.Logs[i] = s.log(&found[i], call.Locale)
	}
	return out, err
}

func (s *Service) log(r *audit.Stored, locale string) model.Log {
	c := useragent.Parse(r.UserAgent)
	l := model.Log{
		Event: r.Event, UserID: r.Actor.ID, UserEmail: r.Actor.Email, UserName: r.Actor.Name, Mode: mode(r), UserType: actorType(r),
		IP: r.Address, Time: model.Time(r.At), OSCode: c.OSCode, OSName: c.OSName, OSVersion: c.OSVersion,
		ClientType: c.ClientType, ClientCode: c.ClientCode, ClientName: c.ClientName, ClientVersion: c.ClientVersion,
		ClientEngine: c.ClientEngine, ClientEngineVersion: c.ClientEngineVersion,
		DeviceName: c.DeviceName, DeviceBrand: c.DeviceBrand, DeviceModel: c.DeviceModel,
		CountryCode: unknownCountry, CountryName: "Unknown",
	}
	if code := s.country(r.Address); code != "" {
		l.CountryCode = strings.ToLower(code)
		if s.CountryName != nil {
			l.CountryName = s.CountryName(code, locale)
		}
	}
	return l
}

func (s *Service) country(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil || s.Country == nil {
		return ""
	}
	return s.Country(addr)
}

func mode(r *audit.Stored) string {
	if r.Actor.Kind == audit.Admin {
		return "admin"
	}
	return "default"
}

// actorType names the kind of an actor as the contract does.
func actorType(r *audit.Stored) string {
	switch r.Actor.Kind {
	case audit.Key:
		return "keyProject"
	case audit.Guest:
		return "guest"
	case audit.Admin:
		return "admin"
	}
	return "user"
}

// server refuses those who are not a server: a log tells of others.
func server(call *api.Call) error {
	if !call.Actor.Server() {
		return apierr.UserUnauthorized
	}
	return nil
}

type accountParams struct {
	Queries api.Queries `param:"queries" default:"[]"`
	Total   bool        `param:"total" default:"true"`
}

func (s *Service) listAccount(ctx context.Context, call *api.Call, in accountParams) (model.LogList, error) {
	id := call.Actor.UserID()
	if id == "" {
		return model.LogList{}, apierr.UserUnauthorized
	}
	return api.Read(ctx, call, func(tx store.Tx) (model.LogList, error) {
		return s.logs(ctx, tx, call, audit.Search{Actor: audit.User + "/" + id}, list(in))
	})
}

type userParams struct {
	UserID  api.ID      `param:"userId"`
	Queries api.Queries `param:"queries" default:"[]"`
	Total   bool        `param:"total" default:"true"`
}

func (s *Service) listUser(ctx context.Context, call *api.Call, in userParams) (model.LogList, error) {
	if err := server(call); err != nil {
		return model.LogList{}, err
	}
	return api.Read(ctx, call, func(tx store.Tx) (model.LogList, error) {
		if _, err := s.Users.Get(ctx, tx, string(in.UserID)); err != nil {
			return model.LogList{}, err
		}
		return s.logs(ctx, tx, call, audit.Search{Actor: audit.User + "/" + string(in.UserID)}, list{in.Queries, in.Total})
	})
}

type teamParams struct {
	TeamID  api.ID      `param:"teamId"`
	Queries api.Queries `param:"queries" default:"[]"`
	Total   bool        `param:"total" default:"true"`
}

func (s *Service) listTeam(ctx context.Context, call *api.Call, in teamParams) (model.LogList, error) {
	if err := server(call); err != nil {
		return model.LogList{}, err
	}
	return api.Read(ctx, call, func(tx store.Tx) (model.LogList, error) {
		if _, err := s.Teams.Get(ctx, tx, string(in.TeamID)); err != nil {
			return model.LogList{}, err
		}
		return s.logs(ctx, tx, call, audit.Search{Resources: []string{"team/" + string(in.TeamID)}}, list{in.Queries, in.Total})
	})
}

type databaseParams struct {
	DatabaseID api.ID      `param:"databaseId"`
	Queries    api.Queries `param:"queries" default:"[]"`
	Total      bool        `param:"total" default:"true"`
}

func (s *Service) listDatabase(ctx context.Context, call *api.Call, in databaseParams) (model.LogList, error) {
	return s.inDatabase(ctx, call, string(in.DatabaseID), []string{"database/" + string(in.DatabaseID)}, list{in.Queries, in.Total})
}

type tableParams struct {
	DatabaseID api.ID      `param:"databaseId"`
	TableID    api.ID      `param:"tableId"`
	Queries    api.Queries `param:"queries" default:"[]"`
	Total      bool        `param:"total" default:"true"`
}

func (s *Service) listTable(ctx context.Context, call *api.Call, in tableParams) (model.LogList, error) {
	db, table := string(in.DatabaseID), string(in.TableID)
	return s.inDatabase(ctx, call, db, []string{"database/" + db + "/table/" + table, "database/" + db + "/collection/" + table}, list{in.Queries, in.Total})
}

type rowParams struct {
	DatabaseID api.ID      `param:"databaseId"`
	TableID    api.ID      `param:"tableId"`
	RowID      api.ID      `param:"rowId"`
	Queries    api.Queries `param:"queries" default:"[]"`
	Total      bool        `param:"total" default:"true"`
}

func (s *Service) listRow(ctx context.Context, call *api.Call, in rowParams) (model.LogList, error) {
	db, table, row := string(in.DatabaseID), string(in.TableID), string(in.RowID)
	return s.inDatabase(ctx, call, db, []string{
		"database/" + db + "/table/" + table + "/row/" + row, "database/" + db + "/collection/" + table + "/document/" + row,
	}, list{in.Queries, in.Total})
}

// inDatabase is the log of something in a database. What was in it and is gone
// has its log yet, in both of its vocabularies.
func (s *Service) inDatabase(ctx context.Context, call *api.Call, id string, resources []string, in list) (model.LogList, error) {
	if err := server(call); err != nil {
		return model.LogList{}, err
	}
	return api.Read(ctx, call, func(tx store.Tx) (model.LogList, error) {
		if _, err := s.Catalog.Database(ctx, tx, id); err != nil {
			if errors.Is(err, store.ErrNotFound) {
				err = apierr.DatabaseNotFound.With(id).Because(err)
			}
			return model.LogList{}, err
		}
		return s.logs(ctx, tx, call, audit.Search{Resources: resources}, in)
	})
}

type eventsParams struct {
	Queries api.Queries `param:"queries" default:"[]"`
}

func (s *Service) listEvents(ctx context.Context, call *api.Call, in eventsParams) (model.ActivityEventList, error) {
	if err := server(call); err != nil {
		return model.ActivityEventList{}, err
	}
	settings, err := s.settings(ctx, call)
	if err != nil {
		return model.ActivityEventList{}, err
	}
	return api.Read(ctx, call, func(tx store.Tx) (model.ActivityEventList, error) {
		found, total, err := page(ctx, tx, audit.Search{}, list{in.Queries, true}, settings...)
		out := model.ActivityEventList{Total: total, Events: make([]model.ActivityEvent, len(found))}
		for i := range found {
			out.Events[i] = s.event(&found[i], call)
		}
		return out, err
	})
}

// settings are the newest records about the project in the log of the platform,
// which keeps the settings of all.
func (s *Service) settings(ctx context.Context, call *api.Call) (found []audit.Stored, err error) {
	if call.Project.ID == store.Platform {
		return nil, nil
	}
	return api.ReadIn(ctx, call, store.Platform, func(tx store.Tx) ([]audit.Stored, error) {
		found = nil
		search := audit.Search{About: call.Project.ID, Match: func(r *audit.Stored) bool { return r.Outcome == "" }}
		err := audit.Each(ctx, tx, search, func(r *audit.Stored) error {
			r.Seq = -r.Seq // tells them from those of the project itself
			if found = append(found, *r); len(found) >= listing.MaxTotal {
				return audit.ErrStop
			}
			return nil
		})
		return found, err
	})
}

type eventParams struct {
	EventID api.ID `param:"eventId"`
}

func (s *Service) getEvent(ctx context.Context, call *api.Call, in eventParams) (model.ActivityEvent, error) {
	if err := server(call); err != nil {
		return model.ActivityEvent{}, err
	}
	text, platform := strings.CutPrefix(string(in.EventID), ofPlatform)
	seq, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seq <= 0 {
		return model.ActivityEvent{}, apierr.ActivityEventNotFound
	}
	place := call.Project.ID
	if platform {
		place = store.Platform
	}
	return api.ReadIn(ctx, call, place, func(tx store.Tx) (model.ActivityEvent, error) {
		r, err := audit.Get(ctx, tx, seq)
		if errors.Is(err, store.ErrNotFound) || err == nil && (r.Outcome != "" || platform && r.Project != call.Project.ID) {
			return model.ActivityEvent{}, apierr.ActivityEventNotFound
		}
		if err != nil {
			return model.ActivityEvent{}, err
		}
		if platform {
			r.Seq = -r.Seq
		}
		return s.event(r, call), nil
	})
}

// ofPlatform begins the id of an event whose record is in the platform's log.
const ofPlatform = "p"

func eventID(seq int64) string {
	if seq < 0 {
		return ofPlatform + strconv.FormatInt(-seq, 10)
	}
	return strconv.FormatInt(seq, 10)
}

func (s *Service) event(r *audit.Stored, call *api.Call) model.ActivityEvent {
	e := model.ActivityEvent{
		ID: eventID(r.Seq), ActorType: actorType(r), ActorID: r.Actor.ID, ActorEmail: r.Actor.Email, ActorName: r.Actor.Name,
		Resource: r.Resource, Event: r.Event, UserAgent: r.UserAgent, IP: r.Address, Mode: mode(r), Country: strings.ToLower(s.country(r.Address)),
		Time: model.Time(r.At), ProjectID: r.Project, TeamID: call.Project.TeamID, Hostname: call.Client.Host, SDK: r.SDK,
	}
	parts := strings.Split(r.Resource, "/")
	if n := len(parts); n >= 2 {
		e.ResourceType, e.ResourceID = parts[n-2], parts[n-1]
		e.ResourceParent = strings.Join(slices.Clone(parts[:n-2]), "/")
	}
	return e
}
