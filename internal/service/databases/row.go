package databases

import (
	"context"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/documents"
	"moorfast/internal/identity"
	"moorfast/internal/opt"
	"moorfast/internal/perm"
	"moorfast/internal/store"
)

// anyone may work with rows, as far as permissions go.
const anyone = identity.Admin | identity.Session | identity.Key | identity.JWT

// perCaller bounds how often a client changes rows within a minute.
func perCaller(n int) api.Limit {
	return api.Limit{N: n, Per: time.Minute, Keys: []string{"ip:{ip},method:{method},url:{url},userId:{userId}"}}
}

func (f *family) rowEndpoints() []api.Endpoint {
	w, can := f.words, f.words.scopes.rows
	event := w.row + "s.[" + w.row + "Id]."
	audit := func(event string) api.Audit {
		a := w.audit(event)
		a.Resource += "/" + w.row + "/{" + w.row + "Id}"
		return a
	}
	step := w.rowPath() + "/{" + w.column + "}/"
	return []api.Endpoint{
		endpoint(f, api.Spec{
			Name: "list" + w.Row + "s", Method: "GET", Path: w.rowsPath(), Model: w.row + "List",
			Summary: "List the " + w.row + "s that the caller may read.",
			Auth:    anyone, Scopes: can.read,
		}, f.listRows),
		endpoint(f, api.Spec{
			Name: "create" + w.Row, Methods: []string{"create" + w.Row + "s"}, Method: "POST", Path: w.rowsPath(), Status: 201, Model: w.row,
			Summary: "Create a " + w.row + "; a server may create several at once.",
			Auth:    anyone, Scopes: can.write,
			Event: w.event(event + "create"), Audit: w.audit(w.row + ".create"), Limit: perCaller(120),
		}, f.createRow),
		endpoint(f, api.Spec{
			Name: "get" + w.Row, Method: "GET", Path: w.rowPath(), Model: w.row,
			Summary: "Get a " + w.row + ".",
			Auth:    anyone, Scopes: can.read,
		}, f.getRow),
		endpoint(f, api.Spec{
			Name: "update" + w.Row, Method: "PATCH", Path: w.rowPath(), Model: w.row,
			Summary: "Change some of the values of a " + w.row + ", or its permissions.",
			Auth:    anyone, Scopes: can.write,
			Event: w.event(event + "update"), Audit: audit(w.row + ".update"), Limit: perCaller(120),
		}, f.updateRow),
		f.upsert(api.Spec{
			Name: "upsert" + w.Row, Method: "PUT", Path: w.rowPath(), Model: w.row,
			Summary: "Change a " + w.row + ", or create it where it is not there.",
			Auth:    anyone, Scopes: can.write,
			Event: w.event(event + "upsert"), Audit: audit(w.row + ".upsert"), Limit: perCaller(120),
		}),
		endpoint(f, api.Spec{
			Name: "delete" + w.Row, Method: "DELETE", Path: w.rowPath(),
			Summary: "Delete a " + w.row + ".",
			Auth:    anyone, Scopes: can.write,
			Event: w.event(event + "delete"), Audit: audit(w.row + ".delete"), Limit: perCaller(60),
		}, f.deleteRow),
		endpoint(f, api.Spec{
			Name: "increment" + w.Row + w.Column, Method: "PATCH", Path: step + "increment", Model: w.row,
			Summary: "Add to a number of a " + w.row + ".",
			Auth:    anyone, Scopes: can.write,
			Event: w.event(event + "update"), Audit: w.audit(w.row + "s.update"), Limit: perCaller(120),
		}, f.increment),
		endpoint(f, api.Spec{
			Name: "decrement" + w.Row + w.Column, Method: "PATCH", Path: step + "decrement", Model: w.row,
			Summary: "Take from a number of a " + w.row + ".",
			Auth:    anyone, Scopes: can.write,
			Event: w.event(event + "update"), Audit: w.audit(w.row + "s.update"), Limit: perCaller(120),
		}, f.decrement),
	}
}

// transactionID is the id of a transaction that a change is to wait for.
type transactionID = opt.Value[api.ID]

