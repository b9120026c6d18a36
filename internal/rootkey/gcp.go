package rootkey

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"moorfast/internal/vault"
)

const (
	gcpEndpoint = "https://cloudkms.googleapis.com"
	gcpScope    = "https://www.googleapis.com/auth/cloudkms"
	// gcpOverride is the variable of its command line for another endpoint.
	gcpOverride = "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS"
)

// gcpKMS is a key that Google Cloud KMS encrypted. Credentials are those of the
// machine, or of GOOGLE_APPLICATION_CREDENTIALS, as its programs find them.
func gcpKMS(name string, env Env) (*sealedKey, error) {
	key, file, err := pair(name, "gcpkms:projects/…/cryptoKeys/KEY,FILE")
	if err != nil {
		return nil, err
	}
	if parts := strings.Split(key, "/"); len(parts) != 8 || parts[0] != "projects" || parts[6] != "cryptoKeys" || strings.ContainsAny(key, "?#:") {
		return nil, errors.New("the key is written projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY")
	}
	return &sealedKey{file: file, connect: func(ctx context.Context) (opener, error) {
		found, err := google.FindDefaultCredentials(context.WithValue(ctx, oauth2.HTTPClient, newClient()), gcpScope)
		if err != nil {
			return nil, err
		}
		endpoint, _ := env(gcpOverride)
		target := strings.TrimSuffix(cmp.Or(endpoint, gcpEndpoint), "/") + "/v1/" + key + ":decrypt"
		return &gcpKey{newClient(), target, found.TokenSource}, nil
	}}, nil
}

type gcpKey struct {
	client *http.Client
	target string
	tokens oauth2.TokenSource
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum is how the service says and is told that nothing was changed on the way.
func sum(b []byte) string { return strconv.FormatUint(uint64(crc32.Checksum(b, castagnoli)), 10) }

func (k *gcpKey) open(ctx context.Context, text []byte) ([]byte, error) {
	sealed, err := decoded(text)
	if err != nil {
		return nil, err
	}
	token, err := k.tokens.Token()
	if err != nil {
		return nil, ofToken(err)
	}
	in := map[string]string{"ciphertext": base64.StdEncoding.EncodeToString(sealed), "ciphertextCrc32c": sum(sealed)}
	var answer struct {
		Plaintext []byte `json:"plaintext"`
		Sum       string `json:"plaintextCrc32c"`
	}
	if err := post(ctx, k.client, k.target, http.Header{"Authorization": {"Bearer " + token.AccessToken}}, in, &answer); err != nil {
		return nil, err
	}
	if answer.Sum != "" && answer.Sum != sum(answer.Plaintext) {
		return nil, fmt.Errorf("%w: its answer was changed on the way", vault.ErrSourceDown)
	}
	return answer.Plaintext, nil
}

// ofToken is what it means that there was no token to ask with.
func ofToken(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response != nil {
		return fmt.Errorf("no token: %w", ofStatus(refused.Response.StatusCode))
	}
	return fmt.Errorf("%w: no token: %w", vault.ErrSourceDown, err)
}
