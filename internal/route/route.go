// Package route finds the endpoint of a method and a path.
//
// Where a literal and a parameter both fit a segment, the literal is tried
// first, and the parameter where that leads nowhere. So /a/b/{x} and /a/{y}/c
// live side by side, which http.ServeMux refuses.
package route

import (
	"fmt"
	"net/url"
	"strings"
)

// Tree holds a T for each pattern.
type Tree[T any] struct {
	literals map[string]*Tree[T]
	param    *Tree[T]
	names    []string // of the parameters on the way to value
	value    T
	set      bool
}

// Param is a segment of a path that filled a hole of its pattern, decoded.
type Param struct{ Name, Value string }

// Add files v under a method and a pattern such as "/v1/teams/{teamId}".
func (t *Tree[T]) Add(method, pattern string, v T) error {
	var names []string
	for segment, rest := method, trim(pattern); segment != ""; segment, rest = cut(rest) {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
			if t.param == nil {
				t.param = new(Tree[T])
			}
			t = t.param
			continue
		}
		next := t.literals[segment]
		if next == nil {
			if t.literals == nil {
				t.literals = map[string]*Tree[T]{}
			}
			next = new(Tree[T])
			t.literals[segment] = next
		}
		t = next
	}
	if t.set {
		return fmt.Errorf("route: %s %s is taken", method, pattern)
	}
	t.value, t.names, t.set = v, names, true
	return nil
}

// Find returns the value for a method and an escaped path, and what filled its
// holes, appended to params. Each segment is decoded on its own, so "%2F" is a
// slash in a value and never a boundary.
func (t *Tree[T]) Find(method, path string, params []Param) (v T, found []Param, ok bool) {
	leaf, found := t.literals[method].find(trim(path), params)
	if leaf == nil {
		return v, nil, false
	}
	for i := range leaf.names {
		p := &found[len(params)+i]
		p.Name = leaf.names[i]
		if !strings.Contains(p.Value, "%") {
			continue
		}
		var err error
		if p.Value, err = url.PathUnescape(p.Value); err != nil {
			return v, nil, false
		}
	}
	return leaf.value, found, true
}

func (t *Tree[T]) find(path string, params []Param) (*Tree[T], []Param) {
	switch {
	case t == nil:
		return nil, nil
	case path == "":
		if t.set {
			return t, params
		}
		return nil, nil
	}
	segment, rest := cut(path)
	if leaf, found := t.literals[segment].find(rest, params); leaf != nil {
		return leaf, found
	}
	if t.param == nil || segment == "" {
		return nil, nil
	}
	return t.param.find(rest, append(params, Param{Value: segment}))
}

func trim(path string) string { return strings.Trim(path, "/") }

func cut(path string) (segment, rest string) {
	segment, rest, _ = strings.Cut(path, "/")
	return segment, rest
}
