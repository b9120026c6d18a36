package databases

import (
	"context"
	"errors"

	"moorfast/internal/api"
	"moorfast/internal/core/documents"
	"moorfast/internal/opt"
)

type increment struct {
	DatabaseID    api.ID            `param:"databaseId"`
	TableID       api.ID            `param:"tableId"`
	RowID         api.ID            `param:"rowId"`
	Column        api.Key           `param:"column"`
	Value         number            `param:"value" default:"1"`
	Max           opt.Value[number] `param:"max"`
	TransactionID transactionID     `param:"transactionId"`
}

func (f *family) increment(ctx context.Context, call *api.Call, in increment) (api.Raw, error) {
	s := documents.Step{ID: string(in.RowID), Key: string(in.Column), By: in.Value.Number, Bound: bound(in.Max)}
	return f.step(ctx, call, oneTable{in.DatabaseID, in.TableID}.ref(), in.TransactionID, s)
}

type decrement struct {
	DatabaseID    api.ID            `param:"databaseId"`
	TableID       api.ID            `param:"tableId"`
	RowID         api.ID            `param:"rowId"`
	Column        api.Key           `param:"column"`
	Value         number            `param:"value" default:"1"`
	Min           opt.Value[number] `param:"min"`
	TransactionID transactionID     `param:"transactionId"`
}

func (f *family) decrement(ctx context.Context, call *api.Call, in decrement) (api.Raw, error) {
	s := documents.Step{ID: string(in.RowID), Key: string(in.Column), By: in.Value.Number, Down: true, Bound: bound(in.Min)}
	return f.step(ctx, call, oneTable{in.DatabaseID, in.TableID}.ref(), in.TransactionID, s)
}

func bound(v opt.Value[number]) *documents.Number {
	if !v.Set() {
		return nil
	}
	return &v.V.Number
}

func (f *family) step(ctx context.Context, call *api.Call, ref documents.Ref, id transactionID, s documents.Step) (api.Raw, error) {
	if !s.By.Positive() {
		return nil, api.Invalid("value", errors.New("Value must be greater than 0"))
	}
	op := documents.Operation{Ref: ref, Action: documents.IncrementAction, Step: s}
	if s.Down {
		op.Action = documents.DecrementAction
	}
	return f.change(ctx, call, op, id)
}
