package databases

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/core/documents"
	"moorfast/internal/core/listing"
	"moorfast/internal/identity"
	"moorfast/internal/opt"
	"moorfast/internal/store"
)

// servers may change what there is to store rows in.
const servers = identity.Admin | identity.Key

func (f *family) databaseEndpoints() []api.Endpoint {
	const one = "/{databaseId}"
	can := f.words.scopes.databases
	audit := func(event string) api.Audit { return api.Audit{Event: event, Resource: "database/{databaseId}"} }
	return []api.Endpoint{
		endpoint(f, api.Spec{
			Name: "list", Method: "GET", Path: "", Model: "databaseList",
			Summary: "List the databases of the project.",
			Auth:    servers, Scopes: can.read,
		}, f.listDatabases),
		endpoint(f, api.Spec{
			Name: "create", Method: "POST", Path: "", Status: 201, Model: "database",
			Summary: "Create a database.",
			Auth:    servers, Scopes: can.write,
			Event: "databases.[databaseId].create", Audit: audit("database.create"),
		}, f.createDatabase),
		endpoint(f, api.Spec{
			Name: "get", Method: "GET", Path: one, Model: "database",
			Summary: "Get a database.",
			Auth:    servers, Scopes: can.read,
		}, f.getDatabase),
		endpoint(f, api.Spec{
			Name: "update", Method: "PUT", Path: one, Model: "database",
			Summary: "Change a database.",
			Auth:    servers, Scopes: can.write,
			Event: "databases.[databaseId].update", Audit: audit("database.update"),
		}, f.updateDatabase),
		endpoint(f, api.Spec{
			Name: "delete", Method: "DELETE", Path: one,
			Summary: "Delete a database with all that is in it.",
			Auth:    servers, Scopes: can.write,
			Event: "databases.[databaseId].delete", Audit: audit("database.delete"),
		}, f.deleteDatabase),
	}
}

type listDatabases struct {
	Queries api.Queries `param:"queries" default:"[]"`
	Search  string      `param:"search" default:"\"\"" min:"0" max:"256"`
	Total   bool        `param:"total" default:"true"`
}

func (f *family) listDatabases(ctx context.Context, call *api.Call, in listDatabases) (databaseList, error) {
	return api.Read(ctx, call, func(tx store.Tx) (databaseList, error) {
		page, total, err := f.Catalog.Databases(ctx, tx, listing.Page{Queries: in.Queries, Search: in.Search, NoTotal: !in.Total})
		out := databaseList{Total: total, Databases: make([]database, len(page))}
		for i, db := range page {
			out.Databases[i] = showDatabase(db)
		}
		return out, err
	})
}

type createDatabase struct {
	DatabaseID api.NewID `param:"databaseId"`
	Name       string    `param:"name" max:"128"`
	Enabled    bool      `param:"enabled" default:"true" doc:"Whether anyone but a server can use it."`
}

func (f *family) createDatabase(ctx context.Context, call *api.Call, in createDatabase) (database, error) {
	db := documents.Database{
		ID: string(in.DatabaseID), CreatedAt: call.Micros(), UpdatedAt: call.Micros(),
		Name: in.Name, Enabled: in.Enabled, Type: f.words.made,
	}
	return api.Write(ctx, call, func(tx store.Tx) (database, error) {
		made, err := f.Catalog.CreateDatabase(ctx, tx, db)
		return showDatabase(made), err
	})
}

type oneDatabase struct {
	DatabaseID api.ID `param:"databaseId"`
}

func (f *family) getDatabase(ctx context.Context, call *api.Call, in oneDatabase) (database, error) {
	return api.Read(ctx, call, func(tx store.Tx) (database, error) {
		db, err := f.Catalog.Database(ctx, tx, string(in.DatabaseID))
		return showDatabase(db), err
	})
}

type updateDatabase struct {
	DatabaseID api.ID            `param:"databaseId"`
	Name       opt.Value[string] `param:"name" max:"128" null:"false"`
	Enabled    bool              `param:"enabled" default:"true"`
}

func (f *family) updateDatabase(ctx context.Context, call *api.Call, in updateDatabase) (database, error) {
	return api.Write(ctx, call, func(tx store.Tx) (database, error) {
		db, err := f.Catalog.UpdateDatabase(ctx, tx, string(in.DatabaseID), call.Micros(), func(db *documents.Database) {
			db.Name, db.Enabled = in.Name.Or(db.Name), in.Enabled
		})
		return showDatabase(db), err
	})
}

func (f *family) deleteDatabase(ctx context.Context, call *api.Call, in oneDatabase) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		return api.None{}, f.Catalog.DeleteDatabase(ctx, tx, string(in.DatabaseID), call.Micros())
	})
}
