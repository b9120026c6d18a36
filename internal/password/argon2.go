package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost is what a new Argon2id hash costs.
type Cost struct {
	Memory  int // KiB
	Time    int
	Threads int
}

// DefaultCost is OWASP's first recommendation for Argon2id.
var DefaultCost = Cost{Memory: 19456, Time: 2, Threads: 1}

// Options are those of a hash at this cost.
func (c Cost) Options() Options {
	return Options{Type: Argon2, MemoryCost: c.Memory, TimeCost: c.Time, Threads: c.Threads}
}

const (
	saltBytes = 16
	keyBytes  = 32
)

// Bounds on the cost of a hash that somebody else chose. A hash beyond them
// does not verify: it could hold a core for minutes, or a node's memory.
const (
	maxArgonMemory = 256 << 10 // KiB
	maxArgonWork   = 1 << 20   // KiB times passes
	maxArgonKey    = 128
)

// newArgon2 hashes a password under a salt of its own.
func newArgon2(plain string, c Cost) Hash {
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	key := argon2.IDKey([]byte(plain), salt, uint32(c.Time), uint32(c.Memory), uint8(c.Threads), keyBytes)
	b64 := base64.RawStdEncoding
	return Hash{
		Text: fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
			c.Memory, c.Time, c.Threads, b64.EncodeToString(salt), b64.EncodeToString(key)),
		Options: c.Options(),
	}
}

// ArgonOptions returns the options that a PHC string of Argon2 names, and those
// of nothing but the algorithm where it is malformed.
func ArgonOptions(text string) Options {
	a, err := parseArgon2(text)
	if err != nil {
		return Options{Type: Argon2}
	}
	return a.cost.Options()
}

// argonText is a PHC string of Argon2, taken apart.
type argonText struct {
	id   bool // argon2id, else argon2i
	cost Cost
	salt []byte
	key  []byte
}

// parseArgon2 reads a PHC string. It refuses what is malformed, what costs too
// much, and Argon2d, which leaks through its memory accesses.
func parseArgon2(text string) (a argonText, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return a, errMalformed
	}
	switch parts[1] {
	case "argon2id":
		a.id = true
	case "argon2i":
	default:
		return a, errMalformed
	}
	c := &a.cost
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Threads); n != 3 || err != nil {
		return a, errMalformed
	}
	if a.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[4]); err != nil {
		return a, errMalformed
	}
	if a.key, err = base64.RawStdEncoding.Strict().DecodeString(parts[5]); err != nil || len(a.key) < 4 {
		return a, errMalformed
	}
	if c.Memory < 1 || c.Time < 1 || c.Threads < 1 {
		return a, errMalformed
	}
	if c.Threads > 255 || c.Memory > maxArgonMemory || c.Time > maxArgonWork/c.Memory || len(a.key) > maxArgonKey {
		return a, ErrTooCostly
	}
	return a, nil
}

func verifyArgon2(plain, text string) (bool, error) {
	a, err := parseArgon2(text)
	if err != nil {
		return false, err
	}
	derive := argon2.Key
	if a.id {
		derive = argon2.IDKey
	}
	key := derive([]byte(plain), a.salt, uint32(a.cost.Time), uint32(a.cost.Memory), uint8(a.cost.Threads), uint32(len(a.key)))
	return subtle.ConstantTimeCompare(key, a.key) == 1, nil
}
