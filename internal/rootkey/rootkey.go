// Package rootkey finds the root key where an operator keeps it, and backs it up
// together with the keyring that it opens.
package rootkey

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"moorfast/internal/vault"
)

// Forms says how a source is written.
const Forms = "file:PATH, env:NAME, systemd:NAME, exec:COMMAND, age:FILE,IDENTITY, vault-transit:MOUNT/KEY,FILE, awskms:KEY,FILE, gcpkms:KEY,FILE or azurekv:KEY,FILE"

// Env is where the variables of a process are looked up.
type Env func(name string) (string, bool)

// Parse reads a source; see [Forms]. It does not repeat a text that is none,
// which may be the key itself.
func Parse(text string, env Env) (vault.Source, error) {
	kind, name, ok := strings.Cut(text, ":")
	parse, known := map[string]func(string, Env) (vault.Source, error){
		"file":          func(path string, _ Env) (vault.Source, error) { return vault.KeyFile(path), nil },
		"env":           variable,
		"systemd":       credential,
		"exec":          program,
		"age":           encrypted,
		"vault-transit": sealedBy("vault-transit", transit),
		"awskms":        sealedBy("awskms", awsKMS),
		"gcpkms":        sealedBy("gcpkms", gcpKMS),
		"azurekv":       sealedBy("azurekv", azureKV),
	}[kind]
	switch {
	case ok && name != "" && known:
		source, err := parse(name, env)
		if err != nil {
			return vault.Source{}, fmt.Errorf("key source %s: %w", kind, err)
		}
		return source, nil
	case kind == "pkcs11": // its modules are libraries in C
		return vault.Source{}, fmt.Errorf("key source %s: is not built, but exec:COMMAND can run a client of the token", kind)
	}
	return vault.Source{}, errors.New("it is not a key source: " + Forms + " (never the key itself)")
}

func variable(name string, env Env) (vault.Source, error) {
	var value vault.Secret
	if text, ok := env(name); ok {
		value = vault.Hide(text)
	}
	return vault.KeyText(name, value), nil
}

// credential is what systemd hands to a service (LoadCredential=,
// LoadCredentialEncrypted=): a file that only it can read, in memory.
func credential(name string, env Env) (vault.Source, error) {
	if name != filepath.Base(name) || name == "." || name == ".." {
		return vault.Source{}, errors.New("the name of a credential has no path in it")
	}
	dir, _ := env("CREDENTIALS_DIRECTORY")
	return vault.KeyFrom("systemd", name, func() ([]byte, error) {
		if dir == "" {
			return nil, errors.New("CREDENTIALS_DIRECTORY is not set: systemd sets it for a unit with LoadCredential=" + name)
		}
		return vault.ReadKey(filepath.Join(dir, name))
	}), nil
}

// pair splits a name at its comma.
func pair(name, form string) (first, second string, err error) {
	first, second, ok := strings.Cut(name, ",")
	if !ok || first == "" || second == "" {
		return "", "", errors.New("it is written " + form)
	}
	return first, second, nil
}
