package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"moorfast/internal/store"
)

var (
	errOver       = errors.New("sqlite: the transaction is over")
	errOpenRows   = errors.New("sqlite: the rows of the statement before are still open")
	errEnded      = errors.New("sqlite: the transaction was ended by a statement inside it")
	errView       = errors.New("sqlite: a view cannot write")
	errClosed     = errors.New("sqlite: closed")
	errUnfinished = errors.New("sqlite: the transaction did not return")
)

// translate makes a store outcome of an SQLite error, and keeps that as its cause.
func translate(err error) error {
	var code sqlite3.ErrorCode
	if !errors.As(err, &code) {
		return err
	}
	switch code {
	case sqlite3.INTERRUPT:
		return fmt.Errorf("%w: %w", store.ErrTimeout, err)
	case sqlite3.FULL, sqlite3.IOERR, sqlite3.READONLY, sqlite3.CANTOPEN, sqlite3.BUSY, sqlite3.PROTOCOL:
		return unavailable("sqlite", err)
	case sqlite3.CONSTRAINT:
		if conflict := parseConflict(err.Error()); conflict != nil {
			return conflict
		}
	}
	return err
}

// parseConflict reads the key out of SQLite's message, which ends in
// "UNIQUE constraint failed: users.project, users.email" or in
// "UNIQUE constraint failed: index 'users_name'".
func parseConflict(message string) *store.ConflictError {
	_, key, ok := strings.Cut(message, "UNIQUE constraint failed: ")
	if !ok {
		return nil
	}
	if index, ok := strings.CutPrefix(key, "index '"); ok {
		return &store.ConflictError{Index: strings.TrimSuffix(index, "'")}
	}
	var columns []string
	for part := range strings.SplitSeq(key, ", ") {
		columns = append(columns, part[strings.LastIndexByte(part, '.')+1:])
	}
	return &store.ConflictError{Columns: columns}
}

func unavailable(operation string, err error) error {
	if errors.Is(err, store.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", store.ErrUnavailable, operation, err)
}

func timeout(ctx context.Context) error {
	return fmt.Errorf("%w: %w", store.ErrTimeout, context.Cause(ctx))
}
