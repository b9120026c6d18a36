package perm

import (
	"strings"

	"moorfast/internal/id"
)

// need says whether a part of a role is there.
type need uint8

const (
	never need = iota
	maybe
	always
)

// maxDimension is the longest role of a team.
const maxDimension = 81

// roles are the kinds of roles, in the order in which messages list them. A
// role is a name, for some with an id behind ":", for some with a dimension
// behind "/".
var roles = [...]struct {
	name       string
	id         need
	dimension  need
	dimensions string // that are allowed, where not every key is
}{
	{name: "any"},
	{name: "guests"},
	{name: "users", dimension: maybe, dimensions: "verified, unverified"},
	{name: "user", id: always, dimension: maybe, dimensions: "verified, unverified"},
	{name: "team", id: always, dimension: maybe},
	{name: "member", id: always},
	{name: "label", id: always},
}

const (
	keyForm       = "Parameter must contain at most 36 chars. Valid chars are a-z, A-Z, 0-9, period, hyphen, and underscore. Can't start with a special char"
	dimensionForm = "Parameter must contain at most 81 chars. Valid chars are a-z, A-Z, 0-9, period, hyphen, and underscore. Can't start with a special char"
	labelForm     = "Value must be a valid string between 1 and 36 chars containing only alphanumeric chars"
)

// split takes a role apart into its name, id and dimension.
func split(role string) (name, id, dimension string) {
	name, dimension, _ = strings.Cut(role, "/")
	name, id, _ = strings.Cut(name, ":")
	return name, id, dimension
}

func checkRole(role string) error {
	name, ident, dimension := split(role)
	for _, r := range roles {
		if r.name != name {
			continue
		}
		switch {
		case r.id == never && strings.Contains(role, ":"):
			return wrong(`Role "%s" can not have an ID value.`, name)
		case r.id == always && ident == "":
			return wrong(`Role "%s" must have an ID value.`, name)
		case name == "label" && !isLabel(ident):
			return wrong(`Role "%s" identifier value is invalid: %s`, name, labelForm)
		case r.id != never && !id.Valid(ident):
			return wrong(`Role "%s" identifier value is invalid: %s`, name, keyForm)
		case r.dimension == never && strings.Contains(role, "/"):
			return wrong(`Role "%s" can not have a dimension value.`, name)
		case !strings.Contains(role, "/"):
			return nil
		case r.dimensions != "" && dimension != "verified" && dimension != "unverified":
			return wrong(`Role "%s" dimension value is invalid. Must be one of: %s.`, name, r.dimensions)
		case !id.ValidUpTo(dimension, maxDimension):
			return wrong(`Role "%s" dimension value is invalid: %s`, name, dimensionForm)
		}
		return nil
	}
	return wrong(`Role "%s" is not allowed. Must be one of: any, guests, users, user, team, member, label.`, name)
}

func isLabel(s string) bool {
	return s != "" && len(s) <= 36 && !strings.ContainsFunc(s, notAlphanumeric)
}

func notAlphanumeric(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
}
