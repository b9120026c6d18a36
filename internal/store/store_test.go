package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/vault"
)

func TestCheckProject(t *testing.T) {
	for _, id := range []string{"a", "0", "console", "p-1", "a--", strings.Repeat("a", 36)} {
		if err := store.CheckProject(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, id := range []string{"", "-a", "A", "a_b", "a/b", "..", "a.b", "a b", "é", "a\n", strings.Repeat("a", 37)} {
		if store.CheckProject(id) == nil {
			t.Errorf("%q was taken", id)
		}
	}
}

func TestAConflictIsAnErrConflict(t *testing.T) {
	err := fmt.Errorf("insert: %w", &store.ConflictError{Columns: []string{"id"}})
	if !errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v is not what it is", err)
	}
}

// A type that cannot be a row is a mistake in the program, found before the
// database is asked.
func TestRowTypesThatAreRefused(t *testing.T) {
	ctx := context.Background()
	for want, insert := range map[string]func(){
		"is not a struct": func() { store.Insert(ctx, nil, "t", new(string)) },
		"has no columns":  func() { store.Insert(ctx, nil, "t", &struct{ ID string }{}) },
		"is not exported": func() {
			store.Insert(ctx, nil, "t", &struct {
				id string `col:"id"`
			}{})
		},
		"twice": func() {
			store.Insert(ctx, nil, "t", &struct {
				A string `col:"a"`
				B string `col:"a"`
			}{})
		},
		"seq must be": func() {
			store.Insert(ctx, nil, "t", &struct {
				Seq int `col:"seq"`
			}{})
		},
		"id must be": func() {
			store.Insert(ctx, nil, "t", &struct {
				ID int `col:"id"`
			}{})
		},
		"no column holds": func() {
			store.Insert(ctx, nil, "t", &struct {
				A uint64 `col:"a"`
			}{})
		},
		"no id to bind it to": func() {
			store.Insert(ctx, nil, "t", &struct {
				A vault.Secret `col:"a"`
			}{})
		},
		"that nothing would seal": func() {
			store.Insert(ctx, nil, "t", &struct {
				ID string                       `col:"id"`
				A  []struct{ Key vault.Secret } `col:"a"`
			}{})
		},
		"hides a secret": func() {
			store.Insert(ctx, nil, "t", &struct {
				ID string        `col:"id"`
				A  *vault.Secret `col:"a"`
			}{})
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("panic = %s, want %q", got, want)
				}
			}()
			insert()
		}()
	}
}
