package databases

import (
	"context"
	"errors"
	"slices"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/documents"
	"moorfast/internal/rawjson"
	"moorfast/internal/store"
)

type createOperations struct {
	TransactionID api.ID       `param:"transactionId"`
	Operations    []api.Object `param:"operations" default:"[]" max:"1000"` // how many fit is the transaction's to say
}

func (f *family) createOperations(ctx context.Context, call *api.Call, in createOperations) (transaction, error) {
	if len(in.Operations) == 0 {
		return transaction{}, apierr.BadRequest.Detail("Give at least one operation.")
	}
	ops := make([]documents.Operation, len(in.Operations))
	for i, raw := range in.Operations {
		var err error
		if ops[i], err = f.words.operation(call, raw); err != nil {
			var known *apierr.Error
			if errors.As(err, &known) {
				return transaction{}, err
			}
			return transaction{}, api.Invalid("operations", api.Reject("Operation at index %d: %w", i, err))
		}
		if ops[i].Action.Bulk() && !call.Actor.Server() {
			return transaction{}, apierr.UnauthorizedScope.Detail("Only a server may use the action %s.", ops[i].Action)
		}
	}
	id := string(in.TransactionID)
	if err := f.tryAll(ctx, call, ops, id); err != nil {
		return transaction{}, err
	}
	n, err := f.stageAll(ctx, call, ops, id)
	return showTransaction(n), err
}

// tryAll tells at once what the caller may not do. Whether a row is there, and
// what is in it, is found when the transaction is committed.
func (f *family) tryAll(ctx context.Context, call *api.Call, ops []documents.Operation, id string) error {
	_, err := undone(ctx, call, func(tx store.Tx) (api.None, error) {
		n, err := documents.OpenTransaction(ctx, tx, &call.Actor, id, call.Now())
		if err == nil {
			err = n.CheckRoom(len(ops))
		}
		if err != nil {
			return api.None{}, err
		}
		return api.None{}, f.Catalog.TryAll(ctx, tx, f.by(call), n, ops)
	})
	return err
}

// sentOperation is an operation as a client writes it.
type sentOperation struct {
	database, table, row, action string
	data                         []byte
}

// operation reads an operation, in the words of the family.
func (w *words) operation(call *api.Call, raw api.Object) (op documents.Operation, err error) {
	var s sentOperation
	text := func(value []byte, name string, into *string) error {
		v, ok := rawjson.Text(value)
		if !ok {
			return api.Reject("Key %q must be a string", name)
		}
		*into = v
		return nil
	}
	err = rawjson.Members(raw, func(name, value []byte) error {
		switch key := string(name); key {
		case "databaseId":
			return text(value, key, &s.database)
		case w.table + "Id":
			return text(value, key, &s.table)
		case w.row + "Id":
			if rawjson.KindOf(value) == rawjson.Null {
				return nil
			}
			return text(value, key, &s.row)
		case "action":
			return text(value, key, &s.action)
		case "data":
			if rawjson.KindOf(value) != rawjson.Null {
				s.data = value
			}
		}
		return nil
	})
	if err != nil {
		return op, err
	}
	for _, key := range []struct{ name, value string }{{"databaseId", s.database}, {w.table + "Id", s.table}, {"action", s.action}} {
		if key.value == "" {
			return op, api.Reject("Missing required key: %s", key.name)
		}
	}
	op = documents.Operation{Ref: documents.Ref{Database: s.database, Table: s.table}, Action: documents.Action(s.action)}
	return op, w.fill(call, &op, s)
}

// actions are what operations can do, in the contract's order.
var actions = []documents.Action{
	documents.CreateAction, documents.UpdateAction, documents.UpsertAction, documents.IncrementAction, documents.DecrementAction, documents.DeleteAction,
	documents.BulkCreateAction, documents.BulkUpdateAction, documents.BulkUpsertAction, documents.BulkDeleteAction,
}

