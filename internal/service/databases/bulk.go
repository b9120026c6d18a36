package databases

import (
	"context"
	"fmt"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/documents"
	"moorfast/internal/perm"
	"moorfast/internal/rawjson"
)

// bulkEndpoints change several rows at once. They are for servers.
func (f *family) bulkEndpoints() []api.Endpoint {
	w, can := f.words, f.words.scopes.rows
	many := w.row + "s"
	return []api.Endpoint{
		endpoint(f, api.Spec{
			Name: "update" + w.Row + "s", Method: "PATCH", Path: w.rowsPath(), Model: w.row + "List",
			Summary: "Make the same change to all " + many + " that queries find.",
			Auth:    servers, Scopes: can.write, Audit: w.audit(many + ".update"), Limit: perCaller(120),
		}, f.updateRows),
		endpoint(f, api.Spec{
			Name: "upsert" + w.Row + "s", Method: "PUT", Path: w.rowsPath(), Model: w.row + "List",
			Summary: "Change " + many + ", or create those that are not there.",
			Auth:    servers, Scopes: can.write, Audit: w.audit(w.row + ".create"), Limit: perCaller(120),
		}, f.upsertRows),
		endpoint(f, api.Spec{
			Name: "delete" + w.Row + "s", Method: "DELETE", Path: w.rowsPath(), Model: w.row + "List",
			Summary: "Delete all " + many + " that queries find.",
			Auth:    servers, Scopes: can.write, Audit: w.audit(many + ".delete"), Limit: perCaller(60),
		}, f.deleteRows),
	}
}

// changeMany is change for servers only: the scopes of rows are for users too.
func (f *family) changeMany(ctx context.Context, call *api.Call, op documents.Operation, id transactionID) (api.Raw, error) {
	if !call.Actor.Server() {
		return nil, apierr.UnauthorizedScope
	}
	return f.change(ctx, call, op, id)
}

func (f *family) createRows(ctx context.Context, call *api.Call, ref documents.Ref, in createRow) (api.Raw, error) {
	rows, err := f.words.rowsOf(call, in.Rows)
	if err != nil {
		return nil, err
	}
	return f.changeMany(ctx, call, documents.Operation{Ref: ref, Action: documents.BulkCreateAction, Rows: rows}, in.TransactionID)
}

type upsertRows struct {
	DatabaseID    api.ID        `param:"databaseId"`
	TableID       api.ID        `param:"tableId"`
	Rows          []rowData     `param:"rows" max:"100"`
	TransactionID transactionID `param:"transactionId"`
}

func (f *family) upsertRows(ctx context.Context, call *api.Call, in upsertRows) (api.Raw, error) {
	rows, err := f.words.rowsOf(call, in.Rows)
	if err != nil {
		return nil, err
	}
	op := documents.Operation{Ref: oneTable{in.DatabaseID, in.TableID}.ref(), Action: documents.BulkUpsertAction, Rows: rows}
	return f.changeMany(ctx, call, op, in.TransactionID)
}

type updateRows struct {
	DatabaseID    api.ID        `param:"databaseId"`
	TableID       api.ID        `param:"tableId"`
	Data          rowData       `param:"data" default:"{}"`
	Queries       api.Queries   `param:"queries" default:"[]"`
	TransactionID transactionID `param:"transactionId"`
}

func (f *family) updateRows(ctx context.Context, call *api.Call, in updateRows) (api.Raw, error) {
	if in.Data.empty() {
		return nil, &documents.Error{Kind: documents.NoPayload}
	}
	change, err := f.words.rowOf(in.Data, "data")
	if err != nil {
		return nil, err
	}
	op := documents.Operation{Ref: oneTable{in.DatabaseID, in.TableID}.ref(), Action: documents.BulkUpdateAction, Rows: []documents.Row{change}, Queries: in.Queries}
	return f.changeMany(ctx, call, op, in.TransactionID)
}

type deleteRows struct {
	DatabaseID    api.ID        `param:"databaseId"`
	TableID       api.ID        `param:"tableId"`
	Queries       api.Queries   `param:"queries" default:"[]"`
	TransactionID transactionID `param:"transactionId"`
}

func (f *family) deleteRows(ctx context.Context, call *api.Call, in deleteRows) (api.Raw, error) {
	op := documents.Operation{Ref: oneTable{in.DatabaseID, in.TableID}.ref(), Action: documents.BulkDeleteAction, Queries: in.Queries}
	return f.changeMany(ctx, call, op, in.TransactionID)
}

// rowsOf reads rows whose ids and permissions are in their data.
func (w *words) rowsOf(call *api.Call, list []rowData) ([]documents.Row, error) {
	rows := make([]documents.Row, len(list))
	for i, data := range list {
		row, err := w.rowOf(data, w.row+"s")
		if err != nil {
			return nil, err
		}
		id := api.NewID(row.ID)
		if id == "" {
			id = "unique()"
		}
		if err := id.Check(); err != nil {
			return nil, api.Invalid(w.row+"s", fmt.Errorf("$id of %s %d: %w", w.row, i, err))
		}
		id.Choose(call.NewID)
		row.ID = string(id)
		rows[i] = row
	}
	return rows, nil
}

func (w *words) rowOf(data rowData, param string) (documents.Row, error) {
	row := documents.Row{Data: data}
	err := rawjson.Members(data, func(name, value []byte) error {
		switch string(name) {
		case "$id":
			row.ID, _ = rawjson.Text(value)
		case "$permissions":
			var list api.RowPermissions
			if rawjson.KindOf(value) != rawjson.Null { // which gives nobody anything
				if err := list.UnmarshalJSON(value); err != nil {
					return api.Invalid(param, err)
				}
			}
			set := perm.New(list, perm.Row)
			row.Permissions = &set
		}
		return nil
	})
	return row, err
}
