package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
)

const (
	keySize   = 32
	nonceSize = 24
	tagSize   = 16
)

// xaes is XAES-256-GCM (c2sp.org/XAES-256-GCM): AES-256-GCM under a key that is
// derived from the first half of a 192-bit nonce. A nonce may be chosen at
// random for every message, without the limit of 2^32 that plain GCM has.
type xaes struct {
	block cipher.Block
	k1    [aes.BlockSize]byte // the CMAC subkey of the block
}

func newXAES(key []byte) (*xaes, error) {
	if len(key) != keySize {
		return nil, errors.New("vault: a key has 32 bytes")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	x := &xaes{block: block}
	block.Encrypt(x.k1[:], x.k1[:])
	// Double in GF(2^128), without a branch on key material.
	carry := byte(0)
	for i := len(x.k1) - 1; i >= 0; i-- {
		x.k1[i], carry = x.k1[i]<<1|carry, x.k1[i]>>7
	}
	x.k1[len(x.k1)-1] ^= -carry & 0x87
	return x, nil
}

// seal appends the ciphertext and its tag to dst.
func (x *xaes) seal(dst, nonce, plain, aad []byte) ([]byte, error) {
	gcm, err := x.derive(nonce)
	if err != nil {
		return nil, err
	}
	return gcm.Seal(dst, nonce[12:], plain, aad), nil
}

// open appends the plaintext to dst, if the tag fits everything it covers.
func (x *xaes) open(dst, nonce, sealed, aad []byte) ([]byte, error) {
	gcm, err := x.derive(nonce)
	if err != nil {
		return nil, err
	}
	return gcm.Open(dst, nonce[12:], sealed, aad)
}

// derive makes the cipher of one nonce: two blocks of a NIST SP 800-108r1
// counter KDF over AES-CMAC.
func (x *xaes) derive(nonce []byte) (cipher.AEAD, error) {
	if len(nonce) != nonceSize {
		return nil, errors.New("vault: a nonce has 24 bytes")
	}
	var key [keySize]byte
	defer clear(key[:])
	for i := range 2 {
		half := key[i*aes.BlockSize : (i+1)*aes.BlockSize]
		half[1], half[2] = byte(i+1), 'X'
		copy(half[4:], nonce[:12])
		for j := range half {
			half[j] ^= x.k1[j]
		}
		x.block.Encrypt(half, half)
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
