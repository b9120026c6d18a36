package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"moorfast/internal/store"
)

func TestSettingsOfEveryConnection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	if err := private(path); err != nil {
		t.Fatal(err)
	}
	writer, err := openWriter(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.close()
	reader, err := openReader(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.close()
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1", "trusted_schema": "0",
		"cell_size_check": "1", "cache_size": "-2048", "mmap_size": "0", "temp_store": "2", "busy_timeout": "5000",
	} {
		for name, c := range map[string]*conn{"writer": writer, "reader": reader} {
			if got, err := c.text("PRAGMA " + pragma); err != nil || got != want {
				t.Errorf("%s of the %s = %q, %v, want %q", pragma, name, got, err, want)
			}
		}
	}
	for name, c := range map[string]*conn{"0": writer, "1": reader} {
		if got, err := c.text("PRAGMA query_only"); err != nil || got != name {
			t.Errorf("query_only = %q, %v, want %s", got, err, name)
		}
	}
}

func TestParseConflict(t *testing.T) {
	for message, want := range map[string]*store.ConflictError{
		"sqlite3: constraint failed: UNIQUE constraint failed: users.id":                  {Columns: []string{"id"}},
		"sqlite3: constraint failed: UNIQUE constraint failed: users.project, users.mail": {Columns: []string{"project", "mail"}},
		"sqlite3: constraint failed: UNIQUE constraint failed: index 'users_name'":        {Index: "users_name"},
		"sqlite3: constraint failed: NOT NULL constraint failed: users.id":                nil,
		"sqlite3: constraint failed: FOREIGN KEY constraint failed":                       nil,
	} {
		if diff := cmp.Diff(want, parseConflict(message)); diff != "" {
			t.Errorf("%s: -want +got\n%s", message, diff)
		}
	}
}
