package databases

import (
	"context"
	"encoding/json"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/core/documents"
	"moorfast/internal/model"
	"moorfast/internal/store"
)

func (f *family) usageEndpoints() []api.Endpoint {
	w := f.words
	return []api.Endpoint{
		endpoint(f, api.Spec{
			Name: "listUsage", Method: "GET", Path: "/usage", Model: "usageDatabases",
			Summary: "Count the databases and what is in them, over time: of what is there still.",
			Auth:    servers, Scopes: w.scopes.databases.read,
		}, f.usage),
		endpoint(f, api.Spec{
			Name: "getUsage", Method: "GET", Path: "/{databaseId}/usage", Model: "usageDatabase",
			Summary: "Count what is in a database, over time: of what is there still.",
			Auth:    servers, Scopes: w.scopes.databases.read,
		}, f.databaseUsage),
		endpoint(f, api.Spec{
			Name: "get" + w.Table + "Usage", Method: "GET", Path: w.tablePath() + "/usage", Model: "usage" + w.Table,
			Summary: "Count the " + w.row + "s of a " + w.table + ", over time: of what is there still.",
			Auth:    servers, Scopes: w.scopes.tables.read,
		}, f.tableUsage),
	}
}

// contentUsage is what both families are told of what is in databases, each in
// the words of both. Calls are not counted.
type contentUsage struct {
	Range            string         `json:"range"`
	CollectionsTotal int64          `json:"collectionsTotal"`
	TablesTotal      int64          `json:"tablesTotal"`
	DocumentsTotal   int64          `json:"documentsTotal"`
	RowsTotal        int64          `json:"rowsTotal"`
	StorageTotal     int64          `json:"storageTotal"`
	Collections      []model.Metric `json:"collections"`
	Tables           []model.Metric `json:"tables"`
	Documents        []model.Metric `json:"documents"`
	Rows             []model.Metric `json:"rows"`
	Storage          []model.Metric `json:"storage"`
}

type databasesUsage struct {
	contentUsage
	DatabasesTotal       int64          `json:"databasesTotal"`
	Databases            []model.Metric `json:"databases"`
	DatabasesReadsTotal  int64          `json:"databasesReadsTotal"`
	DatabasesReads       []model.Metric `json:"databasesReads"`
	DatabasesWritesTotal int64          `json:"databasesWritesTotal"`
	DatabasesWrites      []model.Metric `json:"databasesWrites"`
}

type databaseUsage struct {
	contentUsage
	DatabaseReadsTotal  int64          `json:"databaseReadsTotal"`
	DatabaseReads       []model.Metric `json:"databaseReads"`
	DatabaseWritesTotal int64          `json:"databaseWritesTotal"`
	DatabaseWrites      []model.Metric `json:"databaseWrites"`
}

// A period is the moments that a range of usage means until now.
type period struct {
	name string
	at   []time.Time
	span documents.Span
}

func newPeriod(call *api.Call, name string) period {
	steps := model.UsageRanges[name]
	return period{name, steps.Until(call.Now()), documents.SpanUntil(call.Now(), steps.Every, steps.N)}
}

func (p period) metrics(u documents.Usage) []model.Metric {
	if u.Points == nil {
		u.Points = make([]int64, len(p.at))
	}
	return model.Metrics(p.at, u.Points)
}

func (p period) content(u documents.Usages) contentUsage {
	tables, rows := p.metrics(u.Tables), p.metrics(u.Rows)
	return contentUsage{
		Range:            p.name,
		CollectionsTotal: u.Tables.Total, TablesTotal: u.Tables.Total, Collections: tables, Tables: tables,
		DocumentsTotal: u.Rows.Total, RowsTotal: u.Rows.Total, Documents: rows, Rows: rows,
		StorageTotal: u.Bytes.Total, Storage: p.metrics(u.Bytes),
	}
}

type usageParams struct {
	Range string `param:"range" oneof:"24h,7d,30d,90d" default:"\"30d\"" doc:"How far the numbers go back."`
}

func (f *family) usage(ctx context.Context, call *api.Call, in usageParams) (databasesUsage, error) {
	p := newPeriod(call, in.Range)
	return api.Read(ctx, call, func(tx store.Tx) (databasesUsage, error) {
		u, err := f.Catalog.Usage(ctx, tx, "", p.span)
		none := p.metrics(documents.Usage{})
		return databasesUsage{
			contentUsage:   p.content(u),
			DatabasesTotal: u.Databases.Total, Databases: p.metrics(u.Databases),
			DatabasesReads: none, DatabasesWrites: none,
		}, err
	})
}

type databaseUsageParams struct {
	DatabaseID api.ID `param:"databaseId"`
	Range      string `param:"range" oneof:"24h,7d,30d,90d" default:"\"30d\"" doc:"How far the numbers go back."`
}

func (f *family) databaseUsage(ctx context.Context, call *api.Call, in databaseUsageParams) (databaseUsage, error) {
	p := newPeriod(call, in.Range)
	return api.Read(ctx, call, func(tx store.Tx) (databaseUsage, error) {
		u, err := f.Catalog.Usage(ctx, tx, string(in.DatabaseID), p.span)
		none := p.metrics(documents.Usage{})
		return databaseUsage{contentUsage: p.content(u), DatabaseReads: none, DatabaseWrites: none}, err
	})
}

type tableUsageParams struct {
	DatabaseID api.ID `param:"databaseId"`
	TableID    api.ID `param:"tableId"`
	Range      string `param:"range" oneof:"24h,7d,30d,90d" default:"\"30d\"" doc:"How far the numbers go back."`
}

func (f *family) tableUsage(ctx context.Context, call *api.Call, in tableUsageParams) (api.Raw, error) {
	p := newPeriod(call, in.Range)
	return api.Read(ctx, call, func(tx store.Tx) (api.Raw, error) {
		t, err := f.Catalog.Table(ctx, tx, oneTable{in.DatabaseID, in.TableID}.ref())
		if err != nil {
			return nil, err
		}
		u, err := t.Usage(ctx, tx, p.span)
		if err != nil {
			return nil, err
		}
		points, err := json.Marshal(p.metrics(u))
		return object(nil).text("range", p.name).int(f.words.row+"sTotal", u.Total).raw(f.words.row+"s", points).end(), err
	})
}
