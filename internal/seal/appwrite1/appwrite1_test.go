package appwrite1_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"moorfast/internal/seal/appwrite1"
	"moorfast/internal/vault"
)

type vector struct {
	Size           int
	Algorithm, Key string
	OpenSSLVersion string
	OpenSSLCipher  string
	OpenSSLIV      string
	OpenSSLTag     string
	Stored, Sha256 string
}

func (v vector) sealed() appwrite1.Sealed {
	return appwrite1.Sealed{Version: v.OpenSSLVersion, Cipher: v.OpenSSLCipher, IV: v.OpenSSLIV, Tag: v.OpenSSLTag}
}

func vectors(t testing.TB) (all []vector) {
	t.Helper()
	data, err := os.ReadFile("testdata/file.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("there are no vectors")
	}
	return all
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		plain, err := v.sealed().Open(vault.Hide(v.Key), iotest.HalfReader(strings.NewReader(v.Stored)))
		if err != nil {
			t.Errorf("%d bytes, %s: %v", v.Size, v.Algorithm, err)
			continue
		}
		if v.Algorithm == "gzip" {
			z, err := gzip.NewReader(bytes.NewReader(plain))
			if err != nil {
				t.Fatal(err)
			}
			if plain, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if sum := sha256.Sum256(plain); hex.EncodeToString(sum[:]) != v.Sha256 || len(plain) != v.Size {
			t.Errorf("%d bytes, %s: other bytes", v.Size, v.Algorithm)
		}
	}
}

// A key shorter than 16 bytes is filled with zero bytes, and of a longer one the
// rest does not count.
func TestOnly16BytesOfTheKeyCount(t *testing.T) {
	v := vectors(t)[0]
	if _, err := v.sealed().Open(vault.Hide(v.Key[:16]), strings.NewReader(v.Stored)); err != nil {
		t.Error(err)
	}
	if _, err := v.sealed().Open(vault.Hide(v.Key[:15]), strings.NewReader(v.Stored)); !errors.Is(err, appwrite1.ErrRefused) {
		t.Error(err)
	}
	for _, vv := range vectors(t) {
		if len(vv.Key) < 16 {
			if _, err := vv.sealed().Open(vault.Hide(vv.Key+"\x00"), strings.NewReader(vv.Stored)); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	v := vectors(t)[2]
	flipped := []byte(v.Stored)
	flipped[3] ^= 1
	for _, c := range []struct {
		name string
		edit func(*appwrite1.Sealed)
		key  string
		body string
		want error
	}{
		{"another version", func(s *appwrite1.Sealed) { s.Version = "2" }, v.Key, v.Stored, appwrite1.ErrFormat},
		{"another cipher", func(s *appwrite1.Sealed) { s.Cipher = "aes-128-cbc" }, v.Key, v.Stored, appwrite1.ErrFormat},
		{"no vector", func(s *appwrite1.Sealed) { s.IV = "" }, v.Key, v.Stored, appwrite1.ErrFormat},
		{"a tag that was cut", func(s *appwrite1.Sealed) { s.Tag = s.Tag[:16] }, v.Key, v.Stored, appwrite1.ErrFormat},
		{"a tag that is none", func(s *appwrite1.Sealed) { s.Tag = "zz" }, v.Key, v.Stored, appwrite1.ErrFormat},
		{"another tag", func(s *appwrite1.Sealed) { s.Tag = strings.Repeat("0", 32) }, v.Key, v.Stored, appwrite1.ErrRefused},
		{"another vector", func(s *appwrite1.Sealed) { s.IV = strings.Repeat("0", 24) }, v.Key, v.Stored, appwrite1.ErrRefused},
		{"another key", nil, "another", v.Stored, appwrite1.ErrRefused},
		{"no key", nil, "", v.Stored, appwrite1.ErrRefused},
		{"a body that was cut", nil, v.Key, v.Stored[:4], appwrite1.ErrRefused},
		{"an empty body", nil, v.Key, "", appwrite1.ErrRefused},
		{"a body that was changed", nil, v.Key, string(flipped), appwrite1.ErrRefused},
		{"a body that is not base64", nil, v.Key, "~" + v.Stored, appwrite1.ErrRefused},
		{"a body that is too large", nil, v.Key, strings.Repeat("A", appwrite1.MaxFile+4), appwrite1.ErrTooLarge},
	} {
		s := v.sealed()
		if c.edit != nil {
			c.edit(&s)
		}
		if got, err := s.Open(vault.Hide(c.key), strings.NewReader(c.body)); !errors.Is(err, c.want) || got != nil {
			t.Errorf("%s: %d bytes, %v, want %v", c.name, len(got), err, c.want)
		}
	}
	broken := errors.New("broken")
	if _, err := v.sealed().Open(vault.Hide(v.Key), iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.OpenSSLIV, v.OpenSSLTag, v.Stored)
	}
	f.Fuzz(func(t *testing.T, iv, tag, body string) {
		s := appwrite1.Sealed{Version: "1", Cipher: "aes-128-gcm", IV: iv, Tag: tag}
		if got, err := s.Open(vault.Hide("a key that sealed nothing"), strings.NewReader(body)); err == nil {
			t.Errorf("%d bytes were opened", len(got))
		}
	})
}
