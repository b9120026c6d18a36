package databases

import (
	"context"
	"errors"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/documents"
	"moorfast/internal/model"
	"moorfast/internal/rawjson"
	"moorfast/internal/store"
)

// errUndo ends a transaction of the store that only looked at what would be.
var errUndo = errors.New("databases: undone on purpose")

// undone runs fn in a transaction of the store whose changes nobody else ever
// sees.
func undone[Out any](ctx context.Context, call *api.Call, fn func(store.Tx) (Out, error)) (Out, error) {
	return documents.Settle(func() (Out, error) {
		out, err := api.Write(ctx, call, func(tx store.Tx) (Out, error) {
			out, err := fn(tx)
			if err == nil {
				err = errUndo
			}
			return out, err
		})
		if errors.Is(err, errUndo) {
			err = nil
		}
		return out, err
	})
}

// readStaged runs what reads rows of a table as they would be if the changes of
// an open transaction were made.
func (f *family) readStaged(ctx context.Context, call *api.Call, ref documents.Ref, id string,
	fn func(tx store.Tx, t *documents.Table) (api.Raw, error),
) (api.Raw, error) {
	return undone(ctx, call, func(tx store.Tx) (api.Raw, error) {
		t, err := f.Catalog.TableToChange(ctx, tx, ref)
		if err != nil {
			return nil, err
		}
		if t, err = t.VisibleTo(&call.Actor); err != nil {
			return nil, err
		}
		n, err := documents.OpenTransaction(ctx, tx, &call.Actor, id, call.Now())
		if err != nil {
			return nil, err
		}
		if err := f.Catalog.Replay(ctx, tx, f.by(call), n); err != nil {
			return nil, inCommit(err)
		}
		return fn(tx, t)
	})
}

// stage has a change wait for the commit of a transaction, and answers what it
// would make of the row, or of the rows.
func (f *family) stage(ctx context.Context, call *api.Call, op documents.Operation, id string) (api.Raw, error) {
	known := false
	row, err := undone(ctx, call, func(tx store.Tx) (row api.Raw, err error) {
		n, err := documents.OpenTransaction(ctx, tx, &call.Actor, id, call.Now())
		if err != nil {
			return nil, err
		}
		if err := n.CheckRoom(1); err != nil {
			return nil, err
		}
		row, known, err = f.Catalog.Try(ctx, tx, f.by(call), n, op)
		return row, err
	})
	if err != nil {
		return nil, err
	}
	if _, err := f.stageAll(ctx, call, []documents.Operation{op}, id); err != nil {
		return nil, err
	}
	if op.Action == documents.UpsertAction || op.Action == documents.BulkUpsertAction {
		call.Reply.Status = 201
	}
	if !known {
		row = f.words.expected(call, op)
	}
	return row, nil
}

func (f *family) stageAll(ctx context.Context, call *api.Call, ops []documents.Operation, id string) (documents.Transaction, error) {
	return documents.Settle(func() (documents.Transaction, error) {
		return api.Write(ctx, call, func(tx store.Tx) (documents.Transaction, error) {
			n, err := documents.OpenTransaction(ctx, tx, &call.Actor, id, call.Now())
			if err != nil {
				return n, err
			}
			return f.Catalog.Stage(ctx, tx, f.by(call), n, ops)
		})
	})
}

// expected is the answer to a change of which nobody can say yet what it will
// make: what the client sent, as a row.
func (w *words) expected(call *api.Call, op documents.Operation) api.Raw {
	if op.Action.Bulk() {
		rows := op.Rows
		if op.Action == documents.BulkUpdateAction {
			rows = nil
		}
		return list(w.row+"s", len(rows), rows, func(row documents.Row) api.Raw { return w.expectedRow(call, op.Ref, row) })
	}
	row := documents.Row{ID: op.Step.ID}
	if len(op.Rows) > 0 {
		row = op.Rows[0]
	}
	return w.expectedRow(call, op.Ref, row)
}

func (w *words) expectedRow(call *api.Call, ref documents.Ref, row documents.Row) api.Raw {
	now, permissions := model.Time(call.Micros()), "[]"
	if row.Permissions != nil {
		permissions = row.Permissions.JSON()
	}
	o := object(nil).
		text("$id", row.ID).
		text("$sequence", "").
		text(w.form.Table, ref.Table).
		text("$databaseId", ref.Database).
		text("$createdAt", now).
		text("$updatedAt", now).
		raw("$permissions", []byte(permissions))
	_ = rawjson.Members(row.Data, func(name, value []byte) error {
		if len(name) > 0 && name[0] != '$' {
			o = o.raw(string(name), value)
		}
		return nil
	})
	return o.end()
}

// inCommit says what outcomes mean that are found only when staged changes are
// made: a row that another client has made or changed meanwhile is a conflict.
func inCommit(err error) error {
	var outcome *documents.Error
	if !errors.As(err, &outcome) {
		return err
	}
	switch outcome.Kind {
	case documents.RowExists, documents.RowNotUnique, documents.RowChanged:
		return apierr.TransactionConflict
	}
	return err
}
