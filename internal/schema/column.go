package schema

import (
	"math"
	"slices"
)

// Column is one column of a table.
type Column struct {
	Key      string
	Type     Type
	Format   Format
	Size     int64 // of a text, in code points
	Required bool
	Array    bool
	Encrypt  bool

	Ints     Range[int64]   // of an integer
	Floats   Range[float64] // of a float
	Elements []string       // of an enum

	Relation *Relation // of a relationship

	// Default is the JSON of the value that a row has which says none; nil is null.
	Default []byte

	// Unavailable columns are known, and cannot be used yet.
	Unavailable bool
}

// Range is the values from Min to Max.
type Range[N int64 | float64] struct{ Min, Max N }

// AllInts and AllFloats are the ranges of columns that say none.
var (
	AllInts   = Range[int64]{math.MinInt64, math.MaxInt64}
	AllFloats = Range[float64]{-math.MaxFloat64, math.MaxFloat64}
)

// Column returns a column of the kind that accepts all that the kind does.
func (k Kind) Column(key string) Column {
	return Column{Key: key, Type: k.Type, Format: k.Format, Size: k.Size, Ints: AllInts, Floats: AllFloats}
}

// Kind is the sort of the column.
func (c *Column) Kind() Kind {
	k, _ := KindOf(c.Type, c.Format)
	return k
}

// minEncryptSize is the smallest text that may be sealed. A sealed text is
// longer than what it hides, and the contract has clients plan for that.
const minEncryptSize = 150

// Check tests the column against the rules of its kind.
func (c *Column) Check() error {
	switch {
	case c.Encrypt && c.Size < minEncryptSize:
		return &Error{Kind: BadEncryption, Name: c.Key, Message: "Size too small. Encrypted strings require a minimum size of 150 characters."}
	case c.Ints.Min > c.Ints.Max, c.Floats.Min > c.Floats.Max:
		return &Error{Kind: BadValue, Name: c.Key, Message: "Minimum value must be lesser than maximum value"}
	case c.Format == Enum && len(c.Elements) == 0:
		return &Error{Kind: BadValue, Name: c.Key, Message: "Enum elements must not be empty"}
	case c.Format == Enum && slices.Contains(c.Elements, ""):
		return &Error{Kind: BadValue, Name: c.Key, Message: "Each enum element must not be empty"}
	}
	return c.checkDefault()
}

func (c *Column) checkDefault() error {
	switch {
	case c.Default == nil:
		return nil
	case c.Required:
		return &Error{Kind: BadDefault, Name: "required"}
	case c.Array:
		return &Error{Kind: BadDefault, Name: "array"}
	}
	if _, problem := c.scalar(c.Default); problem != "" {
		return &Error{Kind: BadValue, Name: c.Key, Message: problem}
	}
	return nil
}

// The limits of a table. Some follow from the database that the contract grew
// up with; clients show them, so they are kept.
const (
	MaxColumns = 1017
	MaxWidth   = 65535
	MaxIndexes = 58

	systemWidth  = 1067  // of the columns that every row has
	pointerWidth = 20    // of a value that is kept outside of its row
	longVarchar  = 255   // above it, a length takes two bytes
	maxVarchar   = 16381 // above it, a text is kept outside of its row
	charWidth    = 4
)

// Width is how much of the width of a table the column takes.
func (c *Column) Width() int64 {
	if c.Array {
		return pointerWidth
	}
	switch c.Type {
	case String, Varchar:
		switch {
		case c.Size > maxVarchar:
			return pointerWidth
		case c.Size > longVarchar:
			return c.Size*charWidth + 2
		}
		return c.Size*charWidth + 1
	case Integer:
		if c.bits() == 32 {
			return 4
		}
		return 8
	case BigInt, Float:
		return 8
	case Boolean:
		return 1
	case Datetime:
		return 7
	}
	return pointerWidth
}

// bits is the size of the integers of a column, which follows from the largest.
func (c *Column) bits() int {
	if c.Type == Integer && c.Ints.Max <= math.MaxInt32 {
		return 32
	}
	return 64
}
