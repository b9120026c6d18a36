package rootkey

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"moorfast/internal/vault"
)

// How long a start waits for the service of a key.
const (
	serviceTimeout = 5 * time.Second
	serviceTries   = 4
	firstPause     = 500 * time.Millisecond // twice as long after each try
	maxAnswer      = 64 << 10
)

// opener is a service that opens what was sealed with a key that never leaves it.
type opener interface {
	// open returns the plaintext. The error is [vault.ErrSourceDown] where trying
	// again may help, and says nothing that the service was sent.
	open(ctx context.Context, sealed []byte) ([]byte, error)
}

// sealedKey is a root key in a file that a service has sealed.
type sealedKey struct {
	file    string
	connect func(context.Context) (opener, error) // with what the environment says
	pause   time.Duration
}

// sealedBy is how a kind of such keys becomes a source.
func sealedBy(kind string, parse func(name string, env Env) (*sealedKey, error)) func(string, Env) (vault.Source, error) {
	return func(name string, env Env) (vault.Source, error) {
		k, err := parse(name, env)
		if err != nil {
			return vault.Source{}, err
		}
		k.pause = firstPause
		return vault.KeyService(kind, name, k.read), nil
	}
}

func (k *sealedKey) read() ([]byte, error) {
	sealed, err := vault.ReadKey(k.file)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	service, err := k.connect(ctx)
	if err != nil {
		return nil, err
	}
	pause := k.pause
	for try := 1; ; try++ {
		text, err := k.try(ctx, service, sealed)
		switch {
		case err == nil:
			return vault.TrimKey(text)
		case !errors.Is(err, vault.ErrSourceDown):
			return nil, fmt.Errorf("%s: %w", k.file, err)
		case try == serviceTries:
			return nil, err
		}
		time.Sleep(pause)
		pause *= 2
	}
}

func (k *sealedKey) try(ctx context.Context, service opener, sealed []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, serviceTimeout)
	defer cancel()
	text, err := service.open(ctx, sealed)
	if err == nil && len(text) == 0 {
		err = errors.New("the service answers without a plaintext")
	}
	return text, err
}

// ofStatus is what the status of an answer that is not 200 means. What it says
// besides may quote the request.
func ofStatus(status int) error {
	if status >= 500 || status == http.StatusTooManyRequests {
		return fmt.Errorf("%w: it answers %d", vault.ErrSourceDown, status)
	}
	return fmt.Errorf("the service refuses to decrypt it: %d", status)
}

// decoded is what a file has in base64, of either alphabet and padded or not, as
// the clients of the clouds write it.
func decoded(text []byte) ([]byte, error) {
	plain := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(strings.Join(strings.Fields(string(text)), "")), "=")
	sealed, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil || len(sealed) == 0 {
		return nil, errors.New("it is not in base64")
	}
	return sealed, nil
}
