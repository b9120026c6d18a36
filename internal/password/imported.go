package password

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"strings"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// What other people's hashes may cost; see the bounds of Argon2.
const (
	maxBcryptCost   = 15
	maxScryptMemory = 256 << 20 // bytes
	maxScryptWork   = 512 << 20 // bytes mixed
	maxScryptKey    = 256
)

func bcryptBounds(text string) error {
	cost, err := bcrypt.Cost([]byte(text))
	if err != nil {
		return errMalformed
	}
	if cost > maxBcryptCost {
		return ErrTooCostly
	}
	return nil
}

func verifyBcrypt(plain, text string) (bool, error) {
	if err := bcryptBounds(text); err != nil {
		return false, err
	}
	err := bcrypt.CompareHashAndPassword([]byte(text), []byte(plain))
	if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, nil
	}
	return err == nil, err
}

func scryptBounds(o Options) error {
	n, r, p := o.CostCPU, o.CostMemory, o.CostParallel
	if n < 2 || n&(n-1) != 0 || r < 1 || p < 1 || o.Length < 1 {
		return errMalformed
	}
	block := 128 * min(r, maxScryptMemory) // of one lane and one step
	if n > maxScryptMemory/block || p > maxScryptWork/(block*n) || o.Length > maxScryptKey {
		return ErrTooCostly
	}
	return nil
}

func verifyScrypt(plain, text string, o Options) (bool, error) {
	if err := scryptBounds(o); err != nil {
		return false, err
	}
	want, err := hex.DecodeString(text)
	if err != nil || len(want) != o.Length {
		return false, errMalformed
	}
	key, err := scrypt.Key([]byte(plain), []byte(o.Salt), o.CostCPU, o.CostMemory, o.CostParallel, o.Length)
	if err != nil {
		return false, errMalformed
	}
	return subtle.ConstantTimeCompare(key, want) == 1, nil
}

// verifyScryptMod does what Firebase does: scrypt makes a key, which encrypts
// the project's signer key, and the ciphertext is the hash.
func verifyScryptMod(plain, text string, o Options) (bool, error) {
	var parts [4][]byte
	for i, s := range []string{o.Salt, o.SaltSeparator, o.SignerKey, text} {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return false, errMalformed
		}
		parts[i] = b
	}
	salt, separator, signer, want := parts[0], parts[1], parts[2], parts[3]
	if len(signer) == 0 {
		return false, errMalformed // the empty hash would match any password
	}
	key, err := scrypt.Key([]byte(plain), append(salt, separator...), 1<<14, 8, 1, 64)
	if err != nil {
		return false, errMalformed
	}
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		return false, err
	}
	got := make([]byte, len(signer))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(got, signer)
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// SHAVersions are the members of the SHA family that an import may name.
var SHAVersions = []string{
	"sha1", "sha224", "sha256", "sha384", "sha512/224", "sha512/256", "sha512",
	"sha3-224", "sha3-256", "sha3-384", "sha3-512",
}

// DefaultSHA is the member that an import means when it names none.
const DefaultSHA = "sha256"

func newSHA(version string) hash.Hash {
	switch version {
	case "sha1":
		return sha1.New()
	case "sha224":
		return sha256.New224()
	case "sha256", "":
		return sha256.New()
	case "sha384":
		return sha512.New384()
	case "sha512/224":
		return sha512.New512_224()
	case "sha512/256":
		return sha512.New512_256()
	case "sha512":
		return sha512.New()
	case "sha3-224":
		return sha3.New224()
	case "sha3-256":
		return sha3.New256()
	case "sha3-384":
		return sha3.New384()
	case "sha3-512":
		return sha3.New512()
	}
	return nil
}

func verifySHA(plain, text, version string) (bool, error) {
	h := newSHA(version)
	if h == nil {
		return false, errMalformed
	}
	h.Write([]byte(plain))
	return equalHex(h.Sum(nil), text), nil
}

func verifyMD5(plain, text string) (bool, error) {
	sum := md5.Sum([]byte(plain))
	return equalHex(sum[:], text), nil
}

func equalHex(sum []byte, text string) bool {
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum)), []byte(strings.ToLower(text))) == 1
}
