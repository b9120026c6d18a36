package databases

import (
	"encoding/json"

	"moorfast/internal/api"
	"moorfast/internal/core/documents"
	"moorfast/internal/opt"
	"moorfast/internal/rawjson"
	"moorfast/internal/schema"
)

// defaultOf is the JSON of a column's default, or nil. What the column keeps of
// it is what a client gets back.
func defaultOf[D any](c *schema.Column, v opt.Value[D]) []byte {
	if !v.Set() {
		return nil
	}
	raw, err := json.Marshal(v.V)
	if err != nil { // an infinite number, which JSON cannot have brought
		return nil
	}
	like := schema.Column{Type: c.Type, Format: c.Format, Size: c.Size, Ints: c.Ints, Floats: c.Floats, Elements: c.Elements}
	if kept, err := like.Value(raw); err == nil {
		return like.AppendJSON(nil, kept)
	}
	return raw // and the check of the column says what is wrong with it
}

// createPlain makes a column that has no size and no bounds.
type createPlain[D any] struct {
	DatabaseID api.ID       `param:"databaseId"`
	TableID    api.ID       `param:"tableId"`
	Key        api.Key      `param:"key"`
	Required   bool         `param:"required"`
	Default    opt.Value[D] `param:"default"`
	Array      bool         `param:"array" default:"false"`
}

func (in createPlain[D]) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }

func (in createPlain[D]) column(k schema.Kind) schema.Column {
	c := k.Column(string(in.Key))
	c.Required, c.Array = in.Required, in.Array
	c.Default = defaultOf(&c, in.Default)
	return c
}

type createEnum struct {
	DatabaseID api.ID              `param:"databaseId"`
	TableID    api.ID              `param:"tableId"`
	Key        api.Key             `param:"key"`
	Elements   []string            `param:"elements" max:"100" each:"255"`
	Required   bool                `param:"required"`
	Default    opt.Value[enumText] `param:"default"`
	Array      bool                `param:"array" default:"false"`
}

func (in createEnum) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }

func (in createEnum) column(k schema.Kind) schema.Column {
	c := k.Column(string(in.Key))
	c.Required, c.Array, c.Elements = in.Required, in.Array, in.Elements
	c.Default = defaultOf(&c, in.Default)
	return c
}

type createInteger struct {
	DatabaseID api.ID           `param:"databaseId"`
	TableID    api.ID           `param:"tableId"`
	Key        api.Key          `param:"key"`
	Required   bool             `param:"required"`
	Min        opt.Value[int64] `param:"min"`
	Max        opt.Value[int64] `param:"max"`
	Default    opt.Value[int64] `param:"default"`
	Array      bool             `param:"array" default:"false"`
}

func (in createInteger) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }

func (in createInteger) column(k schema.Kind) schema.Column {
	c := k.Column(string(in.Key))
	c.Required, c.Array = in.Required, in.Array
	c.Ints = schema.Range[int64]{Min: in.Min.Or(schema.AllInts.Min), Max: in.Max.Or(schema.AllInts.Max)}
	c.Default = defaultOf(&c, in.Default)
	return c
}

type createFloat struct {
	DatabaseID api.ID             `param:"databaseId"`
	TableID    api.ID             `param:"tableId"`
	Key        api.Key            `param:"key"`
	Required   bool               `param:"required"`
	Min        opt.Value[float64] `param:"min"`
	Max        opt.Value[float64] `param:"max"`
	Default    opt.Value[float64] `param:"default"`
	Array      bool               `param:"array" default:"false"`
}

func (in createFloat) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }

func (in createFloat) column(k schema.Kind) schema.Column {
	c := k.Column(string(in.Key))
	c.Required, c.Array = in.Required, in.Array
	c.Floats = schema.Range[float64]{Min: in.Min.Or(schema.AllFloats.Min), Max: in.Max.Or(schema.AllFloats.Max)}
	c.Default = defaultOf(&c, in.Default)
	return c
}

// createText makes a column of text whose kind says how long it may be.
type createText struct {
	DatabaseID api.ID            `param:"databaseId"`
	TableID    api.ID            `param:"tableId"`
	Key        api.Key           `param:"key"`
	Required   bool              `param:"required"`
	Default    opt.Value[string] `param:"default" min:"0" max:"16777215"`
	Array      bool              `param:"array" default:"false"`
	Encrypt    bool              `param:"encrypt" default:"false" doc:"Whether values are sealed; they cannot be queried then."`
}

func (in createText) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }

func (in createText) column(k schema.Kind) schema.Column {
	c := k.Column(string(in.Key))
	c.Required, c.Array, c.Encrypt = in.Required, in.Array, in.Encrypt
	c.Default = defaultOf(&c, in.Default)
	return c
}

type createString struct {
	DatabaseID api.ID            `param:"databaseId"`
	TableID    api.ID            `param:"tableId"`
	Key        api.Key           `param:"key"`
	Size       int64             `param:"size" min:"1" max:"1073741824"`
	Required   bool              `param:"required"`
	Default    opt.Value[string] `param:"default" min:"0" max:"16777215"`
	Array      bool              `param:"array" default:"false"`
	Encrypt    bool              `param:"encrypt" default:"false" doc:"Whether values are sealed; they cannot be queried then."`
}

func (in createString) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }

func (in createString) column(k schema.Kind) schema.Column {
	c := k.Column(string(in.Key))
	c.Size, c.Required, c.Array, c.Encrypt = in.Size, in.Required, in.Array, in.Encrypt
	c.Default = defaultOf(&c, in.Default)
	return c
}

// createVarchar is a [createString] of what fits in a row.
type createVarchar struct {
	DatabaseID api.ID            `param:"databaseId"`
	TableID    api.ID            `param:"tableId"`
	Key        api.Key           `param:"key"`
	Size       int64             `param:"size" min:"1" max:"16381"`
	Required   bool              `param:"required"`
	Default    opt.Value[string] `param:"default" min:"0" max:"16381"`
	Array      bool              `param:"array" default:"false"`
	Encrypt    bool              `param:"encrypt" default:"false" doc:"Whether values are sealed; they cannot be queried then."`
}

func (in createVarchar) ref() documents.Ref                 { return createString(in).ref() }
func (in createVarchar) column(k schema.Kind) schema.Column { return createString(in).column(k) }

// createSpatial makes a column of places.
type createSpatial struct {
	DatabaseID api.ID          `param:"databaseId"`
	TableID    api.ID          `param:"tableId"`
	Key        api.Key         `param:"key"`
	Required   bool            `param:"required"`
	Default    json.RawMessage `param:"default" default:"null"`
}

func (in createSpatial) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }

func (in createSpatial) column(k schema.Kind) schema.Column {
	c := k.Column(string(in.Key))
	c.Required, c.Default = in.Required, placeOf(&c, in.Default)
	return c
}

// placeOf is the JSON of a default as the column keeps it, or nil.
func placeOf(c *schema.Column, raw json.RawMessage) []byte {
	if rawjson.KindOf(raw) == rawjson.Null {
		return nil
	}
	like := schema.Column{Type: c.Type}
	if kept, err := like.Value(raw); err == nil {
		return like.AppendJSON(nil, kept)
	}
	return raw // and the check of the column says what is wrong with it
}
