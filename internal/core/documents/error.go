package documents

import "fmt"

// Error is an outcome that a client can do something about. It does not say how
// the client calls things, so a service makes its own error of it.
type Error struct {
	Kind    Kind
	Name    string // the id or key it is about
	Message string // where the kind does not say it all
	cause   error
}

// Kind is what happened.
type Kind uint8

// The kinds.
const (
	NoDatabase Kind = iota + 1
	DatabaseExists
	NoTable
	TableExists
	NoColumn
	ColumnExists
	ColumnInUse    // an index has it
	ColumnOther    // it is of another type than the call is for
	ColumnTooSmall // rows have longer values than the new size
	NoIndex
	IndexExists
	NoRow
	RowExists
	RowNotUnique // an index allows the values once, and another row has them
	RowChanged   // since the time that the caller named
	NoData       // for a new row
	NoPayload    // for a change
	NoCursor
	NullInOrder // the row of the cursor has no value to go on from
	LimitReached
	RelationInvalid // what was sent for a relationship is no row of the other table
	RowRestricted   // others are related to the row that is to go
	ManyRelated     // a table with relationships changes one row at a time
	Unauthorized
	Unsupported // what clients may ask for, and this server cannot keep

	NoTransaction
	TransactionFull    // it has as many operations as it may have
	TransactionEnded   // it was committed, rolled back, or could not be
	TransactionExpired // it was open for longer than it said
)

func (e *Error) Error() string {
	s := fmt.Sprintf("documents: outcome %d", e.Kind)
	if e.Name != "" {
		s += " for " + e.Name
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Unwrap returns the cause, which is for the log.
func (e *Error) Unwrap() error { return e.cause }

func because(kind Kind, name string, cause error) *Error {
	return &Error{Kind: kind, Name: name, cause: cause}
}
