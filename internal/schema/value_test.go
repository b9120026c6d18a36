package schema_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"moorfast/internal/schema"
)

// column makes a column of a kind named in the API.
func column(kind string, change func(*schema.Column)) schema.Column {
	for _, k := range schema.Kinds {
		if k.Name == kind {
			c := k.Column("x")
			if change != nil {
				change(&c)
			}
			return c
		}
	}
	panic("no kind " + kind)
}

func TestValue(t *testing.T) {
	sized := func(c *schema.Column) { c.Size = 3 }
	array := func(c *schema.Column) { c.Array = true }
	ints := func(least, most int64) func(*schema.Column) {
		return func(c *schema.Column) { c.Ints = schema.Range[int64]{Min: least, Max: most} }
	}
	floats := func(least, most float64) func(*schema.Column) {
		return func(c *schema.Column) { c.Floats = schema.Range[float64]{Min: least, Max: most} }
	}
	const date = "Value must be valid date between 1000-01-01 00:00:00 and 9999-12-31 23:59:59."
	for _, c := range []struct {
		column schema.Column
		raw    string
		want   any // a value, or the message as an error
	}{
		{column("string", sized), `"äöü"`, "äöü"},
		{column("string", sized), `""`, ""},
		{column("string", sized), `null`, nil},
		{column("string", sized), `"äöüß"`, errors.New(`Attribute "x" has invalid type. Value must be a valid string and no longer than 3 chars`)},
		{column("string", sized), `1`, errors.New(`Attribute "x" has invalid type. Value must be a valid string and no longer than 3 chars`)},
		{column("string", sized), `"\u0000"`, errors.New(`Attribute "x" has invalid type. Value must be a valid string and no longer than 3 chars`)},
		{column("string", func(c *schema.Column) { c.Size, c.Required = 3, true }), `null`, errors.New(`Missing required attribute "x"`)},
		{column("text", nil), `"` + strings.Repeat("a", 65535) + `"`, strings.Repeat("a", 65535)},
		{column("email", nil), `"a@example.com"`, "a@example.com"},
		{column("email", nil), `"failure"`, errors.New(`Attribute "x" has invalid format. Value must be a valid email address`)},
		{column("email", nil), `true`, errors.New(`Attribute "x" has invalid format. Value must be a valid string and no longer than 254 chars`)},
		{column("enum", func(c *schema.Column) { c.Elements = []string{"yes", "no", "maybe"} }), `"no"`, "no"},
		{column("enum", func(c *schema.Column) { c.Elements = []string{"yes", "no", "maybe"} }), `"No"`, errors.New(`Attribute "x" has invalid format. Value must be one of (yes, no, maybe)`)},
		{column("ip", nil), `"2001:db8::1"`, "2001:db8::1"},
		{column("ip", nil), `"fe80::1%eth0"`, errors.New(`Attribute "x" has invalid format. Value must be a valid IP address`)},
		{column("ip", nil), `"1.1.1.1000"`, errors.New(`Attribute "x" has invalid format. Value must be a valid IP address`)},
		{column("url", nil), `"http://example.com/a?b=c"`, "http://example.com/a?b=c"},
		{column("url", nil), `"mailto:a@example.com"`, "mailto:a@example.com"},
		{column("url", nil), `"example.com"`, errors.New(`Attribute "x" has invalid format. Value must be a valid URL`)},
		{column("url", nil), `"http:///a"`, errors.New(`Attribute "x" has invalid format. Value must be a valid URL`)},

		{column("integer", nil), `-9223372036854775808`, int64(-9223372036854775808)},
		{column("integer", nil), `1.0`, errors.New(`Attribute "x" has invalid format. Value must be a valid signed 64-bit integer between -9,223,372,036,854,775,808 and 9,223,372,036,854,775,807`)},
		{column("integer", ints(1, 10)), `"1"`, errors.New(`Attribute "x" has invalid format. Value must be a valid signed 32-bit integer between -2,147,483,648 and 2,147,483,647`)},
		{column("integer", ints(1, 10)), `26`, errors.New(`Attribute "x" has invalid format. Value must be a valid range between 1 and 10`)},
		{column("integer", ints(-9223372036854775808, 10)), `11`, errors.New(`Attribute "x" has invalid format. Value must be a valid range between -9,223,372,036,854,775,808 and 10`)},
		{column("integer", ints(5, 9223372036854775807)), `4`, errors.New(`Attribute "x" has invalid format. Value must be a valid range between 5 and 9,223,372,036,854,775,807`)},
		{column("bigint", ints(0, 5)), `"1"`, errors.New(`Attribute "x" has invalid format. Value must be a valid signed 64-bit integer between -9,223,372,036,854,775,808 and 9,223,372,036,854,775,807`)},
		{column("float", nil), `5`, 5.0},
		{column("float", nil), `1.5e3`, 1500.0},
		{column("float", nil), `"1"`, errors.New(`Attribute "x" has invalid format. Value must be a valid float`)},
		{column("float", floats(1.1, 1.4)), `1.8`, errors.New(`Attribute "x" has invalid format. Value must be a valid range between 1 and 1`)},
		{column("float", floats(-0.4, 1234.5)), `-1`, errors.New(`Attribute "x" has invalid format. Value must be a valid range between 0 and 1,235`)},
		{column("boolean", nil), `true`, int64(1)},
		{column("boolean", nil), `1`, errors.New(`Attribute "x" has invalid type. Value must be a valid boolean`)},
		{column("datetime", nil), `"1970-01-01T00:00:01.500+00:00"`, int64(1500)},
		{column("datetime", nil), `"soon"`, errors.New(`Attribute "x" has invalid type. ` + date)},

		{column("integer", array), `[ 1 , null,2 ]`, `[1,null,2]`},
		{column("boolean", array), `[true,false]`, `[true,false]`},
		{column("datetime", array), `["2026-01-01"]`, `["2026-01-01T00:00:00.000+00:00"]`},
		{column("float", array), `[1e2,0.5]`, `[100,0.5]`},
		{column("email", array), `[]`, `[]`},
		{column("email", array), `["a@example.com","b"]`, errors.New(`Attribute "x['1']" has invalid format. Value must be a valid email address`)},
		{column("email", array), `"a@example.com"`, errors.New(`Attribute "x" must be an array`)},
		{column("email", array), `{"0":"a@example.com"}`, errors.New(`Attribute "x" must be an array`)},
		{column("boolean", func(c *schema.Column) { c.Array, c.Required = true, true }), `[null]`, errors.New(`Attribute "x['0']" has invalid type. Value must be a valid boolean`)},
	} {
		got, err := c.column.Value([]byte(c.raw))
		var kind *schema.Error
		switch want := c.want.(type) {
		case error:
			if !errors.As(err, &kind) || kind.Kind != schema.BadStructure || err.Error() != want.Error() {
				t.Errorf("%s of %.40s:\n got %v, %v\nwant %v", c.column.Kind().Name, c.raw, got, err, want)
			}
		default:
			if err != nil || got != c.want {
				t.Errorf("%s of %.40s:\n got %#v, %v\nwant %#v", c.column.Kind().Name, c.raw, got, err, want)
			}
		}
	}
}

