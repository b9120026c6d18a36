package documents

import (
	"context"
	"errors"
	"strconv"
	"time"

	"moorfast/internal/core/listing"
	"moorfast/internal/identity"
	"moorfast/internal/query"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/vault"
)

const (
	transactionsTable = "db_transactions"
	operationsTable   = "db_operations"
)

// TransactionTables are the statements that make the tables of transactions.
func TransactionTables(d sqlb.Dialect) []string {
	return []string{
		`CREATE TABLE db_transactions (
			seq ` + d.Serial() + `, id ` + d.Text() + ` NOT NULL UNIQUE,
			created_at ` + d.Int() + ` NOT NULL, updated_at ` + d.Int() + ` NOT NULL,
			owner ` + d.Text() + ` NOT NULL, status ` + d.Text() + ` NOT NULL,
			operations ` + d.Int() + ` NOT NULL, bytes ` + d.Int() + ` NOT NULL, expires_at ` + d.Int() + ` NOT NULL)`,
		`CREATE INDEX db_transactions_owner ON db_transactions (owner, status)`,
		`CREATE INDEX db_transactions_expires ON db_transactions (expires_at)`,

		// What the operations carry is sealed: columns that they change may be.
		`CREATE TABLE db_operations (
			id ` + d.Text() + ` NOT NULL PRIMARY KEY,
			transaction_seq ` + d.Int() + ` NOT NULL REFERENCES db_transactions(seq), n ` + d.Int() + ` NOT NULL,
			created_at ` + d.Int() + ` NOT NULL,
			server ` + d.Int() + ` NOT NULL, user_id ` + d.Text() + ` NOT NULL, roles ` + d.Text() + ` NOT NULL,
			database_id ` + d.Text() + ` NOT NULL, table_id ` + d.Text() + ` NOT NULL, action ` + d.Text() + ` NOT NULL,
			prints ` + d.Text() + ` NOT NULL, payload ` + d.Text() + ` NOT NULL,
			UNIQUE (transaction_seq, n))`,
	}
}

// The states of a transaction.
const (
	Pending    = "pending"
	Committed  = "committed"
	RolledBack = "rolledBack"
	Broken     = "failed"
)

// The limits of transactions.
const (
	MaxOperations       = 100      // of a transaction
	maxTransactionBytes = 16 << 20 // of what its operations carry
	maxOpen             = 100      // of a user who is no server

	// keptFor is how long a transaction can be looked at after its time.
	keptFor = 24 * time.Hour
)

// Transaction is changes that wait to be made together. Moments are
// microseconds.
type Transaction struct {
	Seq        int64  `col:"seq"`
	ID         string `col:"id"`
	CreatedAt  int64  `col:"created_at"`
	UpdatedAt  int64  `col:"updated_at"`
	Owner      string `col:"owner"` // a user; "" is servers
	Status     string `col:"status"`
	Operations int64  `col:"operations"`
	Bytes      int64  `col:"bytes"`
	ExpiresAt  int64  `col:"expires_at"`
}

var transactionList = listing.Table{
	Name: transactionsTable, Resource: "Transaction",
	Columns: map[string]listing.Column{
		"status": {Name: "status", Type: query.Text}, "expiresAt": {Name: "expires_at", Type: query.Datetime},
	},
}

// CreateTransaction begins a transaction of an actor, that lives for a time.
// Those that ended long ago are forgotten meanwhile. A guest, who could not come
// back to it, gets none.
func CreateTransaction(ctx context.Context, tx store.Tx, actor *identity.Actor, id string, now time.Time, ttl time.Duration) (Transaction, error) {
	if !actor.Server() && actor.UserID() == "" {
		return Transaction{}, &Error{Kind: Unauthorized}
	}
	if err := forgetTransactions(ctx, tx, sqlb.Lt("expires_at", now.Add(-keptFor).UnixMicro())); err != nil {
		return Transaction{}, err
	}
	n := Transaction{
		ID: id, CreatedAt: now.UnixMicro(), UpdatedAt: now.UnixMicro(), Owner: ownerOf(actor), Status: Pending,
		ExpiresAt: now.Add(ttl).UnixMicro(),
	}
	if n.Owner != "" {
		open := sqlb.And(sqlb.Eq("owner", n.Owner), sqlb.Eq("status", Pending), sqlb.Gt("expires_at", now.UnixMicro()))
		count, err := store.Count(ctx, tx, transactionsTable, open, maxOpen)
		if err != nil {
			return n, err
		}
		if count >= maxOpen {
			return n, &Error{Kind: TransactionFull, Message: "There are " + strconv.Itoa(maxOpen) + " open transactions already, which is the maximum."}
		}
	}
	return n, store.Insert(ctx, tx, transactionsTable, &n)
}