// read runs what reads rows of a table.
func (f *family) read(ctx context.Context, call *api.Call, ref documents.Ref, id transactionID,
	fn func(tx store.Tx, t *documents.Table) (api.Raw, error),
) (api.Raw, error) {
	if id.V != "" {
		return f.readStaged(ctx, call, ref, string(id.V), fn)
	}
	return documents.Settle(func() (api.Raw, error) {
		return api.Read(ctx, call, func(tx store.Tx) (api.Raw, error) {
			t, err := f.Catalog.Table(ctx, tx, ref)
			if err != nil {
				return nil, err
			}
			if t, err = t.VisibleTo(&call.Actor); err != nil {
				return nil, err
			}
			return fn(tx, t)
		})
	})
}

// change makes a change to rows, or has it wait for the commit of a transaction.
func (f *family) change(ctx context.Context, call *api.Call, op documents.Operation, id transactionID) (api.Raw, error) {
	if id.V != "" {
		return f.stage(ctx, call, op, string(id.V))
	}
	return documents.Settle(func() (api.Raw, error) {
		return api.Write(ctx, call, func(tx store.Tx) (api.Raw, error) {
			t, err := f.Catalog.TableToChange(ctx, tx, op.Ref)
			if err != nil {
				return nil, err
			}
			if t, err = t.VisibleTo(&call.Actor); err != nil {
				return nil, err
			}
			return t.Do(ctx, tx, f.by(call), op)
		})
	})
}

// one is an operation on one row.
func one(ref documents.Ref, action documents.Action, row documents.Row) documents.Operation {
	return documents.Operation{Ref: ref, Action: action, Rows: []documents.Row{row}}
}

type listRows struct {
	DatabaseID    api.ID        `param:"databaseId"`
	TableID       api.ID        `param:"tableId"`
	Queries       api.Queries   `param:"queries" default:"[]"`
	TransactionID transactionID `param:"transactionId"`
	Total         bool          `param:"total" default:"true"`
	TTL           int           `param:"ttl" default:"0" min:"0" max:"86400" doc:"For how many seconds the list may be one that was read before."`
}

func (f *family) listRows(ctx context.Context, call *api.Call, in listRows) (api.Raw, error) {
	ref := oneTable{in.DatabaseID, in.TableID}.ref()
	return f.read(ctx, call, ref, in.TransactionID, func(tx store.Tx, t *documents.Table) (api.Raw, error) {
		if in.TTL == 0 || in.TransactionID.V != "" {
			return t.List(ctx, tx, f.by(call), in.Queries, in.Total)
		}
		key := pageKey(call, t, ref, f.words.form, in.Queries, in.Total)
		if body, ok := f.pages.get(key, call.Now()); ok {
			call.SetHeader("X-Appwrite-Cache", "hit")
			return body, nil
		}
		body, err := t.List(ctx, tx, f.by(call), in.Queries, in.Total)
		if err != nil {
			return nil, err
		}
		call.SetHeader("X-Appwrite-Cache", "miss")
		f.pages.put(key, body, call.Now().Add(time.Duration(in.TTL)*time.Second))
		return body, nil
	})
}

type getRow struct {
	DatabaseID    api.ID        `param:"databaseId"`
	TableID       api.ID        `param:"tableId"`
	RowID         api.ID        `param:"rowId"`
	Queries       api.Queries   `param:"queries" default:"[]"`
	TransactionID transactionID `param:"transactionId"`
}

func (f *family) getRow(ctx context.Context, call *api.Call, in getRow) (api.Raw, error) {
	ref := oneTable{in.DatabaseID, in.TableID}.ref()
	return f.read(ctx, call, ref, in.TransactionID, func(tx store.Tx, t *documents.Table) (api.Raw, error) {
		return t.Get(ctx, tx, f.by(call), string(in.RowID), in.Queries)
	})
}

type createRow struct {
	DatabaseID    api.ID                        `param:"databaseId"`
	RowID         api.NewID                     `param:"rowId" default:"\"\""`
	TableID       api.ID                        `param:"tableId"`
	Data          rowData                       `param:"data" default:"{}"`
	Permissions   opt.Value[api.RowPermissions] `param:"permissions"`
	Rows          []rowData                     `param:"rows" default:"[]" max:"100"`
	TransactionID transactionID                 `param:"transactionId"`
}

