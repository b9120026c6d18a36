// Package vault seals the fields that must not lie in the database as text, and
// keeps the keys it does that with.
//
// A sealed field is a [Secret]: it has no exported content, prints and encodes
// as a placeholder, and becomes a column only through [Vault.Seal]. Each
// ciphertext is bound to its project, table, column and row.
package vault

// Secret is a value that is stored sealed. The text is behind a pointer because
// fmt prints the unexported fields of a struct without asking their methods,
// and prints a pointer there as a number.
type Secret struct{ plain *string }

// Hide makes a Secret of s.
func Hide(s string) Secret { return Secret{&s} }

// Reveal returns the hidden value. Calls to it are the places to review.
func (s Secret) Reveal() string {
	if s.plain == nil {
		return ""
	}
	return *s.plain
}

// Set reports whether there is a value at all: the zero Secret is stored as NULL.
func (s Secret) Set() bool { return s.plain != nil }

const placeholder = "[secret]"

// String hides the value from fmt.
func (Secret) String() string { return placeholder }

// GoString hides the value from fmt's %#v.
func (Secret) GoString() string { return placeholder }

// MarshalJSON hides the value from encoding/json.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + placeholder + `"`), nil }

// Place is where a ciphertext belongs. It is authenticated, not stored.
type Place struct{ Project, Table, Column, Row string }
