package documents

import (
	"context"
	"errors"

	"moorfast/internal/apierr"
	"moorfast/internal/query"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// attempts is how often a transaction meets a change of its table before that
// is taken for something else.
const attempts = 3

// Settle runs a transaction about rows. It runs it again where a statement fails
// for no reason that is known: PostgreSQL shows a column that was added or
// removed to transactions that began before, so that one may ask for what is no
// more. SQLite does not.
func Settle[T any](run func() (T, error)) (out T, err error) {
	for range attempts {
		if out, err = run(); err == nil || known(err) {
			return out, err
		}
	}
	return out, err
}

// known reports whether an error is an outcome that another attempt would not
// change.
func known(err error) bool {
	for _, outcome := range []error{
		store.ErrConflict, store.ErrNotFound, store.ErrTimeout, store.ErrUnavailable, store.ErrArgument, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, outcome) {
			return true
		}
	}
	var (
		ours   *Error
		rule   *schema.Error
		wrong  *query.Error
		client *apierr.Error
	)
	return errors.As(err, &ours) || errors.As(err, &rule) || errors.As(err, &wrong) || errors.As(err, &client)
}
