package documents

import (
	"context"
	"errors"
	"time"

	"moorfast/internal/identity"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// A replay makes the changes of a transaction, in the order in which they were
// staged, in one transaction of the store.
type replay struct {
	catalog *Catalog
	by      By

	// touched are the rows that the transaction itself has changed. That these are
	// not as they were is no conflict.
	touched map[touchedRow]bool
}

type touchedRow struct {
	table int64
	id    string
}

// Replay makes the staged changes of an open transaction. It is for who commits
// them, and for who looks at what would be: then the store's transaction is to
// be undone.
func (c *Catalog) Replay(ctx context.Context, tx store.Tx, by By, n Transaction) error {
	return c.replay(ctx, tx, by, n, func(*Operation) bool { return true })
}

// replay makes those of the staged changes that matter.
func (c *Catalog) replay(ctx context.Context, tx store.Tx, by By, n Transaction, matters func(*Operation) bool) error {
	rows, err := store.List[operationRow](ctx, tx, sqlb.Select{
		From: operationsTable, Where: sqlb.Eq("transaction_seq", n.Seq), Order: []sqlb.Order{{Column: "n"}},
	})
	if err != nil {
		return err
	}
	r := replay{catalog: c, by: by, touched: map[touchedRow]bool{}}
	for i := range rows {
		op := Operation{Ref: Ref{rows[i].Database, rows[i].Table}, Action: Action(rows[i].Action)}
		if err := op.restore(rows[i].Payload.Reveal()); err != nil {
			return err
		}
		if !matters(&op) {
			continue
		}
		if err := r.run(ctx, tx, op, &rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// before tells which operations change what others are about: the rows that
// these name, or any of a table whose rows are found by queries. Adding to a
// transaction costs no more than that, however much is in it.
func before(ops []Operation) func(*Operation) bool {
	named, found := map[Ref]map[string]bool{}, map[Ref]bool{}
	for i := range ops {
		ref := ops[i].Ref
		if named[ref] == nil {
			named[ref] = map[string]bool{}
		}
		ids := ops[i].ids()
		found[ref] = found[ref] || ids == nil
		for _, id := range ids {
			named[ref][id] = true
		}
	}
	return func(op *Operation) bool {
		ids := op.ids()
		if named[op.Ref] == nil {
			return false
		}
		if found[op.Ref] || ids == nil {
			return true
		}
		for _, id := range ids {
			if named[op.Ref][id] {
				return true
			}
		}
		return false
	}
}

// Commit makes the staged changes, and ends the transaction.
func (c *Catalog) Commit(ctx context.Context, tx store.Tx, by By, id string) (Transaction, error) {
	n, err := OpenTransaction(ctx, tx, by.Actor, id, by.Now)
	if err != nil {
		return n, err
	}
	if err := c.Replay(ctx, tx, by, n); err != nil {
		return n, err
	}
	return n, n.end(ctx, tx, Committed, by.Now)
}

// Try makes a change after those of an open transaction, to see what it would
// be. The store's transaction is to be undone. known is false where nobody can
// say before the transaction is committed.
func (c *Catalog) Try(ctx context.Context, tx store.Tx, by By, n Transaction, op Operation) (row []byte, known bool, err error) {
	t, err := c.TableToChange(ctx, tx, op.Ref)
	if err != nil {
		return nil, false, err
	}
	if t, err = t.VisibleTo(by.Actor); err != nil {
		return nil, false, err
	}
	if err := c.replay(ctx, tx, by, n, before([]Operation{op})); err != nil {
		return nil, false, unlessOutcome(err)
	}
	row, err = t.Do(ctx, tx, by, op)
	if err != nil && !refusal(err) {
		return nil, false, nil
	}
	return row, err == nil, err
}

// TryAll makes changes after those of an open transaction, and returns what
// their sender is to hear of at once: that there is no such table, or that it
// may not. The store's transaction is to be undone.
func (c *Catalog) TryAll(ctx context.Context, tx store.Tx, by By, n Transaction, ops []Operation) error {
	for _, op := range ops {
		t, err := c.TableToChange(ctx, tx, op.Ref)
		if err != nil {
			return err
		}
		if _, err = t.VisibleTo(by.Actor); err != nil {
			return err
		}
	}
	if err := c.replay(ctx, tx, by, n, before(ops)); err != nil {
		return unlessOutcome(err)
	}
	for _, op := range ops {
		t, err := c.TableToChange(ctx, tx, op.Ref)
		if err != nil {
			return err
		}
		var outcome *Error
		_, err = t.Do(ctx, tx, by, op)
		switch {
		case errors.As(err, &outcome) && outcome.Kind == Unauthorized:
			return err
		case err != nil: // what follows may build on it
			return unlessOutcome(err)
		}
	}
	return nil
}

func unlessOutcome(err error) error {
	if isOutcome(err) {
		return nil
	}
	return err
}

// run makes one change, as who staged it.
func (r *replay) run(ctx context.Context, tx store.Tx, op Operation, row *operationRow) error {
	t, err := r.catalog.TableToChange(ctx, tx, op.Ref)
	if err != nil {
		return err
	}
	by := r.by
	by.Actor = r.actor(row)
	if t, err = t.VisibleTo(by.Actor); err != nil {
		return err
	}
	by.Unchanged = time.Time{}
	if err := r.check(ctx, tx, t, &op, row); err != nil {
		return err
	}
	if op.ids() == nil {
		by.Unchanged, by.replay = time.UnixMicro(row.CreatedAt), r
	}
	_, err = t.Do(ctx, tx, by, op)
	return err
}

// actor is who staged an operation. Where that is the user who commits it, its
// roles are those that it has now. A server that commits for a user vouches for
// those that the user had.
func (r *replay) actor(row *operationRow) *identity.Actor {
	if row.Server {
		a := identity.Actor{Kind: identity.Key}.As(identity.RoleKeys, nil, true)
		return &a
	}
	if a := r.by.Actor; !a.Server() && a.UserID() == row.UserID {
		return a
	}
	return &identity.Actor{Kind: identity.Session, User: &identity.User{ID: row.UserID}, Roles: row.Roles}
}

// check tests that the rows which an operation names are as they were when it
// was staged.
func (r *replay) check(ctx context.Context, tx store.Tx, t *Table, op *Operation, row *operationRow) error {
	for i, id := range op.ids() {
		key := touchedRow{t.seq, id}
		if r.touched[key] {
			continue
		}
		r.touched[key] = true
		if op.Action == CreateAction || op.Action == BulkCreateAction {
			continue // which fails where the row is there
		}
		now, err := t.fingerprint(ctx, tx, id)
		if err != nil {
			return err
		}
		if now == row.Prints[i] {
			continue
		}
		if now == "" && op.Action != UpsertAction && op.Action != BulkUpsertAction {
			return &Error{Kind: NoRow, Name: id}
		}
		return &Error{Kind: RowChanged, Name: id}
	}
	return nil
}

// one prepares the change of one of many rows that queries found: one that the
// transaction has changed itself may be as new as it likes.
func (by By) one(t *Table, id string) By {
	if by.replay == nil {
		return by
	}
	key := touchedRow{t.seq, id}
	if by.replay.touched[key] {
		by.Unchanged = time.Time{}
	}
	by.replay.touched[key] = true
	return by
}

// EndsTransaction reports whether an error of a commit is one that another
// attempt would meet again, so that the transaction is to be broken. Whether it
// was open at all is none of these.
func EndsTransaction(err error) bool {
	var outcome *Error
	if errors.As(err, &outcome) {
		switch outcome.Kind {
		case NoTransaction, TransactionEnded, TransactionExpired:
			return false
		}
	}
	return isOutcome(err)
}
