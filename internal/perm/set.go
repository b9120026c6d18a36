package perm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"moorfast/internal/rawjson"
)

// Set is the permissions of one thing: each gives one action, none is there
// twice, and they keep the order in which they were given. The zero Set allows
// nothing. A Set does not change.
type Set struct {
	list []Permission
	text string
}

const empty = "[]"

// New makes a set of permissions that were checked. "write" becomes the actions
// it stands for, as far as they apply.
func New(list []string, apply Actions) Set {
	all := make([]Permission, 0, len(list)+2)
	for _, s := range list {
		p, _ := Parse(s)
		for _, a := range [...]Actions{Create, Read, Update, Delete} {
			if one := (Permission{a, p.Role}); p.Actions&apply&a != 0 && !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	return of(all)
}

// ForUser is what a user who creates something gets without asking.
func ForUser(id string) Set {
	role := "user:" + id
	return of([]Permission{{Read, role}, {Update, role}, {Delete, role}})
}

func of(list []Permission) Set {
	text := append(make([]byte, 0, 2+32*len(list)), '[')
	for i, p := range list {
		if i > 0 {
			text = append(text, ',')
		}
		text = rawjson.AppendString(text, p.String())
	}
	return Set{list, string(append(text, ']'))}
}

// Load reads what [Set.JSON] wrote.
func Load(text string) (Set, error) {
	var list []Permission
	err := rawjson.Elements([]byte(text), func(raw []byte) error {
		s, _ := rawjson.Text(raw)
		p, ok := Parse(s)
		if !ok {
			return errors.New("no permission: " + s)
		}
		list = append(list, p)
		return nil
	})
	if err != nil {
		return Set{}, fmt.Errorf("load permissions: %w", err)
	}
	return Set{list, text}, nil
}

// JSON is the canonical text of the set, an array of its permissions: two sets
// that have the same are the same.
func (s Set) JSON() string {
	if s.text == "" {
		return empty
	}
	return s.text
}

// Strings returns the permissions as texts.
func (s Set) Strings() []string {
	list := make([]string, len(s.list))
	for i, p := range s.list {
		list[i] = p.String()
	}
	return list
}

// Permissions returns the permissions. They must not be changed.
func (s Set) Permissions() []Permission { return s.list }

// Allows reports whether one of roles has the action.
func (s Set) Allows(action Actions, roles []string) bool {
	for _, p := range s.list {
		if p.Actions == action && slices.Contains(roles, p.Role) {
			return true
		}
	}
	return false
}

// TextAllows is [Set.Allows] for the text of a set, which need not be loaded for
// that: a list asks it of every row.
func TextAllows(text []byte, action Actions, roles []string) bool {
	const tail = `\")"`
	head := ""
	switch action {
	case Create:
		head = `"create(\"`
	case Read:
		head = `"read(\"`
	case Update:
		head = `"update(\"`
	case Delete:
		head = `"delete(\"`
	}
	found := false
	_ = rawjson.Elements(text, func(raw []byte) error {
		if len(raw) < len(head)+len(tail) || string(raw[:len(head)]) != head {
			return nil
		}
		role := raw[len(head) : len(raw)-len(tail)]
		for _, r := range roles {
			if string(role) == r {
				found = true
				return errFound
			}
		}
		return nil
	})
	return found
}

var errFound = errors.New("found")

// CheckGrant tests whether someone who holds roles may hand out the permissions
// of the set: nobody gives what they do not have.
func (s Set) CheckGrant(roles []string) error {
	for _, p := range s.list {
		if !slices.Contains(roles, p.Role) {
			return wrong("Permissions must be one of: (%s)", strings.Join(roles, ", "))
		}
	}
	return nil
}
