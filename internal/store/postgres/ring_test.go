package postgres_test

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"moorfast/internal/store/postgres"
	"moorfast/internal/vault"
	"moorfast/internal/vault/vaulttest"
)

func TestRing(t *testing.T) {
	url := server(t)
	ctx := t.Context()
	options := postgres.Options{URL: url, Prefix: prefix(t, url)}
	ring, err := postgres.NewRing(options)
	if err != nil {
		t.Fatal(err)
	}
	load := func(want []byte, wantVersion int64) {
		t.Helper()
		data, version, err := ring.Load(ctx)
		if err != nil || !bytes.Equal(data, want) || version != wantVersion {
			t.Fatalf("load = %q, %d, %v, want %q, %d", data, version, err, want, wantVersion)
		}
	}
	fresh := func(want bool) {
		t.Helper()
		if fresh, err := ring.Fresh(ctx); err != nil || fresh != want {
			t.Errorf("fresh = %v, %v, want %v", fresh, err, want)
		}
	}
	load(nil, 0)
	fresh(true)
	if err := ring.Save(ctx, []byte("x"), 7); !errors.Is(err, vault.ErrChanged) {
		t.Errorf("save over nothing: err = %v, want ErrChanged", err)
	}
	load(nil, 0)
	if err := ring.Save(ctx, []byte("one"), 0); err != nil {
		t.Fatal(err)
	}
	load([]byte("one"), 1)
	for _, old := range []int64{0, 2} {
		if err := ring.Save(ctx, []byte("other"), old); !errors.Is(err, vault.ErrChanged) {
			t.Errorf("save over version %d: err = %v, want ErrChanged", old, err)
		}
	}
	if err := ring.Save(ctx, []byte("two"), 1); err != nil {
		t.Fatal(err)
	}
	load([]byte("two"), 2)

	// The schema of the ring and that of the platform are one.
	fresh(true)
	open(t, options)
	fresh(false)
	load([]byte("two"), 2)
}

func TestOfManyWhoSaveTheRingOneDoes(t *testing.T) {
	url := server(t)
	ring, err := postgres.NewRing(postgres.Options{URL: url, Prefix: prefix(t, url)})
	if err != nil {
		t.Fatal(err)
	}
	for version := range int64(3) {
		var saved atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				switch err := ring.Save(t.Context(), []byte{byte(i)}, version); {
				case err == nil:
					saved.Add(1)
				case !errors.Is(err, vault.ErrChanged):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if saved.Load() != 1 {
			t.Errorf("%d saved over version %d", saved.Load(), version)
		}
	}
}

func TestAVaultKeepsItsKeysInTheRing(t *testing.T) {
	url := server(t)
	ring, err := postgres.NewRing(postgres.Options{URL: url, Prefix: prefix(t, url)})
	if err != nil {
		t.Fatal(err)
	}
	key := vaulttest.Key()
	place := vault.Place{Project: "p1", Table: "t", Column: "c", Row: "r"}
	sealed, err := vaulttest.Open(t, ring, key).Seal(place, vault.Hide("hidden"))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := vaulttest.Open(t, ring, key).Open(place, sealed)
	if err != nil || opened.Reveal() != "hidden" {
		t.Errorf("opened %q, %v", opened.Reveal(), err)
	}
	if data, _, _ := ring.Load(t.Context()); len(data) == 0 || bytes.Contains(data, []byte("hidden")) {
		t.Errorf("the ring holds %d bytes", len(data))
	}
}
