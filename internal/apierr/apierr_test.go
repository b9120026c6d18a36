package apierr_test

import (
	"errors"
	"fmt"
	"testing"

	"moorfast/internal/apierr"
)

func TestACopyIsItsRow(t *testing.T) {
	cause := errors.New("disk")
	err := fmt.Errorf("create: %w", apierr.RowNotFound.With("a").Because(cause))
	if !errors.Is(err, apierr.RowNotFound) || !errors.Is(err, cause) {
		t.Fatal("a copy must match its row and its cause")
	}
	if got, want := apierr.From(err).Message, "Row with the requested ID 'a' could not be found."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatIsNotInTheCatalogueIsUnknown(t *testing.T) {
	err := errors.New("password=hunter2")
	got := apierr.From(err)
	if !errors.Is(got, apierr.Unknown) || got.Message != apierr.Unknown.Message {
		t.Errorf("got %v, want the unknown row", got)
	}
	if !errors.Is(got, err) {
		t.Error("the cause must be kept for the log")
	}
}

func TestOpenHolesAreNotShown(t *testing.T) {
	if got, want := apierr.DatabaseNotFound.Text(), "Database with the requested ID could not be found."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEveryRowIsComplete(t *testing.T) {
	rows := apierr.All()
	if len(rows) == 0 {
		t.Fatal("no rows")
	}
	for _, r := range rows {
		if r.Type == "" || r.Message == "" || r.Status < 400 || r.Status > 599 {
			t.Errorf("row %q is incomplete: %d %q", r.Type, r.Status, r.Message)
		}
	}
}
