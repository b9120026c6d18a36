package vault_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"moorfast/internal/vault"
	"moorfast/internal/vault/vaulttest"
)

var home = vault.Place{Project: "shop", Table: "users", Column: "password", Row: "42"}

func seal(t testing.TB, v *vault.Vault, at vault.Place, s string) string {
	t.Helper()
	text, err := v.Seal(at, vault.Hide(s))
	if err != nil {
		t.Fatalf("seal: %v", err)
	}
	return text
}

func TestWhatIsSealedOpens(t *testing.T) {
	v := vaulttest.New(t)
	for _, s := range []string{"", "x", "hunter2", "zażółć 🔑", "a\x00b", strings.Repeat("long ", 100_000)} {
		text := seal(t, v, home, s)
		if strings.Contains(text, "hunter2") || !strings.HasPrefix(text, "mf1.") {
			t.Errorf("sealed text is %.60q", text)
		}
		got, err := v.Open(home, text)
		if err != nil || got.Reveal() != s || !got.Set() {
			t.Errorf("open: %.20q, %v; want %.20q", got.Reveal(), err, s)
		}
	}
}

func TestTheSameSecretSealsDifferently(t *testing.T) {
	v := vaulttest.New(t)
	if seal(t, v, home, "x") == seal(t, v, home, "x") { //nolint:staticcheck // SA4000: two calls, and two nonces
		t.Error("two seals are equal")
	}
}

func TestNothingIsNotSealed(t *testing.T) {
	if _, err := vaulttest.New(t).Seal(home, vault.Secret{}); err == nil {
		t.Error("a secret that is not set was sealed")
	}
}

// K-11: each byte of the ciphertext counts.
func TestAFlippedByteIsRefused(t *testing.T) {
	v := vaulttest.New(t)
	text := seal(t, v, home, "hunter2 and more")
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "mf1."))
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		for bit := range 8 {
			raw[i] ^= 1 << bit
			refused(t, v, home, "mf1."+base64.RawURLEncoding.EncodeToString(raw))
			raw[i] ^= 1 << bit
		}
	}
	for n := range len(raw) {
		refused(t, v, home, "mf1."+base64.RawURLEncoding.EncodeToString(raw[:n]))
	}
}

func TestAnotherTextOfTheSameBytesIsRefused(t *testing.T) {
	v := vaulttest.New(t)
	text := seal(t, v, home, "x") // 58 bytes: two characters have spare bits
	last := text[len(text)-1]
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		if byte(c) != last {
			refused(t, v, home, text[:len(text)-1]+string(c))
		}
	}
	for _, changed := range []string{
		"", "mf1.", "mf1", text + "=", text + "\n", text[:20] + "\r\n" + text[20:], " " + text,
		"MF1." + text[4:], "mf2." + text[4:], text[4:], text + "AAAA",
	} {
		refused(t, v, home, changed)
	}
}

func refused(t *testing.T, v *vault.Vault, at vault.Place, text string) {
	t.Helper()
	got, err := v.Open(at, text)
	if !errors.Is(err, vault.ErrRefused) || got.Set() {
		t.Errorf("open %.60q: %q, %v; want refused", text, got.Reveal(), err)
	}
	if err != nil && len(text) > 8 && strings.Contains(err.Error(), text[4:]) {
		t.Errorf("the error quotes the ciphertext: %v", err)
	}
}

// K-11: a ciphertext opens where it was sealed, and nowhere else. Names that
// only differ in where one ends and the next begins are different places.
func TestAMovedCiphertextIsRefused(t *testing.T) {
	v := vaulttest.New(t)
	text := seal(t, v, home, "hunter2")
	for _, at := range []vault.Place{
		{"other", "users", "password", "42"},
		{"shop", "teams", "password", "42"},
		{"shop", "users", "secret", "42"},
		{"shop", "users", "password", "43"},
		{"shop", "userspassword", "", "42"},
		{"shop", "users", "password4", "2"},
		{"shop", "user", "spassword", "42"},
		{"shop", "users", "password", ""},
	} {
		refused(t, v, at, text)
	}
	other := vaulttest.New(t)
	refused(t, other, home, text)
}

func TestLookupsAndTokenKeysHaveTheirOwnKeys(t *testing.T) {
	v := vaulttest.New(t)
	seen := make(map[string]string)
	for _, project := range []string{"a", "b"} {
		for _, use := range []string{"jwt", "file", "api-key"} {
			lookup, err := v.Lookup(project, use, "s")
			if err != nil || len(lookup) != 64 {
				t.Fatalf("lookup: %q, %v", lookup, err)
			}
			if again, _ := v.Lookup(project, use, "s"); again != lookup {
				t.Errorf("lookup %s %s changes", project, use)
			}
			key, err := v.TokenKey(project, use)
			if err != nil || len(key) != 32 {
				t.Fatalf("token key: %x, %v", key, err)
			}
			clear(key) // it is the caller's
			again, _ := v.TokenKey(project, use)
			for _, name := range []string{lookup, fmt.Sprintf("%x", again)} {
				if other, ok := seen[name]; ok {
					t.Errorf("%s %s has the value of %s", project, use, other)
				}
				seen[name] = project + " " + use
			}
		}
	}
	for _, bad := range [][2]string{{"", "jwt"}, {"a", ""}} {
		if _, err := v.TokenKey(bad[0], bad[1]); err == nil {
			t.Errorf("token key of %q was given", bad)
		}
	}
}

