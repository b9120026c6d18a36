package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"moorfast/internal/core/keyring"
)

// want runs a command line that has to end with a code, and returns what it wrote.
func want(t *testing.T, code int, environ []string, args ...string) (out, err string) {
	t.Helper()
	got, out, err := command(t, environ, args...)
	if got != code {
		t.Fatalf("moorfast %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got, code, out, err)
	}
	return out, err
}

// An operator changes all keys of an installation, backs them up, loses them,
// and brings them back.
func TestKeysFromTheCommandLine(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	next := filepath.Join(t.TempDir(), "next.key")
	in := func(args ...string) []string { return append(args, "--data", data) }
	want(t, exitConfig, nil, in("key", "verify")...) // there is nothing yet
	want(t, exitOK, nil, in("serve")...)
	out, _ := want(t, exitOK, nil, in("admin", "create", "olga@example.org", "--name", "Olga")...)
	if !strings.Contains(out, "the first of the console") || !strings.Contains(out, "password  ") {
		t.Errorf("create: %s", out)
	}
	out, _ = want(t, exitOK, nil, in("key", "rotate", "--to", "file:"+next, "--dry-run")...)
	if _, err := os.Stat(next); err == nil || !strings.Contains(out, "nothing was changed") {
		t.Errorf("dry run: %s", out)
	}
	out, _ = want(t, exitOK, nil, in("key", "rotate", "--to", "file:"+next)...)
	if !strings.Contains(out, "MOORFAST_KEY=file:"+next) {
		t.Errorf("rotate: %s", out)
	}
	first := filepath.Join(data, "keys", "master.key")
	kept, e := os.ReadFile(first)
	if e != nil {
		t.Fatal(e)
	}
	_, err := want(t, exitUsage, nil, in("key", "finalize")...)
	if !strings.Contains(err, "wants --yes") {
		t.Errorf("finalize: %s", err)
	}
	want(t, exitFailed, nil, in("key", "finalize", "--yes")...) // the settings name the old one
	keyed := func(args ...string) []string { return in(append(args, "--key", "file:"+next)...) }
	want(t, exitOK, nil, keyed("key", "finalize", "--yes")...)
	want(t, exitFailed, nil, keyed("key", "finalize", "--yes", "--remove", next)...) // the root key itself
	out, _ = want(t, exitOK, nil, keyed("key", "finalize", "--yes", "--remove", first)...)
	if _, err := os.Stat(first); err == nil || !strings.Contains(out, "is removed") {
		t.Errorf("finalize --remove: %s, %v", out, err)
	}
	if err := os.WriteFile(first, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = want(t, exitConfig, nil, in("key", "verify")...)
	if !strings.Contains(err, "expected mfk1:") {
		t.Errorf("the old key: %s", err)
	}
	out, err = want(t, exitOK, nil, keyed("key", "rotate", "--data-keys", "--json")...)
	var done keyring.Renewal
	if e = json.Unmarshal([]byte(out), &done); e != nil || done.Values == 0 || done.Destroyed == 0 {
		t.Errorf("data keys: %s, %v", out, e)
	}
	if first, _, _ := strings.Cut(err, "\n"); !strings.HasPrefix(first, `{"phase":"reseal"`) {
		t.Errorf("progress: %s", err)
	}
	want(t, exitOK, nil, keyed("key", "rotate", "--tokens", "--yes")...)
	want(t, exitUsage, nil, keyed("key", "rotate", "--data-keys", "--compromised")...) // without --yes
	want(t, exitUsage, nil, keyed("key", "rotate", "--tokens", "--compromised", "--yes")...)
	out, _ = want(t, exitOK, nil, keyed("key", "rotate", "--data-keys", "--compromised", "--yes")...)
	if !strings.Contains(out, "0 parts of files were stored again") {
		t.Errorf("compromised: %s", out)
	}

	backup := filepath.Join(t.TempDir(), "keys.age")
	pass := []string{"PASS=correct horse battery"}
	want(t, exitConfig, []string{"PASS=short"}, keyed("key", "export", "--out", backup, "--passphrase", "env:PASS")...)
	want(t, exitOK, pass, keyed("key", "export", "--out", backup, "--passphrase", "env:PASS")...)
	want(t, exitFailed, pass, keyed("key", "export", "--out", backup, "--passphrase", "env:PASS")...) // it is there
	for _, lost := range []string{next, filepath.Join(data, "keys", "keyring.json")} {
		if err := os.Remove(lost); err != nil {
			t.Fatal(err)
		}
	}
	want(t, exitConfig, nil, keyed("key", "verify")...)
	want(t, exitConfig, []string{"PASS=another passphrase"}, keyed("key", "import", backup, "--passphrase", "env:PASS")...)
	want(t, exitOK, pass, keyed("key", "import", backup, "--passphrase", "env:PASS", "--dry-run")...)
	want(t, exitConfig, nil, keyed("key", "verify")...)
	want(t, exitOK, pass, keyed("key", "import", backup, "--passphrase", "env:PASS")...)
	out, _ = want(t, exitOK, nil, keyed("key", "verify")...)
	if !strings.Contains(out, "0 do not open") {
		t.Errorf("verify: %s", out)
	}
	out, _ = want(t, exitOK, nil, keyed("key", "inventory")...)
	if !strings.Contains(out, "destroyed") || !strings.Contains(out, "XAES") && !strings.Contains(out, "field") {
		t.Errorf("inventory: %s", out)
	}
}

func TestAccessFromTheCommandLine(t *testing.T) {
	data := t.TempDir()
	env := []string{"_APP_CONSOLE_WHITELIST_EMAILS=*@example.org"}
	want(t, exitOK, env, "serve", "--data", data)
	want(t, exitUsage, env, "admin", "unlock", "nobody@example.org", "--data", data)
	out, _ := want(t, exitOK, env, "access", "explain", "--email", "ana@example.org", "--ip", "192.0.2.1", "--data", data)
	if !strings.Contains(out, "sign in") {
		t.Errorf("explain: %s", out)
	}
	out, _ = want(t, exitFindings, env, "access", "explain", "--email", "ana@example.com", "--json", "--data", data)
	if !strings.Contains(out, "user_email_not_whitelisted") {
		t.Errorf("explain: %s", out)
	}
	want(t, exitUsage, env, "access", "explain", "--ip", "x", "--data", data)
	want(t, exitUsage, env, "admin", "allow-ip", "192.0.2.1", "--data", data) // no server runs
	for _, args := range []string{"key rotate", "key rotate --to file:x --data-keys", "key rotate --to hunter2hunter2", "key export", "key import x"} {
		want(t, exitUsage, env, append(strings.Fields(args), "--data", data)...)
	}
}
