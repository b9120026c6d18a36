package schema_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"moorfast/internal/schema"
)

func keyed(key, kind string, change func(*schema.Column)) schema.Column {
	c := column(kind, change)
	c.Key = key
	if c.Type == schema.String && c.Size == 0 {
		c.Size = 64
	}
	return c
}

var films = schema.NewTable([]schema.Column{
	keyed("title", "string", func(c *schema.Column) { c.Required = true }),
	keyed("year", "integer", func(c *schema.Column) { c.Required = true }),
	keyed("rating", "float", func(c *schema.Column) { c.Default = []byte(`2.5`) }),
	keyed("actors", "string", func(c *schema.Column) { c.Array = true }),
	keyed("seen", "boolean", func(c *schema.Column) { c.Default = []byte(`false`) }),
	keyed("long", "string", func(c *schema.Column) { c.Size = 800 }),
}, []schema.Index{
	{Key: "by_year", Type: schema.KeyIndex, Columns: []string{"year", "title"}, Orders: []string{"desc"}},
	{Key: "words", Type: schema.FulltextIndex, Columns: []string{"title"}},
})

func TestDraft(t *testing.T) {
	d, err := films.Draft([]byte(`{"year":1984,"title":"Dune","rating":null,"$id":"abc","$tableId":"films","$permissions":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []any{"Dune", int64(1984), nil, nil, int64(0), nil}
	if !reflect.DeepEqual(d.Values, want) {
		t.Errorf("values: got %v, want %v", d.Values, want)
	}
	if string(d.ID) != `"abc"` || string(d.Permissions) != `[]` || d.CreatedAt != nil {
		t.Errorf("system: %+v", d)
	}
}

func TestDraftChangeLeavesTheRest(t *testing.T) {
	d, err := films.DraftChange([]byte(`{"rating":3}`))
	if err != nil {
		t.Fatal(err)
	}
	given := []bool{false, false, true, false, false, false}
	if !reflect.DeepEqual(d.Given, given) || d.Values[2] != 3.0 {
		t.Errorf("got %v %v", d.Given, d.Values)
	}
}

func TestDraftRefuses(t *testing.T) {
	for _, c := range []struct {
		data   string
		change bool
		want   string
	}{
		{`{"nope":1}`, false, `Missing required attribute "title"`},
		{`{"title":"a","year":null,"nope":1}`, false, `Missing required attribute "year"`},
		{`{"title":1,"year":2000,"nope":1,"also":2}`, false, `Unknown attribute: "nope"`},
		{`{"title":"a","year":2000,"$tenant":1}`, false, `Unknown attribute: "$tenant"`},
		{`{"year":"2000","title":1}`, false, `Attribute "year" has invalid format. Value must be a valid signed 64-bit integer between -9,223,372,036,854,775,808 and 9,223,372,036,854,775,807`},
		{`{"title":null}`, true, `Missing required attribute "title"`},
		{`{"nope":null}`, true, `Unknown attribute: "nope"`},
	} {
		read := films.Draft
		if c.change {
			read = films.DraftChange
		}
		if _, err := read([]byte(c.data)); err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.data, err, c.want)
		}
	}
}

func TestColumnCheck(t *testing.T) {
	for name, c := range map[string]struct {
		column schema.Column
		kind   schema.ErrorKind
		want   string
	}{
		"a plain column":             {column: keyed("a", "string", nil)},
		"a default":                  {column: keyed("a", "integer", func(c *schema.Column) { c.Default = []byte("1") })},
		"a default beside required":  {column: keyed("a", "integer", func(c *schema.Column) { c.Default, c.Required = []byte("1"), true }), kind: schema.BadDefault},
		"a default of an array":      {column: keyed("a", "integer", func(c *schema.Column) { c.Default, c.Array = []byte("1"), true }), kind: schema.BadDefault},
		"a default out of range":     {keyed("a", "integer", func(c *schema.Column) { c.Default, c.Ints.Max = []byte("7"), 5 }), schema.BadValue, "Value must be a valid range between -9,223,372,036,854,775,808 and 5"},
		"a default that is too long": {keyed("a", "string", func(c *schema.Column) { c.Default, c.Size = []byte(`"abc"`), 2 }), schema.BadValue, "Value must be a valid string and no longer than 2 chars"},
		"a default outside the enum": {keyed("a", "enum", func(c *schema.Column) { c.Default, c.Elements = []byte(`"c"`), []string{"a"} }), schema.BadValue, "Value must be one of (a)"},
		"a range that is upside down": {
			keyed("a", "float", func(c *schema.Column) { c.Floats = schema.Range[float64]{Min: 2, Max: 1} }), schema.BadValue,
			"Minimum value must be lesser than maximum value",
		},
		"an enum of nothing":   {keyed("a", "enum", nil), schema.BadValue, "Enum elements must not be empty"},
		"a small sealed text":  {keyed("a", "string", func(c *schema.Column) { c.Encrypt, c.Size = true, 149 }), schema.BadEncryption, "Size too small. Encrypted strings require a minimum size of 150 characters."},
		"a larger sealed text": {column: keyed("a", "string", func(c *schema.Column) { c.Encrypt, c.Size = true, 150 })},
	} {
		err := c.column.Check()
		var e *schema.Error
		switch {
		case c.kind == 0 && err != nil, c.kind != 0 && !errors.As(err, &e),
			e != nil && (e.Kind != c.kind || e.Message != c.want):
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestRoom(t *testing.T) {
	wide := column("string", func(c *schema.Column) { c.Size = 1024 })
	var columns []schema.Column
	for i := range 15 {
		if err := schema.NewTable(columns, nil).CheckRoom(wide); err != nil {
			t.Fatalf("column %d: %v", i, err)
		}
		wide.Key = fmt.Sprint("c", i)
		columns = append(columns, wide)
	}
	var e *schema.Error
	if err := schema.NewTable(columns, nil).CheckRoom(wide); !errors.As(err, &e) || e.Kind != schema.TooManyColumns {
		t.Errorf("the 16th wide column: %v", err)
	}
}

func TestCheckIndex(t *testing.T) {
	for name, c := range map[string]struct {
		index schema.Index
		kind  schema.ErrorKind
		want  string
	}{
		"a key":                    {index: schema.Index{Type: schema.KeyIndex, Columns: []string{"title"}}},
		"a key of system columns":  {index: schema.Index{Type: schema.UniqueIndex, Columns: []string{"$createdAt", "$id"}}},
		"another order":            {index: schema.Index{Type: schema.KeyIndex, Columns: []string{"year", "title"}}},
		"a part of a long text":    {index: schema.Index{Type: schema.KeyIndex, Columns: []string{"long"}, Lengths: []int64{128}}},
		"nothing":                  {schema.Index{Type: schema.KeyIndex}, schema.BadIndex, "No attributes provided for index"},
		"an unknown column":        {index: schema.Index{Type: schema.KeyIndex, Columns: []string{"nope"}}, kind: schema.UnknownColumn},
		"an array":                 {schema.Index{Type: schema.KeyIndex, Columns: []string{"actors"}}, schema.BadIndex, "Creating indexes on array attributes is not currently supported."},
		"one column twice":         {schema.Index{Type: schema.KeyIndex, Columns: []string{"title", "title"}}, schema.BadIndex, "Duplicate attributes provided"},
		"a second fulltext index":  {schema.Index{Type: schema.FulltextIndex, Columns: []string{"long"}}, schema.BadIndex, "There is already a fulltext index in the collection"},
		"the same again":           {schema.Index{Type: schema.UniqueIndex, Columns: []string{"year", "title"}, Orders: []string{"DESC", "ASC"}}, schema.BadIndex, "There is already an index with the same attributes and orders"},
		"a text that is too long":  {schema.Index{Type: schema.KeyIndex, Columns: []string{"long"}}, schema.BadIndex, "Index length is longer than the maximum: 768"},
		"a length beyond the size": {schema.Index{Type: schema.KeyIndex, Columns: []string{"title"}, Lengths: []int64{65}}, schema.BadIndex, `Index length 65 is larger than the size for title: 64"`},
		"a negative length":        {schema.Index{Type: schema.KeyIndex, Columns: []string{"title"}, Lengths: []int64{-1}}, schema.BadIndex, "Negative index length provided for title"},
		"a spatial index of text":  {schema.Index{Type: schema.SpatialIndex, Columns: []string{"title"}}, schema.BadIndex, `Spatial index can only be created on spatial attributes (point, linestring, polygon). Attribute "title" is of type "string"`},
		"a reserved name":          {schema.Index{Key: "Primary", Type: schema.KeyIndex, Columns: []string{"title"}}, schema.BadIndex, "Index key name is reserved"},
	} {
		err := films.CheckIndex(c.index)
		var e *schema.Error
		switch {
		case c.kind == 0 && err != nil, c.kind != 0 && !errors.As(err, &e),
			e != nil && (e.Kind != c.kind || e.Message != c.want):
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	first := schema.NewTable(films.Columns, nil)
	err := first.CheckIndex(schema.Index{Type: schema.FulltextIndex, Columns: []string{"title", "year"}})
	if err == nil || err.Error() != `Attribute "year" cannot be part of a fulltext index, must be of type string` {
		t.Errorf("a fulltext index of numbers: %v", err)
	}
}

func BenchmarkDraft(b *testing.B) {
	data := []byte(`{"title":"Blade Runner","year":1982,"rating":4.5,"actors":["Ford","Hauer","Young"],"seen":true}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := films.Draft(data); err != nil {
			b.Fatal(err)
		}
	}
}