func TestKeysSurviveARestart(t *testing.T) {
	storage, key := new(vaulttest.Storage), vaulttest.Key()
	v := vaulttest.Open(t, storage, key)
	text := seal(t, v, home, "hunter2")
	lookup, _ := v.Lookup("shop", "api-key", "s")
	if !v.Created() {
		t.Error("the first start made no ring")
	}
	v.Close()

	v = vaulttest.Open(t, storage, key)
	if got, err := v.Open(home, text); err != nil || got.Reveal() != "hunter2" {
		t.Errorf("open: %q, %v", got.Reveal(), err)
	}
	if again, _ := v.Lookup("shop", "api-key", "s"); again != lookup {
		t.Error("the lookup changed")
	}
	if v.Created() {
		t.Error("the second start made a ring")
	}
	if storage.Saved != 2 {
		t.Errorf("the ring was saved %d times, want once to make it and once for the project", storage.Saved)
	}
}

// Two processes share a ring: each finds the keys the other made.
func TestTwoNodesShareKeys(t *testing.T) {
	storage, key := new(vaulttest.Storage), vaulttest.Key()
	a, b := vaulttest.Open(t, storage, key), vaulttest.Open(t, storage, key)
	var group sync.WaitGroup
	texts := make([]string, 40)
	for i := range texts {
		group.Go(func() {
			at := home
			at.Project = fmt.Sprintf("p%d", i/4)
			v := []*vault.Vault{a, b}[i%2]
			texts[i], _ = v.Seal(at, vault.Hide("hunter2"))
		})
	}
	group.Wait()
	for i, text := range texts {
		at := home
		at.Project = fmt.Sprintf("p%d", i/4)
		for _, v := range []*vault.Vault{a, b} {
			if got, err := v.Open(at, text); err != nil || got.Reveal() != "hunter2" {
				t.Errorf("open %d: %q, %v", i, got.Reveal(), err)
			}
		}
	}
}

func TestForgottenKeysOpenNothing(t *testing.T) {
	storage, key := new(vaulttest.Storage), vaulttest.Key()
	v := vaulttest.Open(t, storage, key)
	stay := home
	stay.Project = "stays"
	gone, kept := seal(t, v, home, "x"), seal(t, v, stay, "y")
	before, _ := v.TokenKey("shop", "jwt")
	if err := v.Forget(context.Background(), "shop"); err != nil {
		t.Fatal(err)
	}
	for _, v := range []*vault.Vault{v, vaulttest.Open(t, storage, key)} {
		refused(t, v, home, gone)
		if got, err := v.Open(stay, kept); err != nil || got.Reveal() != "y" {
			t.Errorf("the other project: %q, %v", got.Reveal(), err)
		}
	}
	// A project of the same name starts with new keys.
	again := seal(t, v, home, "z")
	if got, err := v.Open(home, again); err != nil || got.Reveal() != "z" {
		t.Errorf("open: %q, %v", got.Reveal(), err)
	}
	if after, _ := v.TokenKey("shop", "jwt"); string(after) == string(before) {
		t.Error("the token key came back")
	}
	refused(t, v, home, gone)
}

func TestAClosedVaultAnswersNothing(t *testing.T) {
	v := vaulttest.New(t)
	text := seal(t, v, home, "x")
	v.Close()
	_, sealing := v.Seal(home, vault.Hide("x"))
	_, opening := v.Open(home, text)
	_, lookup := v.Lookup("shop", "api-key", "x")
	_, token := v.TokenKey("shop", "jwt")
	for _, err := range []error{sealing, opening, lookup, token, v.Prepare(context.Background(), "new")} {
		if !errors.Is(err, vault.ErrClosed) {
			t.Errorf("got %v, want %v", err, vault.ErrClosed)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	v := vaulttest.New(t)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			for j := range 50 {
				at := vault.Place{Project: fmt.Sprint("p", (i+j)%5), Table: "t", Column: "c", Row: fmt.Sprint(j)}
				text, err := v.Seal(at, vault.Hide(at.Row))
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := v.Open(at, text); err != nil || got.Reveal() != at.Row {
					t.Errorf("open: %q, %v", got.Reveal(), err)
				}
				if _, err := v.Lookup(at.Project, "api-key", at.Row); err != nil {
					t.Error(err)
				}
				if i == 0 && j%10 == 0 {
					if err := v.Forget(context.Background(), "p9"); err != nil {
						t.Error(err)
					}
					if err := v.Prepare(context.Background(), "p9"); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
}

func FuzzOpen(f *testing.F) {
	v := vaulttest.New(f)
	f.Add(seal(f, v, home, "hunter2"))
	f.Add("mf1.")
	f.Add("mf1." + strings.Repeat("A", 100))
	known := seal(f, v, home, "known")
	f.Add(known)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := v.Open(home, text)
		if err == nil && text != known && got.Reveal() != "hunter2" {
			t.Errorf("%q opens as %q", text, got.Reveal())
		}
		if err != nil && (!errors.Is(err, vault.ErrRefused) || got.Set()) {
			t.Errorf("open %q: %q, %v", text, got.Reveal(), err)
		}
	})
}

func FuzzSeal(f *testing.F) {
	v := vaulttest.New(f)
	f.Add("users", "password", "1", "hunter2")
	f.Fuzz(func(t *testing.T, table, column, row, plain string) {
		at := vault.Place{Project: "p", Table: table, Column: column, Row: row}
		got, err := v.Open(at, seal(t, v, at, plain))
		if err != nil || got.Reveal() != plain {
			t.Errorf("open: %q, %v; want %q", got.Reveal(), err, plain)
		}
	})
}

func BenchmarkSeal256(b *testing.B) {
	v := vaulttest.New(b)
	s := vault.Hide(strings.Repeat("x", 256))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Seal(home, s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen256(b *testing.B) {
	v := vaulttest.New(b)
	text := seal(b, v, home, strings.Repeat("x", 256))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Open(home, text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	v := vaulttest.New(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Lookup("shop", "api-key", "standard_0123456789abcdef"); err != nil {
			b.Fatal(err)
		}
	}
}
