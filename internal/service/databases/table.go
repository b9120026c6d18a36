package databases

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/core/documents"
	"moorfast/internal/core/listing"
	"moorfast/internal/opt"
	"moorfast/internal/perm"
	"moorfast/internal/store"
)

// paths and names of what lies in tables.
func (w *words) tablesPath() string  { return "/{databaseId}/" + w.table + "s" }
func (w *words) tablePath() string   { return w.tablesPath() + "/{" + w.table + "Id}" }
func (w *words) columnsPath() string { return w.tablePath() + "/" + w.column + "s" }
func (w *words) indexesPath() string { return w.tablePath() + "/indexes" }
func (w *words) rowsPath() string    { return w.tablePath() + "/" + w.row + "s" }
func (w *words) rowPath() string     { return w.rowsPath() + "/{" + w.row + "Id}" }

// event names something that happens to a table, or to what is in it.
func (w *words) event(what string) string {
	return "databases.[databaseId]." + w.table + "s.[" + w.table + "Id]." + what
}

// audit is how something that happens to a table is recorded.
func (w *words) audit(event string) api.Audit {
	return api.Audit{Event: event, Resource: "database/{databaseId}/" + w.table + "/{" + w.table + "Id}"}
}

func (f *family) tableEndpoints() []api.Endpoint {
	w, can := f.words, f.words.scopes.tables
	return []api.Endpoint{
		endpoint(f, api.Spec{
			Name: "list" + w.Table + "s", Method: "GET", Path: w.tablesPath(), Model: w.table + "List",
			Summary: "List the " + w.table + "s of a database.",
			Auth:    servers, Scopes: can.read,
		}, f.listTables),
		endpoint(f, api.Spec{
			Name: "create" + w.Table, Method: "POST", Path: w.tablesPath(), Status: 201, Model: w.table,
			Summary: "Create a " + w.table + ", perhaps with " + w.column + "s and indexes.",
			Auth:    servers, Scopes: can.write,
			Event: w.event("create"), Audit: w.audit(w.table + ".create"),
		}, f.createTable),
		endpoint(f, api.Spec{
			Name: "get" + w.Table, Method: "GET", Path: w.tablePath(), Model: w.table,
			Summary: "Get a " + w.table + ".",
			Auth:    servers, Scopes: can.read,
		}, f.getTable),
		endpoint(f, api.Spec{
			Name: "update" + w.Table, Method: "PUT", Path: w.tablePath(), Model: w.table,
			Summary: "Change a " + w.table + ".",
			Auth:    servers, Scopes: can.write,
			Event: w.event("update"), Audit: w.audit(w.table + ".update"),
		}, f.updateTable),
		endpoint(f, api.Spec{
			Name: "delete" + w.Table, Method: "DELETE", Path: w.tablePath(),
			Summary: "Delete a " + w.table + " with all that is in it.",
			Auth:    servers, Scopes: can.write,
			Event: w.event("delete"), Audit: w.audit(w.table + ".delete"),
		}, f.deleteTable),
	}
}

type listTables struct {
	DatabaseID api.ID      `param:"databaseId"`
	Queries    api.Queries `param:"queries" default:"[]"`
	Search     string      `param:"search" default:"\"\"" min:"0" max:"256"`
	Total      bool        `param:"total" default:"true"`
}

func (f *family) listTables(ctx context.Context, call *api.Call, in listTables) (api.Raw, error) {
	return api.Read(ctx, call, func(tx store.Tx) (api.Raw, error) {
		page, total, err := f.Catalog.Tables(ctx, tx, string(in.DatabaseID), listing.Page{Queries: in.Queries, Search: in.Search, NoTotal: !in.Total})
		return list(f.words.table+"s", total, page, f.words.showTable), err
	})
}

type createTable struct {
	DatabaseID  api.ID                     `param:"databaseId"`
	TableID     api.NewID                  `param:"tableId"`
	Name        string                     `param:"name" max:"128"`
	Permissions opt.Value[api.Permissions] `param:"permissions" doc:"Who may read, and who may create, update and delete."`
	RowSecurity bool                       `param:"rowSecurity" default:"false" loose:"true" doc:"Whether permissions of rows count beside these."`
	Enabled     bool                       `param:"enabled" default:"true" doc:"Whether anyone but a server can use it."`
	Columns     []api.Object               `param:"columns" default:"[]" max:"100"`
	Indexes     []api.Object               `param:"indexes" default:"[]" max:"100"`
}

func (f *family) createTable(ctx context.Context, call *api.Call, in createTable) (api.Raw, error) {
	columns, err := f.words.inlineColumns(in.Columns)
	if err != nil {
		return nil, err
	}
	indexes, err := inlineIndexes(in.Indexes)
	if err != nil {
		return nil, err
	}
	n := documents.NewTable{
		ID: string(in.TableID), Name: in.Name, Enabled: in.Enabled, RowSecurity: in.RowSecurity,
		Permissions: perm.New(in.Permissions.V, perm.Resource), Columns: columns, Indexes: indexes,
	}
	return api.Write(ctx, call, func(tx store.Tx) (api.Raw, error) {
		t, err := f.Catalog.CreateTable(ctx, tx, string(in.DatabaseID), n, call.Micros())
		if err != nil {
			return nil, err
		}
		return f.words.showTable(t), nil
	})
}

type oneTable struct {
	DatabaseID api.ID `param:"databaseId"`
	TableID    api.ID `param:"tableId"`
}

func (in oneTable) ref() documents.Ref {
	return documents.Ref{Database: string(in.DatabaseID), Table: string(in.TableID)}
}

func (f *family) getTable(ctx context.Context, call *api.Call, in oneTable) (api.Raw, error) {
	return api.Read(ctx, call, func(tx store.Tx) (api.Raw, error) {
		t, err := f.Catalog.Table(ctx, tx, in.ref())
		if err != nil {
			return nil, err
		}
		return f.words.showTable(t), nil
	})
}

type updateTable struct {
	DatabaseID  api.ID                     `param:"databaseId"`
	TableID     api.ID                     `param:"tableId"`
	Name        opt.Value[string]          `param:"name" max:"128" null:"false"`
	Permissions opt.Value[api.Permissions] `param:"permissions"`
	RowSecurity bool                       `param:"rowSecurity" default:"false" loose:"true"`
	Enabled     bool                       `param:"enabled" default:"true"`
	Purge       bool                       `param:"purge" default:"false" loose:"true" doc:"Whether lists that are held by their ttl are to be forgotten."`
}

func (f *family) updateTable(ctx context.Context, call *api.Call, in updateTable) (api.Raw, error) {
	ref := oneTable{in.DatabaseID, in.TableID}.ref()
	return api.Write(ctx, call, func(tx store.Tx) (api.Raw, error) {
		t, err := f.Catalog.UpdateTable(ctx, tx, ref, call.Micros(), func(c *documents.TableChange) {
			c.Name, c.Enabled, c.RowSecurity = in.Name.Or(c.Name), in.Enabled, in.RowSecurity
			if in.Permissions.Set() {
				c.Permissions = perm.New(in.Permissions.V, perm.Resource)
			}
		})
		if err != nil {
			return nil, err
		}
		if in.Purge {
			tx.OnCommit(func() { f.pages.forget(tableOf(call, ref)) })
		}
		return f.words.showTable(t), nil
	})
}

func (f *family) deleteTable(ctx context.Context, call *api.Call, in oneTable) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		tx.OnCommit(func() { f.pages.forget(tableOf(call, in.ref())) })
		return api.None{}, f.Catalog.DeleteTable(ctx, tx, in.ref(), call.Micros())
	})
}
