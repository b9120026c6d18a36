// Package perm is the language of permissions: texts such as
// `update("team:blue/owner")`, which give an action to a role.
//
// [Check] tests the texts that a client sends. [New] makes a [Set] of them,
// which answers who may do what.
package perm

import (
	"strings"
)

// Actions is a set of things that a permission can allow.
type Actions uint8

// The actions.
const (
	Create Actions = 1 << iota
	Read
	Update
	Delete
)

// What permissions can allow, by what they belong to.
const (
	// Resource is what can be done with what lies inside a resource, such as the
	// rows of a table or the files of a bucket.
	Resource = Create | Read | Update | Delete

	// Row is what can be done with one thing inside a resource.
	Row = Read | Update | Delete
)

// Max is how many permissions one thing may have.
const Max = 100

// write stands for creating, updating and deleting, as far as these apply.
const write = Create | Update | Delete

// actions are the words for actions, in the order in which messages list them.
var actions = [...]struct {
	word string
	is   Actions
}{
	{"create", Create},
	{"read", Read},
	{"update", Update},
	{"delete", Delete},
	{"write", write},
}

// words lists the words that can be used where only some actions apply.
func (a Actions) words() string {
	var list []string
	for _, w := range actions {
		if w.is == write || w.is&a != 0 {
			list = append(list, w.word)
		}
	}
	return strings.Join(list, ", ")
}

// String is the word for a single action.
func (a Actions) String() string {
	for _, w := range actions {
		if w.is == a {
			return w.word
		}
	}
	return "nothing"
}

// Permission gives one role one action, or several with "write".
type Permission struct {
	Actions Actions
	Role    string // "user:123/verified"
}

// Parse takes a permission apart. It looks at the form only; see [Check].
func Parse(s string) (p Permission, ok bool) {
	word, rest, ok := strings.Cut(s, `("`)
	role, closed := strings.CutSuffix(rest, `")`)
	if !ok || !closed || strings.Contains(role, `"`) {
		return p, false
	}
	for _, w := range actions {
		if w.word == word {
			return Permission{w.is, role}, true
		}
	}
	return p, false
}

func (p Permission) String() string { return p.Actions.String() + `("` + p.Role + `")` }
