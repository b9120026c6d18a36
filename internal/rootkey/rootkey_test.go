package rootkey

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"moorfast/internal/vault"
	"moorfast/internal/vault/vaulttest"
)

const key = "5b2f7c1e9a0d4c63b8f1e27a6d5c4b3a29180f7e6d5c4b3a2918070605f4e3d2"

func env(pairs ...string) Env {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, text string, e Env) (string, error) {
	t.Helper()
	s, err := Parse(text, e)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	got, err := s.Text()
	return got.Reveal(), err
}

func TestEverySourceGivesTheKey(t *testing.T) {
	path := file(t, key+"\n")
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var plain, armored bytes.Buffer
	a := armor.NewWriter(&armored)
	for _, out := range []*struct {
		w interface{ Write([]byte) (int, error) }
	}{{&plain}, {a}} {
		w, err := age.Encrypt(out.w, id.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(key + "\n"))
		w.Close()
	}
	a.Close()
	identity := file(t, id.String())
	for text, e := range map[string]Env{
		"file:" + path:                   env(),
		"env:K":                          env("K", key),
		"systemd:" + filepath.Base(path): env("CREDENTIALS_DIRECTORY", filepath.Dir(path)),
		"exec:" + file(t, "#!/bin/sh\necho "+key) + " $HOME a": env(),
		"age:" + file(t, plain.String()) + "," + identity:      env(),
		"age:" + file(t, armored.String()) + "," + identity:    env(),
	} {
		if got, err := read(t, text, e); err != nil || got != key {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

func TestASourceThatGivesNoKeySaysWhy(t *testing.T) {
	other, _ := age.GenerateX25519Identity()
	for text, want := range map[string]string{
		"file:" + filepath.Join(t.TempDir(), "none"): "does not exist",
		"env:K":        "does not exist",
		"systemd:none": "CREDENTIALS_DIRECTORY is not set",
		"exec:/none":   "run /none",
		"exec:" + file(t, "#!/bin/sh\necho "+key+"; exit 3"):                                        "exit status 3",
		"exec:" + file(t, "#!/bin/sh\nwhile echo "+key+"; do :; done 2>/dev/null | head -c 100000"): "longer than a key",
		"age:" + file(t, "no") + "," + file(t, other.String()):                                      "open ",
		"age:" + file(t, "no") + "," + file(t, key):                                                 "no identity",
	} {
		got, err := read(t, text, env())
		if err == nil || !strings.Contains(err.Error(), want) || got != "" || strings.Contains(err.Error(), key) {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestOnlyTheBeginningOfWhatAProgramWritesIsKept(t *testing.T) {
	out := &bounded{most: 100}
	cmd := exec.Command("head", "-c", "1000000", "/dev/zero")
	cmd.Stdout = out
	if err := cmd.Run(); err != nil || len(out.text) != 100 {
		t.Errorf("%d bytes are kept, %v", len(out.text), err)
	}
}

func TestWhatIsNoSourceIsNotRepeated(t *testing.T) {
	for _, text := range []string{key, "", "file:", "env:", "exec:relative x", "age:one", "systemd:../x", "vault-transit:key,file", "awskms:x", "gcpkms:k,f", "azurekv:http://vault.example.org/keys/k,f", "pkcs11:x,y", "other:" + key} {
		if _, err := Parse(text, env()); err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"file:x", "env:x", "exec:/x y", "age:a,b", "systemd:x", "vault-transit:m/k,f", "awskms:alias/k,f", "gcpkms:projects/p/locations/l/keyRings/r/cryptoKeys/k,f", "azurekv:https://v.vault.azure.net/keys/k,f", key} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text, env())
		if err == nil && !strings.HasPrefix(text, s.Kind()+":") {
			t.Errorf("%q is %v", text, s)
		}
	})
}

// K-9: the service answers, refuses, and is away for a while.
func TestTransit(t *testing.T) {
	var statuses []int
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		status := 200
		if len(statuses) > 0 {
			status, statuses = statuses[0], statuses[1:]
		}
		if r.URL.Path != "/v1/transit/decrypt/moorfast" || r.Header.Get("X-Vault-Token") != "token" {
			status = 403
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"data":{"plaintext":"` + base64.StdEncoding.EncodeToString([]byte(key)) + `"}}`))
	}))
	defer server.Close()
	sealed := file(t, "vault:v1:abc\n")
	e := env("VAULT_ADDR", server.URL, "VAULT_TOKEN_FILE", file(t, "token\n"))
	for _, c := range []struct {
		name     string
		statuses []int
		calls    int
		err      string
	}{
		{"it answers", nil, 1, ""},
		{"it flaps", []int{503, 429, 500}, 4, ""},
		{"it is down", []int{503, 503, 503, 503, 200}, 4, "does not answer"},
		{"it refuses", []int{403}, 1, "refuses to decrypt"},
		{"it leads elsewhere", []int{302}, 1, "refuses to decrypt"},
	} {
		statuses, calls = c.statuses, 0
		k := &sealedKey{sealed, func(context.Context) (opener, error) { return dialTransit("transit", "moorfast", e) }, time.Millisecond}
		got, err := k.read()
		if calls != c.calls || (err == nil) != (c.err == "") || err == nil && string(got) != key || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %q, %v after %d calls", c.name, got, err, calls)
		}
		if errors.Is(err, vault.ErrSourceDown) != (c.name == "it is down") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := read(t, "vault-transit:transit/moorfast,"+sealed, env("VAULT_ADDR", "no")); err == nil {
		t.Error("no address is one")
	}
}

func TestABackupBringsEverythingBack(t *testing.T) {
	storage, source := new(vaulttest.Storage), vaulttest.Key()
	v := vaulttest.Open(t, storage, source)
	at := vault.Place{Project: "p", Table: "t", Column: "c", Row: "r"}
	sealed, err := v.Seal(at, vault.Hide("x"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := MakeBackup(t.Context(), storage, source, time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	lock, err := ForPassphrase(vault.Hide("a long passphrase"))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Write(&out, lock); err != nil {
		t.Fatal(err)
	}
	text, _ := source.Text()
	if bytes.Contains(out.Bytes(), []byte(text.Reveal())) {
		t.Fatal("the key is in it")
	}
	if _, err := ReadBackup(bytes.NewReader(out.Bytes()), passphrase(t, "another")); !errors.Is(err, ErrBackup) {
		t.Errorf("another passphrase: %v", err)
	}
	again, err := ReadBackup(bytes.NewReader(out.Bytes()), passphrase(t, "a long passphrase"))
	if err != nil {
		t.Fatal(err)
	}
	empty := new(vaulttest.Storage)
	for range 2 { // the second finds it done
		if err := again.Restore(t.Context(), empty); err != nil {
			t.Fatal(err)
		}
	}
	restored := vaulttest.Open(t, empty, vault.KeyText("K", vault.Hide(again.Key)))
	if got, err := restored.Open(at, sealed); err != nil || got.Reveal() != "x" {
		t.Errorf("open: %q, %v", got.Reveal(), err)
	}
	other := new(vaulttest.Storage)
	vaulttest.Open(t, other, vaulttest.Key())
	if err := again.Restore(t.Context(), other); err == nil {
		t.Error("a keyring was overwritten")
	}
	if _, err := MakeBackup(t.Context(), storage, vaulttest.Key(), time.Now()); err == nil {
		t.Error("a backup was made that does not open")
	}
	if _, err := MakeBackup(t.Context(), new(vaulttest.Storage), source, time.Now()); !errors.Is(err, vault.ErrNoRing) {
		t.Errorf("nothing to back up: %v", err)
	}
}
