// Package apierr is the catalogue of errors a client can see.
//
// Each error is one row: its stable type, its HTTP status, its message. Code
// returns a row as it is, or a copy with a sharper message, or a copy that
// carries the cause for the log. Whatever is not in the catalogue reaches the
// client as [Unknown] and reaches the log in full.
package apierr

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Error is an error that is safe to show to a client.
type Error struct {
	Type    string // stable and documented: clients switch on it
	Status  int    // of the HTTP answer
	Message string
	cause   error // for the log only
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.Type + ": " + e.cause.Error()
	}
	return e.Type + ": " + e.Message
}

// Unwrap returns the cause, which is for the log.
func (e *Error) Unwrap() error { return e.cause }

// Is makes every copy of a row match the row it was made from.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Type == e.Type
}

// With returns a copy of the row whose message has its holes filled. A row
// that is shown with its holes open is a mistake; see [Error.Text].
func (e *Error) With(args ...any) *Error {
	c := *e
	c.Message = fmt.Sprintf(e.Message, args...)
	return &c
}

// Detail returns a copy of the row with a message for this occurrence.
func (e *Error) Detail(format string, args ...any) *Error {
	c := *e
	c.Message = format
	if len(args) > 0 {
		c.Message = fmt.Sprintf(format, args...)
	}
	return &c
}

// Because returns a copy of the row that remembers its cause.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// variant returns the row with another status and message. Its type stays.
func (e *Error) variant(status int, message string) *Error {
	return &Error{Type: e.Type, Status: status, Message: message}
}

// Text is the message, without what was left unfilled.
func (e *Error) Text() string {
	return strings.ReplaceAll(e.Message, "'%s' ", "")
}

// From finds the row to show for err.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Unknown.Because(err)
}

// All returns the rows of the catalogue, by type.
func All() []*Error {
	rows := make([]*Error, 0, len(catalogue))
	for _, e := range catalogue {
		rows = append(rows, e)
	}
	slices.SortFunc(rows, func(a, b *Error) int { return strings.Compare(a.Type, b.Type) })
	return rows
}

var catalogue = map[string]*Error{}

func row(typ string, status int, message string) *Error {
	if catalogue[typ] != nil {
		panic("apierr: two rows for " + typ)
	}
	e := &Error{Type: typ, Status: status, Message: message}
	catalogue[typ] = e
	return e
}
