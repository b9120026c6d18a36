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
	"time"

	"moorfast/internal/vault"
)

// How long a start waits for the service of a key.
const (
	transitTimeout = 5 * time.Second
	transitTries   = 4
	firstPause     = 500 * time.Millisecond // twice as long after each try
	maxAnswer      = 64 << 10
)

// transit is a key in a file that HashiCorp Vault, or OpenBao, encrypted with a
// key of its transit engine, and that only it can decrypt. The variables are
// those of its own client.
func transit(name string, env Env) (vault.Source, error) {
	key, file, err := pair(name, "vault-transit:MOUNT/KEY,FILE")
	if err != nil {
		return vault.Source{}, err
	}
	at := strings.LastIndexByte(key, '/')
	if at <= 0 || at == len(key)-1 {
		return vault.Source{}, errors.New("it is written vault-transit:MOUNT/KEY,FILE")
	}
	t := &transitKey{mount: key[:at], key: key[at+1:], file: file, env: env, pause: firstPause}
	return vault.KeyService("vault-transit", name, t.read), nil
}

type transitKey struct {
	mount, key, file string
	env              Env
	pause            time.Duration
}

func (t *transitKey) variable(name string) string {
	text, _ := t.env(name)
	return text
}

func (t *transitKey) read() ([]byte, error) {
	sealed, err := vault.ReadKey(t.file)
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(t.variable("VAULT_ADDR"))
	if err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http" {
		return nil, errors.New("VAULT_ADDR is not an address such as https://vault.example.org:8200")
	}
	token := t.variable("VAULT_TOKEN")
	if path := t.variable("VAULT_TOKEN_FILE"); token == "" && path != "" {
		text, err := vault.ReadKey(path)
		if err != nil {
			return nil, err
		}
		token = string(text)
	}
	if token == "" {
		return nil, errors.New("VAULT_TOKEN or VAULT_TOKEN_FILE is needed")
	}
	client, err := t.client()
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	body, err := json.Marshal(map[string]string{"ciphertext": string(sealed)})
	if err != nil {
		return nil, err
	}
	target := address.JoinPath("v1", t.mount, "decrypt", t.key).String()
	pause := t.pause
	for try := 1; ; try++ {
		text, err := t.decrypt(client, target, token, body)
		if !errors.Is(err, vault.ErrSourceDown) || try == transitTries {
			return text, err
		}
		time.Sleep(pause)
		pause *= 2
	}
}

func (t *transitKey) client() (*http.Client, error) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}
	if path := t.variable("VAULT_CACERT"); path != "" {
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("VAULT_CACERT: %s has no certificate", path)
		}
		transport.TLSClientConfig.RootCAs = pool
	}
	return &http.Client{
		Transport: transport, Timeout: transitTimeout,
		// The token is for the address of the settings, and for no other.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

func (t *transitKey) decrypt(client *http.Client, target, token string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("X-Vault-Token", token)
	r.Header.Set("X-Vault-Request", "true")
	if namespace := t.variable("VAULT_NAMESPACE"); namespace != "" {
		r.Header.Set("X-Vault-Namespace", namespace)
	}
	response, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", vault.ErrSourceDown, err)
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests:
		return nil, fmt.Errorf("%w: it answers %d", vault.ErrSourceDown, response.StatusCode)
	case response.StatusCode != http.StatusOK: // what it says besides may quote the request
		return nil, fmt.Errorf("the service refuses to decrypt %s with key %s/%s: %d", t.file, t.mount, t.key, response.StatusCode)
	}
	var answer struct {
		Data struct {
			Plaintext string `json:"plaintext"`
		} `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer); err != nil {
		return nil, errors.New("the service answers what is not the answer of a transit engine")
	}
	text, err := base64.StdEncoding.DecodeString(answer.Data.Plaintext)
	if err != nil || len(text) == 0 {
		return nil, errors.New("the service answers without a plaintext")
	}
	return vault.TrimKey(text)
}
