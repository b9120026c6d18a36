package databases

import (
	"encoding/json"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/documents"
	"moorfast/internal/opt"
	"moorfast/internal/schema"
)

// sent tests for a parameter that may be null, and may not be left out: a change
// that forgets the default would take it away.
func sent[D any](v opt.Value[D]) error {
	if !v.Present {
		return apierr.ArgumentInvalid.Detail(`Param "default" is not optional.`)
	}
	return nil
}

// changed is what every change to a column may do.
func changed[D any](c *schema.Column, required bool, def opt.Value[D], newKey opt.Value[api.Key]) {
	c.Key, c.Required = string(newKey.Or(api.Key(c.Key))), required
	c.Default = defaultOf(c, def)
}

// updatePlain changes a column that has no size and no bounds.
type updatePlain[D any] struct {
	DatabaseID api.ID             `param:"databaseId"`
	TableID    api.ID             `param:"tableId"`
	Key        api.Key            `param:"key"`
	Required   bool               `param:"required"`
	Default    opt.Value[D]       `param:"default"`
	NewKey     opt.Value[api.Key] `param:"newKey"`
}

func (in updatePlain[D]) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }
func (in updatePlain[D]) key() string        { return string(in.Key) }
func (in updatePlain[D]) check() error       { return sent(in.Default) }
func (in updatePlain[D]) change(c *schema.Column) {
	changed(c, in.Required, in.Default, in.NewKey)
}

type updateEnum struct {
	DatabaseID api.ID              `param:"databaseId"`
	TableID    api.ID              `param:"tableId"`
	Key        api.Key             `param:"key"`
	Elements   []string            `param:"elements" max:"100" each:"255"`
	Required   bool                `param:"required"`
	Default    opt.Value[enumText] `param:"default"`
	NewKey     opt.Value[api.Key]  `param:"newKey"`
}

func (in updateEnum) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }
func (in updateEnum) key() string        { return string(in.Key) }
func (in updateEnum) check() error       { return sent(in.Default) }
func (in updateEnum) change(c *schema.Column) {
	c.Elements = in.Elements
	changed(c, in.Required, in.Default, in.NewKey)
}

type updateInteger struct {
	DatabaseID api.ID             `param:"databaseId"`
	TableID    api.ID             `param:"tableId"`
	Key        api.Key            `param:"key"`
	Required   bool               `param:"required"`
	Min        opt.Value[int64]   `param:"min"`
	Max        opt.Value[int64]   `param:"max"`
	Default    opt.Value[int64]   `param:"default"`
	NewKey     opt.Value[api.Key] `param:"newKey"`
}

func (in updateInteger) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }
func (in updateInteger) key() string        { return string(in.Key) }
func (in updateInteger) check() error       { return sent(in.Default) }
func (in updateInteger) change(c *schema.Column) {
	c.Ints = schema.Range[int64]{Min: in.Min.Or(schema.AllInts.Min), Max: in.Max.Or(schema.AllInts.Max)}
	changed(c, in.Required, in.Default, in.NewKey)
}

type updateFloat struct {
	DatabaseID api.ID             `param:"databaseId"`
	TableID    api.ID             `param:"tableId"`
	Key        api.Key            `param:"key"`
	Required   bool               `param:"required"`
	Min        opt.Value[float64] `param:"min"`
	Max        opt.Value[float64] `param:"max"`
	Default    opt.Value[float64] `param:"default"`
	NewKey     opt.Value[api.Key] `param:"newKey"`
}

func (in updateFloat) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }
func (in updateFloat) key() string        { return string(in.Key) }
func (in updateFloat) check() error       { return sent(in.Default) }
func (in updateFloat) change(c *schema.Column) {
	c.Floats = schema.Range[float64]{Min: in.Min.Or(schema.AllFloats.Min), Max: in.Max.Or(schema.AllFloats.Max)}
	changed(c, in.Required, in.Default, in.NewKey)
}

type updateString struct {
	DatabaseID api.ID             `param:"databaseId"`
	TableID    api.ID             `param:"tableId"`
	Key        api.Key            `param:"key"`
	Required   bool               `param:"required"`
	Default    opt.Value[string]  `param:"default" min:"0" max:"16777215"`
	Size       opt.Value[int64]   `param:"size" min:"1" max:"1073741824"`
	NewKey     opt.Value[api.Key] `param:"newKey"`
}

func (in updateString) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }
func (in updateString) key() string        { return string(in.Key) }
func (in updateString) check() error       { return sent(in.Default) }
func (in updateString) change(c *schema.Column) {
	c.Size = in.Size.Or(c.Size)
	changed(c, in.Required, in.Default, in.NewKey)
}

// updateVarchar is an [updateString] of what fits in a row.
type updateVarchar struct {
	DatabaseID api.ID             `param:"databaseId"`
	TableID    api.ID             `param:"tableId"`
	Key        api.Key            `param:"key"`
	Required   bool               `param:"required"`
	Default    opt.Value[string]  `param:"default" min:"0" max:"16381"`
	Size       opt.Value[int64]   `param:"size" min:"1" max:"16381"`
	NewKey     opt.Value[api.Key] `param:"newKey"`
}

func (in updateVarchar) ref() documents.Ref      { return updateString(in).ref() }
func (in updateVarchar) key() string             { return updateString(in).key() }
func (in updateVarchar) check() error            { return updateString(in).check() }
func (in updateVarchar) change(c *schema.Column) { updateString(in).change(c) }

type updateSpatial struct {
	DatabaseID api.ID             `param:"databaseId"`
	TableID    api.ID             `param:"tableId"`
	Key        api.Key            `param:"key"`
	Required   bool               `param:"required"`
	Default    json.RawMessage    `param:"default" default:"null"`
	NewKey     opt.Value[api.Key] `param:"newKey"`
}

func (in updateSpatial) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }
func (in updateSpatial) key() string        { return string(in.Key) }
func (in updateSpatial) check() error       { return nil }

func (in updateSpatial) change(c *schema.Column) {
	c.Required, c.Default = in.Required, placeOf(c, in.Default)
	if in.NewKey.V != "" {
		c.Key = string(in.NewKey.V)
	}
}
