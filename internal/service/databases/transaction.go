package databases

import (
	"context"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/documents"
	"moorfast/internal/core/listing"
	"moorfast/internal/model"
	"moorfast/internal/store"
)

func (f *family) transactionEndpoints() []api.Endpoint {
	const all, one = "/transactions", "/transactions/{transactionId}"
	can := f.words.scopes.transactions
	return []api.Endpoint{
		endpoint(f, api.Spec{
			Name: "listTransactions", Method: "GET", Path: all, Model: "transactionList",
			Summary: "List the caller's transactions.",
			Auth:    anyone, Scopes: can.read,
		}, f.listTransactions),
		endpoint(f, api.Spec{
			Name: "createTransaction", Method: "POST", Path: all, Status: 201, Model: "transaction",
			Summary: "Begin a transaction.",
			Auth:    anyone, Scopes: can.write,
		}, f.createTransaction),
		endpoint(f, api.Spec{
			Name: "getTransaction", Method: "GET", Path: one, Model: "transaction",
			Summary: "Get a transaction.",
			Auth:    anyone, Scopes: can.read,
		}, f.getTransaction),
		endpoint(f, api.Spec{
			Name: "updateTransaction", Method: "PATCH", Path: one, Model: "transaction",
			Summary: "Commit a transaction, or roll it back.",
			Auth:    anyone, Scopes: can.write,
		}, f.updateTransaction),
		endpoint(f, api.Spec{
			Name: "deleteTransaction", Method: "DELETE", Path: one,
			Summary: "Delete a transaction.",
			Auth:    anyone, Scopes: can.write, Status: 204,
		}, f.deleteTransaction),
		endpoint(f, api.Spec{
			Name: "createOperations", Method: "POST", Path: one + "/operations", Status: 201, Model: "transaction",
			Summary: "Add operations to a transaction.",
			Auth:    anyone, Scopes: can.write,
		}, f.createOperations),
	}
}

type transaction struct {
	ID         string `json:"$id"`
	CreatedAt  string `json:"$createdAt"`
	UpdatedAt  string `json:"$updatedAt"`
	Status     string `json:"status"`
	Operations int64  `json:"operations"`
	ExpiresAt  string `json:"expiresAt"`
}

func showTransaction(n documents.Transaction) transaction {
	return transaction{
		ID: n.ID, CreatedAt: model.Time(n.CreatedAt), UpdatedAt: model.Time(n.UpdatedAt),
		Status: n.Status, Operations: n.Operations, ExpiresAt: model.Time(n.ExpiresAt),
	}
}

type transactionList struct {
	Total        int           `json:"total"`
	Transactions []transaction `json:"transactions"`
}

type listTransactions struct {
	Queries api.Queries `param:"queries" default:"[]"`
}

func (f *family) listTransactions(ctx context.Context, call *api.Call, in listTransactions) (transactionList, error) {
	return api.Read(ctx, call, func(tx store.Tx) (transactionList, error) {
		page, total, err := documents.ListTransactions(ctx, tx, &call.Actor, listing.Page{Queries: in.Queries})
		out := transactionList{total, make([]transaction, len(page))}
		for i, n := range page {
			out.Transactions[i] = showTransaction(n)
		}
		return out, err
	})
}

type createTransaction struct {
	TTL int `param:"ttl" default:"300" min:"60" max:"3600"`
}

func (f *family) createTransaction(ctx context.Context, call *api.Call, in createTransaction) (transaction, error) {
	id := call.NewID()
	return api.Write(ctx, call, func(tx store.Tx) (transaction, error) {
		n, err := documents.CreateTransaction(ctx, tx, &call.Actor, id, call.Now(), time.Duration(in.TTL)*time.Second)
		return showTransaction(n), err
	})
}

type oneTransaction struct {
	TransactionID api.ID `param:"transactionId"`
}

func (f *family) getTransaction(ctx context.Context, call *api.Call, in oneTransaction) (transaction, error) {
	return api.Read(ctx, call, func(tx store.Tx) (transaction, error) {
		n, err := documents.GetTransaction(ctx, tx, &call.Actor, string(in.TransactionID))
		return showTransaction(n), err
	})
}

type updateTransaction struct {
	TransactionID api.ID `param:"transactionId"`
	Commit        bool   `param:"commit" default:"false"`
	Rollback      bool   `param:"rollback" default:"false"`
}

func (f *family) updateTransaction(ctx context.Context, call *api.Call, in updateTransaction) (transaction, error) {
	if in.Commit == in.Rollback {
		return transaction{}, apierr.BadRequest.Detail("Give either commit or rollback.")
	}
	id := string(in.TransactionID)
	if in.Commit {
		return f.commit(ctx, call, id)
	}
	return api.Write(ctx, call, func(tx store.Tx) (transaction, error) {
		n, err := documents.RollBack(ctx, tx, &call.Actor, id, call.Now())
		return showTransaction(n), err
	})
}

// commit makes all changes of a transaction, or none. One that cannot be made now
// cannot be made later either: its state says so.
func (f *family) commit(ctx context.Context, call *api.Call, id string) (transaction, error) {
	n, err := documents.Settle(func() (documents.Transaction, error) {
		return api.Write(ctx, call, func(tx store.Tx) (documents.Transaction, error) {
			return f.Catalog.Commit(ctx, tx, f.by(call), id)
		})
	})
	if err == nil {
		return showTransaction(n), nil
	}
	if documents.EndsTransaction(err) {
		_, _ = api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
			return api.None{}, documents.Break(ctx, tx, &call.Actor, id, call.Now())
		})
	}
	return transaction{}, inCommit(err)
}

func (f *family) deleteTransaction(ctx context.Context, call *api.Call, in oneTransaction) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		return api.None{}, documents.DeleteTransaction(ctx, tx, &call.Actor, string(in.TransactionID))
	})
}
