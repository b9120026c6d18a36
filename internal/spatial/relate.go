package spatial

import (
	"fmt"
	"math"
	"sync"

	"github.com/peterstace/simplefeatures/geom"
)

// geometry is the shape in the module that knows how places lie to each other.
func (s Shape) geometry() (geom.Geometry, error) {
	text := `{"type":"` + map[Kind]string{Point: "Point", Line: "LineString", Polygon: "Polygon"}[s.Kind] + `","coordinates":` + s.Text + `}`
	return geom.UnmarshalGeoJSON([]byte(text), geom.NoValidate{})
}

// A Place is a shape that others are compared with.
type Place struct {
	shape Shape
	geom  geom.Geometry
	edges func() []*stretch // found when they are first asked for
}

// Place prepares the shape.
func (s Shape) Place() (Place, error) {
	g, err := s.geometry()
	if err != nil {
		return Place{}, fmt.Errorf("spatial: %w", err)
	}
	return Place{s, g, sync.OnceValue(func() []*stretch { return stretches(g) })}, nil
}

// Stored is the place of a text that a [Shape] once had.
func Stored(text string, kind Kind) (Place, error) { return Shape{Text: text, Kind: kind}.Place() }

// Relation is how one place may lie to another.
type Relation uint8

// The relations.
const (
	Equals Relation = iota
	Contains
	Crosses
	Intersects
	Overlaps
	Touches
)

// Lies reports whether a place lies to another as a relation says.
func (a Place) Lies(r Relation, b Place) (bool, error) {
	switch r {
	case Equals:
		return geom.Equals(a.geom, b.geom)
	case Contains:
		return geom.Contains(a.geom, b.geom)
	case Crosses:
		return geom.Crosses(a.geom, b.geom)
	case Intersects:
		return geom.Intersects(a.geom, b.geom), nil
	case Overlaps:
		return geom.Overlaps(a.geom, b.geom)
	case Touches:
		return geom.Touches(a.geom, b.geom)
	}
	return false, fmt.Errorf("spatial: no relation %d", r)
}

// Distance is how far places are from each other: in degrees on a flat map, or
// in meters on a sphere.
func (a Place) Distance(b Place, meters bool) (float64, error) {
	if !meters {
		d, ok := geom.Distance(a.geom, b.geom)
		if !ok {
			return math.Inf(1), nil
		}
		return d, nil
	}
	return a.meters(b)
}

// Within is a box that holds all places that are no further from one than a
// distance.
func (s Shape) Within(distance float64, meters bool) Box {
	if !meters {
		return s.Box.Grow(distance, distance)
	}
	const slack = 1.0001 // for what rounding takes away
	dy := distance / earthRadius * 180 / math.Pi * slack
	far := math.Max(math.Abs(s.Box.South), math.Abs(s.Box.North)) + dy
	if far >= everywhere.North {
		return everywhere // a pole is within reach, and so every longitude
	}
	dx := math.Asin(math.Min(1, math.Sin(dy*math.Pi/180)/math.Cos(far*math.Pi/180))) * 180 / math.Pi * slack
	b := s.Box.Grow(dx, dy)
	if b.West < everywhere.West || b.East > everywhere.East {
		b.West, b.East = everywhere.West, everywhere.East
	}
	return b
}
