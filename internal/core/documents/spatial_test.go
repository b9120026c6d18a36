package documents_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"moorfast/internal/core/documents"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

func (b *bench) places() documents.Ref {
	b.Helper()
	ref := b.named("places", documents.NewTable{Columns: []schema.Column{column("at:point", required), column("way:line"), column("area:polygon")}})
	b.mustCreate(ref, "a", `{"at":[0,0],"way":[[0,0],[2,2]],"area":[[[0,0],[4,0],[4,4],[0,4],[0,0]]]}`)
	b.mustCreate(ref, "b", `{"at":[3,4],"way":[[5,5],[9,9]],"area":[[[4,0],[8,0],[8,4],[4,4],[4,0]]]}`)
	b.mustCreate(ref, "c", `{"at":[10,10],"way":null,"area":[[[20,20],[21,20],[21,21],[20,20]]]}`)
	b.mustCreate(ref, "d", `{"at":[13.405,52.52]}`)
	return ref
}

func list(text string) (v any) {
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(err)
	}
	return v
}

func TestPlacesAreKeptAndChanged(t *testing.T) {
	b := newBench(t)
	ref := b.places()
	b.shows(ref, server, "a", `{"$id":"a","at":[0,0],"way":[[0,0],[2,2]],"area":[[[0,0],[4,0],[4,4],[0,4],[0,0]]]}`, "*")
	b.now = b.now.Add(1e9)
	if row := b.mustUpdate(ref, "a", `{"at":[0.0, 0]}`); row["$updatedAt"] != row["$createdAt"] {
		t.Error("the same place is a change")
	}
	b.mustUpdate(ref, "a", `{"at":[1.5,-2],"way":null}`)
	b.shows(ref, server, "a", `{"$id":"a","at":[1.5,-2],"way":null}`, "at", "way")
	if p, err := b.list(ref, server, q("intersects", "at", list(`[1.5,-2]`))); err != nil || p.ids() != "a" {
		t.Errorf("the place that it moved to: %q, %v", p.ids(), err)
	}
	for data, want := range map[string]string{
		`{"at":[200,0]}`:                       `Attribute "at" has invalid type. Longitude (x) must be between -180 and 180, got 200`,
		`{"at":"here"}`:                        `Attribute "at" has invalid type. Point must be an array of two numeric values [x, y]`,
		`{"way":[[1,2]]}`:                      `Attribute "way" has invalid type. LineString must contain at least two points`,
		`{"area":[[[0,0],[1,0],[1,1],[0,1]]]}`: `Attribute "area" has invalid type. Ring #1 must be closed (first point must equal last point)`,
		`{"at":null}`:                          `Missing required attribute "at"`,
	} {
		if _, err := b.update(ref, server, "b", data, nil); err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", data, err, want)
		}
	}
	b.write(func(ctx context.Context, tx store.Tx) error {
		t, err := b.catalog.TableToChange(ctx, tx, ref)
		if err != nil {
			return err
		}
		return b.catalog.DeleteColumn(ctx, tx, t, "area", 5)
	})
	if err := b.addColumn(ref, column("area:polygon", func(c *schema.Column) { c.Default = []byte(`[[[0,0],[1,0],[1,1],[0,0]]]`) })); err != nil {
		t.Fatal(err)
	}
	b.mustCreate(ref, "e", `{"at":[1,1]}`)
	b.shows(ref, server, "e", `{"$id":"e","area":[[[0,0],[1,0],[1,1],[0,0]]]}`, "area")
}