// fill reads what the action of an operation needs.
func (w *words) fill(call *api.Call, op *documents.Operation, s sentOperation) error {
	if !slices.Contains(actions, op.Action) {
		return api.Reject("Invalid action. Must be one of: %v", actions)
	}
	if op.Action.Bulk() {
		return w.fillBulk(call, op, s)
	}
	if s.row == "" && op.Action != documents.CreateAction {
		return api.Reject("Key %q is required for the action %s", w.row+"Id", op.Action)
	}
	id := api.NewID(s.row)
	if s.row == "" {
		id = "unique()"
	}
	if err := id.Check(); err != nil {
		return api.Reject("Key %q: %w", w.row+"Id", err)
	}
	id.Choose(call.NewID)
	switch op.Action {
	case documents.DeleteAction:
		op.Rows = []documents.Row{{ID: string(id)}}
		return nil
	case documents.IncrementAction, documents.DecrementAction:
		op.Step = documents.Step{ID: string(id), Down: op.Action == documents.DecrementAction}
		return w.fillStep(&op.Step, s.data)
	}
	var data rawData
	if err := data.read(s.data); err != nil {
		return err
	}
	row, err := w.rowOf(data.rowData, "operations")
	if err != nil {
		return err
	}
	row.ID = string(id)
	op.Rows = []documents.Row{row}
	return nil
}

// rawData is the data of an operation, which has to be there.
type rawData struct{ rowData }

func (d *rawData) read(raw []byte) error {
	if raw == nil {
		return api.Reject(`Key "data" is required for this action`)
	}
	return d.UnmarshalJSON(raw)
}

func (w *words) fillStep(s *documents.Step, raw []byte) error {
	var data rawData
	if err := data.read(raw); err != nil {
		return err
	}
	s.By = documents.Number{Whole: true, Int: 1, Float: 1}
	bound := "max"
	if s.Down {
		bound = "min"
	}
	err := rawjson.Members(data.rowData, func(name, value []byte) error {
		switch key := string(name); key {
		case "attribute", "column":
			s.Key, _ = rawjson.Text(value)
		case "value", bound:
			if rawjson.KindOf(value) == rawjson.Null {
				return nil
			}
			var n number
			if err := n.UnmarshalJSON(value); err != nil {
				return api.Reject("Key %q of data: %w", key, err)
			}
			if key == "value" {
				s.By = n.Number
			} else {
				s.Bound = &n.Number
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case s.Key == "":
		return api.Reject("Key %q of data is required for this action", w.column)
	case !s.By.Positive():
		return api.Reject(`Key "value" of data: Value must be greater than 0`)
	}
	return nil
}

// maxBulk is how many rows an operation can have.
const maxBulk = 100

func (w *words) fillBulk(call *api.Call, op *documents.Operation, s sentOperation) error {
	if s.data == nil {
		return api.Reject(`Key "data" is required for this action`)
	}
	if op.Action == documents.BulkCreateAction || op.Action == documents.BulkUpsertAction {
		list, err := rowList(s.data)
		if err != nil {
			return err
		}
		op.Rows, err = w.rowsOf(call, list)
		return err
	}
	var data, change rawData
	if err := data.read(s.data); err != nil {
		return err
	}
	err := rawjson.Members(data.rowData, func(name, value []byte) error {
		switch string(name) {
		case "queries":
			return readQueries(value, &op.Queries)
		case "data":
			return change.read(value)
		}
		return nil
	})
	if err != nil || op.Action == documents.BulkDeleteAction {
		return err
	}
	if change.empty() {
		return api.Reject(`Key "data" of data is required for this action`)
	}
	row, err := w.rowOf(change.rowData, "operations")
	row.ID, op.Rows = "", []documents.Row{row}
	return err
}

func rowList(raw []byte) (list []rowData, err error) {
	if rawjson.KindOf(raw) != rawjson.Array {
		return nil, api.Reject(`Key "data" must be an array`)
	}
	err = rawjson.Elements(raw, func(value []byte) error {
		var row rowData
		if err := row.UnmarshalJSON(value); err != nil {
			return err
		}
		if list = append(list, row); len(list) > maxBulk {
			return api.Reject("Key \"data\" must have at most %d items", maxBulk)
		}
		return nil
	})
	if err == nil && len(list) == 0 {
		err = api.Reject(`Key "data" must not be empty`)
	}
	return list, err
}

func readQueries(raw []byte, into *[]string) error {
	if rawjson.KindOf(raw) != rawjson.Array {
		return api.Reject(`Key "queries" of data must be an array`)
	}
	return rawjson.Elements(raw, func(value []byte) error {
		text, ok := rawjson.Text(value)
		if !ok {
			if rawjson.KindOf(value) != rawjson.Object {
				return api.Reject(`Key "queries" of data must be an array of queries`)
			}
			text = string(value)
		}
		if *into = append(*into, text); len(*into) > 100 {
			return api.Reject(`Key "queries" of data must have at most 100 items`)
		}
		return nil
	})
}
