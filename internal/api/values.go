package api

import (
	"context"
	"encoding/json"
	"io"
	"strconv"
	"strings"
)

// Values are the raw parameters of a call: texts from the path, and JSON from
// everywhere else. A transport fills it. What the path names wins.
type Values struct {
	Path   []PathValue
	Fields []Field

	// Rest reads the fields of a body that holds a file, once the actor was
	// admitted; nil where all is read.
	Rest func(context.Context) error

	file    io.Closer // that was taken in
	refusal error     // of the endpoint, to take it
}

// PathValue is a hole of the path, filled.
type PathValue struct{ Name, Text string }

// Field is a parameter from the query or the body.
type Field struct {
	Name string
	Raw  json.RawMessage // valid JSON, without duplicate names
}

// Find returns a parameter's JSON, from wherever it came.
func (v *Values) Find(name string) (json.RawMessage, bool) {
	if text, ok := v.path(name); ok {
		return Quote(text), true
	}
	return v.find(name)
}

// Lookup returns a parameter as text, and whether it was sent.
func (v *Values) Lookup(name string) (string, bool) {
	_, ok := v.Find(name)
	return v.text(name), ok
}

// Set replaces a parameter, or adds it.
func (v *Values) Set(name string, raw json.RawMessage) {
	for i := range v.Fields {
		if v.Fields[i].Name == name {
			v.Fields[i].Raw = raw
			return
		}
	}
	v.Fields = append(v.Fields, Field{name, raw})
}

// Drop removes a parameter.
func (v *Values) Drop(name string) {
	for i := range v.Fields {
		if v.Fields[i].Name == name {
			v.Fields = append(v.Fields[:i], v.Fields[i+1:]...)
			return
		}
	}
}

func (v *Values) path(name string) (string, bool) {
	for i := range v.Path {
		if v.Path[i].Name == name {
			return v.Path[i].Text, true
		}
	}
	return "", false
}

func (v *Values) find(name string) (json.RawMessage, bool) {
	for i := range v.Fields {
		if v.Fields[i].Name == name {
			return v.Fields[i].Raw, true
		}
	}
	return nil, false
}

func (v *Values) text(name string) string {
	if text, ok := v.path(name); ok {
		return text
	}
	raw, _ := v.find(name)
	if s, ok := unquote(raw); ok {
		return s
	}
	return string(raw)
}

// Quote returns a text as JSON.
func Quote(s string) json.RawMessage {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			b, err := json.Marshal(s)
			if err != nil { // a string always encodes
				return json.RawMessage(strconv.QuoteToASCII(s))
			}
			return b
		}
	}
	return json.RawMessage(`"` + s + `"`)
}

// Unquote returns the text of a JSON string, for the types of parameters.
func Unquote(raw json.RawMessage) (string, bool) { return unquote(raw) }

// unquote returns the text of a JSON string.
func unquote(raw json.RawMessage) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	inner := string(raw[1 : len(raw)-1])
	if !strings.Contains(inner, `\`) {
		return inner, true
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}
