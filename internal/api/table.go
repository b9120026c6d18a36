package api

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"moorfast/internal/identity"
)

// Table is every endpoint of the program.
type Table []Endpoint

// Compile gathers the services' endpoints and checks each of them for what the
// compiler does not see. It reports every mistake at once.
func Compile(services ...Service) (Table, error) {
	var (
		table Table
		errs  []error
		seen  = map[string]string{}
	)
	for _, s := range services {
		for _, e := range s.Endpoints() {
			if err := e.check(); err != nil {
				errs = append(errs, fmt.Errorf("endpoint %s: %w", e.Name, err))
			}
			for _, key := range e.keys() {
				if other := seen[key]; other != "" {
					errs = append(errs, fmt.Errorf("endpoints %s and %s are both %q", other, e.Name, key))
				}
				seen[key] = e.Name
			}
			table = append(table, e)
		}
	}
	return table, errors.Join(errs...)
}

func (e Endpoint) keys() []string {
	keys := []string{e.Name, e.Method + " " + e.Path}
	for _, a := range e.Aliases {
		keys = append(keys, e.Method+" "+a)
	}
	return append(keys, e.Methods...)
}

var (
	pathHole  = regexp.MustCompile(`\{([\w$.-]+)\}`)
	limitHole = regexp.MustCompile(`\{([\w-]+)\}`)
	limitKeys = []string{"url", "ip", "method", "userId", "projectId", "chunkId"}
)

// check finds a path that no parameter fills, a scope that nobody can have, a
// list that has no end.
func (e Endpoint) check() error {
	if e.In.err != nil {
		return e.In.err
	}
	for _, h := range pathHole.FindAllStringSubmatch(e.Path, -1) {
		if !e.In.Has(h[1]) && h[1] != "projectId" {
			return fmt.Errorf("path names %q, which is not a parameter", h[1])
		}
	}
	for _, key := range e.Limit.Keys {
		for _, h := range limitHole.FindAllStringSubmatch(key, -1) {
			name, isParam := strings.CutPrefix(h[1], "param-")
			if isParam && !e.In.Has(name) || !isParam && !slices.Contains(limitKeys, name) {
				return fmt.Errorf("limit key names %q, which is nothing that can be counted", h[1])
			}
		}
	}
	for _, s := range e.Scopes {
		if !identity.Known(s) {
			return fmt.Errorf("scope %q is not in the catalogue", s)
		}
	}
	for _, p := range e.In.List {
		if p.Type.Kind() == reflect.Slice && !p.Bounds.HasMax && !bounded(p) {
			return fmt.Errorf("list %q has no max", p.Name)
		}
	}
	switch {
	case e.Name == "" || e.Summary == "":
		return errors.New("name and summary are required")
	case e.Auth == 0:
		return errors.New("auth is required: say identity.Guest for a public endpoint")
	case e.Method != "GET" && e.Audit.Event == "" && e.Event != "":
		return errors.New("a change that has an event needs an audit event")
	case e.Limit.N > 0 && len(e.Limit.Keys) == 0:
		return errors.New("a limit needs a key")
	}
	return nil
}

// bounded reports whether a list's own type bounds it, as Queries does.
func bounded(p Param) bool { return p.Type.PkgPath() != "" || p.Type.Name() == "RawMessage" }
