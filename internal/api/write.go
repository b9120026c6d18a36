package api

import (
	"context"

	"moorfast/internal/audit"
	"moorfast/internal/store"
)

// Write runs fn in a transaction of the call's project. It is the way from a
// handler to a transaction that can change anything. Do slow work, such as
// hashing a password, before Write: on SQLite there is one writer.
func Write[Out any](ctx context.Context, call *Call, fn func(store.Tx) (Out, error)) (Out, error) {
	return WriteIn(ctx, call, call.Project.ID, fn)
}

// WriteIn is [Write] in another project, such as the platform, which keeps the
// settings of all.
//
// The first of these that commits in a call carries the call's audit record. A
// transaction that is not what the endpoint is for is [Aside].
func WriteIn[Out any](ctx context.Context, call *Call, project string, fn func(store.Tx) (Out, error)) (out Out, err error) {
	carries := call.records()
	change := func(with bool) error {
		return call.units.DB.Update(ctx, project, func(tx store.Tx) error {
			if out, err = fn(tx); err != nil || !with {
				return err
			}
			return audit.Append(ctx, tx, call.Record(""))
		})
	}
	err = change(carries)
	if err != nil && carries && call.units.Audit.Forgo(project, err) {
		if err = change(false); err == nil {
			call.record.done, call.record.place = true, project
		}
		return out, err
	}
	if err == nil && carries {
		call.recorded(project)
	}
	return out, err
}

// Aside is [Write] for what happens beside the change that the endpoint is for,
// such as the count of wrong passwords of a call that is refused. It carries no
// audit record.
func Aside(ctx context.Context, call *Call, fn func(store.Tx) error) error {
	return call.units.DB.Update(ctx, call.Project.ID, fn)
}

// Read runs fn in a transaction that cannot change anything.
func Read[Out any](ctx context.Context, call *Call, fn func(store.Tx) (Out, error)) (Out, error) {
	return ReadIn(ctx, call, call.Project.ID, fn)
}

// ReadIn is [Read] in another project.
func ReadIn[Out any](ctx context.Context, call *Call, project string, fn func(store.Tx) (Out, error)) (out Out, err error) {
	err = call.units.DB.View(ctx, project, func(tx store.Tx) error {
		out, err = fn(tx)
		return err
	})
	return out, err
}

// DropProject removes all that a project has stored.
func DropProject(ctx context.Context, call *Call, project string) error {
	return call.units.DB.Drop(ctx, project)
}
