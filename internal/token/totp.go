package token

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"
)

// What authenticator apps take for granted (RFC 6238 §4, and their defaults).
const (
	totpPeriod = 30 // seconds
	totpDigits = 6
	totpBytes  = 20 // of the secret, as SHA-1 has
)

var totpEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewTOTP returns the secret of a new authenticator, in base32.
func NewTOTP() string {
	b := make([]byte, totpBytes)
	rand.Read(b)
	return totpEncoding.EncodeToString(b)
}

// TOTPURI returns the address that sets up an authenticator app.
func TOTPURI(secret, issuer, account string) string {
	q := url.Values{"secret": {secret}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(account) + "?" + q.Encode()
}

// TOTP returns the code of an authenticator at t (RFC 6238), or "" where the
// secret is none.
func TOTP(secret string, t time.Time) string {
	key, err := totpEncoding.DecodeString(secret)
	if err != nil || len(key) == 0 {
		return ""
	}
	return hotp(key, t.Unix()/totpPeriod)
}

// hotp is RFC 4226 §5.3.
func hotp(key []byte, counter int64) string {
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(counter))) // a hash never fails
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 15
	n := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, n%1_000_000)
}

// CheckTOTP reports whether code is the authenticator's at t, or one period
// before or after it, since clocks differ. It returns the step of the code, and
// refuses steps up to last: a code is taken once (RFC 6238 §5.2).
func CheckTOTP(secret, code string, t time.Time, last int64) (step int64, ok bool) {
	key, err := totpEncoding.DecodeString(secret)
	if err != nil || len(key) == 0 {
		return 0, false
	}
	now := t.Unix() / totpPeriod
	for s := now - 1; s <= now+1; s++ {
		if s > last && Equal(hotp(key, s), code) {
			return s, true
		}
	}
	return 0, false
}

// Equal compares a secret with what somebody says it is, in constant time.
func Equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
