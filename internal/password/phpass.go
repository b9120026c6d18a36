package password

import (
	"crypto/md5"
	"crypto/subtle"
	"strings"
)

// phpassAlphabet is the base64 alphabet of crypt(3).
const phpassAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// maxPHPassLog2 bounds the rounds of a portable hash: 4 million of MD5.
const maxPHPassLog2 = 22

// phpassRounds reads the number of rounds, and with it the form, of a portable
// hash: "$P$" or "$H$", one character for the rounds, eight of salt, and the
// encoded sum.
func phpassRounds(text string) (int, error) {
	if len(text) != 34 || (text[:3] != "$P$" && text[:3] != "$H$") {
		return 0, errMalformed
	}
	log2 := strings.IndexByte(phpassAlphabet, text[3])
	if log2 < 7 || log2 > 30 {
		return 0, errMalformed
	}
	if log2 > maxPHPassLog2 {
		return 0, ErrTooCostly
	}
	return 1 << log2, nil
}

// verifyPHPass verifies a portable hash, or the bcrypt hash that the same
// library writes where it can.
func verifyPHPass(plain, text string) (bool, error) {
	if strings.HasPrefix(text, "$2") {
		return verifyBcrypt(plain, text)
	}
	rounds, err := phpassRounds(text)
	if err != nil {
		return false, err
	}
	sum := md5.Sum([]byte(text[4:12] + plain))
	buf := make([]byte, 0, md5.Size+len(plain))
	for range rounds {
		sum = md5.Sum(append(append(buf[:0], sum[:]...), plain...))
	}
	return subtle.ConstantTimeCompare([]byte(encodePHPass(sum[:])), []byte(text[12:])) == 1, nil
}

// encodePHPass is the little-endian base64 of crypt(3).
func encodePHPass(sum []byte) string {
	var out strings.Builder
	for i := 0; i < len(sum); i += 3 {
		var v uint32
		n := min(3, len(sum)-i)
		for j := range n {
			v |= uint32(sum[i+j]) << (8 * j)
		}
		for range n + 1 {
			out.WriteByte(phpassAlphabet[v&63])
			v >>= 6
		}
	}
	return out.String()
}
