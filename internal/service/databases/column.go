package databases

import (
	"context"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/core/documents"
	"moorfast/internal/core/listing"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// title is a kind of column in names of SDK methods.
func title(k schema.Kind) string {
	if k.Type == schema.BigInt {
		return "BigInt"
	}
	return strings.ToUpper(k.Name[:1]) + k.Name[1:]
}

// kindModel is the model of a kind of column.
func (w *words) kindModel(k schema.Kind) string {
	return w.column + strings.ToUpper(k.Name[:1]) + k.Name[1:]
}

func (f *family) columnEndpoints() []api.Endpoint {
	w, can := f.words, f.words.scopes.columns
	one, event := w.columnsPath()+"/{key}", w.column+"s.["+w.column+"Id]."
	endpoints := []api.Endpoint{
		endpoint(f, api.Spec{
			Name: "list" + w.Column + "s", Method: "GET", Path: w.columnsPath(), Model: w.column + "List",
			Summary: "List the " + w.column + "s of a " + w.table + ".",
			Auth:    servers, Scopes: can.read,
		}, f.listColumns),
		endpoint(f, api.Spec{
			Name: "get" + w.Column, Method: "GET", Path: one, Model: w.column,
			Summary: "Get a " + w.column + ".",
			Auth:    servers, Scopes: can.read,
		}, f.getColumn),
		endpoint(f, api.Spec{
			Name: "delete" + w.Column, Method: "DELETE", Path: one,
			Summary: "Delete a " + w.column + " with its values.",
			Auth:    servers, Scopes: can.write,
			Event: w.event(event + "update"), Audit: w.audit(w.column + ".delete"),
		}, f.deleteColumn),
	}
	for _, k := range schema.Kinds {
		create := api.Spec{
			Name: "create" + title(k) + w.Column, Method: "POST", Path: w.columnsPath() + "/" + k.Name, Status: 202, Model: w.kindModel(k),
			Summary: "Create a " + w.column + " of the kind " + k.Name + ".",
			Auth:    servers, Scopes: can.write,
			Event: w.event(event + "create"), Audit: w.audit(w.column + ".create"),
		}
		update := api.Spec{
			Name: "update" + title(k) + w.Column, Method: "PATCH", Path: w.columnsPath() + "/" + k.Name + "/{key}", Model: w.kindModel(k),
			Summary: "Change a " + w.column + " of the kind " + k.Name + ".",
			Auth:    servers, Scopes: can.write,
			Event: w.event(event + "update"), Audit: w.audit(w.column + ".update"),
		}
		if k.Type == schema.Relationship {
			w.relationshipPaths(&update)
		}
		endpoints = append(endpoints, f.kindEndpoints(k, create, update)...)
	}
	return endpoints
}

// relationshipPaths gives the change of a relationship its paths: the key comes
// first in the newer family, and in an alias of the older.
func (w *words) relationshipPaths(update *api.Spec) {
	keyFirst := w.columnsPath() + "/{key}/relationship"
	if w == legacy {
		update.Aliases = []string{keyFirst}
		return
	}
	update.Path = keyFirst
}

// kindEndpoints joins the specs of a kind with what its parameters are.
func (f *family) kindEndpoints(k schema.Kind, create, update api.Spec) []api.Endpoint {
	switch {
	case k.Type == schema.Relationship:
		return []api.Endpoint{
			endpoint(f, create, f.createRelationship),
			endpoint(f, update, f.updateRelationship),
		}
	case k.Type.IsSpatial():
		return []api.Endpoint{
			endpoint(f, create, createColumn[createSpatial](f, k)),
			endpoint(f, update, updateColumn[updateSpatial](f, k)),
		}
	case k.Format == schema.Enum:
		return []api.Endpoint{
			endpoint(f, create, createColumn[createEnum](f, k)),
			endpoint(f, update, updateColumn[updateEnum](f, k)),
		}
	case k.Format == schema.Email:
		return plainEndpoints[emailText](f, k, create, update)
	case k.Format == schema.IP:
		return plainEndpoints[ipText](f, k, create, update)
	case k.Format == schema.URL:
		return plainEndpoints[urlText](f, k, create, update)
	}
	switch k.Type {
	case schema.Boolean:
		return plainEndpoints[bool](f, k, create, update)
	case schema.Datetime:
		return plainEndpoints[timeText](f, k, create, update)
	case schema.Integer, schema.BigInt:
		return []api.Endpoint{
			endpoint(f, create, createColumn[createInteger](f, k)),
			endpoint(f, update, updateColumn[updateInteger](f, k)),
		}
	case schema.Float:
		return []api.Endpoint{
			endpoint(f, create, createColumn[createFloat](f, k)),
			endpoint(f, update, updateColumn[updateFloat](f, k)),
		}
	case schema.String:
		return []api.Endpoint{
			endpoint(f, create, createColumn[createString](f, k)),
			endpoint(f, update, updateColumn[updateString](f, k)),
		}
	case schema.Varchar:
		return []api.Endpoint{
			endpoint(f, create, createColumn[createVarchar](f, k)),
			endpoint(f, update, updateColumn[updateVarchar](f, k)),
		}
	}
	return []api.Endpoint{
		endpoint(f, create, createColumn[createText](f, k)),
		endpoint(f, update, updateColumn[updatePlain[plainText]](f, k)),
	}
}

func plainEndpoints[D any](f *family, k schema.Kind, create, update api.Spec) []api.Endpoint {
	return []api.Endpoint{
		endpoint(f, create, createColumn[createPlain[D]](f, k)),
		endpoint(f, update, updateColumn[updatePlain[D]](f, k)),
	}
}

type listColumns struct {
	DatabaseID api.ID      `param:"databaseId"`
	TableID    api.ID      `param:"tableId"`
	Queries    api.Queries `param:"queries" default:"[]"`
	Total      bool        `param:"total" default:"true"`
}

func (f *family) listColumns(ctx context.Context, call *api.Call, in listColumns) (api.Raw, error) {
	return api.Read(ctx, call, func(tx store.Tx) (api.Raw, error) {
		t, err := f.Catalog.Table(ctx, tx, oneTable{in.DatabaseID, in.TableID}.ref())
		if err != nil {
			return nil, err
		}
		page, total, err := t.ListColumns(ctx, tx, listing.Page{Queries: in.Queries, NoTotal: !in.Total})
		return list(f.words.column+"s", total, page, f.words.showColumn), err
	})
}

// oneKey names a column or an index.
type oneKey struct {
	DatabaseID api.ID  `param:"databaseId"`
	TableID    api.ID  `param:"tableId"`
	Key        api.Key `param:"key"`
}

func (in oneKey) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }

