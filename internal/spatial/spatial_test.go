package spatial_test

import (
	"math"
	"testing"

	"moorfast/internal/spatial"
)

func place(t *testing.T, text string) spatial.Place {
	t.Helper()
	s, problem := spatial.ParseAny([]byte(text))
	if problem != "" {
		t.Fatalf("%s: %s", text, problem)
	}
	p, err := s.Place()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const square = `[[[0,0],[4,0],[4,4],[0,4],[0,0]]]`

func TestWhatIsNoPlaceIsRefused(t *testing.T) {
	for _, c := range []struct {
		kind       spatial.Kind
		text, want string
	}{
		{spatial.Point, `[1]`, "Point must be an array of two numeric values [x, y]"},
		{spatial.Point, `[1,2,3]`, "Point must be an array of two numeric values [x, y]"},
		{spatial.Point, `["1",2]`, "Point must be an array of two numeric values [x, y]"},
		{spatial.Point, `{"x":1}`, "Point must be an array of two numeric values [x, y]"},
		{spatial.Point, `[181,0]`, "Longitude (x) must be between -180 and 180, got 181"},
		{spatial.Point, `[0,-90.5]`, "Latitude (y) must be between -90 and 90, got -90.5"},
		{spatial.Line, `[[1,2]]`, "LineString must contain at least two points"},
		{spatial.Line, `[[1,2],[1,2]]`, "The points of a line or a ring must not all be the same"},
		{spatial.Line, `[1,2]`, "LineString must be an array of points [x, y]"},
		{spatial.Polygon, `[]`, "Polygon must contain at least one ring"},
		{spatial.Polygon, `[[[0,0],[1,0],[0,0]]]`, "Ring #1 must contain at least 4 points"},
		{spatial.Polygon, `[[[0,0],[1,0],[1,1],[0,1]]]`, "Ring #1 must be closed (first point must equal last point)"},
		{spatial.Polygon, `[[[0,0],[1,1],[1,0],[0,1],[0,0]]]`, "Polygon must not cross itself, and its inner rings must lie within the first"},
	} {
		if _, problem := spatial.Parse([]byte(c.text), c.kind); problem != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.text, problem, c.want)
		}
	}
}

func TestPlacesLieToEachOther(t *testing.T) {
	for _, c := range []struct {
		a    string
		is   spatial.Relation
		b    string
		want bool
	}{
		{square, spatial.Contains, `[2,2]`, true},
		{square, spatial.Contains, `[5,2]`, false},
		{square, spatial.Intersects, `[4,2]`, true},
		{square, spatial.Touches, `[4,2]`, true},
		{square, spatial.Touches, `[2,2]`, false},
		{square, spatial.Overlaps, `[[[2,2],[6,2],[6,6],[2,6],[2,2]]]`, true},
		{square, spatial.Overlaps, square, false},
		{square, spatial.Equals, `[[[4,0],[4,4],[0,4],[0,0],[4,0]]]`, true},
		{`[[-1,2],[5,2]]`, spatial.Crosses, square, true},
		{`[[0,0],[2,2]]`, spatial.Crosses, `[[0,2],[2,0]]`, true},
		{`[[0,0],[2,2]]`, spatial.Crosses, `[[5,5],[6,6]]`, false},
		{`[1,1]`, spatial.Equals, `[1.0,1]`, true},
		{`[[[0,0],[9,0],[9,9],[0,9],[0,0]],[[3,3],[3,6],[6,6],[6,3],[3,3]]]`, spatial.Contains, `[4,4]`, false},
	} {
		if got, err := place(t, c.a).Lies(c.is, place(t, c.b)); got != c.want || err != nil {
			t.Errorf("%s %d %s: %v, %v", c.a, c.is, c.b, got, err)
		}
	}
}

func TestDistances(t *testing.T) {
	berlin, paris := `[13.405,52.52]`, `[2.3522,48.8566]`
	if d, err := place(t, berlin).Distance(place(t, paris), true); err != nil || math.Abs(d-877500) > 1000 {
		t.Errorf("Berlin to Paris: %v m, %v", d, err)
	}
	if d, err := place(t, square).Distance(place(t, `[7,8]`), false); err != nil || d != 5 {
		t.Errorf("%v degrees, %v", d, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`[1,2]`, `[[1,2],[3,4]]`, square, `[[[]]]`, `[[[[1]]]]`, `[-0,0]`, `[1e999,0]`, `null`, `[[0,0],[0,0]]`, `[[[0,0],[1,1],[0,0],[1,1],[0,0]]]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, problem := spatial.ParseAny([]byte(text))
		if problem != "" {
			return
		}
		again, problem := spatial.Parse([]byte(s.Text), s.Kind)
		if problem != "" || again != s {
			t.Fatalf("%q makes %+v, which makes %+v, %s", text, s, again, problem)
		}
		p, err := s.Place()
		if err != nil {
			t.Fatal(err)
		}
		if yes, err := p.Lies(spatial.Intersects, p); err != nil || !yes {
			t.Fatalf("%s is not where it is: %v", s.Text, err)
		}
	})
}
