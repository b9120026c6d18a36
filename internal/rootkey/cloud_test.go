package rootkey

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"moorfast/internal/vault"
)

// cloud is a service of a cloud that keeps a key, and can be told how to fail.
type cloud struct {
	*httptest.Server
	statuses []int // of the next answers; 200 after them
	calls    int
	admitted func(*http.Request) bool                 // the credentials are right
	answer   func(in map[string]string) any           // to what it is asked
	tokens   func(http.ResponseWriter, *http.Request) // for what is not a question
	path     string
}

const (
	sealedText = "what only the service opens"
	gcpKeyName = "projects/p/locations/eu/keyRings/r/cryptoKeys/k"
)

func serveCloud(t *testing.T, c *cloud) *cloud {
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != c.path {
			c.tokens(w, r)
			return
		}
		c.calls++
		status := http.StatusOK
		if len(c.statuses) > 0 {
			status, c.statuses = c.statuses[0], c.statuses[1:]
		}
		if !c.admitted(r) {
			status = http.StatusForbidden
		}
		var in map[string]string
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			status = http.StatusBadRequest
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		if status == http.StatusOK {
			_ = json.NewEncoder(w).Encode(c.answer(in))
			return
		}
		_, _ = w.Write([]byte(`{"__type":"AccessDeniedException","message":"` + in["CiphertextBlob"] + in["ciphertext"] + in["value"] + `"}`))
	}))
	t.Cleanup(c.Close)
	return c
}

// K-9: each cloud answers, refuses, flaps, and is away; with the right credentials
// and the right key, and with others.
func TestKeysInClouds(t *testing.T) {
	std, raw := base64.StdEncoding, base64.RawURLEncoding
	isSealed := func(text string) bool {
		b, err := std.DecodeString(text)
		return err == nil && string(b) == sealedText
	}
	pick := func(ok bool, answer map[string]string) any {
		if ok {
			return answer
		}
		return map[string]string{}
	}

	t.Setenv("AWS_ACCESS_KEY_ID", "AKID")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	aws := serveCloud(t, &cloud{
		path: "/",
		admitted: func(r *http.Request) bool {
			return strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKID/") && strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/kms/") && r.Header.Get("X-Amz-Target") == "TrentService.Decrypt"
		},
		answer: func(in map[string]string) any {
			return pick(isSealed(in["CiphertextBlob"]) && in["KeyId"] == "arn:aws:kms:eu-central-1:1:key/k", map[string]string{"Plaintext": std.EncodeToString([]byte(key))})
		},
	})
	t.Setenv("AWS_ENDPOINT_URL_KMS", aws.URL)

	signing, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(signing)
	if err != nil {
		t.Fatal(err)
	}
	token := func(grant string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.FormValue(grant) == "" {
				w.WriteHeader(http.StatusBadRequest)
			}
			_, _ = w.Write([]byte(`{"access_token":"let me in","token_type":"Bearer","expires_in":3600}`))
		}
	}
	bearer := func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer let me in" }
	gcp := serveCloud(t, &cloud{
		path: "/v1/" + gcpKeyName + ":decrypt", admitted: bearer, tokens: token("assertion"),
		answer: func(in map[string]string) any {
			return pick(isSealed(in["ciphertext"]) && in["ciphertextCrc32c"] == sum([]byte(sealedText)), map[string]string{"plaintext": std.EncodeToString([]byte(key)), "plaintextCrc32c": sum([]byte(key))})
		},
	})
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "moorfast@example.org", "token_uri": gcp.URL + "/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file(t, string(account)))

	azure := func(tokens func(http.ResponseWriter, *http.Request)) *cloud {
		return serveCloud(t, &cloud{
			path: "/keys/k/1/decrypt", admitted: bearer, tokens: tokens,
			answer: func(in map[string]string) any {
				b, err := raw.DecodeString(in["value"])
				return pick(err == nil && string(b) == sealedText && in["alg"] == "RSA-OAEP-256", map[string]string{"value": raw.EncodeToString([]byte(key))})
			},
		})
	}
	secret, federated, machine := azure(token("client_secret")), azure(token("client_assertion")), azure(token("resource"))

	padded, plain := file(t, std.EncodeToString([]byte(sealedText))+"\n"), file(t, raw.EncodeToString([]byte(sealedText)))
	for _, c := range []struct {
		name, source string
		parse        func(string, Env) (*sealedKey, error)
		cloud        *cloud
		env          Env
	}{
		{"AWS", "awskms:arn:aws:kms:eu-central-1:1:key/k," + padded, awsKMS, aws, env()},
		{"Google", "gcpkms:" + gcpKeyName + "," + padded, gcpKMS, gcp, env(gcpOverride, gcp.URL)},
		{"Azure with a secret", "azurekv:" + secret.URL + "/keys/k/1," + plain, azureKV, secret, env("AZURE_AUTHORITY_HOST", secret.URL, "AZURE_TENANT_ID", "t", "AZURE_CLIENT_ID", "c", "AZURE_CLIENT_SECRET", "s")},
		{"Azure with a token of others", "azurekv:" + federated.URL + "/keys/k/1," + padded, azureKV, federated, env("AZURE_AUTHORITY_HOST", federated.URL, "AZURE_TENANT_ID", "t", "AZURE_CLIENT_ID", "c", "AZURE_FEDERATED_TOKEN_FILE", file(t, "of another"))},
		{"Azure by its machine", "azurekv:" + machine.URL + "/keys/k/1," + padded, azureKV, machine, env("AZURE_POD_IDENTITY_AUTHORITY_HOST", machine.URL)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := read(t, c.source, c.env); err != nil || got != key {
				t.Fatalf("%q, %v", got, err)
			}
			for _, f := range []struct {
				name     string
				statuses []int
				calls    int
				err      string
			}{
				{"it flaps", []int{503, 429, 500}, 4, ""},
				{"it is down", []int{503, 503, 503, 503, 200}, 4, "does not answer"},
				{"it refuses", []int{403}, 1, "refuses to decrypt"},
			} {
				c.cloud.statuses, c.cloud.calls = f.statuses, 0
				k, err := c.parse(strings.SplitN(c.source, ":", 2)[1], c.env)
				if err != nil {
					t.Fatal(err)
				}
				k.pause = time.Millisecond
				got, err := k.read()
				if c.cloud.calls != f.calls || (err == nil) != (f.err == "") || err == nil && string(got) != key || err != nil && !strings.Contains(err.Error(), f.err) {
					t.Errorf("%s: %q, %v after %d calls", f.name, got, err, c.cloud.calls)
				}
				if errors.Is(err, vault.ErrSourceDown) != (f.name == "it is down") {
					t.Errorf("%s: %v", f.name, err)
				}
				if err != nil && strings.Contains(err.Error(), std.EncodeToString([]byte(sealedText))[:8]) {
					t.Errorf("%s: the error repeats what was sent: %v", f.name, err)
				}
			}
			c.cloud.statuses = nil
			other := c.source[:strings.LastIndex(c.source, ",")+1]
			if got, err := read(t, other+file(t, std.EncodeToString([]byte("of another key"))), c.env); err == nil || got != "" {
				t.Errorf("another ciphertext: %q, %v", got, err)
			}
			if _, err := read(t, other+file(t, "it's no base64"), c.env); err == nil || !strings.Contains(err.Error(), "not in base64") {
				t.Errorf("no ciphertext: %v", err)
			}
		})
	}
}
