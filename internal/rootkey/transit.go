package rootkey

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"moorfast/internal/vault"
)

// transit is a key that HashiCorp Vault, or OpenBao, encrypted with a key of its
// transit engine. The variables are those of its own client.
func transit(name string, env Env) (*sealedKey, error) {
	key, file, err := pair(name, "vault-transit:MOUNT/KEY,FILE")
	if err != nil {
		return nil, err
	}
	at := strings.LastIndexByte(key, '/')
	if at <= 0 || at == len(key)-1 {
		return nil, errors.New("it is written vault-transit:MOUNT/KEY,FILE")
	}
	return &sealedKey{file: file, connect: func(context.Context) (opener, error) {
		return dialTransit(key[:at], key[at+1:], env)
	}}, nil
}

// transitKey is a key of a transit engine.
type transitKey struct {
	client           *http.Client
	target           string // URL
	token, namespace string
}

func dialTransit(mount, key string, env Env) (*transitKey, error) {
	variable := func(name string) string {
		text, _ := env(name)
		return text
	}
	address, err := url.Parse(variable("VAULT_ADDR"))
	if err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http" {
		return nil, errors.New("VAULT_ADDR is not an address such as https://vault.example.org:8200")
	}
	token := variable("VAULT_TOKEN")
	if path := variable("VAULT_TOKEN_FILE"); token == "" && path != "" {
		text, err := vault.ReadKey(path)
		if err != nil {
			return nil, err
		}
		token = string(text)
	}
	if token == "" {
		return nil, errors.New("VAULT_TOKEN or VAULT_TOKEN_FILE is needed")
	}
	client := newClient()
	if path := variable("VAULT_CACERT"); path != "" {
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("VAULT_CACERT: %s has no certificate", path)
		}
		client.Transport = &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, DisableKeepAlives: true}
	}
	return &transitKey{client, address.JoinPath("v1", mount, "decrypt", key).String(), token, variable("VAULT_NAMESPACE")}, nil
}

// newClient is for a service that is asked once, at the address that the settings
// name and at no other.
func newClient() *http.Client {
	return &http.Client{
		Timeout:       serviceTimeout,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (t *transitKey) open(ctx context.Context, sealed []byte) ([]byte, error) {
	header := http.Header{"X-Vault-Token": {t.token}, "X-Vault-Request": {"true"}}
	if t.namespace != "" {
		header.Set("X-Vault-Namespace", t.namespace)
	}
	var answer struct {
		Data struct {
			Plaintext string `json:"plaintext"`
		} `json:"data"`
	}
	if err := post(ctx, t.client, t.target, header, map[string]string{"ciphertext": string(sealed)}, &answer); err != nil {
		return nil, err
	}
	text, err := base64.StdEncoding.DecodeString(answer.Data.Plaintext)
	if err != nil {
		return nil, errors.New("the service answers without a plaintext")
	}
	return text, nil
}

// post asks a service by JSON.
func post(ctx context.Context, client *http.Client, target string, header http.Header, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if header != nil {
		r.Header = header
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", vault.ErrSourceDown, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return ofStatus(response.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(out); err != nil {
		return errors.New("the service answers what it does not say that it answers")
	}
	return nil
}
