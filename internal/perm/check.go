package perm

import (
	"fmt"
	"strings"
)

// Error is what is wrong with the permissions or roles of a client, in words
// meant for it.
type Error string

func (e Error) Error() string { return string(e) }

// What a list is told that is no list of texts.
const (
	ErrNotList = Error("Permissions must be an array of strings.")
	ErrNotText = Error("Every permission must be of type string.")
)

func wrong(format string, args ...any) error { return Error(fmt.Sprintf(format, args...)) }

// Check tests permissions for something to which the actions apply.
func Check(list []string, apply Actions) error {
	if len(list) > Max {
		return wrong("You can only provide up to %d permissions.", Max)
	}
	for _, s := range list {
		if err := check(s, apply); err != nil {
			return err
		}
	}
	return nil
}

func check(s string, apply Actions) error {
	switch {
	case s == "*":
		return wrong(`Wildcard permission "*" has been replaced. Use "any" instead.`)
	case strings.Contains(s, "role:"):
		return wrong(`Permissions using the "role:" prefix have been replaced. Use "users", "guests", or "any" instead.`)
	case !begins(s, apply):
		return wrong(`Permission "%s" is not allowed. Must be one of: %s.`, s, apply.words())
	}
	p, ok := Parse(s)
	if !ok {
		return wrong(`Invalid permission string format: "%s".`, s)
	}
	return checkRole(p.Role)
}

// begins tells whether s begins with a word for an action that applies.
func begins(s string, apply Actions) bool {
	for _, w := range actions {
		if (w.is == write || w.is&apply != 0) && strings.HasPrefix(s, w.word) {
			return true
		}
	}
	return false
}

// CheckRoles tests a list of roles, such as those that may run a function.
func CheckRoles(list []string) error {
	if len(list) > Max {
		return wrong("You can only provide up to %d roles.", Max)
	}
	for _, s := range list {
		switch {
		case s == "*":
			return wrong(`Wildcard role "*" has been replaced. Use "any" instead.`)
		case strings.Contains(s, "role:"):
			return wrong(`Roles using the "role:" prefix have been replaced. Use "users", "guests", or "any" instead.`)
		}
		if err := checkRole(s); err != nil {
			return err
		}
	}
	return nil
}
