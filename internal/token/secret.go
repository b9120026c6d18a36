// Package token makes and checks what callers carry to prove who they are:
// session secrets, the cookie around them, one-time codes, and JSON Web Tokens.
//
// It keeps nothing and holds no keys; the caller hands them in.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"math/big"
	"strings"
)

// SecretLength is the length of a session's secret, in lower-case hex digits.
const SecretLength = 256

// NewSecret returns the secret of a new session, a recovery or a verification.
func NewSecret() string { return NewHex(SecretLength) }

// NewHex returns n random lower-case hex digits.
func NewHex(n int) string {
	b := make([]byte, (n+1)/2)
	rand.Read(b)
	return hex.EncodeToString(b)[:n]
}

// NewPassword returns a password of 120 random bits, in groups that can be read
// out.
func NewPassword() string {
	hex := NewHex(30)
	return hex[:6] + "-" + hex[6:12] + "-" + hex[12:18] + "-" + hex[18:24] + "-" + hex[24:]
}

// NewCode returns n random decimal digits, as people are asked to type them.
func NewCode(n int) string {
	digits := make([]byte, n)
	for i := range digits {
		d, err := rand.Int(rand.Reader, big.NewInt(10))
		if err != nil {
			panic(err) // crypto/rand's Reader does not fail
		}
		digits[i] = '0' + byte(d.Int64())
	}
	return string(digits)
}

// NewPhrase returns two words that a mail and the screen that asked for it show
// alike, so that a person sees that the mail answers this request.
func NewPhrase() string {
	return pick(adjectives) + " " + pick(nouns)
}

func pick(words []string) string {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(len(words))))
	if err != nil {
		panic(err)
	}
	return words[i.Int64()]
}

var (
	adjectives = strings.Fields(`Amber Brave Bright Calm Clever Cosy Curious Early Eager Fancy Fresh Gentle Golden
		Happy Honest Humble Jolly Keen Kind Lively Lucky Mellow Merry Mighty Modest Noble Patient Plain Polite Proud
		Quick Quiet Rapid Royal Rustic Shiny Silent Silver Simple Smooth Snowy Solid Steady Sunny Swift Tender Tidy
		Trusty Vivid Warm Wild Wise Witty Young`)
	nouns = strings.Fields(`Acorn Anchor Badger Beacon Birch Bridge Brook Candle Canyon Cedar Clover Comet Compass
		Coral Cottage Falcon Feather Fern Forest Fox Garden Glacier Harbour Heron Hill Island Kettle Lantern Lark
		Maple Meadow Moon Mountain Oak Ocean Orchard Otter Owl Pebble Pine Planet River Robin Sail Shell Sparrow
		Star Stone Stream Thistle Tulip Valley Willow Wren`)
)

// Sum returns what is stored of a secret: its SHA-256 in hex. The secrets here
// are random and long, or short-lived and counted, so a slow hash would add
// nothing.
func Sum(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Matches reports whether sum is the [Sum] of secret.
func Matches(secret, sum string) bool {
	return subtle.ConstantTimeCompare([]byte(Sum(secret)), []byte(sum)) == 1
}
