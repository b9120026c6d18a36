package documents_test

import (
	"fmt"
	"strings"
	"testing"

	"moorfast/internal/core/documents"
	"moorfast/internal/schema"
)

// classOf is what kinds of columns have in common, as far as queries care.
var classOf = map[string]string{
	"string": "text", "varchar": "text", "text": "text", "mediumtext": "text", "longtext": "text",
	"email": "text", "enum": "text", "ip": "text", "url": "text",
	"integer": "number", "bigint": "number", "float": "number", "boolean": "number", "datetime": "number",
	"point": "place", "line": "place", "polygon": "place",
}

var methodValues = map[string]string{
	"string": `"a"`, "varchar": `"a"`, "text": `"a"`, "mediumtext": `"a"`, "longtext": `"a"`,
	"email": `"a@example.com"`, "enum": `"a"`, "ip": `"::1"`, "url": `"http://a.b"`,
	"integer": `1`, "bigint": `1`, "float": `1.5`, "boolean": `true`, "datetime": `"2026-01-01"`,
	"point": `[1,2]`, "line": `[[0,0],[1,1]]`, "polygon": `[[[0,0],[1,0],[1,1],[0,0]]]`,
}

// What a method is refused with, where it is.
const (
	isArray     = "because it is an array."
	noContains  = "because it is not an array, string, or object."
	noPlace     = "cannot be applied on non-spatial attribute: "
	noText      = "because it is not a string."
	noWords     = "requires a fulltext index."
	noObject    = "because it is not an object."
	noVector    = "cannot be applied on non-vector attribute: "
	noCompare   = "does not compare places."
	noValues    = "is not supported by this database."
	virtualSide = "Cannot query on virtual relationship attribute"
)

// methodRules say of each method with how many values it comes, and what it is
// refused with for each class. Nothing is: it is taken.
var methodRules = []struct {
	methods, values                            string
	text, number, place, array, related, other string
}{
	{"equal notEqual", "V", "", "", "", isArray, "", virtualSide},
	{"lessThan lessThanEqual greaterThan greaterThanEqual", "V", "", "", noCompare, isArray, noValues, virtualSide},
	{"between notBetween", "V,V", "", "", noCompare, isArray, noValues, virtualSide},
	{"contains notContains", "V", "", noContains, "", "", noContains, virtualSide},
	{"containsAny containsAll", "V", "", noContains, noCompare, "", noContains, virtualSide},
	{"search notSearch", "V", noWords, noWords, noWords, isArray, noWords, virtualSide},
	{"isNull isNotNull", "", "", "", "", "", "", virtualSide},
	{"startsWith notStartsWith endsWith notEndsWith regex", "V", "", noText, noText, isArray, noText, virtualSide},
	{"crosses notCrosses intersects notIntersects overlaps notOverlaps touches notTouches", "P", noPlace, noPlace, "", noPlace, noPlace, noPlace},
	{"distanceEqual distanceNotEqual distanceLessThan distanceGreaterThan", "[P,10,true]", noPlace, noPlace, "", noPlace, noPlace, noPlace},
	{"distanceEqual distanceNotEqual distanceLessThan distanceGreaterThan", "[P,10,false]", noPlace, noPlace, "", noPlace, noPlace, noPlace},
	{"vectorDot vectorCosine vectorEuclidean", "[1,2]", noVector, noVector, noVector, noVector, noVector, noVector},
	{"elemMatch", `{"method":"isNull","attribute":"x"}`, noObject, noObject, noObject, noObject, noObject, noObject},
}

// TestMethodsOfColumns asks each kind of column by each method.
func TestMethodsOfColumns(t *testing.T) {
	b := newBench(t)
	n := documents.NewTable{}
	var fields []string
	for _, k := range schema.Kinds {
		value := methodValues[k.Name]
		switch {
		case k.Type == schema.Relationship:
			continue
		case value == "" || classOf[k.Name] == "":
			t.Fatalf("nothing is known of the kind %s", k.Name)
		}
		elements := func(c *schema.Column) { c.Elements = []string{"a"} }
		n.Columns = append(n.Columns, column(k.Name+":"+k.Name, elements))
		fields = append(fields, fmt.Sprintf(`%q:%s`, k.Name, value))
		if !k.Type.IsSpatial() {
			n.Columns = append(n.Columns, column(k.Name+"s:"+k.Name, elements, array))
			fields = append(fields, fmt.Sprintf(`%q:[%s]`, k.Name+"s", value))
		}
	}
	for i := range n.Columns { // together, they would be too wide
		n.Columns[i].Size = min(n.Columns[i].Size, 300)
	}
	ref := b.table(n)
	b.named("other", documents.NewTable{})
	b.mustRelate(ref, documents.NewRelation{Related: "other", Key: "one", Type: schema.ManyToOne})
	b.mustRelate(ref, documents.NewRelation{Related: "other", Key: "many", Type: schema.OneToMany, TwoWay: true, TwoWayKey: "back"})
	b.mustCreate(ref, "full", "{"+strings.Join(fields, ",")+"}")
	b.mustCreate(ref, "empty", `{"one":null,"string":null}`)

	for _, rule := range methodRules {
		for method := range strings.FieldsSeq(rule.methods) {
			ask := func(key, value, want string) {
				t.Helper()
				values := strings.NewReplacer("V", value, "P", value).Replace(rule.values)
				text := fmt.Sprintf(`{"method":%q,"attribute":%q,"values":[%s]}`, method, key, values)
				_, err := b.list(ref, server, text)
				if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
					t.Errorf("%s:\n got %v\nwant %q", text, err, want)
				}
			}
			for kind, class := range classOf {
				want := map[string]string{"text": rule.text, "number": rule.number, "place": rule.place}[class]
				ask(kind, methodValues[kind], want)
				if class != "place" {
					ask(kind+"s", methodValues[kind], rule.array)
				}
			}
			ask("one", `"x"`, rule.related)
			ask("many", `"x"`, rule.other)
		}
	}
}

// TestValuesOfColumns asks each kind of column for a value of each other class:
// nothing is guessed.
func TestValuesOfColumns(t *testing.T) {
	b := newBench(t)
	n := documents.NewTable{}
	for kind := range classOf {
		n.Columns = append(n.Columns, column(kind+":"+kind, func(c *schema.Column) { c.Elements, c.Size = []string{"a"}, min(c.Size, 300) }))
	}
	ref := b.table(n)
	takes := map[string]string{"integer": "1", "bigint": "1", "float": "1 1.5", "boolean": "true", "datetime": `"2026-01-01"`}
	for kind, class := range classOf {
		if class == "place" {
			continue // see TestQueriesFindPlaces
		}
		for _, value := range []string{`"a"`, `"1"`, `1`, `1.5`, `true`, `"2026-01-01"`, `null`, `{"a":1}`, `[[1]]`} {
			taken := strings.Contains(" "+takes[kind]+" ", " "+value+" ") || class == "text" && value[0] == '"'
			text := fmt.Sprintf(`{"method":"equal","attribute":%q,"values":[%s]}`, kind, value)
			_, err := b.list(ref, server, text)
			if want := fmt.Sprintf(`Query value is invalid for attribute "%s"`, kind); taken != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, taken: %t", text, err, taken)
			}
		}
	}
}
