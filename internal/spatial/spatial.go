// Package spatial is places on a map: points, lines and polygons of longitudes
// and latitudes in degrees, how they are written in JSON, and how one lies to
// another.
package spatial

import (
	"math"
	"strconv"

	"moorfast/internal/rawjson"
)

// Kind is a sort of place.
type Kind uint8

// The kinds. A kind is as many lists in each other as its number says.
const (
	Point   Kind = 1 // [x, y]
	Line    Kind = 2 // [[x, y], …]
	Polygon Kind = 3 // [[[x, y], …], …], the outer ring first
)

// MaxPoints is how many points one place has.
const MaxPoints = 10000

const (
	linePoints = 2
	ringPoints = 4
)

// Shape is a place that was checked. The zero Shape is none.
type Shape struct {
	Text string // in JSON, without spaces
	Box  Box
	Kind Kind
}

// Box is the smallest one around a place, its edges included.
type Box struct{ West, East, South, North float64 }

// Grow returns the box with a margin.
func (b Box) Grow(x, y float64) Box {
	return Box{b.West - x, b.East + x, b.South - y, b.North + y}
}

var everywhere = Box{-180, 180, -90, 90}

type reader struct {
	text   []byte
	box    Box
	points int
}

// Parse reads a place of a kind from JSON. The problem is what a client is told
// that the value must be; it is "" where there is none.
func Parse(raw []byte, kind Kind) (s Shape, problem string) {
	r := reader{text: make([]byte, 0, len(raw)), box: Box{math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)}}
	switch kind {
	case Point:
		_, problem = r.point(raw, "Point must be an array of two numeric values [x, y]")
	case Line:
		problem = r.line(raw)
	case Polygon:
		problem = r.polygon(raw)
	default:
		problem = "Value must be a point, a line or a polygon"
	}
	if problem != "" {
		return Shape{}, problem
	}
	s = Shape{Text: string(r.text), Box: r.box, Kind: kind}
	if kind == Polygon {
		if g, err := s.geometry(); err != nil || g.Validate() != nil {
			return Shape{}, "Polygon must not cross itself, and its inner rings must lie within the first"
		}
	}
	return s, ""
}

// ParseAny reads a place whose kind follows from how deep its lists are.
func ParseAny(raw []byte) (Shape, string) {
	kind := Kind(0)
	for inner := raw; rawjson.KindOf(inner) == rawjson.Array && kind <= Polygon; kind++ {
		var first []byte
		_ = rawjson.Elements(inner, func(item []byte) error {
			if first == nil {
				first = item
			}
			return nil
		})
		inner = first
		if first == nil {
			break
		}
	}
	return Parse(raw, kind)
}

type xy struct{ x, y float64 }

// point reads a point and appends it.
func (r *reader) point(raw []byte, wrong string) (p xy, problem string) {
	n := 0
	if rawjson.KindOf(raw) != rawjson.Array {
		return p, wrong
	}
	_ = rawjson.Elements(raw, func(item []byte) error {
		v, ok := 0.0, false
		if rawjson.KindOf(item) == rawjson.Number {
			v, ok = rawjson.Float(item)
		}
		if !ok {
			problem = wrong
		}
		switch n {
		case 0:
			p.x = v
		case 1:
			p.y = v
		}
		n++
		return nil
	})
	switch {
	case problem != "" || n != 2:
		return p, wrong
	case !(math.Abs(p.x) <= everywhere.East):
		return p, "Longitude (x) must be between -180 and 180, got " + number(p.x)
	case !(math.Abs(p.y) <= everywhere.North):
		return p, "Latitude (y) must be between -90 and 90, got " + number(p.y)
	case r.points == MaxPoints:
		return p, "A place must have no more than " + strconv.Itoa(MaxPoints) + " points"
	}
	r.points++
	p.x, p.y = p.x+0, p.y+0 // no negative zero
	r.text = append(rawjson.AppendFloat(append(r.text, '['), p.x), ',')
	r.text = append(rawjson.AppendFloat(r.text, p.y), ']')
	b := &r.box
	b.West, b.East = math.Min(b.West, p.x), math.Max(b.East, p.x)
	b.South, b.North = math.Min(b.South, p.y), math.Max(b.North, p.y)
	return p, ""
}

func number(f float64) string { return string(rawjson.AppendFloat(nil, f)) }

// path reads points, and returns how many they are, and the ends.
func (r *reader) path(raw []byte, wrong string) (n int, first, last xy, problem string) {
	if rawjson.KindOf(raw) != rawjson.Array {
		return 0, first, last, wrong
	}
	r.text = append(r.text, '[')
	differ := false
	_ = rawjson.Elements(raw, func(item []byte) error {
		if problem != "" {
			return nil
		}
		if n > 0 {
			r.text = append(r.text, ',')
		}
		var p xy
		if p, problem = r.point(item, wrong); problem != "" {
			return nil
		}
		if n == 0 {
			first = p
		}
		differ = differ || p != first
		last = p
		n++
		return nil
	})
	r.text = append(r.text, ']')
	if problem == "" && n > 1 && !differ {
		problem = "The points of a line or a ring must not all be the same"
	}
	return n, first, last, problem
}

func (r *reader) line(raw []byte) string {
	n, _, _, problem := r.path(raw, "LineString must be an array of points [x, y]")
	if problem == "" && n < linePoints {
		return "LineString must contain at least two points"
	}
	return problem
}

func (r *reader) polygon(raw []byte) (problem string) {
	if rawjson.KindOf(raw) != rawjson.Array {
		return "Polygon must be an array of rings, which are arrays of points [x, y]"
	}
	r.text = append(r.text, '[')
	rings := 0
	_ = rawjson.Elements(raw, func(item []byte) error {
		if problem != "" {
			return nil
		}
		if rings > 0 {
			r.text = append(r.text, ',')
		}
		rings++
		ring := "Ring #" + strconv.Itoa(rings)
		n, first, last, wrong := r.path(item, ring+" must be an array of points [x, y]")
		switch {
		case wrong != "":
			problem = wrong
		case n < ringPoints:
			problem = ring + " must contain at least 4 points"
		case first != last:
			problem = ring + " must be closed (first point must equal last point)"
		}
		return nil
	})
	r.text = append(r.text, ']')
	if problem == "" && rings == 0 {
		return "Polygon must contain at least one ring"
	}
	return problem
}
