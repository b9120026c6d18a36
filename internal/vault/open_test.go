package vault_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"moorfast/internal/vault"
	"moorfast/internal/vault/vaulttest"
)

// options are those of a data directory with a key of its own.
func options(dir string) vault.Options {
	return vault.Options{
		Storage: vault.NewRingFile(filepath.Join(dir, "keys", "keyring.json")),
		Source:  vault.KeyFileOrNew(filepath.Join(dir, "keys", "master.key")),
		Now:     time.Now,
		Create:  true,
	}
}

func open(t *testing.T, o vault.Options) *vault.Vault {
	t.Helper()
	v, err := vault.Open(context.Background(), o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// fails wants a KeyError of a kind, and returns it.
func fails(t *testing.T, o vault.Options, kind error) *vault.KeyError {
	t.Helper()
	v, err := vault.Open(context.Background(), o)
	if err == nil {
		v.Close()
		t.Fatalf("the vault opened, want %v", kind)
	}
	var key *vault.KeyError
	if !errors.Is(err, kind) || !errors.As(err, &key) {
		t.Fatalf("got %v, want %v", err, kind)
	}
	if key.Remedy == "" || key.Source != o.Source.String() {
		t.Errorf("source %q, remedy %q", key.Source, key.Remedy)
	}
	return key
}

// snapshot returns every file below dir with its mode, time and content.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var s strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		s.WriteString(path + info.Mode().String() + info.ModTime().String())
		if d.Type().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(data)
			s.Write(sum[:])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.String()
}

// K-1
func TestTheFirstStartMakesAKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	v := open(t, options(dir))
	if !regexp.MustCompile(`^mfk1:[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$`).MatchString(v.Fingerprint()) {
		t.Errorf("fingerprint %q", v.Fingerprint())
	}
	if !v.Created() {
		t.Error("the ring is not called new")
	}
	for name, want := range map[string]fs.FileMode{
		"keys": fs.ModeDir | 0o700, "keys/master.key": 0o600, "keys/keyring.json": 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
	entries, _ := os.ReadDir(filepath.Join(dir, "keys"))
	if len(entries) != 2 {
		t.Errorf("the directory has %v", entries)
	}
	text, _ := os.ReadFile(filepath.Join(dir, "keys", "master.key"))
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != 32 {
		t.Fatalf("the key is %d bytes, %v", len(key), err)
	}
	ring, _ := os.ReadFile(filepath.Join(dir, "keys", "keyring.json"))
	for _, form := range []string{string(key), hex.EncodeToString(key), base64.StdEncoding.EncodeToString(key)} {
		if strings.Contains(string(ring), form) {
			t.Error("the ring holds the key")
		}
	}
}

func TestEveryInstanceHasItsOwnKey(t *testing.T) {
	seen := make(map[string]bool)
	for range 200 {
		v := open(t, options(t.TempDir()))
		seen[v.Fingerprint()] = true
		v.Close()
	}
	if len(seen) != 200 {
		t.Errorf("200 first starts made %d keys", len(seen))
	}
}

// K-2
func TestExampleKeysAreRefused(t *testing.T) {
	for _, key := range []string{
		"", "your-secret-key", "Your-Secret-Key ", "changeme", "supersecret",
		"your-super-secret-jwt-token-with-at-least-32-characters-long",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", strings.Repeat("00", 32), strings.Repeat("ab", 32),
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		"abcabcabcabcabcabc", "12345678", base64.StdEncoding.EncodeToString(make([]byte, 32)), "w8%kq",
	} {
		dir := filepath.Join(t.TempDir(), "data")
		o := options(dir)
		o.Source = vault.KeyText("_APP_OPENSSL_KEY_V1", vault.Hide(key))
		err := fails(t, o, vault.ErrWeakKey)
		if key != "" && strings.Contains(err.Error(), key) {
			t.Errorf("the error shows the key: %v", err)
		}
		if !strings.Contains(err.Error(), "env:_APP_OPENSSL_KEY_V1") {
			t.Errorf("the error does not name the source: %v", err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q left a data directory", key)
		}
	}
}

func TestShortPassphrasesByProfile(t *testing.T) {
	o := options(t.TempDir())
	o.Source = vault.KeyText("K", vault.Hide("tr0ub4dor&3"))
	o.Hardened = true
	fails(t, o, vault.ErrWeakKey)
	o.Hardened = false
	open(t, o)
}

func TestKnownKeysForDevelopment(t *testing.T) {
	o := options(t.TempDir())
	o.AllowKnown = true
	o.Source = vault.KeyText("K", vault.Hide("your-secret-key"))
	open(t, o).Close()
	o.Source = vault.KeyText("K", vault.Hide(""))
	fails(t, o, vault.ErrWeakKey)
}

// K-3
func TestEveryByteOfAPassphraseCounts(t *testing.T) {
	dir := t.TempDir()
	o := options(dir)
	o.Source = vault.KeyText("K", vault.Hide("0123456789abcdeX and the first tail"))
	a := open(t, o).Fingerprint()
	before := snapshot(t, dir)
	o.Source = vault.KeyText("K", vault.Hide("0123456789abcdeX and another tail"))
	err := fails(t, o, vault.ErrWrongKey)
	if err.Expected != a || err.Given == a || err.Given == "" {
		t.Errorf("expected %s given %s, want %s and another", err.Expected, err.Given, a)
	}
	if snapshot(t, dir) != before {
		t.Error("the data directory changed")
	}
}

func TestHexBase64AndFileAreOneKey(t *testing.T) {
	dir := t.TempDir()
	o := options(dir)
	want := open(t, o).Fingerprint()
	text, _ := os.ReadFile(filepath.Join(dir, "keys", "master.key"))
	key, _ := hex.DecodeString(strings.TrimSpace(string(text)))
	for _, form := range []string{
		hex.EncodeToString(key), strings.ToUpper(hex.EncodeToString(key)),
		base64.StdEncoding.EncodeToString(key), base64.RawStdEncoding.EncodeToString(key),
		base64.URLEncoding.EncodeToString(key), base64.RawURLEncoding.EncodeToString(key),
	} {
		o.Source = vault.KeyText("K", vault.Hide(form))
		if got := open(t, o).Fingerprint(); got != want {
			t.Errorf("fingerprint %s, want %s", got, want)
		}
	}
}

// K-4
func TestAWrongKeyChangesNothing(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	va, vb := open(t, options(a)), open(t, options(b))
	seal(t, va, home, "x")
	before := snapshot(t, a)
	o := options(a)
	o.Source = vault.KeyFileOrNew(filepath.Join(b, "keys", "master.key"))
	err := fails(t, o, vault.ErrWrongKey)
	for _, part := range []string{
		"expected " + va.Fingerprint(), "given " + vb.Fingerprint(), "source file:" + o.Source.Path(),
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error is %q, want %q in it", err, part)
		}
	}
	if snapshot(t, a) != before {
		t.Error("the data directory changed")
	}
}

func TestAMissingKeyIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	want := open(t, options(dir)).Fingerprint()
	if err := os.Remove(filepath.Join(dir, "keys", "master.key")); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, dir)
	if err := fails(t, options(dir), vault.ErrMissingKey); err.Expected != want {
		t.Errorf("expected %s, want %s", err.Expected, want)
	}
	o := options(dir)
	o.Source = vault.KeyText("UNSET", vault.Secret{})
	fails(t, o, vault.ErrMissingKey)
	if snapshot(t, dir) != before {
		t.Error("the data directory changed")
	}
}

func TestANamedKeyFileIsNotMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	o := options(dir)
	o.Source = vault.KeyFile(filepath.Join(dir, "keys", "typo.key"))
	fails(t, o, vault.ErrMissingKey)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("there is a data directory")
	}
}

func TestNoRingIsMadeWhereThereIsData(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	o := options(dir)
	o.Create = false
	if _, err := vault.Open(context.Background(), o); !errors.Is(err, vault.ErrNoRing) {
		t.Errorf("got %v, want %v", err, vault.ErrNoRing)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("there is a data directory")
	}
}

// A crash between key and ring leaves a key, which the next start uses.
func TestAKeyWithoutARingIsUsed(t *testing.T) {
	dir := t.TempDir()
	want := open(t, options(dir)).Fingerprint()
	if err := os.Remove(filepath.Join(dir, "keys", "keyring.json")); err != nil {
		t.Fatal(err)
	}
	if got := open(t, options(dir)).Fingerprint(); got != want {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
}

func TestADamagedRingIsRefused(t *testing.T) {
	dir := t.TempDir()
	seal(t, open(t, options(dir)), home, "x")
	path := filepath.Join(dir, "keys", "keyring.json")
	ring, _ := os.ReadFile(path)
	for _, c := range []struct{ name, old, new string }{
		{"cut", string(ring[len(ring)/2:]), ""},
		{"empty", string(ring), ""},
		{"a state that is not one", `"active"`, `"great"`},
		{"another purpose", `"purpose":"field"`, `"purpose":""`},
		{"two active keys of a purpose", `"purpose":"token"`, `"purpose":"field"`},
		{"a newer format", "keyring/1", "keyring/2"},
		{"a costly derivation", `"memoryKiB":65536`, `"memoryKiB":4000000000`},
		{"more than it says", "}\n", "} \n"},
		{"a field twice", `{"format"`, `{"format":"x","format"`},
		{"a field too many", `{"format"`, `{"extra":1,"format"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(string(ring), c.old, c.new, 1)
			if changed == string(ring) {
				t.Fatal("the case changes nothing")
			}
			if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, dir)
			if _, err := vault.Open(context.Background(), options(dir)); !errors.Is(err, vault.ErrRing) {
				t.Errorf("got %v, want %v", err, vault.ErrRing)
			}
			if snapshot(t, dir) != before {
				t.Error("the data directory changed")
			}
		})
	}
}

// A data key that was moved to another row, or lies about itself, is found.
func TestAChangedRowDoesNotUnwrap(t *testing.T) {
	dir := t.TempDir()
	v := open(t, options(dir))
	text := seal(t, v, home, "x")
	if damaged, err := v.Damaged(); err != nil || len(damaged) != 0 {
		t.Errorf("damaged: %v, %v", damaged, err)
	}
	path := filepath.Join(dir, "keys", "keyring.json")
	ring, _ := os.ReadFile(path)
	changed := strings.ReplaceAll(string(ring), `"project:shop"`, `"project:evil"`)
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	v = open(t, options(dir))
	evil := home
	evil.Project = "evil"
	if got, err := v.Open(evil, text); !errors.Is(err, vault.ErrRing) || got.Set() {
		t.Errorf("open: %q, %v", got.Reveal(), err)
	}
	if damaged, err := v.Damaged(); err != nil || len(damaged) != 3 {
		t.Errorf("damaged: %v, %v; want all three", damaged, err)
	}
}

func TestInspectNeedsNoKey(t *testing.T) {
	dir := t.TempDir()
	o := options(dir)
	if _, err := vault.Inspect(context.Background(), o.Storage); !errors.Is(err, vault.ErrNoRing) {
		t.Errorf("got %v, want %v", err, vault.ErrNoRing)
	}
	v := open(t, o)
	seal(t, v, home, "x")
	s, err := vault.Inspect(context.Background(), o.Storage)
	if err != nil || s.Active().Fingerprint != v.Fingerprint() || len(s.Keys) != 3 {
		t.Errorf("status: %+v, %v", s, err)
	}
}

func TestRingFileComparesAndSwaps(t *testing.T) {
	f := vault.NewRingFile(filepath.Join(t.TempDir(), "keys", "keyring.json"))
	ctx := context.Background()
	if data, version, err := f.Load(ctx); data != nil || version != 0 || err != nil {
		t.Fatalf("load: %q, %d, %v", data, version, err)
	}
	if err := f.Save(ctx, []byte("one"), 7); !errors.Is(err, vault.ErrChanged) {
		t.Errorf("save over nothing: %v", err)
	}
	if err := f.Save(ctx, []byte("one"), 0); err != nil {
		t.Fatal(err)
	}
	_, one, _ := f.Load(ctx)
	if err := f.Save(ctx, []byte("two"), 0); !errors.Is(err, vault.ErrChanged) {
		t.Errorf("save as new: %v", err)
	}
	if err := f.Save(ctx, []byte("two"), one); err != nil {
		t.Fatal(err)
	}
	if data, two, err := f.Load(ctx); string(data) != "two" || two == one || err != nil {
		t.Errorf("load: %q, %d, %v", data, two, err)
	}
	if err := f.Save(ctx, []byte("three"), one); !errors.Is(err, vault.ErrChanged) {
		t.Errorf("save over a newer one: %v", err)
	}
}

// When the ring can not be saved, no key is used.
func TestNoKeyIsUsedBeforeItIsSaved(t *testing.T) {
	storage := &failing{Storage: new(vaulttest.Storage)}
	v := vaulttest.Open(t, storage, vaulttest.Key())
	storage.err = errors.New("disk full")
	if text, err := v.Seal(home, vault.Hide("x")); !errors.Is(err, vault.ErrNotSaved) || !errors.Is(err, storage.err) || text != "" {
		t.Errorf("seal: %q, %v", text, err)
	}
	storage.err = nil
	seal(t, v, home, "x")
}

type failing struct {
	*vaulttest.Storage
	err error
}

func (f *failing) Save(ctx context.Context, data []byte, old int64) error {
	if f.err != nil {
		return f.err
	}
	return f.Storage.Save(ctx, data, old)
}

// Several first starts at once agree on one key and one ring.
func TestParallelFirstStarts(t *testing.T) {
	dir := t.TempDir()
	var group sync.WaitGroup
	prints := make([]string, 8)
	created := make([]bool, len(prints))
	for i := range prints {
		group.Go(func() {
			v, err := vault.Open(context.Background(), options(dir))
			if err != nil {
				t.Error(err)
				return
			}
			defer v.Close()
			prints[i], created[i] = v.Fingerprint(), v.Created()
		})
	}
	group.Wait()
	first := 0
	for i := range prints {
		if prints[i] != prints[0] {
			t.Errorf("fingerprints %s and %s", prints[i], prints[0])
		}
		if created[i] {
			first++
		}
	}
	if first != 1 {
		t.Errorf("%d of them made the ring", first)
	}
}
