package databases

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/core/documents"
)

func (f *family) transactionEndpoints() []api.Endpoint {
	const all, one = "/transactions", "/transactions/{transactionId}"
	can := f.words.scopes.transactions
	return []api.Endpoint{
		endpoint(f, api.Spec{
			Name: "listTransactions", Method: "GET", Path: all, Model: "transactionList",
			Summary: "List the caller's transactions.",
			Auth:    anyone, Scopes: can.read,
		}, notYet[listTransactions]),
		endpoint(f, api.Spec{
			Name: "createTransaction", Method: "POST", Path: all, Status: 201, Model: "transaction",
			Summary: "Begin a transaction.",
			Auth:    anyone, Scopes: can.write,
		}, notYet[createTransaction]),
		endpoint(f, api.Spec{
			Name: "getTransaction", Method: "GET", Path: one, Model: "transaction",
			Summary: "Get a transaction.",
			Auth:    anyone, Scopes: can.read,
		}, notYet[oneTransaction]),
		endpoint(f, api.Spec{
			Name: "updateTransaction", Method: "PATCH", Path: one, Model: "transaction",
			Summary: "Commit a transaction, or roll it back.",
			Auth:    anyone, Scopes: can.write,
		}, notYet[updateTransaction]),
		endpoint(f, api.Spec{
			Name: "deleteTransaction", Method: "DELETE", Path: one,
			Summary: "Delete a transaction.",
			Auth:    anyone, Scopes: can.write, Status: 204,
		}, notYet[oneTransaction]),
		endpoint(f, api.Spec{
			Name: "createOperations", Method: "POST", Path: one + "/operations", Status: 201, Model: "transaction",
			Summary: "Add operations to a transaction.",
			Auth:    anyone, Scopes: can.write,
		}, notYet[createOperations]),
	}
}

type listTransactions struct {
	Queries api.Queries `param:"queries" default:"[]"`
}

type createTransaction struct {
	TTL int `param:"ttl" default:"300" min:"60" max:"3600"`
}

type oneTransaction struct {
	TransactionID api.ID `param:"transactionId"`
}

type updateTransaction struct {
	TransactionID api.ID `param:"transactionId"`
	Commit        bool   `param:"commit" default:"false"`
	Rollback      bool   `param:"rollback" default:"false"`
}

type createOperations struct {
	TransactionID api.ID       `param:"transactionId"`
	Operations    []api.Object `param:"operations" default:"[]" max:"100"`
}

// notYet answers what is part of the API, and not of this server: docs/compat.md
// has the list.
func notYet[In any](context.Context, *api.Call, In) (api.Raw, error) {
	return nil, &documents.Error{Kind: documents.NotBuilt, Message: "Transactions are not supported yet."}
}
