package main

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"

	"moorfast/internal/config"
	"moorfast/internal/rootkey"
	"moorfast/internal/shamir"
	"moorfast/internal/vault"
)

// locked says how a backup of keys is encrypted, in one way of several.
type locked struct {
	passphrase string   // a source of it; asked for, where nothing else is said
	recipients []string // of age
	identity   string   // file of age
	shamir     string   // "3/5"
	shares     []string // files
}

// one refuses several ways at once.
func (w locked) one() error {
	n := 0
	for _, given := range []bool{w.passphrase != "", len(w.recipients) > 0, w.identity != "", w.shamir != "", len(w.shares) > 0} {
		if given {
			n++
		}
	}
	if n > 1 {
		return &usageError{errors.New("a backup is encrypted in one way: a passphrase, --age, or shares")}
	}
	return nil
}

// lock returns what a new backup is encrypted for, and the shares of what opens
// it, if that is split.
func (p *program) lock(c config.Config, w locked) (rootkey.Lock, []shamir.Share, error) {
	switch {
	case len(w.recipients) > 0:
		lock, err := rootkey.ForRecipients(w.recipients)
		if err != nil {
			return lock, nil, &usageError{fmt.Errorf("--age: %w", err)}
		}
		return lock, nil, nil
	case w.shamir != "":
		needed, all, err := ratio(w.shamir)
		if err != nil {
			return rootkey.Lock{}, nil, &usageError{err}
		}
		return rootkey.ForShares(needed, all)
	}
	passphrase, err := p.passphrase(c, w.passphrase, true)
	if err != nil {
		return rootkey.Lock{}, nil, err
	}
	lock, err := rootkey.ForPassphrase(passphrase)
	return lock, nil, err
}

// ratio reads how many of how many shares are needed.
func ratio(text string) (needed, all int, err error) {
	k, n, ok := strings.Cut(text, "/")
	needed, kerr := strconv.Atoi(k)
	all, nerr := strconv.Atoi(n)
	if !ok || kerr != nil || nerr != nil || needed < 2 || needed > all || all > shamir.MaxShares {
		return 0, 0, fmt.Errorf("--shamir is K/N, such as 3/5, with K from 2 to N and N up to %d", shamir.MaxShares)
	}
	return needed, all, nil
}

// opener returns what opens a backup. What of it is wrong is an answer to what was
// given, as a wrong passphrase is.
func (p *program) opener(c config.Config, w locked) (rootkey.Opener, error) {
	switch {
	case w.identity != "":
		f, err := os.Open(w.identity)
		if err != nil {
			return rootkey.Opener{}, err
		}
		defer f.Close()
		o, err := rootkey.WithIdentities(f)
		if err != nil {
			return o, &refusedError{fmt.Errorf("%s: %w", w.identity, err)}
		}
		return o, nil
	case len(w.shares) > 0:
		var all []shamir.Share
		for _, path := range w.shares {
			list, err := readShares(path)
			if err != nil {
				return rootkey.Opener{}, err
			}
			all = append(all, list...)
		}
		o, err := rootkey.WithShares(all)
		if err != nil {
			return o, &refusedError{err}
		}
		return o, nil
	}
	passphrase, err := p.passphrase(c, w.passphrase, false)
	if err != nil {
		return rootkey.Opener{}, err
	}
	return rootkey.WithPassphrase(passphrase)
}

func readShares(path string) ([]shamir.Share, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := rootkey.ReadShares(f)
	if err != nil {
		return nil, &refusedError{fmt.Errorf("%s: %w", path, err)}
	}
	return list, nil
}

// shareFile is where a share is written.
func shareFile(out string, i int) string { return out + ".share-" + strconv.Itoa(i+1) }

// writeAll writes a backup and the shares of what opens it: all of them or none.
func writeAll(out string, backup []byte, shares []shamir.Share) (err error) {
	var written []string
	defer func() {
		if err != nil {
			for _, path := range written {
				err = errors.Join(err, os.Remove(path))
			}
		}
	}()
	write := func(path string, data []byte) error {
		err := writeNew(path, data)
		if err == nil {
			written = append(written, path)
		}
		return err
	}
	if err := write(out, backup); err != nil {
		return err
	}
	for i, s := range shares {
		if err := write(shareFile(out, i), []byte(fmt.Sprintf("# moorfast, %v\n%s\n", s, s.Text()))); err != nil {
			return err
		}
	}
	return nil
}

// leastPassphrase is the shortest passphrase of a backup, in bytes: whoever finds
// the file may try as many as he likes.
const leastPassphrase = 12

// passphrase reads a passphrase from where it is, or asks for it.
func (p *program) passphrase(c config.Config, from string, fresh bool) (vault.Secret, error) {
	var text string
	switch in, ok := p.in.(*os.File); {
	case from != "":
		source, err := c.KeySource(from)
		if err != nil || source.Kind() != "file" && source.Kind() != "env" {
			return vault.Secret{}, &usageError{errors.New("--passphrase is file:PATH or env:NAME, never the passphrase itself")}
		}
		secret, err := source.Text()
		if err != nil {
			return vault.Secret{}, fmt.Errorf("read the passphrase from %v: it is not there, or can not be read", source)
		}
		text = secret.Reveal()
	case !ok || !p.terminal(in):
		return vault.Secret{}, &usageError{errors.New("without a terminal, --passphrase says where the passphrase is")}
	default:
		first, err := p.ask(in, "Passphrase: ")
		if err != nil {
			return vault.Secret{}, err
		}
		if fresh {
			again, err := p.ask(in, "Again: ")
			if err != nil {
				return vault.Secret{}, err
			}
			if subtle.ConstantTimeCompare(first, again) != 1 {
				return vault.Secret{}, errors.New("the two are not the same")
			}
		}
		text = string(first)
	}
	if fresh && len(text) < leastPassphrase {
		return vault.Secret{}, &refusedError{fmt.Errorf("the passphrase is shorter than %d bytes", leastPassphrase)}
	}
	if text == "" {
		return vault.Secret{}, &refusedError{errors.New("the passphrase is empty")}
	}
	return vault.Hide(text), nil
}

func (p *program) ask(in *os.File, what string) ([]byte, error) {
	fmt.Fprint(p.err, what)
	text, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(p.err)
	return text, err
}
