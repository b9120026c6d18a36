package vault_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"moorfast/internal/vault"
	"moorfast/internal/vault/vaulttest"
)

func opens(t *testing.T, v *vault.Vault, at vault.Place, sealed, want string) {
	t.Helper()
	if got, err := v.Open(at, sealed); err != nil || got.Reveal() != want {
		t.Errorf("open %v: %q, %v; want %q", at, got.Reveal(), err, want)
	}
}

func wrongKey(t *testing.T, s vault.Storage, key vault.Source) {
	t.Helper()
	_, err := vault.Open(context.Background(), vault.Options{Storage: s, Source: key})
	if !errors.Is(err, vault.ErrWrongKey) {
		t.Errorf("open with a key that is not of the ring: %v", err)
	}
}

func inProject(project string) vault.Place {
	at := home
	at.Project = project
	return at
}

// K-5: until the change is final both keys open everything, what is made
// meanwhile by either included; after it one does.
func TestBothRootKeysOpenTheRingUntilTheChangeIsFinal(t *testing.T) {
	ctx := context.Background()
	storage, a, b := new(vaulttest.Storage), vaulttest.Key(), vaulttest.Key()
	v := vaulttest.Open(t, storage, a)
	before := seal(t, v, home, "before")
	lookup, _ := v.Lookup("shop", "api-key", "s")
	changed, err := v.Rotate(ctx, vault.Change{To: b})
	if err != nil || changed.Keys != 3 || changed.Done || v.Fingerprint() != changed.To {
		t.Fatalf("rotate: %+v, %v", changed, err)
	}
	byNew := seal(t, v, inProject("new"), "x")
	old := vaulttest.Open(t, storage, a)
	byOld := seal(t, old, inProject("old"), "y")
	for _, key := range []vault.Source{a, b} {
		v := vaulttest.Open(t, storage, key)
		opens(t, v, home, before, "before")
		opens(t, v, inProject("new"), byNew, "x")
		opens(t, v, inProject("old"), byOld, "y")
		if again, _ := v.Lookup("shop", "api-key", "s"); again != lookup {
			t.Error("a lookup changed")
		}
		if damaged, err := v.Damaged(); err != nil || len(damaged) > 0 {
			t.Errorf("damaged: %v, %v", damaged, err)
		}
	}
	if again, err := v.Rotate(ctx, vault.Change{To: b}); err != nil || !again.Done {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	if _, err := v.Rotate(ctx, vault.Change{To: vaulttest.Key()}); !errors.Is(err, vault.ErrRotation) {
		t.Errorf("another change before the first is final: %v", err)
	}
	path := filepath.Join(t.TempDir(), "new.key")
	if _, err := v.Rotate(ctx, vault.Change{To: vault.KeyFileOrNew(path)}); !errors.Is(err, vault.ErrRotation) {
		t.Errorf("a change to a new key before the first is final: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key was made that nothing is wrapped with: %v", err)
	}
	if _, err := old.Finalize(ctx, nil); !errors.Is(err, vault.ErrRotation) {
		t.Errorf("final by the old key: %v", err)
	}
	gone, err := vaulttest.Open(t, storage, b).Finalize(ctx, nil)
	if err != nil || len(gone) != 1 || gone[0] != changed.From {
		t.Fatalf("finalize: %v, %v", gone, err)
	}
	wrongKey(t, storage, a)
	v = vaulttest.Open(t, storage, b)
	opens(t, v, home, before, "before")
	opens(t, v, inProject("new"), byNew, "x")
	opens(t, v, inProject("old"), byOld, "y")
	seal(t, v, inProject("later"), "z")
	if _, err := v.Rotate(ctx, vault.Change{To: a}); !errors.Is(err, vault.ErrRotation) {
		t.Errorf("back to a key that was given up: %v", err)
	}
}

// What interrupts a change leaves the ring of before or that of after.
func TestAnInterruptedChangeOfTheRootKeyGoesOn(t *testing.T) {
	ctx := context.Background()
	for _, at := range []string{vault.StepKey, vault.StepPending, vault.StepWrapped, vault.StepVerified} {
		t.Run(at, func(t *testing.T) {
			storage, a, b := new(vaulttest.Storage), vaulttest.Key(), vaulttest.Key()
			v := vaulttest.Open(t, storage, a)
			text := seal(t, v, home, "x")
			func() {
				defer func() { _ = recover() }()
				_, _ = v.Rotate(ctx, vault.Change{To: b, Step: func(step string) {
					if step == at {
						panic(step)
					}
				}})
			}()
			v = vaulttest.Open(t, storage, a) // a process of after the crash
			opens(t, v, home, text, "x")
			if at == vault.StepKey || at == vault.StepPending {
				wrongKey(t, storage, b)
				// An announced key may be given up for another.
				if at == vault.StepPending {
					b = vaulttest.Key()
				}
				if _, err := v.Rotate(ctx, vault.Change{To: b}); err != nil {
					t.Fatal(err)
				}
			}
			v = vaulttest.Open(t, storage, b)
			opens(t, v, home, text, "x")
			if _, err := v.Finalize(ctx, nil); err != nil {
				t.Fatal(err)
			}
			opens(t, vaulttest.Open(t, storage, b), home, text, "x")
			wrongKey(t, storage, a)
		})
	}
}

func TestAChangeThatCanNotBeDoneChangesNothing(t *testing.T) {
	ctx := context.Background()
	storage := new(vaulttest.Storage)
	v := vaulttest.Open(t, storage, vaulttest.Key())
	seal(t, v, home, "x")
	saved := storage.Saved
	for name, to := range map[string]vault.Source{
		"an example":  vault.KeyText("K", vault.Hide("your-secret-key")),
		"nothing":     vault.KeyText("K", vault.Secret{}),
		"no file":     vault.KeyFile(t.TempDir() + "/none"),
		"a short one": vault.KeyText("K", vault.Hide("passwor")),
	} {
		var refused *vault.KeyError
		if _, err := v.Rotate(ctx, vault.Change{To: to}); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	plan, err := v.Rotate(ctx, vault.Change{To: vault.KeyFileOrNew(t.TempDir() + "/new"), Dry: true})
	if err != nil || plan.Keys != 3 {
		t.Errorf("dry run: %+v, %v", plan, err)
	}
	if gone, err := v.Finalize(ctx, nil); err != nil || len(gone) > 0 {
		t.Errorf("finalize without a change: %v, %v", gone, err)
	}
	if storage.Saved != saved {
		t.Error("the ring was written")
	}
}

func TestNewFieldKeysSealAtOnceAndOldOnesOpenUntilDestroyed(t *testing.T) {
	ctx := context.Background()
	storage, key := new(vaulttest.Storage), vaulttest.Key()
	v := vaulttest.Open(t, storage, key)
	other := vaulttest.Open(t, storage, key)
	old := seal(t, v, home, "x")
	token, _ := v.TokenKey("shop", "jwt")
	changed, err := v.RotateFields(ctx, []string{"shop", "none"}, time.Time{})
	if err != nil || fmt.Sprint(changed) != "[shop]" {
		t.Fatalf("rotate: %v, %v", changed, err)
	}
	if again, err := v.RotateFields(ctx, []string{"shop"}, time.Time{}); err != nil || len(again) > 0 {
		t.Errorf("again, before the first is done: %v, %v", again, err)
	}
	fresh := seal(t, v, home, "x")
	if vault.KeyOf(fresh) == vault.KeyOf(old) || vault.KeyOf(old) == "" {
		t.Errorf("keys %s and %s", vault.KeyOf(fresh), vault.KeyOf(old))
	}
	opens(t, v, home, old, "x")
	opens(t, other, home, fresh, "x")
	again, err := v.Reseal(home, old)
	if err != nil || vault.KeyOf(again) != vault.KeyOf(fresh) {
		t.Fatalf("reseal: %v", err)
	}
	if same, err := v.Reseal(home, again); err != nil || same != again {
		t.Errorf("reseal what is sealed with the active key: %v", err)
	}
	if _, err := v.Reseal(inProject("none"), old); err == nil {
		t.Error("a text was sealed for a place that it did not belong to")
	}
	retiring := v.Retiring()
	if len(retiring) != 1 || retiring[0].ID != vault.KeyOf(old) || retiring[0].Retired.IsZero() {
		t.Fatalf("retiring: %+v", retiring)
	}
	if p, err := retiring[0].Prefix(); err != nil || p != old[:vault.PrefixSize] {
		t.Errorf("prefix %q, %v", p, err)
	}
	if err := v.Destroy(ctx, []string{vault.KeyOf(fresh), vault.KeyOf(old)}); err != nil {
		t.Fatal(err)
	}
	refused(t, v, home, old)
	opens(t, v, home, fresh, "x") // active keys are not destroyed
	opens(t, v, home, again, "x")
	if same, _ := v.TokenKey("shop", "jwt"); string(same) != string(token) {
		t.Error("the token key changed with the fields'")
	}
	if err := v.RevokeTokens(ctx, []string{"shop"}); err != nil {
		t.Fatal(err)
	}
	if same, _ := v.TokenKey("shop", "jwt"); string(same) == string(token) {
		t.Error("a revoked token key is in use")
	}
}
