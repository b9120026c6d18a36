package api

import (
	"context"

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
func WriteIn[Out any](ctx context.Context, call *Call, project string, fn func(store.Tx) (Out, error)) (out Out, err error) {
	err = call.units.DB.Update(ctx, project, func(tx store.Tx) error {
		out, err = fn(tx)
		return err
	})
	return out, err
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