// FuzzValue: whatever JSON a client sends, each kind of column refuses it in
// words, or makes of it a value whose JSON it accepts as the same value.
func FuzzValue(f *testing.F) {
	for _, s := range []string{`"a"`, `"a@example.com"`, `1`, `1.5`, `true`, `null`, `["a",null]`, `[1]`, `"2026-01-01"`, `{"a":1}`, `"http://a.b"`, `"::1"`} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, raw []byte, array bool) {
		if !json.Valid(raw) {
			return
		}
		raw = []byte(strings.TrimSpace(string(raw)))
		for _, k := range schema.Kinds {
			c := k.Column("x")
			c.Array, c.Elements = array, []string{"a"}
			if c.Size == 0 {
				c.Size = 20
			}
			v, err := c.Value(raw)
			if err != nil {
				if err.Error() == "" {
					t.Fatalf("%s refuses %q without a word", k.Name, raw)
				}
				continue
			}
			if r, ok := v.(schema.Related); ok {
				if string(r) != string(raw) { // only a store checks it
					t.Fatalf("a relationship makes %q of %q", r, raw)
				}
				continue
			}
			out := c.AppendJSON(nil, v)
			if s, ok := v.(string); ok && array {
				out = []byte(s)
			}
			again, err := c.Value(out)
			if err != nil || again != v {
				t.Fatalf("%s makes %#v of %q, and %#v, %v of %q", k.Name, v, raw, again, err, out)
			}
		}
	})
}
