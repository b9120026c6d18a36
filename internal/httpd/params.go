package httpd

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"moorfast/internal/api"
)

// Limits of what a query or a form may hold, besides its size.
const (
	maxPairs = 1000
	maxNest  = 16
)

var (
	errPairs = errors.New("the request has more than " + strconv.Itoa(maxPairs) + " parameters")
	errNest  = errors.New("a parameter's name nests deeper than " + strconv.Itoa(maxNest) + " brackets")
	errForm  = errors.New("the parameters are not form-encoded")
)

// parseForm reads "a=1&list[]=x&list[0]=y&map[key]=z", the form in which clients
// write lists and objects in a query, into fields of JSON. All leaves are texts.
func parseForm(query string) ([]api.Field, error) {
	var f form
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, errForm
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, errForm
		}
		if err := f.add(name, value); err != nil {
			return nil, err
		}
	}
	return f.fields(), nil
}

// form collects pairs into trees.
type form struct {
	root  node
	pairs int
}

// node is a text, or a list or an object of nodes, in the order of arrival.
type node struct {
	names    []string
	children map[string]*node
	text     string
	next     int // the index that an empty bracket takes
}

func (f *form) add(name, value string) error {
	if f.pairs++; f.pairs > maxPairs {
		return errPairs
	}
	base, rest, nested := strings.Cut(name, "[")
	n := f.root.child(base)
	for depth := 0; nested; depth++ {
		if depth == maxNest {
			return errNest
		}
		var key string
		var closed bool
		if key, rest, closed = strings.Cut(rest, "]"); !closed {
			break
		}
		if key == "" {
			key = strconv.Itoa(n.next)
		}
		n = n.child(key)
		rest, nested = strings.CutPrefix(rest, "[")
	}
	n.text, n.children, n.names = value, nil, nil
	return nil
}

func (n *node) child(name string) *node {
	if c := n.children[name]; c != nil {
		return c
	}
	if n.children == nil {
		n.children = map[string]*node{}
	}
	c := new(node)
	n.children[name] = c
	n.names = append(n.names, name)
	if i, err := strconv.Atoi(name); err == nil && i >= n.next && i < maxPairs {
		n.next = i + 1
	}
	return c
}

func (f *form) fields() []api.Field {
	fields := make([]api.Field, 0, len(f.root.names))
	for _, name := range f.root.names {
		fields = append(fields, api.Field{Name: name, Raw: f.root.children[name].appendJSON(nil)})
	}
	return fields
}

func (n *node) appendJSON(b []byte) []byte {
	switch {
	case n.children == nil:
		return append(b, api.Quote(n.text)...)
	case n.isList():
		b = append(b, '[')
		for i, name := range n.names {
			if i > 0 {
				b = append(b, ',')
			}
			b = n.children[name].appendJSON(b)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	for i, name := range n.names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, api.Quote(name)...), ':')
		b = n.children[name].appendJSON(b)
	}
	return append(b, '}')
}

// isList tells whether the names are 0, 1, 2 and so on.
func (n *node) isList() bool {
	for i, name := range n.names {
		if name != strconv.Itoa(i) {
			return false
		}
	}
	return true
}
