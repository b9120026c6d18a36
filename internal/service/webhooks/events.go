package webhooks

import (
	"regexp"
	"slices"
	"strings"

	"moorfast/internal/api"
)

// event is a pattern of the names of events, such as "users.*.create": kinds of
// resources, each with an id or "*", and then what happened, perhaps to which
// attribute.
type event string

var idForm = regexp.MustCompile(`^(\*|[A-Za-z0-9][A-Za-z0-9_-]{0,35})$`)

// kind is a kind of resources that events are of.
type kind struct {
	actions []string
	updated []string // attributes that "update" names
	kinds   map[string]kind
}

func does(actions ...string) kind { return kind{actions: actions} }

func (k kind) with(kinds map[string]kind) kind { k.kinds = kinds; return k }

var (
	everything = does("create", "update", "delete")
	rows       = does("create", "update", "upsert", "delete")

	tables      = everything.with(map[string]kind{"rows": rows, "indexes": everything, "columns": everything})
	collections = everything.with(map[string]kind{"documents": rows, "indexes": everything, "attributes": everything})

	kinds = map[string]kind{
		"users": {
			actions: everything.actions,
			updated: []string{"email", "name", "password", "status", "prefs", "phone", "mfa", "labels", "verification", "impersonator"},
			kinds: map[string]kind{
				"sessions": does("create", "delete"), "recovery": does("create", "update"), "verification": does("create", "update"),
				"targets": everything, "tokens": does("create"),
			},
		},
		"databases":   everything.with(map[string]kind{"tables": tables, "collections": collections}),
		"tablesdb":    everything.with(map[string]kind{"tables": tables}),
		"documentsdb": everything.with(map[string]kind{"collections": collections}),
		"vectorsdb":   everything.with(map[string]kind{"collections": collections}),
		"buckets":     everything.with(map[string]kind{"files": everything}),
		"teams": {actions: everything.actions, updated: []string{"prefs"}, kinds: map[string]kind{
			"memberships": {actions: everything.actions, updated: []string{"status"}},
		}},
		"sites":     everything.with(map[string]kind{"deployments": everything}),
		"functions": everything.with(map[string]kind{"deployments": everything, "executions": everything}),
		"messages":  does("create", "update"),
		"topics":    everything.with(map[string]kind{"subscribers": does("create", "delete")}),
		"providers": everything,
		"schedules": does("create"),
		"rules":     everything,
		"reports":   everything.with(map[string]kind{"insights": everything}),
	}
)

// Check allows patterns of events that there are.
func (e event) Check() error {
	parts := strings.Split(string(e), ".")
	k, ok := kinds[parts[0]]
	if !ok || len(parts) < 2 || !idForm.MatchString(parts[1]) || !k.has(parts[2:]) {
		return api.Reject("Event is not valid.")
	}
	return nil
}

// has reports whether the rest of a pattern, after an id, is of this kind.
func (k kind) has(rest []string) bool {
	if len(rest) == 0 {
		return true
	}
	inner, ok := k.kinds[rest[0]]
	switch {
	case ok && len(rest) == 1:
		return true
	case ok && idForm.MatchString(rest[1]):
		return inner.has(rest[2:])
	case ok || !slices.Contains(k.actions, rest[0]):
		return false
	case len(rest) == 2:
		return rest[0] == "update" && slices.Contains(k.updated, rest[1])
	}
	return len(rest) == 1
}
