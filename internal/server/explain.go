package server

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/core/documents"
	"moorfast/internal/identity"
	"moorfast/internal/store"
)

// ListQuestion is a list of rows that is asked for, as a server that may read all.
type ListQuestion struct {
	Project string
	Ref     documents.Ref
	Queries []string
}

// Explain says how the store would find the rows of a list. Nothing is changed,
// and a server may run meanwhile.
func Explain(ctx context.Context, c config.Config, clk clock.Clock, q ListQuestion) (all []documents.Explained, err error) {
	db, v, err := openToRead(ctx, c, clk.Now)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close(), v.Close()) }()
	projects, err := db.Projects(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(projects, q.Project) {
		return nil, fmt.Errorf("there is no project %q", q.Project)
	}
	actor := identity.Actor{Kind: identity.Key}.As(identity.RoleKeys, nil, true)
	err = db.View(ctx, q.Project, func(tx store.Tx) error {
		t, err := documents.New().Table(ctx, tx, q.Ref)
		if err != nil {
			return err
		}
		all, err = t.Explain(ctx, tx, documents.By{Actor: &actor, Form: documents.AsTables, Now: clk.Now()}, q.Queries)
		return err
	})
	return all, plainly(err, q.Ref)
}

// plainly says outcomes in words for a terminal.
func plainly(err error, ref documents.Ref) error {
	var outcome *documents.Error
	if !errors.As(err, &outcome) {
		return err
	}
	switch outcome.Kind {
	case documents.NoDatabase:
		return fmt.Errorf("there is no database %q", ref.Database)
	case documents.NoTable:
		return fmt.Errorf("there is no table %q in the database %q", ref.Table, ref.Database)
	}
	return err
}
