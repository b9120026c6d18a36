package vault

import (
	"bytes"
	"crypto/sha3"
	"encoding/hex"
	"strings"
	"testing"
)

// The vectors of c2sp.org/XAES-256-GCM. The first covers a subkey without
// reduction, the second one with.
func TestXAESVectors(t *testing.T) {
	for _, c := range []struct {
		name, key, plain, aad, want string
	}{
		{"MSB(L) = 0", "01", "XAES-256-GCM", "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		{
			"MSB(L) = 1", "03", "XAES-256-GCM", "c2sp.org/XAES-256-GCM",
			"986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, _ := hex.DecodeString(strings.Repeat(c.key, keySize))
			x, err := newXAES(key)
			if err != nil {
				t.Fatal(err)
			}
			nonce := []byte("ABCDEFGHIJKLMNOPQRSTUVWX")
			got, err := x.seal(nil, nonce, []byte(c.plain), []byte(c.aad))
			if err != nil || hex.EncodeToString(got) != c.want {
				t.Fatalf("seal: %x, %v; want %s", got, err, c.want)
			}
			plain, err := x.open(nil, nonce, got, []byte(c.aad))
			if err != nil || string(plain) != c.plain {
				t.Fatalf("open: %q, %v", plain, err)
			}
		})
	}
}

// The accumulated vector: 10,000 random keys, nonces, texts and data.
func TestXAESAccumulated(t *testing.T) {
	const want = "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"
	source, sum := sha3.NewSHAKE128(), sha3.NewSHAKE128()
	take := func(n int) []byte {
		b := make([]byte, n)
		source.Read(b)
		return b
	}
	for range 10_000 {
		key, nonce := take(keySize), take(nonceSize)
		plain := take(int(take(1)[0]))
		aad := take(int(take(1)[0]))
		x, err := newXAES(key)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := x.seal(nil, nonce, plain, aad)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := x.open(nil, nonce, sealed, aad); err != nil || !bytes.Equal(again, plain) {
			t.Fatalf("open: %x, %v; want %x", again, err, plain)
		}
		sum.Write(sealed)
	}
	got := make([]byte, 32)
	sum.Read(got)
	if hex.EncodeToString(got) != want {
		t.Errorf("got %x, want %s", got, want)
	}
}
