package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInitWritesSettingsAndAKeyOnce(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	code, out, stderr := command(t, nil, "init", "--hardened", "--data", data)
	if code != 0 || !strings.Contains(out, "profile hardened") || !strings.Contains(out, "next:     moorfast serve --data "+data) || stderr != "" {
		t.Fatalf("exit %d\n%s\n%s", code, out, stderr)
	}
	for _, name := range []string{"moorfast.toml", "keys/master.key"} {
		if info, err := os.Stat(filepath.Join(data, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	before := hash(t, data)
	if code, _, stderr := command(t, nil, "init", "--data", data); code != 3 || !strings.Contains(stderr, "is there already") || hash(t, data) != before {
		t.Errorf("again: exit %d\n%s", code, stderr)
	}
	// What was written starts, with the key that was made.
	if code, out, stderr := command(t, nil, "serve", "--data", data); code != 0 || !strings.HasPrefix(out, "mfk1:") {
		t.Errorf("serve: exit %d\n%s\n%s", code, out, stderr)
	}
	if code, out, _ := command(t, nil, "config", "show", "--origin", "--data", data); code != 0 || !strings.Contains(out, "moorfast.toml: profile") {
		t.Errorf("config show: exit %d\n%s", code, out)
	}
	key := filepath.Join(data, "keys", "master.key")
	text, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(data, "moorfast.toml"))
	if code, out, _ := command(t, nil, "init", "--data", data); code != 0 || !strings.Contains(out, "which was there") || !strings.Contains(out, "profile standard") {
		t.Errorf("with a key: exit %d\n%s", code, out)
	}
	if now, _ := os.ReadFile(key); string(now) != string(text) {
		t.Error("the key was overwritten")
	}
	os.Remove(filepath.Join(data, "moorfast.toml"))
	os.Remove(key)
	if code, _, stderr := command(t, nil, "init", "--data", data); code != 3 || !strings.Contains(stderr, "needs its key") {
		t.Errorf("a keyring without its key: exit %d\n%s", code, stderr)
	}
	if _, err := os.Stat(filepath.Join(data, "moorfast.toml")); err == nil {
		t.Error("settings were written all the same")
	}
}

func TestInitWithAKeyThatIsElsewhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "etc", "settings.toml")
	code, out, stderr := command(t, []string{"_APP_OPENSSL_KEY_V1=" + strings.Repeat("5f1c", 15) + "0a9e", "MOORFAST_DATA=" + filepath.Join(t.TempDir(), "d")}, "init", "--config", file)
	if code != 0 || !strings.Contains(out, "env:_APP_OPENSSL_KEY_V1") || !strings.Contains(out, "moorfast serve --config "+file) {
		t.Errorf("exit %d\n%s\n%s", code, out, stderr)
	}
}
