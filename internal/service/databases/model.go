package databases

import (
	"math"
	"strconv"

	"moorfast/internal/api"
	"moorfast/internal/core/documents"
	"moorfast/internal/model"
	"moorfast/internal/rawjson"
	"moorfast/internal/schema"
)

// database is the model of a database, which both families share.
type database struct {
	ID        string `json:"$id"`
	Name      string `json:"name"`
	CreatedAt string `json:"$createdAt"`
	UpdatedAt string `json:"$updatedAt"`
	Enabled   bool   `json:"enabled"`
	Type      string `json:"type"`
	Status    string `json:"status"`
}

type databaseList struct {
	Total     int        `json:"total"`
	Databases []database `json:"databases"`
}

func showDatabase(db documents.Database) database {
	return database{
		ID: db.ID, Name: db.Name, CreatedAt: model.Time(db.CreatedAt), UpdatedAt: model.Time(db.UpdatedAt),
		Enabled: db.Enabled, Type: db.Type, Status: "ready",
	}
}

// object is a JSON object in the making. The names of its fields depend on the
// family, so it is no struct.
type object []byte

func (o object) raw(name string, value []byte) object {
	if len(o) == 0 {
		o = append(o, '{')
	} else {
		o = append(o, ',')
	}
	o = append(rawjson.AppendString(o, name), ':')
	return append(o, value...)
}

func (o object) text(name, value string) object {
	return o.raw(name, rawjson.AppendString(nil, value))
}

func (o object) bool(name string, value bool) object {
	return o.raw(name, strconv.AppendBool(nil, value))
}

func (o object) int(name string, value int64) object {
	return o.raw(name, strconv.AppendInt(nil, value, 10))
}

func (o object) texts(name string, list []string) object {
	return o.raw(name, array(list, func(s string) []byte { return rawjson.AppendString(nil, s) }))
}

func (o object) end() api.Raw { return api.Raw(append(o, '}')) }

func array[T any](list []T, show func(T) []byte) []byte {
	out := []byte{'['}
	for i, v := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, show(v)...)
	}
	return append(out, ']')
}

// list is the model of a page of things.
func list[T any](name string, total int, page []T, show func(T) api.Raw) api.Raw {
	return object(nil).int("total", int64(total)).raw(name, array(page, func(v T) []byte { return show(v) })).end()
}

func (w *words) showTable(t *documents.Table) api.Raw {
	return object(nil).
		text("$id", t.ID).
		text("$createdAt", model.Time(t.CreatedAt)).
		text("$updatedAt", model.Time(t.UpdatedAt)).
		raw("$permissions", []byte(t.Permissions.JSON())).
		text("databaseId", t.Database.ID).
		text("name", t.Name).
		bool("enabled", t.Enabled).
		bool(w.security, t.RowSecurity).
		raw(w.column+"s", array(t.Columns, func(c documents.Column) []byte { return w.showColumn(c) })).
		raw("indexes", array(t.Indexes, func(ix documents.Index) []byte { return w.showIndex(ix) })).
		int("bytesMax", schema.MaxWidth).
		int("bytesUsed", t.Schema.Width()).
		end()
}

func (w *words) showColumn(c documents.Column) api.Raw {
	o := object(nil).
		text("key", c.Key).
		text("type", string(c.Type)).
		text("status", c.Status).
		text("error", c.Error).
		bool("required", c.Required).
		bool("array", c.Array).
		text("$createdAt", model.Time(c.CreatedAt)).
		text("$updatedAt", model.Time(c.UpdatedAt))
	switch {
	case c.Relation != nil:
		return w.showRelation(o, c.Relation)
	case c.Type == schema.Integer || c.Type == schema.BigInt:
		o = o.int("min", c.Ints.Min).int("max", c.Ints.Max)
	case c.Type == schema.Float:
		o = o.raw("min", rawjson.AppendFloat(nil, c.Floats.Min)).raw("max", rawjson.AppendFloat(nil, c.Floats.Max))
	case c.Format == schema.Enum:
		o = o.texts("elements", c.Elements).text("format", string(c.Format))
	case c.Format != schema.NoFormat || c.Type == schema.Datetime:
		o = o.text("format", string(c.Format))
	case c.Type == schema.String || c.Type == schema.Varchar:
		o = o.int("size", c.Size)
	}
	if c.Default == nil {
		o = o.raw("default", []byte("null"))
	} else {
		o = o.raw("default", c.Default)
	}
	if c.Type.IsText() && c.Format == schema.NoFormat {
		o = o.bool("encrypt", c.Encrypt)
	}
	return o.end()
}

func (w *words) showIndex(ix documents.Index) api.Raw {
	return object(nil).
		text("$id", ix.Key).
		text("$createdAt", model.Time(ix.CreatedAt)).
		text("$updatedAt", model.Time(ix.UpdatedAt)).
		text("key", ix.Key).
		text("type", string(ix.Type)).
		text("status", ix.Status).
		text("error", ix.Error).
		texts(w.column+"s", ix.Columns).
		raw("lengths", array(ix.Lengths, func(n int64) []byte { return strconv.AppendInt(nil, min(n, math.MaxInt32), 10) })).
		texts("orders", ix.Orders).
		end()
}
