package password

import (
	"errors"
	"strings"
	"testing"
)

// Vectors from the reference implementations: PHC's argon2, OpenBSD's bcrypt,
// RFC 7914 for scrypt, Firebase's documentation, and the phpass distribution.
func TestVerify(t *testing.T) {
	const sha3of = "a721f80a3f2d1c08137a2ffaad4ac23298f01916e3314111adcba471b21354145e4c6fc1cc6d1974608e2e5a96a20df4fba9ac0d52660f3fdc6e2124d5958913"
	firebase := Options{
		Type: ScryptMod, Salt: "UxLMreBr6tYyjQ==", SaltSeparator: "Bw==",
		SignerKey: "XyEKE9RcTDeLEsL/RjwPDBv/RqDl8fb3gpYEOQaPihbxf1ZAtSOHCjuAAa7Q3oHpCYhXSN9tizHgVOwn6krflQ==",
	}
	rfc7914 := Options{Type: Scrypt, Salt: "NaCl", CostCPU: 1024, CostMemory: 8, CostParallel: 16, Length: 64}
	sha := func(version string) Options { return Options{Type: SHA, Version: version} }
	tests := []struct {
		name, plain string
		options     Options
		text        string
	}{
		{"md5", "appwrite", Options{Type: MD5}, "144fa7eaa4904e8ee120651997f70dcc"},
		{"md5 in capitals", "appwrite", Options{Type: MD5}, "144FA7EAA4904E8EE120651997F70DCC"},
		{"bcrypt", "U*U", Options{Type: Bcrypt}, "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
		{"bcrypt of PHP", "U*U", Options{Type: Bcrypt}, "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
		{"argon2id", "password", Options{Type: Argon2}, "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"},
		{"argon2i", "password", Options{Type: Argon2}, "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E"},
		{"scrypt", "password", rfc7914, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"},
		{"scrypt as Firebase has it", "appwrite", firebase, "UlM7JiXRcQhzAGlaonpSqNSLIz475WMddOgLjej5De9vxTy48K6WtqlEzrRFeK4t0COfMhWCb8wuMHgxOFCHFQ=="},
		{"phpass", "appwrite", Options{Type: PHPass}, "$P$Br387rwferoKN7uwHZqNMu98q3U8RO."},
		{"phpass with bcrypt", "U*U", Options{Type: PHPass}, "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
		{"sha without a version", "appwrite", sha(""), "ece375199f9118cf29e19e171742f668b6b13367dc1797d11da1c74795e758cc"},
		{"sha1", "appwrite", sha("sha1"), "31c315b0262695ce861bc17c63d2362684d5724c"},
		{"sha224", "appwrite", sha("sha224"), "fd66925d38680d7a9a075ab17223d00a60c4c532a81ba3591f9167a4"},
		{"sha256", "appwrite", sha("sha256"), "ece375199f9118cf29e19e171742f668b6b13367dc1797d11da1c74795e758cc"},
		{"sha384", "appwrite", sha("sha384"), "ed6436743c51a62d3454de8559beb59d923fbb730ae6028043112ecc8520cee566c539b98383c12259a133043c1e4495"},
		{"sha512", "appwrite", sha("sha512"), "4243da0a694e8a2f727c8060fe0507c8fa01ca68146c76d2c190805b638c20c6bf6ba04e21f11ae138785d0bff63c416e6f87badbffad37f6dee50094cc38c70"},
		{"sha512/224", "appwrite", sha("sha512/224"), "746d850d8f4bb904a18b936d4693edde4b7eb886ae1527d2be410464"},
		{"sha512/256", "appwrite", sha("sha512/256"), "ffc8b9b6a88b33dd4fddc10d49c4bdd9742689b0cf8bbd9097d4d870f824a3fd"},
		{"sha3-224", "appwrite", sha("sha3-224"), "abb4739db875dd10d24c0ac3d675f847dbab1d1a9c9b613fffdbabe1"},
		{"sha3-256", "appwrite", sha("sha3-256"), "867a758eea6f62ccb37cc3f8945137def93d0638259ff4dcfc0f21629d2666fb"},
		{"sha3-384", "appwrite", sha("sha3-384"), "ed16007b12ad357e455ec14cf692bf1add54809948a3d4d9f07cb8ebe09cd8ac2e5bf8aa8a558af4a5a5ed7890cef5ab"},
		{"sha3-512", "appwrite", sha("sha3-512"), sha3of},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := Hash{Text: tt.text, Options: tt.options}
			if ok, err := verify(tt.plain, h); !ok || err != nil {
				t.Errorf("verify(%q) = %v, %v, want true", tt.plain, ok, err)
			}
			if ok, err := verify(tt.plain+"x", h); ok || err != nil {
				t.Errorf("verify of another password = %v, %v, want false", ok, err)
			}
			if err := h.CheckCost(); err != nil {
				t.Errorf("CheckCost: %v", err)
			}
			back, err := Unmarshal(h.Marshal())
			if err != nil || back != h {
				t.Errorf("Unmarshal(Marshal) = %+v, %v, want %+v", back, err, h)
			}
		})
	}
}

func TestVerifyRefusesWhatCostsTooMuch(t *testing.T) {
	for name, h := range map[string]Hash{
		"bcrypt of cost 31":        {"$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", Options{Type: Bcrypt}},
		"argon2 of 4 GiB":          {"$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f", Options{Type: Argon2}},
		"argon2 of many passes":    {"$argon2id$v=19$m=65536,t=4000000,p=1$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f", Options{Type: Argon2}},
		"argon2 of 256 threads":    {"$argon2id$v=19$m=65536,t=1,p=256$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f", Options{Type: Argon2}},
		"scrypt of 1 TiB":          {"00", Options{Type: Scrypt, CostCPU: 1 << 30, CostMemory: 8, CostParallel: 1, Length: 1}},
		"scrypt of overflow":       {"00", Options{Type: Scrypt, CostCPU: 2, CostMemory: 1 << 60, CostParallel: 1, Length: 1}},
		"scrypt of many lanes":     {"00", Options{Type: Scrypt, CostCPU: 16, CostMemory: 8, CostParallel: 1 << 40, Length: 1}},
		"scrypt of a long key":     {"00", Options{Type: Scrypt, CostCPU: 2, CostMemory: 1, CostParallel: 1, Length: 1 << 30}},
		"phpass of 2 to the 30":    {"$P$S" + strings.Repeat("a", 30), Options{Type: PHPass}},
		"bcrypt inside of phpass ": {"$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", Options{Type: PHPass}},
	} {
		if ok, err := verify("x", h); ok || !errors.Is(err, ErrTooCostly) {
			t.Errorf("%s: verify = %v, %v, want ErrTooCostly", name, ok, err)
		}
		if h.Options.Type == PHPass && strings.HasPrefix(h.Text, "$2") {
			continue // CheckCost does not look inside
		}
		if err := h.CheckCost(); !errors.Is(err, ErrTooCostly) {
			t.Errorf("%s: CheckCost = %v, want ErrTooCostly", name, err)
		}
	}
}

func TestVerifyRefusesWhatIsMalformed(t *testing.T) {
	for name, h := range map[string]Hash{
		"no algorithm":              {Text: "x"},
		"argon2d":                   {"$argon2d$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF", Options{Type: Argon2}},
		"argon2 of an old version":  {"$argon2id$v=16$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF", Options{Type: Argon2}},
		"argon2 without a key":      {"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$", Options{Type: Argon2}},
		"argon2 of negative memory": {"$argon2id$v=19$m=-1,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF", Options{Type: Argon2}},
		"bcrypt":                    {"$2a$05$short", Options{Type: Bcrypt}},
		"scrypt without costs":      {"00", Options{Type: Scrypt}},
		"scrypt of another length":  {"00", Options{Type: Scrypt, CostCPU: 2, CostMemory: 1, CostParallel: 1, Length: 2}},
		"firebase without a signer": {"", Options{Type: ScryptMod}},
		"sha of an unknown member":  {"00", Options{Type: SHA, Version: "sha9"}},
		"phpass":                    {"$P$", Options{Type: PHPass}},
	} {
		if ok, err := verify("", h); ok || err == nil {
			t.Errorf("%s: verify = %v, %v, want an error", name, ok, err)
		}
		if err := h.CheckCost(); err != nil {
			t.Errorf("%s: CheckCost = %v, want nil: it is not about form", name, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("argon2", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc")
	f.Add("bcrypt", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
	f.Add("phpass", "$P$Br387rwferoKN7uwHZqNMu98q3U8RO.")
	f.Add("sha", "ece3")
	f.Fuzz(func(t *testing.T, algorithm, text string) {
		h := Hash{Text: text, Options: Options{Type: Algorithm(algorithm)}}
		if ok, err := verify("not the password", h); ok && err != nil {
			t.Errorf("verify = true, %v", err)
		}
	})
}
