package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

// K-10: several people together have what opens everything, or one with an
// identity; less than that is refused, and nothing is left behind.
func TestCustodyOfKeysIsSplit(t *testing.T) {
	dir := t.TempDir()
	data, out := filepath.Join(dir, "d"), filepath.Join(dir, "keys.age")
	in := func(args ...string) []string { return append(args, "--data", data) }
	want(t, exitOK, nil, in("serve")...)
	for _, bad := range [][]string{
		{"--shamir", "3"},
		{"--shamir", "6/5"},
		{"--shamir", "1/5"},
		{"--shamir", "3/256"},
		{"--shamir", "3/5", "--passphrase", "env:P"},
		{"--age", "age1nobody"},
		{"--age", "ssh-ed25519 AAAA"},
	} {
		want(t, exitUsage, nil, in(append([]string{"key", "export", "--out", out}, bad...)...)...)
	}
	said, _ := want(t, exitOK, nil, in("key", "export", "--out", out, "--shamir", "3/5")...)
	share := func(i string) string { return out + ".share-" + i }
	text, err := os.ReadFile(share("2"))
	if err != nil || !strings.Contains(said, share("5")) || strings.Contains(said, strings.Fields(string(text))[len(strings.Fields(string(text)))-1]) {
		t.Fatalf("export: %v\n%s", err, said)
	}
	if info, err := os.Stat(share("1")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("share: %v, %v", info, err)
	}
	// A share that is there is left alone, and nothing else is written.
	other := filepath.Join(dir, "other.age")
	if err := os.WriteFile(other+".share-4", []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, exitFailed, nil, in("key", "export", "--out", other, "--shamir", "3/5")...)
	if left, err := filepath.Glob(other + "*"); err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}

	for _, lost := range []string{"master.key", "keyring.json"} {
		if err := os.Remove(filepath.Join(data, "keys", lost)); err != nil {
			t.Fatal(err)
		}
	}
	_, refused := want(t, exitConfig, nil, in("key", "import", out, "--share", share("1"), "--share", share("5"))...)
	if !strings.Contains(refused, "2 of 3 that are needed") {
		t.Errorf("two shares: %s", refused)
	}
	want(t, exitConfig, nil, in("key", "import", out, "--share", share("1"), "--share", share("5"), "--share", share("1"))...)
	want(t, exitConfig, nil, in("key", "import", out, "--share", out)...)
	want(t, exitFailed, nil, in("key", "import", out, "--share", share("9"))...)
	want(t, exitConfig, nil, in("key", "verify")...) // nothing came back
	want(t, exitOK, nil, in("key", "import", out, "--share", share("1"), "--share", share("5"), "--share", share("2"))...)
	want(t, exitOK, nil, in("key", "verify")...)

	id, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	identity, sealed := filepath.Join(dir, "id"), filepath.Join(dir, "a.age")
	if err := os.WriteFile(identity, []byte(id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, exitOK, nil, in("key", "export", "--out", sealed, "--age", id.Recipient().String())...)
	want(t, exitConfig, nil, in("key", "import", sealed, "--identity", sealed, "--dry-run")...)
	said, _ = want(t, exitOK, nil, in("key", "import", sealed, "--identity", identity, "--dry-run")...)
	if !strings.Contains(said, "nothing was changed") {
		t.Errorf("import: %s", said)
	}
}
