// Package databases serves the endpoints of databases, in both families of the
// API: tables with columns and rows below /v1/tablesdb, and the older
// collections with attributes and documents below /v1/databases. Both are the
// same endpoints over the same data, declared once in [words].
package databases

import (
	"context"
	"slices"

	"moorfast/internal/api"
	"moorfast/internal/core/documents"
)

// Service serves both families.
type Service struct {
	Catalog *documents.Catalog

	pages pages
}

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	return slices.Concat((&family{s, tablesDB}).endpoints(), (&family{s, legacy}).endpoints())
}

// A family is the service in one vocabulary.
type family struct {
	*Service
	words *words
}

func (f *family) endpoints() []api.Endpoint {
	return slices.Concat(f.databaseEndpoints(), f.tableEndpoints(), f.columnEndpoints(), f.indexEndpoints(),
		f.rowEndpoints(), f.bulkEndpoints(), f.transactionEndpoints(), f.usageEndpoints())
}

// endpoint joins a spec and a handler in the words of a family: parameters are
// declared by their newest names, and errors come without words.
func endpoint[In, Out any](f *family, spec api.Spec, handler func(context.Context, *api.Call, In) (Out, error)) api.Endpoint {
	spec.Name = f.words.sdk + "." + spec.Name
	for i, m := range spec.Methods {
		spec.Methods[i] = f.words.sdk + "." + m
	}
	spec.Path = f.words.path + spec.Path
	for i, a := range spec.Aliases {
		spec.Aliases[i] = f.words.path + a
	}
	spec.Rules = api.Rules{Service: f.words.service, Where: api.ProjectOnly}
	spec.Words = f.words.params
	return api.New(spec, func(ctx context.Context, call *api.Call, in In) (Out, error) {
		out, err := handler(ctx, call, in)
		return out, f.words.fail(err)
	})
}

// by says who calls, and in which form.
func (f *family) by(call *api.Call) documents.By {
	return documents.By{Actor: &call.Actor, Form: f.words.form, Now: call.Now(), Unchanged: call.Unchanged, NewID: call.NewID}
}
