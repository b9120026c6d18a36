package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"moorfast/internal/store"
)

// A misuse is an error of the engine itself, about how it was used.
type misuse string

func (m misuse) Error() string { return "postgres: " + string(m) }

const (
	errOver     misuse = "the transaction is over"
	errOpenRows misuse = "the rows of the statement before are still open"
	errEnded    misuse = "the transaction was ended by a statement inside it"
	errView     misuse = "a view cannot write"
	errBytes    misuse = "the server's bytea_output is not hex"
	errUnknown  misuse = "the connection was lost during a commit, whose outcome is not known"
)

// The codes that the engine acts on, from appendix A of PostgreSQL's manual.
const (
	uniqueViolation      = "23505"
	readOnlyTransaction  = "25006"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	queryCanceled        = "57014"
)

// nameTaken are the codes with which two nodes meet that make one schema or table
// at once, even if it is only made IF NOT EXISTS.
var nameTaken = []string{"42710", "42P06", "42P07"}

// unavailableClasses are those of errors that say nothing of the statement:
// connection, resources, intervention of an operator, system.
var unavailableClasses = []string{"08", "53", "57", "58"}

// translate makes a store outcome of an error of the server, or of the way to
// it, and keeps that as its cause.
func translate(ctx context.Context, err error) error {
	var own misuse
	var refused *pgconn.PgError
	switch {
	case err == nil, errors.As(err, &own), errors.Is(err, store.ErrArgument):
		return err
	case ctx.Err() != nil && (!errors.As(err, &refused) || refused.Code == queryCanceled):
		return timeout(ctx)
	case !errors.As(err, &refused):
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	case refused.Code == uniqueViolation:
		return &store.ConflictError{Columns: keyColumns(refused.Detail), Index: refused.ConstraintName}
	case slices.Contains(nameTaken, refused.Code):
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	case refused.Code == readOnlyTransaction: // of an update: the server is a standby
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	for _, class := range unavailableClasses {
		if strings.HasPrefix(refused.Code, class) {
			return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
		}
	}
	return err
}

// keyColumns reads the columns out of a detail such as
// "Key (source, lower(target))=(a, b) already exists.", in any language.
func keyColumns(detail string) []string {
	_, key, ok := strings.Cut(detail, "(")
	if !ok {
		return nil
	}
	key, _, ok = strings.Cut(key, ")=(")
	if !ok {
		return nil
	}
	var columns []string
	for column := range strings.SplitSeq(key, ", ") {
		if inner, ok := strings.CutPrefix(column, "lower("); ok { // see sqlb.Dialect.Fold
			column = strings.TrimSuffix(inner, ")")
		}
		columns = append(columns, column)
	}
	return columns
}

func timeout(ctx context.Context) error {
	return fmt.Errorf("%w: %w", store.ErrTimeout, context.Cause(ctx))
}
