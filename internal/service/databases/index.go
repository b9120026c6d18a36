package databases

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/core/listing"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

func (f *family) indexEndpoints() []api.Endpoint {
	w, can := f.words, f.words.scopes.indexes
	one := w.indexesPath() + "/{key}"
	return []api.Endpoint{
		endpoint(f, api.Spec{
			Name: "listIndexes", Method: "GET", Path: w.indexesPath(), Model: w.index + "List",
			Summary: "List the indexes of a " + w.table + ".",
			Auth:    servers, Scopes: can.read,
		}, f.listIndexes),
		endpoint(f, api.Spec{
			Name: "createIndex", Method: "POST", Path: w.indexesPath(), Status: 202, Model: w.index,
			Summary: "Create an index.",
			Auth:    servers, Scopes: can.write,
			Event: w.event("indexes.[indexId].create"), Audit: w.audit("index.create"),
		}, f.createIndex),
		endpoint(f, api.Spec{
			Name: "getIndex", Method: "GET", Path: one, Model: w.index,
			Summary: "Get an index.",
			Auth:    servers, Scopes: can.read,
		}, f.getIndex),
		endpoint(f, api.Spec{
			Name: "deleteIndex", Method: "DELETE", Path: one,
			Summary: "Delete an index.",
			Auth:    servers, Scopes: can.write,
			Event: w.event("indexes.[indexId].update"), Audit: w.audit("index.delete"),
		}, f.deleteIndex),
	}
}

func (f *family) listIndexes(ctx context.Context, call *api.Call, in listColumns) (api.Raw, error) {
	return api.Read(ctx, call, func(tx store.Tx) (api.Raw, error) {
		t, err := f.Catalog.Table(ctx, tx, oneTable{in.DatabaseID, in.TableID}.ref())
		if err != nil {
			return nil, err
		}
		page, total, err := t.ListIndexes(ctx, tx, listing.Page{Queries: in.Queries, NoTotal: !in.Total})
		return list("indexes", total, page, f.words.showIndex), err
	})
}

type createIndex struct {
	DatabaseID api.ID      `param:"databaseId"`
	TableID    api.ID      `param:"tableId"`
	Key        api.Key     `param:"key"`
	Type       string      `param:"type" oneof:"key,fulltext,unique,spatial"`
	Columns    []columnKey `param:"columns" max:"100"`
	Orders     []string    `param:"orders" default:"[]" max:"100" oneof:"ASC,DESC,asc,desc"`
	Lengths    []length    `param:"lengths" default:"[]" max:"100"`
}

func (f *family) createIndex(ctx context.Context, call *api.Call, in createIndex) (api.Raw, error) {
	ix := newIndex(in)
	return api.Write(ctx, call, func(tx store.Tx) (api.Raw, error) {
		t, err := f.Catalog.TableToChange(ctx, tx, oneTable{in.DatabaseID, in.TableID}.ref())
		if err != nil {
			return nil, err
		}
		made, err := f.Catalog.CreateIndex(ctx, tx, t, ix, call.Micros())
		if err != nil {
			return nil, err
		}
		return f.words.showIndex(made), nil
	})
}

func newIndex(in createIndex) schema.Index {
	ix := schema.Index{Key: string(in.Key), Type: schema.IndexType(in.Type)}
	for _, key := range in.Columns {
		ix.Columns = append(ix.Columns, string(key))
	}
	for _, order := range in.Orders {
		if order == "desc" || order == schema.Desc {
			ix.Orders = append(ix.Orders, schema.Desc)
		} else {
			ix.Orders = append(ix.Orders, schema.Asc)
		}
	}
	for _, n := range in.Lengths {
		ix.Lengths = append(ix.Lengths, int64(n))
	}
	return ix
}

func (f *family) getIndex(ctx context.Context, call *api.Call, in oneKey) (api.Raw, error) {
	return api.Read(ctx, call, func(tx store.Tx) (api.Raw, error) {
		t, err := f.Catalog.Table(ctx, tx, in.ref())
		if err != nil {
			return nil, err
		}
		ix, err := t.Index(string(in.Key))
		if err != nil {
			return nil, err
		}
		return f.words.showIndex(*ix), nil
	})
}

func (f *family) deleteIndex(ctx context.Context, call *api.Call, in oneKey) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		t, err := f.Catalog.TableToChange(ctx, tx, in.ref())
		if err != nil {
			return api.None{}, err
		}
		return api.None{}, f.Catalog.DeleteIndex(ctx, tx, t, string(in.Key), call.Micros())
	})
}
