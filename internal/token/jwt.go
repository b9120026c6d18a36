package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Kind is a type of JSON Web Token. A token of one kind is never one of
// another: they differ in their keys and in the "typ" claim.
type Kind struct {
	Name string        // the "typ" claim, and the name of the key at the vault
	Max  time.Duration // the longest life, enforced at minting and at checking
}

// The kinds.
var (
	UserJWT      = Kind{"session-jwt", time.Hour}        // acts as a user; see UserClaims
	EphemeralKey = Kind{"ephemeral-key", 24 * time.Hour} // an API key that is not stored
	OAuth        = Kind{"oauth", time.Minute}            // carries a login from the callback to the app
	Push         = Kind{"push", 30 * 24 * time.Hour}     // lets a push provider fetch an image
	File         = Kind{"file", 10 * 366 * 24 * time.Hour}
)

// UserClaims is the payload of a [UserJWT].
type UserClaims struct {
	UserID string `json:"userId"`

	// SessionID is the session that the token was made from, and lives as long
	// as. It is "" where a server made the token for a user without one; such a
	// token is marked, and is no use at the console.
	SessionID string `json:"sessionId"`
	Server    bool   `json:"srv,omitempty"`
}

// MaxServerLife is how long a [UserJWT] without a session may live: nothing
// ends it but the clock.
const MaxServerLife = 15 * time.Minute

// Issuer is the "iss" claim of every token.
const Issuer = "moorfast"

// maxJWT bounds what is parsed at all.
const maxJWT = 4096

// The reasons to refuse a token, in the contract's words for them.
var (
	ErrSegments  = errors.New("Incomplete segments")
	ErrSignature = errors.New("Invalid token: Signature failed")
	ErrExpired   = errors.New("Invalid token: Expired")
	ErrClaims    = errors.New("Invalid token: Claims refused") // ours: another project, kind or life
)

// Signer mints and checks the tokens of one kind in one project.
type Signer struct {
	Kind    Kind
	Project string
	Key     []byte // 32 bytes, of this kind and project alone
}

// registered are the claims that every token has beside its payload.
type registered struct {
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	Type      string `json:"typ"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
	ID        string `json:"jti"`
}

// header is fixed: what a token says of its own algorithm is never believed.
var header = base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"HS256"}`))

var errKey = errors.New("token: the key is not 32 bytes long")

// Mint returns a token with the fields of payload, a struct, and our claims. A
// life of nothing makes a token that has expired, which the contract allows.
func (s Signer) Mint(payload any, id string, now time.Time, life time.Duration) (string, error) {
	if len(s.Key) != 32 {
		return "", errKey
	}
	if life < 0 || life > s.Kind.Max {
		return "", fmt.Errorf("token: a %s token may live %v, not %v", s.Kind.Name, s.Kind.Max, life)
	}
	own, err := json.Marshal(registered{
		Issuer: Issuer, Audience: s.Project, Type: s.Kind.Name, ID: id,
		IssuedAt: now.Unix(), ExpiresAt: now.Add(life).Unix(),
	})
	if err != nil {
		return "", err
	}
	fields, err := json.Marshal(payload)
	if err != nil {
		return "", fmt.Errorf("mint a %s token: %w", s.Kind.Name, err)
	}
	claims, err := join(fields, own)
	if err != nil {
		return "", err
	}
	text := header + "." + base64.RawURLEncoding.EncodeToString(claims)
	sig, err := jwt.SigningMethodHS256.Sign(text, s.Key)
	if err != nil {
		return "", err
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig), nil
}

// join makes one JSON object of two. A payload must not name a claim of ours:
// parsers differ in which of two they believe.
func join(fields, own []byte) ([]byte, error) {
	var names map[string]json.RawMessage
	if err := json.Unmarshal(fields, &names); err != nil {
		return nil, fmt.Errorf("token: the payload is not an object: %w", err)
	}
	if len(names) == 0 {
		return own, nil
	}
	for _, name := range []string{"iss", "aud", "typ", "iat", "exp", "jti"} {
		if _, taken := names[name]; taken {
			return nil, fmt.Errorf("token: the payload has a claim named %q", name)
		}
	}
	joined := append(fields[:len(fields)-1:len(fields)-1], ',')
	return append(joined, own[1:]...), nil
}

// Verify checks a token and decodes its payload. The errors are those declared
// above, or about the key.
func (s Signer) Verify(text string, now time.Time, payload any) error {
	if len(s.Key) != 32 {
		return errKey
	}
	if len(text) > maxJWT {
		return ErrSegments
	}
	var c claims
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{"HS256"}),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(func() time.Time { return now }),
		jwt.WithIssuer(Issuer), jwt.WithAudience(s.Project),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
	)
	if _, err := parser.ParseWithClaims(text, &c, func(*jwt.Token) (any, error) { return s.Key, nil }); err != nil {
		return reason(err)
	}
	life := c.ExpiresAt - c.IssuedAt
	if c.Type != s.Kind.Name || life < 0 || life > int64(s.Kind.Max/time.Second) {
		return ErrClaims
	}
	if err := json.Unmarshal(c.raw, payload); err != nil {
		return ErrClaims
	}
	return nil
}

func reason(err error) error {
	switch {
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable):
		return ErrSignature
	case errors.Is(err, jwt.ErrTokenExpired):
		return ErrExpired
	case errors.Is(err, jwt.ErrTokenInvalidClaims):
		return ErrClaims
	default:
		return ErrSegments
	}
}

// claims are the registered claims of a token, and all of them as they came.
type claims struct {
	registered
	raw []byte
}

func (c *claims) UnmarshalJSON(b []byte) error {
	c.raw = append([]byte(nil), b...)
	return json.Unmarshal(b, &c.registered)
}

// These make claims what the parser asks for.

func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return date(c.ExpiresAt), nil }
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error)       { return date(c.IssuedAt), nil }
func (c *claims) GetNotBefore() (*jwt.NumericDate, error)      { return nil, nil }
func (c *claims) GetIssuer() (string, error)                   { return c.Issuer, nil }
func (c *claims) GetSubject() (string, error)                  { return "", nil }
func (c *claims) GetAudience() (jwt.ClaimStrings, error)       { return jwt.ClaimStrings{c.Audience}, nil }

func date(sec int64) *jwt.NumericDate {
	if sec == 0 {
		return nil
	}
	return jwt.NewNumericDate(time.Unix(sec, 0))
}
