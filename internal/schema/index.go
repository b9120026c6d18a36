package schema

import (
	"fmt"
	"slices"
	"strings"
)

// IndexType is the sort of an index, by its name in the API.
type IndexType string

// The types of indexes.
const (
	KeyIndex      IndexType = "key"
	UniqueIndex   IndexType = "unique"
	FulltextIndex IndexType = "fulltext"
	SpatialIndex  IndexType = "spatial"
)

// Orders of a column in an index.
const (
	Asc  = "ASC"
	Desc = "DESC"
)

// Index is an index of a table.
type Index struct {
	Key     string
	Type    IndexType
	Columns []string
	Orders  []string // of the columns, perhaps of fewer; the rest are ascending
	Lengths []int64  // of the columns that are text, perhaps of fewer; 0 is the whole
}

// maxIndexLength is how long the texts of an index may be together.
const maxIndexLength = 768

// systemColumns can be part of an index, and have the longest text they hold.
var systemColumns = map[string]Column{
	"$id":        {Key: "$id", Type: String, Size: 36, Required: true},
	"$createdAt": {Key: "$createdAt", Type: Datetime, Required: true},
	"$updatedAt": {Key: "$updatedAt", Type: Datetime, Required: true},
}

// CheckIndex tests an index that is going to be made.
func (t *Table) CheckIndex(ix Index) error {
	if len(t.Indexes) >= MaxIndexes {
		return &Error{Kind: TooManyIndexes}
	}
	columns := make([]Column, len(ix.Columns))
	for i, key := range ix.Columns {
		c, err := t.indexable(key)
		if err != nil {
			return err
		}
		columns[i] = c
	}
	if problem := t.indexProblem(ix, columns); problem != "" {
		return &Error{Kind: BadIndex, Name: ix.Key, Message: problem}
	}
	return nil
}

func (t *Table) indexable(key string) (Column, error) {
	if c, ok := systemColumns[key]; ok {
		return c, nil
	}
	c := t.Column(key)
	switch {
	case c == nil:
		return Column{}, &Error{Kind: UnknownColumn, Name: key}
	case c.Unavailable:
		return Column{}, &Error{Kind: UnavailableColumn, Name: key}
	case c.Type == Relationship:
		return Column{}, &Error{Kind: BadIndexType, Name: key, Message: "Cannot create an index for a relationship attribute: " + key}
	case c.Array:
		return Column{}, &Error{Kind: BadIndex, Name: key, Message: "Creating indexes on array attributes is not currently supported."}
	case c.Encrypt && !t.BlindIndexes:
		return Column{}, &Error{Kind: BadIndex, Name: key, Message: "An encrypted attribute cannot be indexed: " + key}
	}
	return *c, nil
}

// indexProblem returns the first rule that an index of columns breaks.
func (t *Table) indexProblem(ix Index, columns []Column) string {
	if len(columns) == 0 {
		return "No attributes provided for index"
	}
	for i, key := range ix.Columns {
		if containsFold(ix.Columns[:i], key) {
			return "Duplicate attributes provided"
		}
	}
	switch ix.Type {
	case FulltextIndex:
		return t.fulltextProblem(columns)
	case SpatialIndex:
		return spatialProblem(columns)
	}
	for _, c := range columns {
		if c.Type.IsSpatial() {
			return fmt.Sprintf(`Cannot create %s index on spatial attribute "%s"`, ix.Type, c.Key)
		}
	}
	if problem := lengthProblem(ix, columns); problem != "" {
		return problem
	}
	if strings.EqualFold(ix.Key, "primary") {
		return "Index key name is reserved"
	}
	if t.hasSame(ix) {
		return "There is already an index with the same attributes and orders"
	}
	return ""
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(other, s) })
}

func (t *Table) fulltextProblem(columns []Column) string {
	for _, other := range t.Indexes {
		if other.Type == FulltextIndex {
			return "There is already a fulltext index in the collection"
		}
	}
	for _, c := range columns {
		if c.Encrypt {
			return "An encrypted attribute cannot be indexed for search: " + c.Key
		}
		if !c.Type.IsText() {
			return `Attribute "` + c.Key + `" cannot be part of a fulltext index, must be of type string`
		}
	}
	return ""
}

func spatialProblem(columns []Column) string {
	if len(columns) != 1 {
		return "Spatial index must have exactly one attribute"
	}
	c := columns[0]
	switch {
	case !c.Type.IsSpatial():
		return fmt.Sprintf(`Spatial index can only be created on spatial attributes (point, linestring, polygon). Attribute "%s" is of type "%s"`, c.Key, c.Type)
	case !c.Required:
		return fmt.Sprintf(`Spatial indexes do not allow null values. Mark the attribute "%s" as required or create the index on a column with no null values.`, c.Key)
	}
	return ""
}

func lengthProblem(ix Index, columns []Column) string {
	if len(ix.Lengths) > len(columns) {
		return "Invalid index lengths. Count of lengths must be equal or less than the number of attributes."
	}
	var total int64
	for i, c := range columns {
		var given int64
		if i < len(ix.Lengths) {
			given = ix.Lengths[i]
		}
		if given < 0 {
			return "Negative index length provided for " + c.Key
		}
		if !c.Type.IsText() || c.Encrypt { // of a sealed text a hash is indexed
			continue
		}
		length := c.Size
		if given > 0 {
			length = given
		}
		if length > c.Size {
			// The quote at the end is the contract's.
			return fmt.Sprintf(`Index length %d is larger than the size for %s: %d"`, length, c.Key, c.Size)
		}
		total += length
	}
	if total > maxIndexLength {
		return fmt.Sprintf("Index length is longer than the maximum: %d", maxIndexLength)
	}
	return ""
}

// hasSame reports whether an index of the same columns and orders is there.
func (t *Table) hasSame(ix Index) bool {
	for _, other := range t.Indexes {
		if other.Type != FulltextIndex && other.Type != SpatialIndex &&
			slices.Equal(other.Columns, ix.Columns) && slices.Equal(other.AllOrders(), ix.AllOrders()) {
			return true
		}
	}
	return false
}

// AllOrders returns an order for every column.
func (ix Index) AllOrders() []string {
	orders := make([]string, len(ix.Columns))
	for i := range orders {
		orders[i] = Asc
		if i < len(ix.Orders) && strings.EqualFold(ix.Orders[i], Desc) {
			orders[i] = Desc
		}
	}
	return orders
}

// Uses reports whether the index has the column.
func (ix Index) Uses(key string) bool { return slices.Contains(ix.Columns, key) }
