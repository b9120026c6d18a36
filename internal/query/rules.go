package query

import (
	"strings"
)

// Type is the type of an attribute, as far as queries care.
type Type uint8

// The types of attributes.
const (
	Text Type = iota
	Integer
	Float
	Boolean
	Datetime
	Sequence     // a number that clients write as a text
	Relationship // compared with the id of what it relates to
	Spatial
)

// Attribute is what a query may look at.
type Attribute struct {
	Type      Type
	Array     bool
	Encrypted bool // cannot be compared, so cannot be asked for
	Hashed    bool // is encrypted, and can be told to be equal, or not, all the same
	Fulltext  bool // has a full-text index of its own
	Virtual   bool // a relationship whose other side holds the value
	Nested    bool // lies behind a relationship, so nothing is ordered by it
}

// Attributes are the attributes of a list by name.
type Attributes map[string]Attribute

// System returns the attributes that every entry of every list has.
func System() Attributes {
	return Attributes{
		"$id":        {Type: Text},
		"$sequence":  {Type: Sequence},
		"$createdAt": {Type: Datetime},
		"$updatedAt": {Type: Datetime},
	}
}

// With returns a copy of a in which names are attributes of a type.
func (a Attributes) With(t Type, names ...string) Attributes {
	all := make(Attributes, len(a)+len(names))
	for name, attribute := range a {
		all[name] = attribute
	}
	for _, name := range names {
		all[name] = Attribute{Type: t}
	}
	return all
}

// Rules are what a list knows of queries.
type Rules struct {
	// Attributes can be filtered and ordered by, and selected.
	Attributes Attributes

	// Selects can only be selected. A list with neither these nor Select refuses
	// to have its entries cut down.
	Selects []string
	Select  bool
}

// Plan parses, checks and sorts the texts of a list's queries.
func (r Rules) Plan(texts []string) (Plan, error) {
	queries, err := Parse(texts)
	if err != nil {
		return Plan{}, err
	}
	if err := r.Check(queries); err != nil {
		return Plan{}, err
	}
	return Split(queries), nil
}

// Window plans a list that takes limits and offsets, and nothing else.
func Window(texts []string) (Plan, error) {
	queries, err := Parse(texts)
	if err != nil {
		return Plan{}, err
	}
	for _, q := range queries {
		if k := methods[q.Method].kind; k != limit && k != offset {
			return Plan{}, &Error{Message: "Invalid query method: " + string(q.Method)}
		}
	}
	if err := (Rules{}).Check(queries); err != nil {
		return Plan{}, err
	}
	return Split(queries), nil
}

// Check tests the queries against the rules, in their order, and gives the
// values of filters the types of their attributes. The error is an [*Error].
func (r Rules) Check(queries []Query) error {
	for i := range queries {
		if err := r.check(&queries[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r Rules) check(q *Query) error {
	switch methods[q.Method].kind {
	case filter:
		return r.checkFilter(q)
	case logical:
		return r.checkLogical(q)
	case selection:
		return r.checkSelect(q)
	case order:
		return r.checkOrder(q)
	case limit:
		return checkNumber(q, "limit", 1)
	case offset:
		return checkNumber(q, "offset", 0)
	case cursor:
		return checkCursor(q)
	}
	return malformed("Invalid query method: " + string(q.Method))
}

func refuse(message string) *Error { return &Error{Message: "Invalid query: " + message} }

func (r Rules) checkLogical(q *Query) error {
	if err := r.Check(q.Queries); err != nil {
		return err
	}
	for _, child := range q.Queries {
		if k := methods[child.Method].kind; k != filter && k != logical {
			return refuse(sentence(q.Method) + " queries can only contain filter queries")
		}
	}
	if len(q.Queries) < 2 {
		return refuse(sentence(q.Method) + " queries require at least two queries")
	}
	return nil
}

func (r Rules) checkOrder(q *Query) error {
	if q.Attribute == "" || q.Method == OrderRandom {
		return nil // the order in which entries were made, or none
	}
	a, err := r.attribute(q.Attribute, q.Method)
	if err == nil && (a.Nested || a.Type == Relationship) {
		return refuse("Cannot order by a relationship: " + q.Attribute)
	}
	return err
}

func (r Rules) checkSelect(q *Query) error {
	if !r.Select && r.Selects == nil {
		return &Error{Message: "Invalid query method: " + string(q.Method)}
	}
	if len(q.Values) == 0 {
		return refuse("No attributes selected")
	}
	seen := make(map[string]bool, len(q.Values))
	for _, v := range q.Values {
		name, ok := v.(string)
		if !ok {
			return refuse("Attributes to select must be names")
		}
		if seen[name] {
			return refuse("Duplicate attributes selected")
		}
		seen[name] = true
	}
	for _, v := range q.Values {
		if name := v.(string); !r.selectable(name) {
			return refuse("Attribute not found in schema: " + name)
		}
	}
	return nil
}

func (r Rules) selectable(name string) bool {
	if name == "*" {
		return true
	}
	for _, s := range r.Selects {
		if s == name {
			return true
		}
	}
	if _, ok := r.Attributes[name]; ok {
		return true
	}
	// What lies behind a relationship is checked where it is read.
	top, _, dotted := strings.Cut(name, ".")
	return dotted && r.Attributes[top].Type == Relationship
}

// attribute finds what a filter or an order looks at.
func (r Rules) attribute(name string, m Method) (Attribute, error) {
	a, ok := r.Attributes[name]
	if !ok {
		return a, refuse("Attribute not found in schema: " + name)
	}
	if a.Encrypted && !(a.Hashed && (m == Equal || m == NotEqual)) {
		return a, refuse("Cannot query encrypted attribute: " + name)
	}
	return a, nil
}

// sentence is a method at the beginning of one.
func sentence(m Method) string { return strings.ToUpper(string(m[:1])) + string(m[1:]) }
