// Package opt holds a value that a client may have left out.
package opt

import "encoding/json"

// Value is a parameter in one of three states: absent, null, or set.
type Value[T any] struct {
	V       T
	Present bool // the client sent it, perhaps as null
	Null    bool
}

// Of returns a Value that is set to v.
func Of[T any](v T) Value[T] { return Value[T]{V: v, Present: true} }

// Set reports whether there is a value: it was sent, and is not null.
func (o Value[T]) Set() bool { return o.Present && !o.Null }

// Or returns the value, or def where it is absent or null.
func (o Value[T]) Or(def T) T {
	if !o.Set() {
		return def
	}
	return o.V
}

// UnmarshalJSON keeps null apart from a value.
func (o *Value[T]) UnmarshalJSON(b []byte) error {
	o.Present = true
	if string(b) == "null" {
		o.Null = true
		return nil
	}
	return json.Unmarshal(b, &o.V)
}

// Slot hands the binder a pointer to fill, and marks the value as present.
func (o *Value[T]) Slot() any { o.Present = true; return &o.V }

// SetNull marks the value as sent and null.
func (o *Value[T]) SetNull() { o.Present, o.Null = true, true }
