package documents

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"moorfast/internal/perm"
	"moorfast/internal/query"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// Action is what an operation does, by its name in the API.
type Action string

// The actions.
const (
	CreateAction     Action = "create"
	UpdateAction     Action = "update"
	UpsertAction     Action = "upsert"
	DeleteAction     Action = "delete"
	IncrementAction  Action = "increment"
	DecrementAction  Action = "decrement"
	BulkCreateAction Action = "bulkCreate"
	BulkUpdateAction Action = "bulkUpdate"
	BulkUpsertAction Action = "bulkUpsert"
	BulkDeleteAction Action = "bulkDelete"
)

// Bulk reports whether the action is about several rows, and so for servers only.
func (a Action) Bulk() bool {
	switch a {
	case BulkCreateAction, BulkUpdateAction, BulkUpsertAction, BulkDeleteAction:
		return true
	}
	return false
}

// Operation is a change to rows of a table that can be made later.
type Operation struct {
	Ref    Ref
	Action Action

	// Rows are what is created, changed or deleted: one for what is about one row.
	// A bulkUpdate has the change as its only row; a bulkDelete has none.
	Rows    []Row
	Queries []string // of a bulkUpdate and a bulkDelete
	Step    Step     // of an increment and a decrement
}

// Do makes the change, and returns what a client gets of it as JSON: a row, or a
// list of rows.
func (t *Table) Do(ctx context.Context, tx store.Tx, by By, op Operation) ([]byte, error) {
	if op.Action.Bulk() && t.Schema.HasRelations() {
		return nil, &Error{Kind: ManyRelated, Name: strings.ToLower(strings.TrimPrefix(string(op.Action), "bulk"))}
	}
	switch op.Action {
	case BulkCreateAction:
		return t.CreateMany(ctx, tx, by, op.Rows)
	case BulkUpsertAction:
		return t.UpsertMany(ctx, tx, by, op.Rows)
	case BulkUpdateAction:
		return t.UpdateMany(ctx, tx, by, op.Queries, op.Rows[0])
	case BulkDeleteAction:
		return t.DeleteMany(ctx, tx, by, op.Queries)
	case IncrementAction, DecrementAction:
		return t.Step(ctx, tx, by, op.Step)
	case CreateAction:
		return t.Create(ctx, tx, by, op.Rows[0])
	case UpdateAction:
		return t.Update(ctx, tx, by, op.Rows[0])
	case UpsertAction:
		return t.Upsert(ctx, tx, by, op.Rows[0])
	case DeleteAction:
		return nil, t.Delete(ctx, tx, by, op.Rows[0].ID)
	}
	return nil, fmt.Errorf("documents: no action %q", op.Action)
}

// ids are the rows that the operation names.
func (op *Operation) ids() []string {
	switch op.Action {
	case IncrementAction, DecrementAction:
		return []string{op.Step.ID}
	case BulkUpdateAction, BulkDeleteAction:
		return nil
	}
	ids := make([]string, len(op.Rows))
	for i := range op.Rows {
		ids[i] = op.Rows[i].ID
	}
	return ids
}

// keptOperation is how an operation is written down.
type keptOperation struct {
	Rows    []keptRow `json:"rows,omitempty"`
	Queries []string  `json:"queries,omitempty"`
	Step    *Step     `json:"step,omitempty"`
}

type keptRow struct {
	ID          string          `json:"id"`
	Data        json.RawMessage `json:"data,omitempty"`
	Permissions *string         `json:"permissions,omitempty"`
}

func (op *Operation) keep() (string, error) {
	k := keptOperation{Queries: op.Queries}
	if op.Step.ID != "" {
		k.Step = &op.Step
	}
	for _, row := range op.Rows {
		r := keptRow{ID: row.ID, Data: row.Data}
		if row.Permissions != nil {
			text := row.Permissions.JSON()
			r.Permissions = &text
		}
		k.Rows = append(k.Rows, r)
	}
	raw, err := json.Marshal(k)
	return string(raw), err
}

func (op *Operation) restore(text string) error {
	var k keptOperation
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return fmt.Errorf("read an operation: %w", err)
	}
	op.Queries = k.Queries
	if k.Step != nil {
		op.Step = *k.Step
	}
	for _, r := range k.Rows {
		row := Row{ID: r.ID, Data: r.Data}
		if r.Permissions != nil {
			set, err := perm.Load(*r.Permissions)
			if err != nil {
				return fmt.Errorf("read an operation: %w", err)
			}
			row.Permissions = &set
		}
		op.Rows = append(op.Rows, row)
	}
	return nil
}

// fingerprint tells one state of a row from all others. It is "" where there is
// no row: times alone would not tell two changes within a millisecond apart.
func (t *Table) fingerprint(ctx context.Context, tx store.Tx, id string) (print string, err error) {
	rows, err := tx.Query(ctx, t.texts.byID, id)
	if err != nil {
		return "", fmt.Errorf("find a row of %s: %w", t.name, err)
	}
	defer done(rows, &err)
	if !rows.Next() {
		return "", rows.Err()
	}
	hash := sha256.New()
	for i := range fieldsAt + len(t.fields) {
		t.digest(hash, rows, i)
	}
	return hex.EncodeToString(hash.Sum(nil)[:16]), nil
}

// digest writes one value of a row, so that no two rows are written alike.
func (t *Table) digest(w io.Writer, rows store.Rows, at int) {
	text := at == idAt || at == permsAt
	if at >= fieldsAt {
		f := &t.fields[at-fieldsAt]
		if rows.Null(at) {
			return // as if the column was not there: it may be new
		}
		fmt.Fprintf(w, "%s=", f.name)
		if f.form == asFloat {
			fmt.Fprintf(w, "%x;", math.Float64bits(rows.Float(at)))
			return
		}
		text = f.form == asText || f.form == asJSON
	}
	if text {
		fmt.Fprintf(w, "%d:%s;", len(rows.Text(at)), rows.Text(at))
		return
	}
	fmt.Fprintf(w, "%d;", rows.Int(at))
}

// refusal reports whether an error of an operation that is about to be staged is
// one for its sender to hear at once. The rest is found when the transaction is
// committed: what makes an operation wrong now may have changed by then.
func refusal(err error) bool {
	var (
		outcome *Error
		rule    *schema.Error
		wrong   *query.Error
	)
	switch {
	case errors.As(err, &rule):
		return false
	case errors.As(err, &wrong):
		return true
	case errors.As(err, &outcome):
		switch outcome.Kind {
		case RowExists, RowNotUnique, LimitReached:
			return false
		}
		return true
	}
	return true
}
