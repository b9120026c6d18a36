package password

import (
	"errors"
	"fmt"
)

var (
	// ErrTooCostly says that verifying a hash would cost more than we allow.
	ErrTooCostly = errors.New("password: the hash asks for too much work")

	errMalformed = errors.New("password: malformed hash")
)

// verify reports whether plain is the password that was hashed. An error means
// that no password can match.
func verify(plain string, h Hash) (bool, error) {
	o := h.Options
	switch o.Type {
	case Argon2:
		return verifyArgon2(plain, h.Text)
	case Bcrypt:
		return verifyBcrypt(plain, h.Text)
	case Scrypt:
		return verifyScrypt(plain, h.Text, o)
	case ScryptMod:
		return verifyScryptMod(plain, h.Text, o)
	case SHA:
		return verifySHA(plain, h.Text, o.Version)
	case MD5:
		return verifyMD5(plain, h.Text)
	case PHPass:
		return verifyPHPass(plain, h.Text)
	}
	return false, fmt.Errorf("password: unknown algorithm %q", o.Type)
}

// CheckCost refuses, with [ErrTooCostly], a hash that would never be verified
// because of what it costs. An import asks it, so that the operator hears of it
// and not the user. It does not say that the hash is well formed.
func (h Hash) CheckCost() error {
	var err error
	switch h.Options.Type {
	case Argon2:
		_, err = parseArgon2(h.Text)
	case Bcrypt:
		err = bcryptBounds(h.Text)
	case Scrypt:
		err = scryptBounds(h.Options)
	case PHPass:
		_, err = phpassRounds(h.Text)
	}
	if errors.Is(err, ErrTooCostly) {
		return err
	}
	return nil
}

// Outdated reports whether a password that was just verified should be hashed
// anew: when its algorithm is not Argon2id, or is cheaper than c.
func (h Hash) Outdated(c Cost) bool {
	if h.Options.Type != Argon2 {
		return true
	}
	a, err := parseArgon2(h.Text)
	return err != nil || !a.id || a.cost.Memory*a.cost.Time < c.Memory*c.Time
}
