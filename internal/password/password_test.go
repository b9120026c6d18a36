package password

import (
	"encoding/json"
	"testing"
)

func TestModelShowsTheContractsOptions(t *testing.T) {
	for want, o := range map[string]Options{
		`{"type":"argon2","memoryCost":19456,"timeCost":2,"threads":1}`:                    {Type: Argon2, MemoryCost: 19456, TimeCost: 2, Threads: 1},
		`{"type":"scrypt","costCpu":8,"costMemory":14,"costParallel":1,"length":64}`:       {Type: Scrypt, Salt: "hidden", CostCPU: 8, CostMemory: 14, CostParallel: 1, Length: 64},
		`{"type":"scryptMod","salt":"c2FsdA==","saltSeparator":"Bw==","signerKey":"a2V5"}`: {Type: ScryptMod, Salt: "c2FsdA==", SaltSeparator: "Bw==", SignerKey: "a2V5"},
		`{"type":"sha"}`:    {Type: SHA, Version: "sha512"},
		`{"type":"bcrypt"}`: {Type: Bcrypt},
	} {
		got, err := json.Marshal(o.Model())
		if err != nil || string(got) != want {
			t.Errorf("Model of %+v = %s, %v, want %s", o, got, err, want)
		}
	}
}

func TestUnmarshal(t *testing.T) {
	if h, err := Unmarshal(""); err != nil || !h.IsZero() {
		t.Errorf(`Unmarshal("") = %+v, %v, want no password`, h, err)
	}
	if _, err := Unmarshal("{"); err == nil {
		t.Error(`Unmarshal("{") succeeded`)
	}
}
