package databases

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/core/documents"
	"moorfast/internal/datetime"
	"moorfast/internal/email"
	"moorfast/internal/rawjson"
	"moorfast/internal/schema"
)

// The types of defaults that are texts. Each says what it must be in the words
// that a value of its column is told.
type (
	plainText string
	enumText  string
	emailText string
	ipText    string
	urlText   string
	timeText  string
)

// UnmarshalJSON takes any text.
func (s *plainText) UnmarshalJSON(raw []byte) error {
	text, ok := rawjson.Text(raw)
	if !ok {
		return api.Reject("Value must be a valid string")
	}
	*s = plainText(text)
	return nil
}

// Check allows any text but an empty one: whether it is an element is the column's
// to say.
func (s enumText) Check() error {
	if s == "" {
		return api.Reject("Value must be a valid string and at least 1 chars")
	}
	return nil
}

// Check allows addresses of e-mail.
func (s emailText) Check() error {
	if !email.Valid(string(s)) {
		return api.Reject("Value must be a valid email address")
	}
	return nil
}

// Check allows addresses of both versions.
func (s ipText) Check() error {
	if a, err := netip.ParseAddr(string(s)); err != nil || a.Zone() != "" {
		return api.Reject("Value must be a valid IP address")
	}
	return nil
}

// Check allows what a column of the kind does.
func (s urlText) Check() error {
	kind, _ := schema.KindOf(schema.String, schema.URL)
	c := kind.Column("default")
	if _, err := c.Value(rawjson.AppendString(nil, string(s))); err != nil {
		return api.Reject("Value must be a valid URL")
	}
	return nil
}

// Check allows the forms of ISO 8601 that clients send.
func (s timeText) Check() error {
	if _, ok := datetime.Parse(string(s)); !ok {
		return api.Reject(datetime.Description)
	}
	return nil
}

// rowData is the data of a row: an object, or a text that holds one. An empty
// list passes for an empty object, because some clients cannot tell them apart.
type rowData json.RawMessage

// UnmarshalJSON keeps the object as it was sent.
func (d *rowData) UnmarshalJSON(raw []byte) error {
	if text, ok := rawjson.Text(raw); ok {
		raw = []byte(text)
		if api.StrictJSON(raw) != nil {
			return api.Reject("Value must be a valid JSON object")
		}
	}
	raw = bytes.TrimSpace(raw)
	switch {
	case string(raw) == "[]":
		raw = []byte("{}")
	case rawjson.KindOf(raw) != rawjson.Object:
		return api.Reject("Value must be a valid JSON object")
	}
	*d = bytes.Clone(raw)
	return nil
}

// empty reports whether there is nothing in the object.
func (d rowData) empty() bool {
	empty := true
	_ = rawjson.Members(d, func(_, _ []byte) error { empty = false; return nil })
	return empty
}

// number is a number, or a text that is one.
type number struct{ documents.Number }

// UnmarshalJSON reads the number.
func (n *number) UnmarshalJSON(raw []byte) error {
	if text, ok := rawjson.Text(raw); ok {
		raw = []byte(text)
	}
	var ok bool
	if raw, err := rawjson.Value(raw); err == nil {
		n.Number, ok = documents.ParseNumber(raw)
	}
	if !ok {
		return api.Reject("Value must be a valid number")
	}
	return nil
}

// columnKey names a column of an index, perhaps one of the system's.
type columnKey string

// Check allows keys, also behind a "$".
func (s columnKey) Check() error {
	return api.Key(strings.TrimPrefix(string(s), "$")).Check()
}

// length is how much of a text is indexed; null is all of it.
type length int64

// UnmarshalJSON reads a number or null.
func (n *length) UnmarshalJSON(raw []byte) error {
	v, ok := rawjson.Int(raw)
	if !ok && rawjson.KindOf(raw) != rawjson.Null {
		return api.Reject("Value must be a valid signed 32-bit integer between -2,147,483,648 and 2,147,483,647 or null")
	}
	*n = length(v)
	return nil
}