func ownerOf(actor *identity.Actor) string {
	if actor.Server() {
		return ""
	}
	return actor.UserID()
}

func forgetTransactions(ctx context.Context, tx store.Tx, where sqlb.Cond) error {
	old, err := store.List[Transaction](ctx, tx, sqlb.Select{From: transactionsTable, Where: where, Limit: 1000})
	if err != nil {
		return err
	}
	for i := range old {
		if err := forgetTransaction(ctx, tx, &old[i]); err != nil {
			return err
		}
	}
	return nil
}

func forgetTransaction(ctx context.Context, tx store.Tx, n *Transaction) error {
	if err := forgetOperations(ctx, tx, n); err != nil {
		return err
	}
	_, err := store.DeleteWhere(ctx, tx, transactionsTable, sqlb.Eq("seq", n.Seq))
	return err
}

func forgetOperations(ctx context.Context, tx store.Tx, n *Transaction) error {
	_, err := store.DeleteWhere(ctx, tx, operationsTable, sqlb.Eq("transaction_seq", n.Seq))
	return err
}

// GetTransaction returns a transaction. One of somebody else is not there.
func GetTransaction(ctx context.Context, tx store.Tx, actor *identity.Actor, id string) (Transaction, error) {
	n, err := store.Get[Transaction](ctx, tx, transactionsTable, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return n, because(NoTransaction, id, err)
	case err == nil && !actor.Server() && (n.Owner == "" || n.Owner != actor.UserID()):
		return Transaction{}, &Error{Kind: NoTransaction, Name: id}
	}
	return n, err
}

// ListTransactions lists the transactions of an actor; a server sees all.
func ListTransactions(ctx context.Context, tx store.Tx, actor *identity.Actor, p listing.Page) ([]Transaction, int, error) {
	if !actor.Server() {
		p.Where = sqlb.And(sqlb.Eq("owner", actor.UserID()), sqlb.Ne("owner", ""))
	}
	return listing.Read[Transaction](ctx, tx, transactionList, p)
}

// DeleteTransaction forgets a transaction with its operations.
func DeleteTransaction(ctx context.Context, tx store.Tx, actor *identity.Actor, id string) error {
	n, err := GetTransaction(ctx, tx, actor, id)
	if err != nil {
		return err
	}
	return forgetTransaction(ctx, tx, &n)
}

// OpenTransaction returns a transaction that operations can be added to, or that
// can be committed.
func OpenTransaction(ctx context.Context, tx store.Tx, actor *identity.Actor, id string, now time.Time) (Transaction, error) {
	n, err := GetTransaction(ctx, tx, actor, id)
	switch {
	case err != nil:
		return n, err
	case n.Status != Pending:
		return n, &Error{Kind: TransactionEnded, Name: id}
	case n.ExpiresAt <= now.UnixMicro():
		return n, &Error{Kind: TransactionExpired, Name: id}
	}
	return n, nil
}

// end gives a pending transaction its last state, and forgets its operations.
func (n *Transaction) end(ctx context.Context, tx store.Tx, status string, now time.Time) error {
	changed, err := store.Exec(ctx, tx, sqlb.Update{
		Table: transactionsTable, Where: sqlb.And(sqlb.Eq("seq", n.Seq), sqlb.Eq("status", Pending)),
		Set: []sqlb.Assign{sqlb.Set("status", status), sqlb.Set("updated_at", now.UnixMicro()), sqlb.Set("bytes", int64(0))},
	})
	if err != nil {
		return err
	}
	if changed == 0 {
		return &Error{Kind: TransactionEnded, Name: n.ID}
	}
	n.Status, n.UpdatedAt = status, now.UnixMicro()
	return forgetOperations(ctx, tx, n)
}

