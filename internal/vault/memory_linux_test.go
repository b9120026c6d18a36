package vault

import "testing"

// K-14
func TestProtect(t *testing.T) {
	p, err := Protect()
	if err != nil || !p.NoCore || !p.NoTrace {
		t.Errorf("protection %+v, %v", p, err)
	}
}
