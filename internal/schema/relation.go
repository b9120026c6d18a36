package schema

import "slices"

// Relation is what a column of the type [Relationship] says: which rows of
// which table a row relates to, and what becomes of them. Both of its sides say
// the same, but for Side and the key of the other.
type Relation struct {
	Table     string // the id of the other side's table
	Type      RelationType
	TwoWay    bool   // the other side has a column as well
	TwoWayKey string // of the other side's column
	OnDelete  OnDelete
	Side      Side
}

// RelationType says how many rows a row of either side may relate to. It is
// read from the side of the parent.
type RelationType string

// The types of relations.
const (
	OneToOne   RelationType = "oneToOne"
	OneToMany  RelationType = "oneToMany"
	ManyToOne  RelationType = "manyToOne"
	ManyToMany RelationType = "manyToMany"
)

// OnDelete is what becomes of related rows when a row goes.
type OnDelete string

// What becomes of related rows.
const (
	Cascade  OnDelete = "cascade"  // they go as well
	Restrict OnDelete = "restrict" // the row stays as long as there are any
	SetNull  OnDelete = "setNull"  // they stay, and relate to nothing
)

// Side is an end of a relation.
type Side string

// The sides. The parent is the table that the relation was made for.
const (
	Parent Side = "parent"
	Child  Side = "child"
)

// Many reports whether a row of the side may relate to several.
func (r *Relation) Many() bool {
	if r.Side == Parent {
		return r.Type == OneToMany || r.Type == ManyToMany
	}
	return r.Type == ManyToOne || r.Type == ManyToMany
}

// Virtual reports whether the contract keeps the relation's values on the other
// side only, so that no query compares them.
func (r *Relation) Virtual() bool {
	return r.Many() || r.Type == OneToOne && r.Side == Child && !r.TwoWay
}

// OwnsOther reports whether to relate a row changes what the related row holds,
// and not only the row itself.
func (r *Relation) OwnsOther() bool {
	other := *r
	other.Side = Child
	if r.Side == Child {
		other.Side = Parent
	}
	return !other.Many() && (r.Many() || r.TwoWay && r.Type == OneToOne)
}

// Acts reports whether OnDelete looks at the related rows when a row of the
// side goes. Otherwise they only cease to be related.
func (r *Relation) Acts() bool {
	switch {
	case r.Type == ManyToOne:
		return r.Side == Child
	case r.Type == OneToOne && r.Side == Child:
		return r.TwoWay && r.OnDelete == Cascade
	}
	return r.Side == Parent
}

// Related is the JSON of what a client sent for a relationship, which only a
// store can check.
type Related []byte

// HasRelations reports whether a column of the table is a relationship.
func (t *Table) HasRelations() bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Type == Relationship })
}
