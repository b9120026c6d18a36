package spatial_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"moorfast/internal/spatial"
)

const degree = 111195.08 // meters, along a meridian

func TestDistancesInMeters(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		want       float64
	}{
		{"beside a line", `[5,1]`, `[[0,0],[10,0]]`, degree},
		{"behind the end of a line", `[12,0]`, `[[0,0],[10,0]]`, 2 * degree},
		{"an edge is straight on the map", `[0,51]`, `[[-60,50],[60,50]]`, degree},
		{"on a line", `[3,3]`, `[[0,0],[10,10]]`, 0},
		{"within a polygon", `[2,2]`, square, 0},
		{"outside of a polygon", `[5,0]`, square, degree},
		{"within a hole", `[5,5]`, `[[[0,0],[9,0],[9,9],[0,9],[0,0]],[[4,4],[4,6],[6,6],[6,4],[4,4]]]`, 110772},
		{"across the end of the map", `[179.9,0]`, `[[-179.9,-1],[-179.9,1]]`, 0.2 * degree},
		{"across a pole", `[0,89]`, `[[180,89],[180,80]]`, 2 * degree},
		{"lines that cross", `[[0,0],[2,2]]`, `[[0,2],[2,0]]`, 0},
		{"lines side by side", `[[-170,50],[170,50]]`, `[[-170,51],[170,51]]`, degree},
		{"a polygon beside another", square, `[[[5,-9],[9,-9],[9,9],[5,9],[5,-9]]]`, 110925},
		{"a polygon in another", square, `[[[1,1],[2,1],[2,2],[1,1]]]`, 0},
		{"the other side of the world", `[0,0]`, `[[180,0],[170,0]]`, 170 * degree},
	} {
		for _, pair := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
			got, err := place(t, pair[0]).Distance(place(t, pair[1]), true)
			if err != nil || math.Abs(got-c.want) > 2 {
				t.Errorf("%s: %.1f m, %v, want %.1f", c.name, got, err, c.want)
			}
		}
	}
}

// path is a line of random points, and many places on it.
func path(r *rand.Rand) (text string, on []string) {
	x, y, size := r.Float64()*340-170, r.Float64()*140-70, math.Exp(r.Float64()*5-3)
	var points [][2]float64
	for range 2 + r.IntN(8) {
		points = append(points, [2]float64{
			math.Max(-180, math.Min(180, x+size*(r.Float64()-0.5))), math.Max(-80, math.Min(80, y+size*(r.Float64()-0.5))),
		})
	}
	for i := range len(points) - 1 {
		a, b := points[i], points[i+1]
		for j := range 101 {
			f := float64(j) / 100
			on = append(on, fmt.Sprintf("[%v,%v]", a[0]+f*(b[0]-a[0]), a[1]+f*(b[1]-a[1])))
		}
	}
	list, _ := json.Marshal(points)
	return string(list), on
}

// TestDistancesAreTheSmallest compares distances with those of many places.
func TestDistancesAreTheSmallest(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		text, on := path(r)
		point := fmt.Sprintf("[%v,%v]", r.Float64()*360-180, r.Float64()*180-90)
		p := place(t, point)
		least := math.Inf(1)
		for _, other := range on {
			d, err := p.Distance(place(t, other), true)
			if err != nil {
				t.Fatal(err)
			}
			least = math.Min(least, d)
		}
		got, err := p.Distance(place(t, text), true)
		if err != nil || got > least+1 || got < least*0.99-2000 {
			t.Errorf("%s from %s: %.1f m, %v, of places on it %.1f", point, text, got, err, least)
		}
	}
}

func TestDistancesAreBounded(t *testing.T) {
	// Each other is as near as the nearest: nothing can be left out.
	zigzag := func(x float64) string {
		var points []string
		for i := range spatial.MaxPoints {
			points = append(points, fmt.Sprintf("[%v,%v]", x+float64(i%2)*100, float64(i)*1e-9))
		}
		return "[" + strings.Join(points, ",") + "]"
	}
	if _, err := place(t, zigzag(-150)).Distance(place(t, zigzag(-49)), true); !errors.Is(err, spatial.ErrWinding) {
		t.Errorf("two long zigzags: %v", err)
	}
}

func BenchmarkMeters(b *testing.B) {
	var ring []string
	for i := range 101 {
		sin, cos := math.Sincos(float64(i%100) * math.Pi / 50)
		ring = append(ring, fmt.Sprintf("[%v,%v]", 10+cos, 50+sin))
	}
	s, problem := spatial.ParseAny([]byte("[[" + strings.Join(ring, ",") + "]]"))
	if problem != "" {
		b.Fatal(problem)
	}
	o, _ := spatial.ParseAny([]byte("[13.405,52.52]"))
	from, _ := o.Place()
	for b.Loop() {
		p, err := s.Place()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Distance(from, true); err != nil {
			b.Fatal(err)
		}
	}
}
