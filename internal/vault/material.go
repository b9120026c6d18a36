package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math"
	"strings"

	"golang.org/x/crypto/argon2"
)

// kdf says how a root key is made of a passphrase. One salt serves a ring, so a
// passphrase has the same fingerprint whenever it is tried on it.
type kdf struct {
	Name   string `json:"name"`
	Memory uint32 `json:"memoryKiB"`
	Passes uint32 `json:"passes"`
	Lanes  uint8  `json:"lanes"`
	Salt   []byte `json:"salt"`
}

const saltSize = 16

// newKDF returns the second recommended option of RFC 9106 §4 with a new salt.
func newKDF() kdf {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	return kdf{Name: "argon2id", Memory: 64 << 10, Passes: 3, Lanes: 4, Salt: salt}
}

// check bounds what a changed ring can make a start cost.
func (k kdf) check() error {
	if k.Name != "argon2id" || k.Memory < 19<<10 || k.Memory > 1<<20 || k.Passes < 1 || k.Passes > 16 ||
		k.Lanes < 1 || k.Lanes > 16 || len(k.Salt) != saltSize {
		return errors.New("the key derivation is unknown or out of bounds")
	}
	return nil
}

// key makes the 32 bytes of a root key of its text: 32 bytes in hexadecimal or
// base64 are taken as they are, and all else is a passphrase, of which every
// byte counts.
func (k kdf) key(text []byte) []byte {
	if key := direct(text); key != nil {
		return key
	}
	return argon2.IDKey(text, k.Salt, k.Passes, k.Memory, k.Lanes, keySize)
}

// direct returns the 32 bytes that text spells, or nil.
func direct(text []byte) []byte {
	s := string(text)
	if strings.ContainsAny(s, "\r\n") { // which the decoders skip
		return nil
	}
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString,
		base64.StdEncoding.Strict().DecodeString,
		base64.RawStdEncoding.Strict().DecodeString,
		base64.URLEncoding.Strict().DecodeString,
		base64.RawURLEncoding.Strict().DecodeString,
	} {
		if key, err := decode(s); err == nil && len(key) == keySize {
			return key
		}
	}
	return nil
}

// The least lengths of a passphrase, in bytes. Below the first no start accepts
// it; below the second a hardened one does not either.
const (
	shortest = 8
	short    = 16
)

// Assessment is what can be said of a key without saying it.
type Assessment struct {
	Empty      bool
	Example    bool    // it was published
	Pattern    bool    // it counts, or repeats itself
	Short      bool    // it is a passphrase under 16 bytes
	Passphrase bool    // it is stretched, and not 32 random bytes
	Bits       float64 // an upper bound of its strength, from its length and letters
}

// Assess reads the key and judges it. A start refuses what is worst by itself;
// this is for the doctor.
func (s Source) Assess() (Assessment, error) {
	text, err := s.read()
	if err != nil {
		return Assessment{}, err
	}
	defer clear(text)
	return assess(text), nil
}

func assess(text []byte) Assessment {
	key := direct(text)
	a := Assessment{
		Empty:      len(text) == 0,
		Example:    known(text),
		Pattern:    patterned(text) || patterned(key),
		Passphrase: key == nil,
		Short:      key == nil && len(text) < short,
		Bits:       bits(key),
	}
	if a.Passphrase {
		a.Bits = bits(text)
	}
	return a
}

// weakness says why a key is refused, or "".
func weakness(text []byte, o Options) string {
	a := assess(text)
	switch {
	case a.Empty:
		return "it is empty"
	case o.AllowKnown:
		return ""
	case a.Example:
		return "it is a published example, and the first one an attacker tries"
	case a.Pattern:
		return "it is a pattern, not a random value"
	case a.Short && len(text) < shortest:
		return "it is shorter than 8 bytes"
	case a.Short && o.Hardened:
		return "it is shorter than 16 bytes, and the profile is hardened"
	}
	return ""
}

// bits bounds the strength of b by what it would have if each byte had been
// chosen at random from those that occur in it.
func bits(b []byte) float64 {
	var seen [256]bool
	distinct := 0
	for _, c := range b {
		if !seen[c] {
			seen[c] = true
			distinct++
		}
	}
	if distinct == 0 {
		return 0
	}
	return float64(len(b)) * math.Log2(float64(distinct))
}

// known reports whether text is in a documentation, an example or a default.
func known(text []byte) bool {
	s := strings.ToLower(strings.TrimSpace(string(text)))
	_, ok := examples[s]
	return ok
}

// patterned reports whether b counts in one step, as a repeated byte does too,
// or repeats a unit of at most 8 bytes.
func patterned(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	step, counts := b[1]-b[0], true
	for i := 2; i < len(b); i++ {
		counts = counts && b[i]-b[i-1] == step
	}
	if counts {
		return true
	}
	for unit := 2; unit <= 8 && 2*unit <= len(b); unit++ {
		if bytes.Equal(b[unit:], b[:len(b)-unit]) {
			return true
		}
	}
	return false
}

// examples are values that people copy from a page and forget, in lower case.
var examples = map[string]struct{}{
	// Appwrite: its defaults, and the answers its forum gives.
	"your-secret-key": {}, "your-secret-key-here": {}, "your_secret_key": {}, "your secret key": {},
	"rootsecretpassword": {}, "yoursecretkey": {}, "a-very-long-secret-key": {}, "my-secret-key": {},
	"your-openssl-key": {}, "_app_openssl_key_v1": {}, "test-key-0123456789abcdef": {},
	// Supabase, self-hosted: docker/.env.example.
	"your-super-secret-jwt-token-with-at-least-32-characters-long": {},
	"your-super-secret-and-long-postgres-password":                 {},
	"this_password_is_insecure_and_should_be_updated":              {},
	"this_password_is_insecure_and_must_be_updated":                {},

	"upnvntn3cdxhjpq99ymc1t1aqgqpc8kfyturgbiya15blrx8etqoxz3gzv1/u2oq": {},
	"your-32-character-encryption-key":                                 {},
	"your-encryption-key-32-chars-min":                                 {},
	"your-tenant-id":                                                   {}, "super-secret-jwt-token-with-at-least-32-characters-long": {},
	// Everybody.
	"changeme": {}, "change-me": {}, "change_me": {}, "changeit": {}, "changethis": {}, "change-this": {},
	"pleasechangeme": {}, "please-change-me": {}, "replaceme": {}, "replace-me": {}, "insecure": {},
	"secret": {}, "secretkey": {}, "secret-key": {}, "secret_key": {}, "supersecret": {}, "super-secret": {},
	"supersecretkey": {}, "super-secret-key": {}, "topsecret": {}, "mysecret": {}, "mysecretkey": {},
	"password": {}, "password1": {}, "password123": {}, "passw0rd": {}, "admin": {}, "administrator": {},
	"default": {}, "example": {}, "encryption-key": {}, "encryptionkey": {}, "master-key": {}, "masterkey": {},
	"development": {}, "testtest": {}, "testing": {}, "letmein": {}, "qwerty": {}, "qwertyuiop": {},
	"1234567890": {}, "12345678901234567890123456789012": {}, "01234567890123456789012345678901": {},
	"0123456789abcdef": {}, "0123456789abcdef0123456789abcdef": {}, "abcdefghijklmnopqrstuvwxyz123456": {},
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef": {},
	"appwrite": {}, "moorfast": {}, "correct horse battery staple": {}, "correcthorsebatterystaple": {},
	// The demonstration key of the AES standards.
	"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4": {},
}
