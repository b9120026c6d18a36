package rootkey

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"moorfast/internal/shamir"
	"moorfast/internal/vault"
)

// Lock is what a backup is encrypted for.
type Lock struct{ to []age.Recipient }

// Opener is what opens a backup.
type Opener struct{ with []age.Identity }

// ForPassphrase locks a backup with a passphrase.
func ForPassphrase(passphrase vault.Secret) (Lock, error) {
	to, err := age.NewScryptRecipient(passphrase.Reveal())
	return Lock{[]age.Recipient{to}}, err
}

// ForRecipients locks a backup for the holders of identities of age, any of whom
// opens it. A recipient is public: "age1…".
func ForRecipients(list []string) (Lock, error) {
	var l Lock
	for _, text := range list {
		to, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil || len(to) != 1 {
			return Lock{}, fmt.Errorf("%.100q is not a recipient of age, which begins with age1", text)
		}
		l.to = append(l.to, to...)
	}
	if len(l.to) == 0 {
		return Lock{}, errors.New("a recipient is needed")
	}
	return l, nil
}

// shareWork is the work factor of a passphrase that is 256 random bits, which no
// work makes stronger.
const shareWork = 10

// ForShares locks a backup with a key of its own, and returns the shares of that,
// of which threshold open it.
func ForShares(threshold, shares int) (Lock, []shamir.Share, error) {
	key := make([]byte, shamir.SecretSize)
	rand.Read(key)
	defer clear(key)
	list, err := shamir.Split(key, threshold, shares)
	if err != nil {
		return Lock{}, nil, err
	}
	to, err := age.NewScryptRecipient(sharedPassphrase(key))
	if err != nil {
		return Lock{}, nil, err
	}
	to.SetWorkFactor(shareWork)
	return Lock{[]age.Recipient{to}}, list, nil
}

// sharedPassphrase is the passphrase that a key which was split stands for.
func sharedPassphrase(key []byte) string { return base64.RawURLEncoding.EncodeToString(key) }

// maxWork bounds what a file can make opening it cost: some seconds.
const maxWork = 22

// WithPassphrase opens what [ForPassphrase] has locked.
func WithPassphrase(passphrase vault.Secret) (Opener, error) {
	id, err := age.NewScryptIdentity(passphrase.Reveal())
	if err != nil {
		return Opener{}, err
	}
	id.SetMaxWorkFactor(maxWork)
	return Opener{[]age.Identity{id}}, nil
}

// WithIdentities opens what [ForRecipients] has locked, with one of the identities
// of a file of age.
func WithIdentities(file io.Reader) (Opener, error) {
	list, err := age.ParseIdentities(io.LimitReader(file, maxFile))
	if err != nil { // which may quote one
		return Opener{}, errors.New("it has no identity of age that can be read")
	}
	return Opener{list}, nil
}

// WithShares opens what [ForShares] has locked.
func WithShares(list []shamir.Share) (Opener, error) {
	key, err := shamir.Combine(list)
	if err != nil {
		return Opener{}, err
	}
	defer clear(key)
	return WithPassphrase(vault.Hide(sharedPassphrase(key)))
}

// ReadShares reads shares from a file, one on a line; empty lines, and those that
// begin with "#", do not count.
func ReadShares(file io.Reader) ([]shamir.Share, error) {
	var list []shamir.Share
	lines := bufio.NewScanner(io.LimitReader(file, maxFile))
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		s, err := shamir.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		list = append(list, s)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("there is no share in it")
	}
	return list, nil
}
