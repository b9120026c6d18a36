package main

import (
	"fmt"
	"strconv"
	"time"

	"moorfast/internal/core/keyring"
	"moorfast/internal/vault"
)

// cryptoBill is what the keys and algorithms of an installation are, as CycloneDX
// 1.6 says it (a CBOM). It has no key in it.
type cryptoBill struct {
	Format      string `json:"bomFormat"`
	SpecVersion string `json:"specVersion"`
	Version     int    `json:"version"`
	Metadata    struct {
		Timestamp time.Time `json:"timestamp"`
		Component component `json:"component"`
	} `json:"metadata"`
	Components []cryptoAsset `json:"components"`
}

type cryptoAsset struct {
	Type       string           `json:"type"`
	Ref        string           `json:"bom-ref"`
	Name       string           `json:"name"`
	Crypto     cryptoProperties `json:"cryptoProperties"`
	Properties []property       `json:"properties,omitempty"`
}

type cryptoProperties struct {
	AssetType string          `json:"assetType"`
	Algorithm *algorithm      `json:"algorithmProperties,omitempty"`
	Material  *cryptoMaterial `json:"relatedCryptoMaterialProperties,omitempty"`
}

type algorithm struct {
	Primitive string   `json:"primitive"`
	Parameter string   `json:"parameterSetIdentifier,omitempty"`
	Mode      string   `json:"mode,omitempty"`
	Functions []string `json:"cryptoFunctions"`
	Classical int      `json:"classicalSecurityLevel"`   // bits
	Quantum   int      `json:"nistQuantumSecurityLevel"` // category of NIST
}

type cryptoMaterial struct {
	Type         string     `json:"type"`
	ID           string     `json:"id"`
	State        string     `json:"state"`
	AlgorithmRef string     `json:"algorithmRef"`
	Created      time.Time  `json:"creationDate"`
	Size         int        `json:"size"` // bits
	SecuredBy    *securedBy `json:"securedBy,omitempty"`
}

type securedBy struct {
	Mechanism    string `json:"mechanism"`
	AlgorithmRef string `json:"algorithmRef"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// keyBits is the size of every key that the program makes.
const keyBits = 256

// wrapping is what keys are wrapped with.
const wrapping = "XAES-256-GCM"

// used are the algorithms that the program seals, signs and hashes with, whether a
// key of the keyring is for one or not.
var used = []struct {
	name string
	algorithm
}{
	{wrapping, algorithm{"ae", "256", "gcm", []string{"encrypt", "decrypt", "keyderive"}, 256, 5}},
	{"HMAC-SHA256", algorithm{"mac", "256", "", []string{"tag"}, 256, 5}},
	{"Adiantum", algorithm{"block-cipher", "256", "other", []string{"encrypt", "decrypt"}, 256, 5}},
	{"ChaCha20-Poly1305", algorithm{"ae", "256", "", []string{"encrypt", "decrypt"}, 256, 5}}, // files: streams of age
	{"HKDF-SHA256", algorithm{"kdf", "256", "", []string{"keyderive"}, 256, 5}},
	{"Argon2id", algorithm{"kdf", "256", "", []string{"keyderive"}, 256, 5}}, // passwords, and root keys that are passphrases
	{"Ed25519", algorithm{"signature", "25519", "", []string{"sign", "verify", "keygen"}, 128, 0}},
}

// billOfKeys lists the keys of an inventory and the algorithms that are used.
func billOfKeys(v version, list keyring.Inventory, now time.Time) cryptoBill {
	b := cryptoBill{Format: "CycloneDX", SpecVersion: "1.6", Version: 1}
	b.Metadata.Timestamp = now.UTC().Truncate(time.Second)
	b.Metadata.Component = component{Type: "application", Name: "moorfast", Version: v.Version}
	for _, a := range used {
		b.Components = append(b.Components, cryptoAsset{
			Type: "cryptographic-asset", Ref: refOf(a.name), Name: a.name,
			Crypto: cryptoProperties{AssetType: "algorithm", Algorithm: &a.algorithm},
		})
	}
	for _, r := range list.Roots {
		b.Components = append(b.Components, cryptoAsset{
			Type: "cryptographic-asset", Ref: "key/" + r.Fingerprint, Name: "root key",
			Crypto: cryptoProperties{AssetType: "related-crypto-material", Material: &cryptoMaterial{
				Type: "secret-key", ID: r.Fingerprint, State: stateOf(r.State, false), AlgorithmRef: refOf(wrapping), Created: r.Created, Size: keyBits,
			}},
		})
	}
	for _, k := range list.Keys {
		b.Components = append(b.Components, cryptoAsset{
			Type: "cryptographic-asset", Ref: "key/" + k.ID, Name: fmt.Sprintf("%s key of %s, version %d", k.Purpose, k.Scope, k.Version),
			Crypto: cryptoProperties{AssetType: "related-crypto-material", Material: &cryptoMaterial{
				Type: "secret-key", ID: k.ID, State: stateOf(k.State, k.Compromised), AlgorithmRef: refOf(k.Algorithm), Created: k.Created, Size: keyBits,
				SecuredBy: &securedBy{"wrapped by the root key", refOf(wrapping)},
			}},
			Properties: []property{{"moorfast:values", strconv.FormatInt(k.Values, 10)}},
		})
	}
	return b
}

// refOf is how a component names an algorithm.
func refOf(name string) string { return "algorithm/" + name }

// stateOf is the word of NIST SP 800-57 for the state of a key.
func stateOf(s vault.State, compromised bool) string {
	switch {
	case s == vault.Destroyed:
		return "destroyed"
	case compromised:
		return "compromised"
	case s == vault.Pending:
		return "pre-activation"
	case s == vault.Retiring:
		return "deactivated" // it opens, and seals no more
	}
	return "active"
}
