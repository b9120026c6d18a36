// Package store is the database as everything above it sees it: transactions,
// and rows in and out. SQLite and PostgreSQL sit behind it; see the packages
// sqlite and postgres, and storetest for the behaviour both must show.
//
// Each project is a database of its own: a file under SQLite, a schema under
// PostgreSQL. The project named [Platform] holds what belongs to no project.
package store

import (
	"context"
	"errors"
	"fmt"

	"moorfast/internal/store/sqlb"
	"moorfast/internal/vault"
)

// Platform is the project that holds the console's own data: its accounts,
// its teams, and the list of the other projects. Its id is the contract's.
const Platform = "console"

// The outcomes a service acts on. Engines translate their own errors to these.
var (
	// ErrNotFound says that a row asked for by its key is not there.
	ErrNotFound = errors.New("store: not found")
	// ErrConflict says that a unique key is taken; see [ConflictError].
	ErrConflict = errors.New("store: conflict")
	// ErrUnavailable says that the store cannot take the change now: a full or
	// read-only disk, a lost connection. Nothing was changed, unless PostgreSQL
	// lost the connection during the commit: then nobody knows.
	ErrUnavailable = errors.New("store: unavailable")
	// ErrTimeout says that the context ended while a statement ran.
	ErrTimeout = errors.New("store: timeout")
)

// ConflictError is an [ErrConflict] that knows which key was taken, as far as
// the engine tells.
type ConflictError struct {
	Columns []string // of the unique key, without their table
	Index   string   // its name, where the engine gives that instead
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%v: columns %v index %q", ErrConflict, e.Columns, e.Index)
}

// Is makes every ConflictError an [ErrConflict].
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// DB opens transactions, each in one project. A project's database is made,
// and migrated, when it is first opened: callers pass only projects that are.
type DB interface {
	// View runs fn in a transaction that sees one state and cannot change it.
	View(ctx context.Context, project string, fn func(Tx) error) error

	// Update runs fn in a transaction that commits, durably, when fn returns
	// nil, and leaves nothing behind when it does not. Changes of a project are
	// as if one came after the other. On SQLite they do, several sharing one
	// commit, so fn must be quick, and must not wait for another update of the
	// project. Fn may run again: on PostgreSQL after it met another, on SQLite
	// after another in its commit was interrupted. So it must have no effect but
	// through its Tx.
	Update(ctx context.Context, project string, fn func(Tx) error) error

	// Drop removes a project's database and all that is in it.
	Drop(ctx context.Context, project string) error

	// Projects lists the projects that have a database, without [Platform].
	Projects(ctx context.Context) ([]string, error)

	// Ping tells whether the store answers.
	Ping(ctx context.Context) error

	// Close waits for running transactions, and then releases everything.
	Close() error
}

// Tx is a transaction. It is used by one goroutine, inside the function it was
// given to, and not after. Statements mark their arguments with "?", whatever
// the engine; values travel as arguments only. Arguments are nil, bool, int,
// int64, float64, string or []byte; see [ErrArgument].
//
// Once a statement has failed, all later ones fail with its error, and so does
// the transaction, even if its function returns nil.
type Tx interface {
	// Project is the project whose rows the transaction sees.
	Project() string

	// Dialect says how the engine differs where SQL has to differ.
	Dialect() sqlb.Dialect

	// Exec runs a statement and returns how many rows it changed.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)

	// Query runs a statement and returns its rows, which must be closed before
	// the next statement.
	Query(ctx context.Context, sql string, args ...any) (Rows, error)

	// Version numbers the state that a view sees: two views of a project that
	// have the same number see the same rows, or one sees a commit that is being
	// made just now. It is for holding what is dear to find out again. ok is false
	// where there is no such number: in an update, which sees its own changes, and
	// where other processes change the project, too.
	Version() (n uint64, ok bool)

	// Vault seals and opens the secrets of this project's rows.
	Vault() *vault.Vault

	// OnCommit calls fn after the transaction has committed, before the update
	// returns, and never if it does not commit. It is for caches and notices
	// inside this process. SQLite calls in the order of the commits, and commits
	// nothing meanwhile, so fn must be quick and must not update the project.
	OnCommit(fn func())
}

// Rows is the result of a query, one row at a time, by typed column. What Text
// and Blob return is valid until the next call of Next or Close.
type Rows interface {
	Next() bool
	Err() error // of the iteration; ask it after Next said false
	Close() error

	Null(column int) bool
	Int(column int) int64 // also a boolean: 0 or 1
	Float(column int) float64
	Text(column int) []byte
	Blob(column int) []byte
}
