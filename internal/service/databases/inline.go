package databases

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/rawjson"
	"moorfast/internal/schema"
)

// inlineColumn is a column as the creation of a table has it.
type inlineColumn struct {
	Key      string          `json:"key"`
	Type     string          `json:"type"`
	Format   string          `json:"format"`
	Size     int64           `json:"size"`
	Required bool            `json:"required"`
	Array    bool            `json:"array"`
	Signed   *bool           `json:"signed"`
	Encrypt  bool            `json:"encrypt"`
	Elements []string        `json:"elements"`
	Min      json.RawMessage `json:"min"`
	Max      json.RawMessage `json:"max"`
	Default  json.RawMessage `json:"default"`
}

// errRelationship is the contract's.
var errRelationship = errors.New("Relationship attributes cannot be created inline. Use the create relationship endpoint instead.")

// inlineColumns reads the columns that a table is made with. What is wrong is
// said of the parameter, and of the place in it.
func (w *words) inlineColumns(raws []api.Object) ([]schema.Column, error) {
	columns := make([]schema.Column, len(raws))
	for i, raw := range raws {
		c, err := readColumn(raw)
		switch {
		case errors.Is(err, errRelationship):
			return nil, api.Invalid(w.column+"s", err)
		case err != nil:
			return nil, api.Invalid(w.column+"s", fmt.Errorf("%s at index %d %w", w.Column, i, err))
		}
		if slices.ContainsFunc(columns[:i], func(other schema.Column) bool { return strings.EqualFold(other.Key, c.Key) }) {
			return nil, api.Invalid(w.column+"s", fmt.Errorf("%s at index %d has the key of another", w.Column, i))
		}
		columns[i] = c
	}
	return columns, nil
}

func readColumn(raw api.Object) (schema.Column, error) {
	var in inlineColumn
	if json.Unmarshal(raw, &in) != nil {
		return schema.Column{}, errors.New("has a field of a wrong type")
	}
	if api.Key(in.Key).Check() != nil {
		return schema.Column{}, errors.New("has no valid key")
	}
	kind, err := inlineKind(in)
	if err != nil {
		return schema.Column{}, err
	}
	c := kind.Column(in.Key)
	c.Required, c.Array, c.Encrypt, c.Elements = in.Required, in.Array, in.Encrypt, in.Elements
	if kind.Size == 0 && kind.Type.IsText() {
		c.Size = in.Size
		if c.Size < 1 || c.Size > 1<<30 || kind.Type == schema.Varchar && c.Size > 16381 {
			return c, errors.New("needs a size within the limits of its type")
		}
	}
	if err := in.bounds(&c); err != nil {
		return c, err
	}
	if in.Default != nil && rawjson.KindOf(in.Default) != rawjson.Null {
		c.Default = in.Default
		if kept, err := c.Value(in.Default); err == nil && !c.Array {
			c.Default = c.AppendJSON(nil, kept)
		}
	}
	return c, nil
}

// inlineKind finds the kind of a column. Formats can stand in for types, and
// "float" for what is stored as a double.
func inlineKind(in inlineColumn) (schema.Kind, error) {
	switch in.Type {
	case string(schema.Relationship):
		return schema.Kind{}, errRelationship
	case "float":
		in.Type = string(schema.Float)
	}
	if k, ok := schema.KindOf(schema.Type(in.Type), schema.Format(in.Format)); ok {
		return k, nil
	}
	for _, k := range schema.Kinds {
		if k.Name == in.Type && in.Format == "" {
			return k, nil
		}
	}
	return schema.Kind{}, errors.New("has a type or a format that there is not")
}

func (in inlineColumn) bounds(c *schema.Column) error {
	for _, b := range []struct {
		raw json.RawMessage
		i   *int64
		f   *float64
	}{{in.Min, &c.Ints.Min, &c.Floats.Min}, {in.Max, &c.Ints.Max, &c.Floats.Max}} {
		if b.raw == nil || rawjson.KindOf(b.raw) == rawjson.Null {
			continue
		}
		ok := false
		if c.Type == schema.Float {
			*b.f, ok = rawjson.Float(b.raw)
		} else {
			*b.i, ok = rawjson.Int(b.raw)
		}
		if !ok {
			return errors.New("has a bound that is no number of its type")
		}
	}
	if in.Signed != nil && !*in.Signed && c.Type != schema.Float {
		c.Ints.Min = max(c.Ints.Min, 0)
	}
	return nil
}

// inlineIndex is an index as the creation of a table has it. The older family
// calls its columns attributes.
type inlineIndex struct {
	Key        string      `json:"key"`
	Type       string      `json:"type"`
	Columns    []columnKey `json:"columns"`
	Attributes []columnKey `json:"attributes"`
	Orders     []string    `json:"orders"`
	Lengths    []length    `json:"lengths"`
}

func inlineIndexes(raws []api.Object) ([]schema.Index, error) {
	indexes := make([]schema.Index, len(raws))
	for i, raw := range raws {
		var in inlineIndex
		err := json.Unmarshal(raw, &in)
		switch {
		case err != nil:
			err = errors.New("has a field of a wrong type")
		case api.Key(in.Key).Check() != nil:
			err = errors.New("has no valid key")
		case !slices.Contains([]string{"key", "fulltext", "unique", "spatial"}, in.Type):
			err = errors.New("has a type that there is not")
		}
		if err != nil {
			return nil, api.Invalid("indexes", fmt.Errorf("Index at index %d %w", i, err))
		}
		indexes[i] = newIndex(createIndex{
			Key: api.Key(in.Key), Type: in.Type, Columns: append(in.Columns, in.Attributes...), Orders: in.Orders, Lengths: in.Lengths,
		})
	}
	return indexes, nil
}
