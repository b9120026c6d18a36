package spatial

import (
	"errors"
	"math"

	"github.com/peterstace/simplefeatures/geom"
)

// Distances in meters are those on a sphere, from the nearest place of one shape
// to that of the other. An edge is straight on the map, as everywhere else here:
// it is cut into pieces that are so short that each is as good as the arc of a
// great circle. Shapes are halved again and again, and what cannot be nearer than
// what was found already is left out.

// earthRadius is the mean one, in meters.
const earthRadius = 6371008.8

// shortEdge is how far the ends of an edge are from its middle at most, in
// radians, where it counts as an arc: about 3 km, which is wrong by less than a
// meter, up to a latitude of 70 degrees.
const shortEdge = 0.0005

// maxHalvings is how much work a distance is worth. It takes winding shapes that
// run side by side to need so much.
const maxHalvings = 1 << 20

// ErrWinding says that a distance is too much work.
var ErrWinding = errors.New("the distance of shapes that wind like these in meters is too much work")

// A vector is a place as seen from the center of the sphere, at the length 1.
type vector struct{ x, y, z float64 }

func vectorOf(p geom.XY) vector {
	sinX, cosX := math.Sincos(radians(p.X))
	sinY, cosY := math.Sincos(radians(p.Y))
	return vector{cosY * cosX, cosY * sinX, sinY}
}

func radians(degrees float64) float64 { return degrees * (math.Pi / 180) }

func (a vector) dot(b vector) float64 { return a.x*b.x + a.y*b.y + a.z*b.z }

func (a vector) cross(b vector) vector {
	return vector{a.y*b.z - a.z*b.y, a.z*b.x - a.x*b.z, a.x*b.y - a.y*b.x}
}

func (a vector) length() float64 { return math.Sqrt(a.dot(a)) }

// angle is the distance of two places, in radians.
func (a vector) angle(b vector) float64 {
	chord := vector{a.x - b.x, a.y - b.y, a.z - b.z}
	return 2 * math.Asin(math.Min(1, chord.length()/2))
}

// toArc is the distance to the nearest place of an arc, in radians.
func (a vector) toArc(from, to vector) float64 {
	pole := from.cross(to)
	if n := pole.length(); n > 0 && pole.cross(from).dot(a) > 0 && to.cross(pole).dot(a) > 0 {
		return math.Asin(math.Min(1, math.Abs(pole.dot(a))/n))
	}
	return math.Min(a.angle(from), a.angle(to))
}

// A stretch is edges that follow each other, or a piece of one. No place of it is
// further from its middle than its radius.
type stretch struct {
	middle   vector
	radius   float64
	from, to geom.XY
	halves   [2]*stretch // of several edges
}

// newEdge makes a stretch of one edge. A point is an edge that ends where it
// begins. Nowhere is a way longer on the sphere than on the map.
func newEdge(from, to geom.XY) *stretch {
	return &stretch{
		middle: vectorOf(from.Add(to).Scale(0.5)), radius: radians(from.Sub(to).Length() / 2),
		from: from, to: to,
	}
}

// newStretch makes a stretch of edges through all points, of which there are two
// at least.
func newStretch(points []geom.XY) *stretch {
	if len(points) == 2 {
		return newEdge(points[0], points[1])
	}
	low, high := points[0], points[0]
	for _, p := range points {
		low.X, low.Y = math.Min(low.X, p.X), math.Min(low.Y, p.Y)
		high.X, high.Y = math.Max(high.X, p.X), math.Max(high.Y, p.Y)
	}
	s, half := newEdge(low, high), len(points)/2
	s.halves = [2]*stretch{newStretch(points[:half+1]), newStretch(points[half:])}
	return s
}

// short tells whether the stretch counts as an arc.
func (s *stretch) short() bool { return s.halves[0] == nil && s.radius <= shortEdge }

// halve cuts the stretch.
func (s *stretch) halve() (a, b *stretch) {
	if s.halves[0] != nil {
		return s.halves[0], s.halves[1]
	}
	middle := s.from.Add(s.to).Scale(0.5)
	return newEdge(s.from, middle), newEdge(middle, s.to)
}

// stretches are the edges of a shape: of each ring of a polygon.
func stretches(g geom.Geometry) []*stretch {
	switch g.Type() {
	case geom.TypePoint:
		if p, ok := g.MustAsPoint().XY(); ok {
			return []*stretch{newEdge(p, p)}
		}
	case geom.TypeLineString:
		return []*stretch{newStretch(pointsOf(g.MustAsLineString()))}
	case geom.TypePolygon:
		var list []*stretch
		for _, ring := range g.MustAsPolygon().DumpRings() {
			list = append(list, newStretch(pointsOf(ring)))
		}
		return list
	}
	return nil
}

func pointsOf(line geom.LineString) []geom.XY {
	sequence := line.Coordinates()
	points := make([]geom.XY, sequence.Length())
	for i := range points {
		points[i] = sequence.GetXY(i)
	}
	return points
}

// A nearest looks for the smallest distance between stretches.
type nearest struct {
	angle float64 // the smallest that was found
	left  int     // how often stretches may be halved
}

// look finds out whether two stretches are nearer to each other than what was
// found, the nearer halves first.
func (n *nearest) look(a, b *stretch) {
	if n.left == 0 || a.middle.angle(b.middle)-a.radius-b.radius >= n.angle {
		return
	}
	if a.short() && b.short() {
		n.angle = math.Min(n.angle, arcs(a, b))
		return
	}
	if a.short() || !b.short() && b.radius > a.radius {
		a, b = b, a
	}
	n.left--
	first, second := a.halve()
	if second.middle.angle(b.middle) < first.middle.angle(b.middle) {
		first, second = second, first
	}
	n.look(first, b)
	n.look(second, b)
}

// arcs is the distance of two arcs that do not cross. It is that of an end.
func arcs(a, b *stretch) float64 {
	a1, a2, b1, b2 := vectorOf(a.from), vectorOf(a.to), vectorOf(b.from), vectorOf(b.to)
	return min(a1.toArc(b1, b2), a2.toArc(b1, b2), b1.toArc(a1, a2), b2.toArc(a1, a2))
}

// meters is how far places are from each other on a sphere.
func (a Place) meters(b Place) (float64, error) {
	if a.shape.Kind == Point && b.shape.Kind == Point {
		p, _ := a.geom.MustAsPoint().XY()
		q, _ := b.geom.MustAsPoint().XY()
		return earthRadius * vectorOf(p).angle(vectorOf(q)), nil
	}
	if geom.Intersects(a.geom, b.geom) {
		return 0, nil
	}
	n := nearest{angle: math.Inf(1), left: maxHalvings}
	for _, s := range a.edges() {
		for _, other := range b.edges() {
			n.look(s, other)
		}
	}
	if n.left == 0 {
		return 0, ErrWinding
	}
	return earthRadius * n.angle, nil
}
