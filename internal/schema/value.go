package schema

import (
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"moorfast/internal/datetime"
	"moorfast/internal/email"
	"moorfast/internal/rawjson"
	"moorfast/internal/spatial"
)

// Value checks a value in JSON, and returns it as a store keeps it:
//
//	text               string
//	integer            int64
//	float              float64
//	boolean            int64, 0 or 1
//	datetime           int64, milliseconds since 1970
//	an array of these  string, the JSON of what a client gets back
//	a place            spatial.Shape
//	a relationship     Related, as it came
//	null               nil
//
// The error is an [*Error] of the kind [BadStructure].
func (c *Column) Value(raw []byte) (any, error) {
	if rawjson.KindOf(raw) == rawjson.Null {
		if c.Required {
			return nil, missing(c.Key)
		}
		return nil, nil
	}
	if c.Type == Relationship {
		return Related(raw), nil
	}
	if c.Array {
		return c.array(raw)
	}
	v, problem := c.scalar(raw)
	if problem != "" {
		return nil, c.invalid("", problem)
	}
	return v, nil
}

func missing(key string) error { return structure(`Missing required attribute "` + key + `"`) }

// invalid says what is wrong with the column's value, or with the item of it at
// place.
func (c *Column) invalid(place, problem string) error {
	what := "type"
	if c.formatted() {
		what = "format"
	}
	return structure(`Attribute "` + c.Key + place + `" has invalid ` + what + ". " + problem)
}

// formatted tells whether a rule beyond the type is what a value breaks, for
// messages: numbers always have the rule of their range.
func (c *Column) formatted() bool {
	return c.Format != NoFormat || c.Type == Integer || c.Type == BigInt || c.Type == Float
}

func (c *Column) array(raw []byte) (any, error) {
	if rawjson.KindOf(raw) != rawjson.Array {
		return nil, structure(`Attribute "` + c.Key + `" must be an array`)
	}
	list := append(make([]byte, 0, len(raw)), '[')
	i := 0
	err := rawjson.Elements(raw, func(item []byte) error {
		if i > 0 {
			list = append(list, ',')
		}
		if rawjson.KindOf(item) == rawjson.Null && !c.Required {
			list = append(list, "null"...)
			i++
			return nil
		}
		v, problem := c.scalar(item)
		if problem != "" {
			return c.invalid("['"+strconv.Itoa(i)+"']", problem)
		}
		list = c.AppendJSON(list, v)
		i++
		return nil
	})
	if err != nil {
		return nil, err
	}
	return string(append(list, ']')), nil
}

// AppendJSON appends the JSON of one value that [Column.Value] returned for a
// column that is no array, or for an item of one.
func (c *Column) AppendJSON(dst []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return rawjson.AppendString(dst, v)
	case int64:
		switch c.Type {
		case Boolean:
			return strconv.AppendBool(dst, v != 0)
		case Datetime:
			dst = append(dst, '"')
			return append(datetime.Append(dst, v), '"')
		}
		return strconv.AppendInt(dst, v, 10)
	case spatial.Shape:
		return append(dst, v.Text...)
	case float64:
		return rawjson.AppendFloat(dst, v)
	}
	return append(dst, "null"...)
}

// scalar checks one value that is not null. It returns the value, or what a
// client is told that it must be.
func (c *Column) scalar(raw []byte) (v any, problem string) {
	switch c.Type {
	case String, Varchar, Text, MediumText, LongText:
		return c.text(raw)
	case Integer, BigInt:
		return c.integer(raw)
	case Float:
		return c.float(raw)
	case Boolean:
		b, ok := rawjson.Boolean(raw)
		switch {
		case !ok:
			return nil, "Value must be a valid boolean"
		case b:
			return int64(1), ""
		}
		return int64(0), ""
	case Datetime:
		s, _ := rawjson.Text(raw)
		t, ok := datetime.Parse(s)
		if !ok {
			return nil, datetime.Description
		}
		return t.UnixMilli(), ""
	}
	if kind, ok := placeKinds[c.Type]; ok {
		shape, problem := spatial.Parse(raw, kind)
		if problem != "" {
			return nil, problem
		}
		return shape, ""
	}
	return nil, "Values of the type " + string(c.Type) + " are not supported"
}

func (c *Column) text(raw []byte) (any, string) {
	s, ok := rawjson.Text(raw)
	// A text with a NUL is one that PostgreSQL cannot keep, so no engine does.
	if !ok || int64(len(s)) > c.Size && int64(utf8.RuneCountInString(s)) > c.Size || strings.IndexByte(s, 0) >= 0 {
		return nil, "Value must be a valid string and no longer than " + strconv.FormatInt(c.Size, 10) + " chars"
	}
	switch c.Format {
	case Email:
		if !email.Valid(s) {
			return nil, "Value must be a valid email address"
		}
	case Enum:
		if !slices.Contains(c.Elements, s) {
			return nil, "Value must be one of (" + strings.Join(c.Elements, ", ") + ")"
		}
	case IP:
		if a, err := netip.ParseAddr(s); err != nil || a.Zone() != "" {
			return nil, "Value must be a valid IP address"
		}
	case URL:
		if !validURL(s) {
			return nil, "Value must be a valid URL"
		}
	}
	return s, ""
}

// validURL reports whether s is an absolute address with a host, in ASCII: a
// client that has another writes it percent-encoded, or as an IDNA name.
func validURL(s string) bool {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return false
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return false
	}
	switch u.Scheme {
	case "mailto", "news", "file":
		return u.Opaque != "" || u.Path != ""
	}
	return u.Hostname() != ""
}

func (c *Column) integer(raw []byte) (any, string) {
	n, ok := rawjson.Int(raw)
	bits := c.bits()
	least := int64(math.MinInt64) >> (64 - bits)
	if most := -(least + 1); !ok || n < least || n > most {
		return nil, "Value must be a valid signed " + strconv.Itoa(bits) + "-bit integer between " + thousands(least) + " and " + thousands(most)
	}
	if n < c.Ints.Min || n > c.Ints.Max {
		return nil, "Value must be a valid range between " + thousands(c.Ints.Min) + " and " + thousands(c.Ints.Max)
	}
	return n, ""
}

func (c *Column) float(raw []byte) (any, string) {
	f, ok := rawjson.Float(raw)
	if !ok {
		return nil, "Value must be a valid float"
	}
	if f < c.Floats.Min || f > c.Floats.Max {
		return nil, "Value must be a valid range between " + rounded(c.Floats.Min) + " and " + rounded(c.Floats.Max)
	}
	return f, ""
}
