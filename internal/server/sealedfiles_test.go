package server_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/core/keyring"
	"moorfast/internal/server"
	"moorfast/internal/server/servertest"
	"moorfast/internal/vault"
)

// files returns those below dir in which one of some words can be read.
func files(t *testing.T, dir string, words ...string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, w := range words {
			if bytes.Contains(text, []byte(w)) {
				list = append(list, e.Name()+": "+w)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestAStolenDirectoryShowsNothing turns the encryption of files on over an
// installation that has rows, uses it, and changes its root key by a command on
// the host whose settings do not say that files are encrypted.
func TestAStolenDirectoryShowsNothing(t *testing.T) {
	if os.Getenv("MOORFAST_TEST_SERVER") == "postgres" {
		t.Skip("it is about files of SQLite")
	}
	dir := t.TempDir()
	words := []string{"walter@example.com", "A title that nobody sealed"}
	s := servertest.Open(t, dir)
	p := s.Found()
	p.Guest.Must("POST", "/account", servertest.M{"userId": "walter", "email": words[0], "password": right})
	p.Key.Must("POST", "/tablesdb", servertest.M{"databaseId": "main", "name": words[1]})
	s.Stop()
	if len(files(t, dir, words...)) < 2 {
		t.Fatal("nothing to hide")
	}

	s = servertest.Open(t, dir, "MOORFAST_DB_ENCRYPTION=enabled")
	user := s.Guest("X-Appwrite-Project", p.ID)
	user.Must("POST", signIn, login(words[0], right))
	user.Must("GET", "/account", nil)
	if list := files(t, dir, words...); len(list) > 0 {
		t.Errorf("while the server runs: %v", list)
	}
	s.Stop()

	next := keyFile(t)
	c, err := config.Load(config.Sources{Flags: map[string]string{"data": dir}})
	if err != nil {
		t.Fatal(err)
	}
	alone, err := server.OpenAlone(t.Context(), c, slog.New(slog.DiscardHandler), clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	var changed vault.Changed
	if err := do(t, alone, "key.rotate", server.KeyChange{To: next.String(), File: next.Path()}, &changed); err != nil {
		t.Fatal(err)
	}
	var list keyring.Inventory
	if err := do(t, alone, "key.inventory", struct{}{}, &list); err != nil || list.Unknown > 0 {
		t.Errorf("inventory: %v, %d values of no key", err, list.Unknown)
	}
	found := 0
	for _, k := range list.Keys {
		if k.Purpose == "database" && k.Algorithm == "Adiantum" && k.State == vault.Active {
			found++
		}
	}
	if found != 2 {
		t.Errorf("%d keys of databases in the inventory, want those of the platform and of the project", found)
	}
	if err := alone.Close(); err != nil {
		t.Fatal(err)
	}
	if list := files(t, dir, words...); len(list) > 0 {
		t.Errorf("after a command on the host: %v", list)
	}

	s = servertest.Open(t, dir, "MOORFAST_KEY="+next.String(), "MOORFAST_DB_ENCRYPTION=enabled")
	user.At(s).Must("GET", "/account", nil)
}
