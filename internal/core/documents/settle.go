package documents

import (
	"context"
	"errors"
	"time"

	"moorfast/internal/apierr"
	"moorfast/internal/query"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// attempts is how often a transaction meets a change of its table before that
// is taken for something else.
const attempts = 8

// Settle runs a transaction about rows. It runs it again where a statement fails
// for no reason that is known: a column may be gone that the catalog still had
// when the transaction began. PostgreSQL shows such a change to transactions
// that began before it; on SQLite, one may begin while it is committed.
func Settle[T any](run func() (T, error)) (out T, err error) {
	for i := range attempts {
		time.Sleep(time.Duration(i) * time.Millisecond) // no time at first: whoever changes a table has to get done with it
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
	return isOutcome(err)
}

// isOutcome reports whether an error is one that a client can do something about.
func isOutcome(err error) bool {
	var (
		ours   *Error
		rule   *schema.Error
		wrong  *query.Error
		client *apierr.Error
	)
	return errors.As(err, &ours) || errors.As(err, &rule) || errors.As(err, &wrong) || errors.As(err, &client)
}