// RollBack ends a transaction without its changes.
func RollBack(ctx context.Context, tx store.Tx, actor *identity.Actor, id string, now time.Time) (Transaction, error) {
	n, err := OpenTransaction(ctx, tx, actor, id, now)
	if err != nil {
		return n, err
	}
	return n, n.end(ctx, tx, RolledBack, now)
}

// Break ends a transaction that could not be committed.
func Break(ctx context.Context, tx store.Tx, actor *identity.Actor, id string, now time.Time) error {
	n, err := OpenTransaction(ctx, tx, actor, id, now)
	if err != nil {
		return err
	}
	return n.end(ctx, tx, Broken, now)
}

type operationRow struct {
	ID          string       `col:"id"`
	Transaction int64        `col:"transaction_seq"`
	N           int64        `col:"n"`
	CreatedAt   int64        `col:"created_at"`
	Server      bool         `col:"server"`
	UserID      string       `col:"user_id"`
	Roles       []string     `col:"roles"`
	Database    string       `col:"database_id"`
	Table       string       `col:"table_id"`
	Action      string       `col:"action"`
	Prints      []string     `col:"prints"` // of the rows that the operation names, when it was staged
	Payload     vault.Secret `col:"payload"`
}

// CheckRoom tests whether a transaction has room for more operations.
func (n *Transaction) CheckRoom(more int) error {
	if n.Operations+int64(more) > MaxOperations {
		return &Error{Kind: TransactionFull, Message: "Transaction already has " + strconv.FormatInt(n.Operations, 10) + " operations, adding " +
			strconv.Itoa(more) + " would exceed the maximum of " + strconv.Itoa(MaxOperations)}
	}
	return nil
}

// Stage adds operations to an open transaction, for an actor.
func (c *Catalog) Stage(ctx context.Context, tx store.Tx, by By, n Transaction, ops []Operation) (Transaction, error) {
	if err := n.CheckRoom(len(ops)); err != nil {
		return n, err
	}
	n.UpdatedAt = by.Now.UnixMicro()
	// Before the operations: who stages at the same time waits here, and then
	// begins again.
	if err := n.save(ctx, tx); err != nil {
		return n, err
	}
	for i := range ops {
		row, err := c.stage(ctx, tx, by, &n, &ops[i])
		if err != nil {
			return n, err
		}
		n.Operations++
		if n.Bytes += int64(len(row.Payload.Reveal())); n.Bytes > maxTransactionBytes {
			return n, &Error{Kind: TransactionFull, Message: "The operations of a transaction cannot carry more than 16 MiB."}
		}
	}
	return n, n.save(ctx, tx)
}

// save writes what operations change of a pending transaction.
func (n *Transaction) save(ctx context.Context, tx store.Tx) error {
	changed, err := store.Exec(ctx, tx, sqlb.Update{
		Table: transactionsTable, Where: sqlb.And(sqlb.Eq("seq", n.Seq), sqlb.Eq("status", Pending)),
		Set: []sqlb.Assign{sqlb.Set("operations", n.Operations), sqlb.Set("bytes", n.Bytes), sqlb.Set("updated_at", n.UpdatedAt)},
	})
	if err == nil && changed == 0 {
		return &Error{Kind: TransactionEnded, Name: n.ID}
	}
	return err
}

func (c *Catalog) stage(ctx context.Context, tx store.Tx, by By, n *Transaction, op *Operation) (*operationRow, error) {
	t, err := c.TableToChange(ctx, tx, op.Ref)
	if err != nil {
		return nil, err
	}
	ids := op.ids()
	prints := make([]string, len(ids))
	for i, id := range ids {
		if prints[i], err = t.fingerprint(ctx, tx, id); err != nil {
			return nil, err
		}
	}
	payload, err := op.keep()
	if err != nil {
		return nil, err
	}
	row := operationRow{
		ID: n.ID + "." + strconv.FormatInt(n.Operations, 10), Transaction: n.Seq, N: n.Operations, CreatedAt: by.Now.UnixMicro(),
		Server: by.Actor.Server(), UserID: by.Actor.UserID(), Roles: notNil(by.Actor.Roles),
		Database: op.Ref.Database, Table: op.Ref.Table, Action: string(op.Action), Prints: prints, Payload: vault.Hide(payload),
	}
	return &row, store.Insert(ctx, tx, operationsTable, &row)
}