func (f *family) getColumn(ctx context.Context, call *api.Call, in oneKey) (api.Raw, error) {
	return api.Read(ctx, call, func(tx store.Tx) (api.Raw, error) {
		t, err := f.Catalog.Table(ctx, tx, in.ref())
		if err != nil {
			return nil, err
		}
		c, err := t.Column(string(in.Key))
		if err != nil {
			return nil, err
		}
		return f.words.showColumn(*c), nil
	})
}

func (f *family) deleteColumn(ctx context.Context, call *api.Call, in oneKey) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		t, err := f.Catalog.TableToChange(ctx, tx, in.ref())
		if err != nil {
			return api.None{}, err
		}
		return api.None{}, f.Catalog.DeleteColumn(ctx, tx, t, string(in.Key), call.Micros())
	})
}

// newColumn is the parameters of a column that is about to be made.
type newColumn interface {
	ref() documents.Ref
	column(schema.Kind) schema.Column
}

func createColumn[P newColumn](f *family, k schema.Kind) func(context.Context, *api.Call, P) (api.Raw, error) {
	return func(ctx context.Context, call *api.Call, in P) (api.Raw, error) {
		column := in.column(k)
		return api.Write(ctx, call, func(tx store.Tx) (api.Raw, error) {
			t, err := f.Catalog.TableToChange(ctx, tx, in.ref())
			if err != nil {
				return nil, err
			}
			c, err := f.Catalog.CreateColumn(ctx, tx, t, column, call.Micros())
			if err != nil {
				return nil, err
			}
			return f.words.showColumn(c), nil
		})
	}
}

// columnChange is the parameters of a change to a column.
type columnChange interface {
	ref() documents.Ref
	key() string
	check() error
	change(*schema.Column)
}

func updateColumn[P columnChange](f *family, k schema.Kind) func(context.Context, *api.Call, P) (api.Raw, error) {
	return func(ctx context.Context, call *api.Call, in P) (api.Raw, error) {
		if err := in.check(); err != nil {
			return nil, err
		}
		return api.Write(ctx, call, func(tx store.Tx) (api.Raw, error) {
			t, err := f.Catalog.TableToChange(ctx, tx, in.ref())
			if err != nil {
				return nil, err
			}
			c, err := f.Catalog.UpdateColumn(ctx, tx, t, in.key(), k, call.Micros(), in.change)
			if err != nil {
				return nil, err
			}
			return f.words.showColumn(c), nil
		})
	}
}
