package rootkey

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"
	"filippo.io/age/armor"

	"moorfast/internal/vault"
)

// maxFile bounds what is read of a file with an encrypted key, or an identity.
const maxFile = 64 << 10

// encrypted is a key in a file of age, opened with an identity of another file.
func encrypted(name string, _ Env) (vault.Source, error) {
	file, identity, err := pair(name, "age:FILE,IDENTITY")
	if err != nil {
		return vault.Source{}, err
	}
	return vault.KeyFrom("age", name, func() ([]byte, error) {
		ids, err := os.Open(identity)
		if err != nil {
			return nil, err
		}
		defer ids.Close()
		list, err := age.ParseIdentities(io.LimitReader(ids, maxFile))
		if err != nil {
			return nil, fmt.Errorf("%s has no identity of age that can be read", identity)
		}
		sealed, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer sealed.Close()
		text, err := decrypt(io.LimitReader(sealed, maxFile), vault.MaxKeyText+1, list...)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", file, err)
		}
		return vault.TrimKey(text)
	}), nil
}

// decrypt opens a file of age, armored or not.
func decrypt(src io.Reader, most int64, ids ...age.Identity) ([]byte, error) {
	all, err := io.ReadAll(src)
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(unarmor(all), ids...)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(text)) > most {
		err = errors.New("it is longer than it can be")
	}
	return text, err
}

// unarmor reads a file of age in either of its forms.
func unarmor(all []byte) io.Reader {
	if bytes.HasPrefix(bytes.TrimSpace(all), []byte(armor.Header)) {
		return armor.NewReader(bytes.NewReader(all))
	}
	return bytes.NewReader(all)
}
