// Package schema is what a table looks like: its columns and indexes, the rules
// they keep, and the values that a row may have.
//
// A [Column] checks a value in the JSON in which it came, and returns it in the
// form in which a store keeps it. A [Table] does so for a whole row.
package schema

import "moorfast/internal/spatial"

// Type is the type of a column, by its name in the API.
type Type string

// The types.
const (
	String     Type = "string"
	Varchar    Type = "varchar"
	Text       Type = "text"
	MediumText Type = "mediumtext"
	LongText   Type = "longtext"
	Integer    Type = "integer"
	BigInt     Type = "bigint"
	Float      Type = "double"
	Boolean    Type = "boolean"
	Datetime   Type = "datetime"

	Relationship Type = "relationship"
	Point        Type = "point"
	Line         Type = "linestring"
	Polygon      Type = "polygon"
)

// IsText reports whether values of the type are text.
func (t Type) IsText() bool {
	switch t {
	case String, Varchar, Text, MediumText, LongText:
		return true
	}
	return false
}

// placeKinds are the kinds of places that columns have.
var placeKinds = map[Type]spatial.Kind{Point: spatial.Point, Line: spatial.Line, Polygon: spatial.Polygon}

// IsSpatial reports whether values of the type are places on a map.
func (t Type) IsSpatial() bool { return t == Point || t == Line || t == Polygon }

// Format is a rule that the text of a column keeps besides its size.
type Format string

// The formats.
const (
	NoFormat Format = ""
	Email    Format = "email"
	Enum     Format = "enum"
	IP       Format = "ip"
	URL      Format = "url"
)

// The sizes of the texts that say none themselves, in code points.
const (
	emailSize      = 254
	enumSize       = 255
	ipSize         = 39
	urlSize        = 2000
	textSize       = 65535
	mediumTextSize = 16777215
	longTextSize   = 4294967295
)

// Kind is a sort of column as clients make them: a type, and for some a format
// and a size.
type Kind struct {
	Name   string // in paths: "string", "email", "float"
	Type   Type
	Format Format
	Size   int64 // 0: the client says, or it has none
}

// Kinds are all sorts of columns, in the contract's order.
var Kinds = []Kind{
	{Name: "boolean", Type: Boolean},
	{Name: "bigint", Type: BigInt},
	{Name: "integer", Type: Integer},
	{Name: "float", Type: Float},
	{Name: "email", Type: String, Format: Email, Size: emailSize},
	{Name: "enum", Type: String, Format: Enum, Size: enumSize},
	{Name: "url", Type: String, Format: URL, Size: urlSize},
	{Name: "ip", Type: String, Format: IP, Size: ipSize},
	{Name: "datetime", Type: Datetime},
	{Name: "relationship", Type: Relationship},
	{Name: "point", Type: Point},
	{Name: "line", Type: Line},
	{Name: "polygon", Type: Polygon},
	{Name: "varchar", Type: Varchar},
	{Name: "text", Type: Text, Size: textSize},
	{Name: "mediumtext", Type: MediumText, Size: mediumTextSize},
	{Name: "longtext", Type: LongText, Size: longTextSize},
	{Name: "string", Type: String},
}

// KindOf finds a kind by its type and format.
func KindOf(t Type, f Format) (Kind, bool) {
	for _, k := range Kinds {
		if k.Type == t && k.Format == f {
			return k, true
		}
	}
	return Kind{}, false
}
