package server_test

import (
	"os"
	"path/filepath"
	"testing"

	"moorfast/internal/server/servertest"
)

// TestAKeyringThatCannotBeSaved: no project is made without keys, and all else
// goes on.
func TestAKeyringThatCannotBeSaved(t *testing.T) {
	dir := t.TempDir()
	s := servertest.Open(t, dir)
	home := s.Found().Owner.With("X-Appwrite-Organization", "home")
	obstacle := filepath.Join(dir, "keys", "keyring.json.new")
	if err := os.Mkdir(obstacle, 0o700); err != nil {
		t.Fatal(err)
	}
	project := servertest.M{"projectId": "second", "name": "Second"}
	home.Refused("POST", "/organization/projects", project, 503, "general_server_error")
	home.Must("GET", "/account", nil)
	home.Refused("GET", "/organization/projects/second", nil, 404, "project_not_found")
	if err := os.Remove(obstacle); err != nil {
		t.Fatal(err)
	}
	home.Must("POST", "/organization/projects", project)
}
