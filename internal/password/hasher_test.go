package password

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// cheap keeps the tests quick; what it hashes is as correct.
var cheap = Cost{Memory: 64, Time: 1, Threads: 1}

func TestHasher(t *testing.T) {
	h, ctx := NewHasher(cheap, 10), t.Context()
	hash, err := h.Hash(ctx, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	want := Options{Type: Argon2, MemoryCost: 64, TimeCost: 1, Threads: 1}
	if hash.Options != want {
		t.Errorf("options = %+v, want %+v", hash.Options, want)
	}
	for plain, want := range map[string]bool{"correct horse": true, "Correct horse": false, "": false} {
		if ok, err := h.Verify(ctx, plain, hash); ok != want || err != nil {
			t.Errorf("Verify(%q) = %v, %v, want %v", plain, ok, err, want)
		}
	}
	if ok, err := h.Verify(ctx, "", Hash{}); ok || err != nil {
		t.Errorf("Verify without a password = %v, %v, want false", ok, err)
	}
	other, _ := h.Hash(ctx, "correct horse")
	if other.Text == hash.Text {
		t.Error("two hashes of a password are equal: the salt is not")
	}
	if used, err := h.Reused(ctx, "correct horse", []Hash{{}, other}); !used || err != nil {
		t.Errorf("Reused = %v, %v, want true", used, err)
	}
	if used, err := h.Reused(ctx, "battery", []Hash{hash, other}); used || err != nil {
		t.Errorf("Reused = %v, %v, want false", used, err)
	}
}

func TestUpgrade(t *testing.T) {
	h, ctx := NewHasher(cheap, 10), t.Context()
	own, _ := h.Hash(ctx, "appwrite")
	tests := []struct {
		name     string
		hash     Hash
		plain    string
		ok, next bool
	}{
		{"md5 is replaced", Hash{"144fa7eaa4904e8ee120651997f70dcc", Options{Type: MD5}}, "appwrite", true, true},
		{"md5 of another stays", Hash{"144fa7eaa4904e8ee120651997f70dcc", Options{Type: MD5}}, "appwrong", false, false},
		{"our own stays", own, "appwrite", true, false},
		{"argon2i is replaced", Hash{"$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E", Options{Type: Argon2}}, "password", true, true},
		{"a dearer argon2id stays", Hash{"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc", Options{Type: Argon2}}, "password", true, false},
	}
	for _, tt := range tests {
		ok, next, err := h.Upgrade(ctx, tt.plain, tt.hash)
		if ok != tt.ok || next.IsZero() == tt.next || err != nil {
			t.Errorf("%s: Upgrade = %v, %+v, %v", tt.name, ok, next, err)
		}
		if tt.next {
			if ok, _ := h.Verify(ctx, tt.plain, next); !ok {
				t.Errorf("%s: the new hash does not verify", tt.name)
			}
		}
	}
}

func TestOutdated(t *testing.T) {
	const appwrite = "$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"
	const larger = "$argon2id$v=19$m=65536,t=4,p=3$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"
	for text, want := range map[string]bool{appwrite: true, larger: false} {
		if got := (Hash{text, Options{Type: Argon2}}).Outdated(DefaultCost); got != want {
			t.Errorf("Outdated(%s) = %v, want %v", text, got, want)
		}
	}
}

// A Hasher that is full refuses at once; one with room makes its callers wait
// for their turn, unless they leave first.
func TestHasherBoundsItsQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(cheap, 1)
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		for range cap(h.running) {
			go h.run(ctx, func() { <-release })
		}
		synctest.Wait()
		waiting := make(chan error, 1)
		go func() { waiting <- h.run(ctx, func() { t.Error("ran for a caller who left") }) }()
		synctest.Wait()

		if err := h.VerifyNobody(ctx, "x"); !errors.Is(err, ErrBusy) {
			t.Errorf("a call beyond the queue got %v, want ErrBusy", err)
		}
		cancel()
		if err := <-waiting; !errors.Is(err, context.Canceled) {
			t.Errorf("the waiting call got %v, want context.Canceled", err)
		}
		close(release)
		synctest.Wait()
		if err := h.VerifyNobody(t.Context(), "x"); err != nil {
			t.Errorf("after the rush: %v", err)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	h := NewHasher(DefaultCost, 0)
	for b.Loop() {
		h.Hash(b.Context(), "correct horse battery staple")
	}
}

func BenchmarkVerifyNobody(b *testing.B) {
	h := NewHasher(DefaultCost, 0)
	h.unknown()
	for b.Loop() {
		h.VerifyNobody(b.Context(), "correct horse battery staple")
	}
}

// A wrong password takes the work of one of our hashes, whatever the hash is of
// the user, and whether there is one: how long the answer takes tells nothing.
func TestAWrongPasswordIsAsMuchWorkForEveryone(t *testing.T) {
	h, ctx := NewHasher(cheap, 10), t.Context()
	own, err := h.Hash(ctx, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	inner := h.unknown
	h.unknown = func() Hash { ours++; return inner() }
	for name, test := range map[string]struct {
		hash Hash
		want int
	}{
		"nobody":   {Hash{}, 1},
		"md5":      {Hash{"144fa7eaa4904e8ee120651997f70dcc", Options{Type: MD5}}, 1},
		"our own":  {own, 0},
		"nonsense": {Hash{"x", Options{Type: SHA, Version: "sha9"}}, 1},
	} {
		ours = 0
		if ok, _, err := h.Upgrade(ctx, "battery staple", test.hash); ok || err != nil || ours != test.want {
			t.Errorf("%s: Upgrade = %v, %v, and %d hashes of nobody, want %d", name, ok, err, ours, test.want)
		}
	}
}
