package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var (
	now    = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	walter = UserClaims{UserID: "walter", SessionID: "s1"}
	key    = []byte(strings.Repeat("k", 32))
	signer = Signer{UserJWT, "shop", key}
)

func mint(t *testing.T, s Signer, life time.Duration) string {
	t.Helper()
	text, err := s.Mint(walter, "j1", now, life)
	if err != nil {
		t.Fatalf("Mint: %v", err)
	}
	return text
}

func TestJWT(t *testing.T) {
	text := mint(t, signer, 15*time.Minute)
	var got UserClaims
	if err := signer.Verify(text, now.Add(14*time.Minute), &got); got != walter || err != nil {
		t.Errorf("Verify = %+v, %v, want %+v", got, err, walter)
	}
	parts := strings.Split(text, ".")
	head, _ := base64.RawURLEncoding.DecodeString(parts[0])
	if string(head) != `{"typ":"JWT","alg":"HS256"}` {
		t.Errorf("header = %s", head)
	}
	body, _ := base64.RawURLEncoding.DecodeString(parts[1])
	const want = `{"userId":"walter","sessionId":"s1","iss":"moorfast","aud":"shop","typ":"session-jwt","iat":1795608000,"exp":1795608900,"jti":"j1"}`
	if string(body) != want {
		t.Errorf("claims = %s\nwant     %s", body, want)
	}
}

func TestMintRefuses(t *testing.T) {
	for name, mint := range map[string]func() (string, error){
		"a long life":     func() (string, error) { return signer.Mint(walter, "j", now, time.Hour+time.Second) },
		"a negative life": func() (string, error) { return signer.Mint(walter, "j", now, -1) },
		"a short key":     func() (string, error) { return Signer{UserJWT, "shop", nil}.Mint(walter, "j", now, 0) },
		"a list":          func() (string, error) { return signer.Mint([]int{1}, "j", now, 0) },
		"a claim of ours": func() (string, error) {
			return signer.Mint(map[string]any{"exp": 1 << 40}, "j", now, 0)
		},
	} {
		if text, err := mint(); err == nil {
			t.Errorf("%s: Mint = %s, want an error", name, text)
		}
	}
}

// Each token here is refused, though somebody might have a use for it.
func TestVerifyRefuses(t *testing.T) {
	good := mint(t, signer, 15*time.Minute)
	parts := strings.Split(good, ".")
	forge := func(method jwt.SigningMethod, with any, claims jwt.MapClaims) string {
		text, err := jwt.NewWithClaims(method, claims).SignedString(with)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	claims := func(change string, value any) jwt.MapClaims {
		c := jwt.MapClaims{"userId": "walter", "iss": Issuer, "aud": "shop", "typ": "session-jwt", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
		if change != "" {
			c[change] = value
		}
		if value == nil {
			delete(c, change)
		}
		return c
	}
	var sane UserClaims
	if err := signer.Verify(forge(jwt.SigningMethodHS256, key, claims("", 0)), now, &sane); err != nil {
		t.Fatalf("the forger's own token is refused: %v", err)
	}
	tests := []struct {
		name string
		by   Signer
		text string
		at   time.Time
		want error
	}{
		{"after its life", signer, good, now.Add(15 * time.Minute), ErrExpired},
		{"without a life", signer, mint(t, signer, 0), now, ErrExpired},
		{"of a life beyond the limit", signer, forge(jwt.SigningMethodHS256, key, claims("exp", now.Add(1000*time.Hour).Unix())), now, ErrClaims},
		{"without an end", signer, forge(jwt.SigningMethodHS256, key, claims("exp", nil)), now, ErrClaims},
		{"of the future", signer, forge(jwt.SigningMethodHS256, key, claims("iat", now.Add(time.Hour).Unix())), now, ErrClaims},
		{"in another project", Signer{UserJWT, "other", key}, good, now, ErrClaims},
		{"as another kind", Signer{EphemeralKey, "shop", key}, good, now, ErrClaims},
		{"of another issuer", signer, forge(jwt.SigningMethodHS256, key, claims("iss", "appwrite")), now, ErrClaims},
		{"under another key", Signer{UserJWT, "shop", []byte(strings.Repeat("x", 32))}, good, now, ErrSignature},
		{"with another payload", signer, parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"userId":"root"}`)) + "." + parts[2], now, ErrSignature},
		{"without a signature", signer, parts[0] + "." + parts[1] + ".", now, ErrSignature},
		{"of algorithm none", signer, forge(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims("", 0)), now, ErrSignature},
		{"of another HMAC", signer, forge(jwt.SigningMethodHS512, key, claims("", 0)), now, ErrSignature},
		{"of two parts", signer, parts[0] + "." + parts[1], now, ErrSegments},
		{"of one part", signer, "token", now, ErrSegments},
		{"of no length", signer, "", now, ErrSegments},
		{"of great length", signer, good + strings.Repeat("A", maxJWT), now, ErrSegments},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got UserClaims
			if err := tt.by.Verify(tt.text, tt.at, &got); !errors.Is(err, tt.want) {
				t.Errorf("Verify = %v, want %v", err, tt.want)
			}
			if got != (UserClaims{}) {
				t.Errorf("a refused token told its payload: %+v", got)
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	good, err := signer.Mint(walter, "j1", now, time.Minute)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		var got json.RawMessage
		if err := signer.Verify(text, now, &got); err == nil && text != good {
			t.Errorf("a token that was not minted is accepted: %q", text)
		}
	})
}
