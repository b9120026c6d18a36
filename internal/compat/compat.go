// Package compat speaks the older formats of the API. A client that was built
// for one says so in X-Appwrite-Response-Format; its parameters are upgraded to
// what the endpoints take, and their answers downgraded to what it expects.
// Everything else in the program knows the newest format only.
package compat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"moorfast/internal/api"
)

// version is a format, in an order that can be compared: 1.9.5 is 10905.
type version int

// newest is what answers are in before anything is done to them.
const newest = version(10906)

// parse reads a format. What is none is the newest, as it would be unsaid.
func parse(format string) version {
	v := version(0)
	parts := strings.SplitN(format, ".", 3)
	for i := range 3 {
		n := 0
		if i < len(parts) {
			digits, _, _ := strings.Cut(parts[i], "-")
			var err error
			if n, err = strconv.Atoi(digits); err != nil || n > 99 || n < 0 {
				return newest
			}
		}
		v = v*100 + version(n)
	}
	if v == 0 {
		return newest
	}
	return v
}

// Warning tells a client that was built for a newer server that this is not
// one. It is "" for every other.
func Warning(format string) string {
	if format == "" || parse(format) <= newest {
		return ""
	}
	return fmt.Sprintf("The current SDK is built for Appwrite %s. However, the current Appwrite server version is 1.9.6. "+
		"Please downgrade your SDK to match the Appwrite version: https://appwrite.io/docs/sdks", format)
}

// Upgrade turns the parameters of an older client into what the endpoint
// takes. The oldest changes are made first.
func Upgrade(format string, e *api.Endpoint, values *api.Values) error {
	if format == "" {
		return nil
	}
	v := parse(format)
	for i := len(requests) - 1; i >= 0; i-- {
		if v >= requests[i].before {
			continue
		}
		for _, method := range []string{every, e.Name} {
			if upgrade := requests[i].methods[method]; upgrade != nil {
				if err := upgrade(values); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Legacy is an answer that older formats show more of. It returns what to add
// to each of its items, or to itself.
type Legacy interface{ Legacy() []map[string]any }

// Downgrade turns an answer, which is body as JSON, into what an older client
// expects. The newest changes are undone first. An answer that needs none comes
// back untouched.
func Downgrade(format, model string, out any, body []byte) ([]byte, error) {
	if format == "" {
		return body, nil
	}
	item, key := model, ""
	if l, ok := lists[model]; ok {
		item, key = l.model, l.key
	}
	todo := downgrades(parse(format), item)
	if len(todo) == 0 {
		return body, nil
	}
	var doc object
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("downgrade %s: %w", model, err)
	}
	items := []any{doc}
	if key != "" {
		items, _ = doc[key].([]any)
	}
	var more []map[string]any
	if l, ok := out.(Legacy); ok {
		more = l.Legacy()
	}
	for i, item := range items {
		o, ok := item.(object)
		if !ok {
			continue
		}
		if i < len(more) {
			maps.Copy(o, more[i])
		}
		for _, d := range todo {
			d(o)
		}
	}
	return encode(doc)
}

func downgrades(v version, model string) (todo []downgrade) {
	for _, f := range responses {
		if d := f.models[model]; d != nil && v < f.before {
			todo = append(todo, d)
		}
	}
	return todo
}

func encode(doc object) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// object is a model on its way to an older client.
type object = map[string]any

// downgrade changes a model into what it was one format earlier.
type downgrade func(object)

// list is a model that holds others.
type list struct{ model, key string }

var lists = map[string]list{
	"userList":       {"user", "users"},
	"sessionList":    {"session", "sessions"},
	"membershipList": {"membership", "memberships"},
	"projectList":    {"project", "projects"},
	"webhookList":    {"webhook", "webhooks"},
	"platformList":   {"platform", "platforms"},
	"mockNumberList": {"mockNumber", "mockNumbers"},
	"documentList":   {"document", "documents"},
	"rowList":        {"row", "rows"},
}

// rename moves a field, where it is there.
func rename(from, to string) downgrade {
	return func(o object) {
		if v, ok := o[from]; ok {
			o[to] = v
			delete(o, from)
		}
	}
}

func drop(names ...string) downgrade {
	return func(o object) {
		for _, n := range names {
			delete(o, n)
		}
	}
}

// all makes several changes one.
func all(changes ...downgrade) downgrade {
	return func(o object) {
		for _, c := range changes {
			c(o)
		}
	}
}
