// Package id mints and checks the ids of resources.
package id

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

// MaxLength is the longest id, in bytes.
const MaxLength = 36

// Unique is what a client sends to leave the choice of an id to the server.
const Unique = "unique()"

// New returns an id for a resource made at t: 13 hex digits of its
// microseconds, and 7 random ones, which is the form that the SDKs make.
func New(t time.Time) string {
	var b [4]byte
	rand.Read(b[:])
	return fmt.Sprintf("%08x%05x", t.Unix(), t.Nanosecond()/1000) + hex.EncodeToString(b[:])[:7]
}

// Secret returns n random bytes as 2n lower-case hex digits.
func Secret(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// Valid reports whether s is an id: 1 to 36 letters, digits, '.', '-' or '_',
// of which the first is a letter or a digit.
func Valid(s string) bool { return ValidUpTo(s, MaxLength) }

// ValidUpTo is [Valid] with another longest length.
func ValidUpTo(s string, longest int) bool {
	if s == "" || len(s) > longest {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case i > 0 && (c == '.' || c == '-' || c == '_'):
		default:
			return false
		}
	}
	return true
}

// ValidProject reports whether s is an id of a project: 1 to 36 lower-case
// letters, digits or hyphens, of which the first is no hyphen. It is narrower
// than [Valid] because a project's id becomes part of file and schema names.
func ValidProject(s string) bool {
	if s == "" || len(s) > MaxLength {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || i > 0 && c == '-') {
			return false
		}
	}
	return true
}
