package schema

// Error is a rule that was broken. It does not say how the client calls a
// column, so a service makes its own error of it.
type Error struct {
	Kind    ErrorKind
	Name    string // of the column, the index or the table, where the kind has one
	Message string // "" where the kind says it all
}

// ErrorKind is the rule.
type ErrorKind uint8

// The rules.
const (
	BadStructure      ErrorKind = iota + 1 // a row does not fit its table
	BadDefault                             // the column cannot have a default
	BadValue                               // of a default, or of a bound
	BadEncryption                          // the column is too small to be sealed
	TooManyColumns                         // or too wide ones
	BadIndex                               // the index cannot be made of its columns
	BadIndexType                           // the type of a column does not allow indexes
	UnknownColumn                          // the index has a column that the table has not
	UnavailableColumn                      // the column is not ready yet
	TooManyIndexes
)

func (e *Error) Error() string {
	if e.Message == "" {
		return "schema: rule broken by " + e.Name
	}
	return e.Message
}

func structure(message string) *Error { return &Error{Kind: BadStructure, Message: message} }
