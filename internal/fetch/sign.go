package fetch

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// Signed returns the headers of JSON that is posted to whoever shares a secret.
// X-Moorfast-Timestamp has the seconds of the sending, and X-Moorfast-Signature
// "v1=" and the HMAC-SHA256, in hex, of those, a dot, and the body. A receiver that
// checks both, and refuses what is some minutes old, takes nothing from others.
func Signed(secret string, at time.Time, body []byte) map[string]string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return map[string]string{
		"Content-Type":         "application/json",
		"X-Moorfast-Timestamp": seconds, "X-Moorfast-Signature": "v1=" + hex.EncodeToString(mac.Sum(nil)),
	}
}