func (f *family) createRow(ctx context.Context, call *api.Call, in createRow) (api.Raw, error) {
	ref := oneTable{in.DatabaseID, in.TableID}.ref()
	switch {
	case len(in.Rows) > 0 && !in.Data.empty():
		return nil, apierr.BadRequest.Detail("Give either data for one %s, or several %ss.", f.words.row, f.words.row)
	case len(in.Rows) > 0:
		return f.createRows(ctx, call, ref, in)
	case in.Data.empty():
		return nil, &documents.Error{Kind: documents.NoData}
	case in.RowID == "":
		return nil, &documents.Error{Kind: documents.NoData, Message: f.words.Row + " ID is required when creating a single " + f.words.row + "."}
	}
	row := documents.Row{ID: string(in.RowID), Data: in.Data, Permissions: permissions(in.Permissions)}
	return f.change(ctx, call, one(ref, documents.CreateAction, row), in.TransactionID)
}

func permissions(v opt.Value[api.RowPermissions]) *perm.Set {
	if !v.Set() {
		return nil
	}
	set := perm.New(v.V, perm.Row)
	return &set
}

type updateRow struct {
	DatabaseID    api.ID                        `param:"databaseId"`
	TableID       api.ID                        `param:"tableId"`
	RowID         api.ID                        `param:"rowId"`
	Data          rowData                       `param:"data" default:"{}"`
	Permissions   opt.Value[api.RowPermissions] `param:"permissions"`
	TransactionID transactionID                 `param:"transactionId"`
}

func (in updateRow) ref() documents.Ref { return oneTable{in.DatabaseID, in.TableID}.ref() }

func (in updateRow) row() documents.Row {
	return documents.Row{ID: string(in.RowID), Data: in.Data, Permissions: permissions(in.Permissions)}
}

func (f *family) updateRow(ctx context.Context, call *api.Call, in updateRow) (api.Raw, error) {
	if in.Data.empty() && !in.Permissions.Set() {
		return nil, &documents.Error{Kind: documents.NoPayload}
	}
	return f.change(ctx, call, one(in.ref(), documents.UpdateAction, in.row()), in.TransactionID)
}

// upsert is the endpoint of upsertRow. In the older family the id may be left
// to the server.
func (f *family) upsert(spec api.Spec) api.Endpoint {
	if f.words != legacy {
		return endpoint(f, spec, f.upsertRow)
	}
	return endpoint(f, spec, func(ctx context.Context, call *api.Call, in upsertDocument) (api.Raw, error) {
		return f.upsertRow(ctx, call, updateRow{in.DatabaseID, in.TableID, api.ID(in.RowID), in.Data, in.Permissions, in.TransactionID})
	})
}

type upsertDocument struct {
	DatabaseID    api.ID                        `param:"databaseId"`
	TableID       api.ID                        `param:"tableId"`
	RowID         api.NewID                     `param:"rowId"`
	Data          rowData                       `param:"data" default:"{}"`
	Permissions   opt.Value[api.RowPermissions] `param:"permissions"`
	TransactionID transactionID                 `param:"transactionId"`
}

func (f *family) upsertRow(ctx context.Context, call *api.Call, in updateRow) (api.Raw, error) {
	if in.Data.empty() && !in.Permissions.Set() {
		return nil, &documents.Error{Kind: documents.NoPayload}
	}
	return f.change(ctx, call, one(in.ref(), documents.UpsertAction, in.row()), in.TransactionID)
}

type deleteRow struct {
	DatabaseID    api.ID        `param:"databaseId"`
	TableID       api.ID        `param:"tableId"`
	RowID         api.ID        `param:"rowId"`
	TransactionID transactionID `param:"transactionId"`
}

func (f *family) deleteRow(ctx context.Context, call *api.Call, in deleteRow) (api.None, error) {
	ref := oneTable{in.DatabaseID, in.TableID}.ref()
	_, err := f.change(ctx, call, one(ref, documents.DeleteAction, documents.Row{ID: string(in.RowID)}), in.TransactionID)
	return api.None{}, err
}
