// Package query is the language in which clients ask lists for some of their
// entries: a method, the attribute it looks at, and values.
//
// A query travels as a JSON text. [Parse] makes a tree of such texts, and
// [Rules] checks the tree against what a list knows and sorts it into a [Plan].
package query

// Query is one step of a client's question.
type Query struct {
	Method    Method
	Attribute string

	// Values are nil, bool, int64, float64, string, or a []any of these. After
	// [Rules.Check] a value has the type of its attribute: a float64 for a number
	// with a fraction, and a [time.Time] for a datetime.
	Values []any

	// Queries are what "and" and "or" combine.
	Queries []Query
}

// The limits of what one list accepts.
const (
	MaxQueries = 100
	MaxLength  = 4096 // of the text of one query, in code points
	MaxValues  = 500  // of one query
	MaxDepth   = 16   // of "and" and "or" in each other
)

// Error says what is wrong with the queries of a client, in words meant for it.
type Error struct {
	Message string
	parse   bool // the text was no query at all
}

func (e *Error) Error() string { return e.Message }

// InParam returns the message as it stands behind the name of a parameter. A
// list that has its queries checked with its other parameters says it so.
func (e *Error) InParam() string {
	if e.parse {
		return "Invalid query: " + e.Message
	}
	return e.Message
}
