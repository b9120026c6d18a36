package server

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"moorfast/internal/apierr"
	"moorfast/internal/clientaddr"
	"moorfast/internal/core/projects"
	"moorfast/internal/identity"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// ScannedKey is an API key, and what is wrong with it. None of it is a secret.
type ScannedKey struct {
	Project  string    `json:"project"`
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Tail     string    `json:"tail"` // the last chars of the secret
	Scopes   int       `json:"scopes"`
	Created  time.Time `json:"created"`
	Used     time.Time `json:"used,omitzero"` // about when; zero is never
	Expires  time.Time `json:"expires,omitzero"`
	Networks []string  `json:"networks"` // that it is bound to; none is everywhere
	Findings []string  `json:"findings"`
}

// The findings about keys.
const (
	keyUnused    = "unused"     // for 90 days, or whatever was asked for
	keyNeverUsed = "never-used" // although it is older than that
	keyEndless   = "endless"
	keyAllScopes = "all-scopes"
	keyWide      = "wide" // it may write to most of what there is
	keyExpired   = "expired"
	keyLong      = "long" // it ends in more than a year
)

// longKey is how far off the end of a key may be.
const longKey = 366 * 24 * time.Hour

// ScanKeys looks at the API keys of a project, or of all where it is "". Unused is
// for how long a key may not be used.
func ScanKeys(ctx context.Context, db store.DB, project string, unused time.Duration, now time.Time) ([]ScannedKey, error) {
	list, err := db.Projects(ctx)
	if err != nil {
		return nil, err
	}
	if project != "" {
		if !slices.Contains(list, project) {
			return nil, fmt.Errorf("%w: %q", ErrNoProject, project)
		}
		list = []string{project}
	}
	slices.Sort(list)
	found := []ScannedKey{}
	for _, id := range list {
		var keys []projects.Key
		err := db.View(ctx, id, func(tx store.Tx) (err error) {
			keys, err = store.List[projects.Key](ctx, tx, sqlb.Select{From: "api_keys", Order: []sqlb.Order{{Column: "seq"}}})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read the API keys of %s: %w", id, err)
		}
		for i := range keys {
			found = append(found, scanKey(id, &keys[i], unused, now))
		}
	}
	return found, nil
}

// ErrNoProject says that there is no project of a name.
var ErrNoProject = errors.New("there is no such project")

func scanKey(project string, k *projects.Key, unused time.Duration, now time.Time) ScannedKey {
	s := ScannedKey{
		Project: project, ID: k.ID, Name: k.Name, Tail: k.Tail, Scopes: len(k.Scopes), Created: time.UnixMicro(k.CreatedAt).UTC(), Networks: append([]string{}, k.Networks...), Findings: []string{},
	}
	if k.AccessedAt > 0 {
		s.Used = time.UnixMicro(k.AccessedAt).UTC()
	}
	if k.ExpiresAt > 0 {
		s.Expires = time.UnixMicro(k.ExpiresAt).UTC()
	}
	for _, check := range []struct {
		found bool
		name  string
	}{
		{!s.Expires.IsZero() && !s.Expires.After(now), keyExpired},
		{s.Used.IsZero() && now.Sub(s.Created) >= unused, keyNeverUsed},
		{!s.Used.IsZero() && now.Sub(s.Used) >= unused, keyUnused},
		{s.Expires.IsZero(), keyEndless},
		{s.Expires.Sub(now) > longKey, keyLong},
		{len(k.Scopes) >= len(identity.ProjectScopes), keyAllScopes},
		{len(k.Scopes) < len(identity.ProjectScopes) && 2*writes(k.Scopes) > len(identity.ProjectScopes)/2, keyWide},
	} {
		if check.found {
			s.Findings = append(s.Findings, check.name)
		}
	}
	return s
}

// writes counts the scopes that change something.
func writes(scopes []string) (n int) {
	for _, s := range scopes {
		if strings.HasSuffix(s, ".write") {
			n++
		}
	}
	return n
}

// Binding says from where an API key may be used.
type Binding struct {
	Project  string   `json:"project"`
	Key      string   `json:"key"`
	Networks []string `json:"networks"` // none is everywhere
}

// mostNetworks bounds what a key is bound to: each request with it goes through
// them.
const mostNetworks = 64

// bindKey binds a key to networks. It holds for the next request.
func (s *Server) bindKey(ctx context.Context, in Binding, _ func(any)) (*Binding, error) {
	var networks []netip.Prefix
	for _, entry := range in.Networks {
		list, err := clientaddr.Networks(entry)
		if err != nil {
			return nil, &inputError{err}
		}
		networks = append(networks, list...)
	}
	if len(networks) > mostNetworks {
		return nil, wrong("a key is bound to at most %d networks", mostNetworks)
	}
	p, err := s.core.projects.Find(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	if p == nil || p.IsConsole() {
		return nil, wrong("there is no project %.60q", in.Project)
	}
	err = s.db.Update(ctx, in.Project, func(tx store.Tx) error {
		row, err := s.core.projects.BindKey(ctx, tx, in.Key, networks)
		if errors.Is(err, apierr.KeyNotFound) {
			return wrong("project %s has no API key %.60q", in.Project, in.Key)
		}
		if err != nil {
			return err
		}
		in.Networks = row.Networks
		return s.carry(ctx, tx, "key/"+row.ID)
	})
	if err != nil {
		return nil, err
	}
	return &in, nil
}