func TestQueriesFindPlaces(t *testing.T) {
	for _, indexed := range []bool{false, true} {
		b := newBench(t)
		ref := b.places()
		if indexed {
			b.write(func(ctx context.Context, tx store.Tx) error {
				t, err := b.catalog.TableToChange(ctx, tx, ref)
				if err != nil {
					return err
				}
				_, err = b.catalog.CreateIndex(ctx, tx, t, schema.Index{Key: "at", Type: schema.SpatialIndex, Columns: []string{"at"}}, 4)
				return err
			})
		}
		for _, c := range []struct{ method, attribute, value, want string }{
			{"equal", "at", `[3,4]`, "b"},
			{"notEqual", "at", `[3,4]`, "a c d"},
			{"intersects", "at", `[[[-1,-1],[5,-1],[5,5],[-1,5],[-1,-1]]]`, "a b"},
			{"notIntersects", "at", `[[[-1,-1],[5,-1],[5,5],[-1,5],[-1,-1]]]`, "c d"},
			{"contains", "area", `[1,1]`, "a"},
			{"notContains", "area", `[1,1]`, "b c"},
			{"touches", "area", `[[[4,0],[8,0],[8,4],[4,4],[4,0]]]`, "a"},
			{"notTouches", "area", `[[[4,0],[8,0],[8,4],[4,4],[4,0]]]`, "b c"},
			{"overlaps", "area", `[[[1,1],[9,1],[9,2],[1,2],[1,1]]]`, "a b"},
			{"notOverlaps", "area", `[[[1,1],[9,1],[9,2],[1,2],[1,1]]]`, "c"},
			{"crosses", "way", `[[0,2],[2,0]]`, "a"},
			{"notCrosses", "way", `[[0,2],[2,0]]`, "b"},
			{"distanceEqual", "at", `[[0,0],5,false]`, "b"},
			{"distanceNotEqual", "at", `[[0,0],5,false]`, "a c d"},
			{"distanceLessThan", "at", `[[0,0],5,false]`, "a"},
			{"distanceGreaterThan", "at", `[[0,0],5,false]`, "c d"},
			{"distanceLessThan", "at", `[[2.3522,48.8566],900000,true]`, "d"},
			{"distanceGreaterThan", "at", `[[2.3522,48.8566],900000,true]`, "a b c"},
			{"distanceLessThan", "area", `[[0,0],1,false]`, "a"},
			{"distanceLessThan", "area", `[[0,0],1,true]`, "a"},
			{"distanceLessThan", "area", `[[9,2],120000,true]`, "b"},
			{"distanceGreaterThan", "area", `[[9,2],120000,true]`, "a c"},
			{"distanceEqual", "way", `[[[0,2],[2,0]],0,true]`, "a"},
			{"distanceNotEqual", "way", `[[[0,2],[2,0]],0,true]`, "b"},
			{"distanceLessThan", "at", `[[[[3,5],[4,5],[4,6],[3,5]]],112000,true]`, "b"},
		} {
			p, err := b.list(ref, server, q(c.method, c.attribute, list(c.value)))
			if err != nil || p.ids() != c.want || p.Total != len(p.Rows) {
				t.Errorf("%s %s %s: got %q (%d), %v, want %q", c.method, c.attribute, c.value, p.ids(), p.Total, err, c.want)
			}
		}
		p, err := b.list(ref, server, q("isNull", "way"), q("notEqual", "at", list(`[0,0]`)), q("limit", "", 1), q("orderDesc", ""))
		if err != nil || p.ids() != "d" || p.Total != 2 {
			t.Errorf("with others: %q of %d, %v", p.ids(), p.Total, err)
		}
		or := `{"method":"or","values":[` + q("equal", "at", list(`[0,0]`)) + `,` + q("isNull", "area") + `]}`
		if p, err := b.list(ref, server, or); err != nil || p.ids() != "a d" {
			t.Errorf("or: %q, %v", p.ids(), err)
		}
		for query, want := range map[string]string{
			q("intersects", "at", list(`[500,0]`)):                "Longitude (x) must be between -180 and 180, got 500",
			q("intersects", "at", list(`["x"]`)):                  "numeric values",
			q("distanceLessThan", "at", list(`[[0,0],-1,false]`)): "a distance is a number that is not negative",
			q("lessThan", "at", list(`[1,2]`)):                    "does not compare places",
			q("intersects", "at", "x"):                            `Query value is invalid for attribute "at"`,
		} {
			if _, err := b.list(ref, server, query); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s:\n got %v\nwant %s", query, err, want)
			}
		}
	}
}

func TestPlacesBehindARelationAreFound(t *testing.T) {
	b := newBench(t)
	ref := b.places()
	shops := b.named("shops", documents.NewTable{})
	b.mustRelate(shops, documents.NewRelation{Related: "places", Key: "place", Type: schema.ManyToOne})
	for _, id := range []string{"a", "b", "d"} {
		b.mustCreate(shops, "s"+id, fmt.Sprintf(`{"place":%q}`, id))
	}
	p, err := b.list(shops, server, q("distanceLessThan", "place.at", list(`[[0,0],6,false]`)))
	if err != nil || p.ids() != "sa sb" {
		t.Errorf("%q, %v", p.ids(), err)
	}
	if _, err := b.change(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
		return t.DeleteMany(ctx, tx, b.by(server), []string{q("equal", "at", list(`[10,10]`))})
	}); err != nil {
		t.Error(err)
	}
	if p, err := b.list(ref, server); err != nil || p.ids() != "a b d" {
		t.Errorf("%q, %v", p.ids(), err)
	}
}
