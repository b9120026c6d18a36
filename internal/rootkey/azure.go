package rootkey

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"moorfast/internal/vault"
)

const (
	azureAuthority = "https://login.microsoftonline.com"
	azureMetadata  = "http://169.254.169.254" // of the machine
	azureVersion   = "7.4"                    // of the API
	azureAlgorithm = "RSA-OAEP-256"
	// assertion says that a client is known by a token of somebody else (RFC 7523).
	assertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// azureKV is a key that an RSA key of Azure Key Vault encrypted (RSA-OAEP-256). It
// is named by its identifier. The variables are those of Azure's own programs:
// a secret, a federated token, or else the identity of the machine.
func azureKV(name string, env Env) (*sealedKey, error) {
	key, file, err := pair(name, "azurekv:https://VAULT.vault.azure.net/keys/KEY/VERSION,FILE")
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(key)
	if err != nil || target.Host == "" || !strings.HasPrefix(target.Path, "/keys/") || target.RawQuery != "" || target.User != nil {
		return nil, errors.New("the key is written https://VAULT.vault.azure.net/keys/KEY/VERSION")
	}
	if addr, err := netip.ParseAddr(target.Hostname()); target.Scheme != "https" && (target.Scheme != "http" || err != nil || !addr.IsLoopback()) {
		return nil, errors.New("the key is asked for by https")
	}
	_, suffix, _ := strings.Cut(target.Host, ".")
	resource := "https://" + suffix // of every vault of that cloud
	target = target.JoinPath("decrypt")
	target.RawQuery = "api-version=" + azureVersion
	return &sealedKey{file: file, connect: func(ctx context.Context) (opener, error) {
		tokens, err := azureTokens(ctx, resource, env)
		if err != nil {
			return nil, err
		}
		return &azureKey{newClient(), target.String(), tokens}, nil
	}}, nil
}

func azureTokens(ctx context.Context, resource string, env Env) (func(context.Context) (string, error), error) {
	variable := func(name string) string {
		text, _ := env(name)
		return text
	}
	tenant, client, secret, federated := variable("AZURE_TENANT_ID"), variable("AZURE_CLIENT_ID"), variable("AZURE_CLIENT_SECRET"), variable("AZURE_FEDERATED_TOKEN_FILE")
	if secret == "" && federated == "" {
		m := machineIdentity{cmp.Or(variable("AZURE_POD_IDENTITY_AUTHORITY_HOST"), azureMetadata), resource, client}
		return m.token, nil
	}
	if tenant == "" || client == "" {
		return nil, errors.New("AZURE_TENANT_ID and AZURE_CLIENT_ID are needed")
	}
	c := clientcredentials.Config{
		ClientID: client, ClientSecret: secret, Scopes: []string{resource + "/.default"}, AuthStyle: oauth2.AuthStyleInParams,
		TokenURL: strings.TrimSuffix(cmp.Or(variable("AZURE_AUTHORITY_HOST"), azureAuthority), "/") + "/" + url.PathEscape(tenant) + "/oauth2/v2.0/token",
	}
	if secret == "" {
		text, err := os.ReadFile(federated)
		if err != nil {
			return nil, err
		}
		c.EndpointParams = url.Values{"client_assertion_type": {assertion}, "client_assertion": {strings.TrimSpace(string(text))}}
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, newClient())
	return func(context.Context) (string, error) {
		token, err := c.Token(ctx)
		if err != nil {
			return "", ofToken(err)
		}
		return token.AccessToken, nil
	}, nil
}

// machineIdentity asks the machine for its token.
type machineIdentity struct{ endpoint, resource, client string }

func (m machineIdentity) token(ctx context.Context) (string, error) {
	query := url.Values{"api-version": {"2018-02-01"}, "resource": {m.resource}}
	if m.client != "" {
		query.Set("client_id", m.client)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(m.endpoint, "/")+"/metadata/identity/oauth2/token?"+query.Encode(), nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Metadata", "true")
	response, err := newClient().Do(r)
	if err != nil {
		return "", fmt.Errorf("%w: no token: %w", vault.ErrSourceDown, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("no token: %w", ofStatus(response.StatusCode))
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer); err != nil || answer.Token == "" {
		return "", errors.New("the machine answers without a token")
	}
	return answer.Token, nil
}

type azureKey struct {
	client *http.Client
	target string
	token  func(context.Context) (string, error)
}

func (k *azureKey) open(ctx context.Context, text []byte) ([]byte, error) {
	sealed, err := decoded(text)
	if err != nil {
		return nil, err
	}
	token, err := k.token(ctx)
	if err != nil {
		return nil, err
	}
	in := map[string]string{"alg": azureAlgorithm, "value": base64.RawURLEncoding.EncodeToString(sealed)}
	var answer struct {
		Value string `json:"value"`
	}
	if err := post(ctx, k.client, k.target, http.Header{"Authorization": {"Bearer " + token}}, in, &answer); err != nil {
		return nil, err
	}
	return base64.RawURLEncoding.DecodeString(answer.Value)
}
