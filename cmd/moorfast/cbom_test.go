package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// K-17: every key of the keyring is in the bill, with an algorithm that is there,
// too, and with a state of SP 800-57.
func TestTheBillOfKeysIsWhole(t *testing.T) {
	running, environ := audited(t)
	running.Stop()
	want(t, exitOK, environ, "key", "rotate", "--data-keys", "--yes")
	plain, _ := want(t, exitOK, environ, "key", "inventory", "--json")
	text, _ := want(t, exitOK, environ, "key", "inventory", "--cbom")
	var bill cryptoBill
	if err := json.Unmarshal([]byte(text), &bill); err != nil || bill.Format != "CycloneDX" || bill.SpecVersion != "1.6" {
		t.Fatalf("%v: %s", err, text)
	}
	refs := map[string]bool{}
	for _, c := range bill.Components {
		if refs[c.Ref] || c.Type != "cryptographic-asset" {
			t.Errorf("%s is there twice, or is no asset", c.Ref)
		}
		refs[c.Ref] = true
	}
	states := []string{"pre-activation", "active", "deactivated", "compromised", "destroyed"}
	keys := 0
	for _, c := range bill.Components {
		m := c.Crypto.Material
		if m == nil {
			continue
		}
		keys++
		if !refs[m.AlgorithmRef] || m.SecuredBy != nil && !refs[m.SecuredBy.AlgorithmRef] || !slices.Contains(states, m.State) {
			t.Errorf("%s: %+v", c.Ref, m)
		}
		if !strings.Contains(plain, m.ID) {
			t.Errorf("%s is no key of the inventory", m.ID)
		}
	}
	if n := strings.Count(plain, `"created"`); keys != n || keys < 7 || !strings.Contains(text, "deactivated") && !strings.Contains(text, "destroyed") {
		t.Errorf("%d keys of %d: %s", keys, n, text)
	}
}
