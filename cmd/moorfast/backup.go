package main

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"moorfast/internal/config"
	"moorfast/internal/rootkey"
	"moorfast/internal/server"
	"moorfast/internal/upkeep"
	"moorfast/internal/vault"
)

// leastPassphrase is the shortest passphrase of a backup, in bytes: whoever finds
// the file may try as many as he likes.
const leastPassphrase = 12

func (p *program) keyExport() *cobra.Command {
	var out, from string
	cmd := &cobra.Command{
		Use:   "export --out FILE",
		Short: "Back up the root key and the keyring, encrypted with a passphrase",
		Long: `Back up the root key and the keyring, encrypted with a passphrase, in a file of
age. It opens everything that the installation has sealed until now, and what is
sealed later in projects that are there now. It only reads, and may run beside a
server.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return &usageError{errors.New("--out FILE says where to")}
			}
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			ring, _, err := ringOf(c)
			if err != nil {
				return err
			}
			b, err := rootkey.MakeBackup(cmd.Context(), ring, c.Key, p.now())
			if err != nil {
				return err
			}
			passphrase, err := p.passphrase(c, from, true)
			if err != nil {
				return err
			}
			var sealed bytes.Buffer
			if err := b.Write(&sealed, passphrase); err != nil {
				return err
			}
			status, err := b.Check(cmd.Context())
			if err != nil {
				return err
			}
			// Nobody gets a copy of the keys without a record of it.
			if err := p.tell(cmd, c, server.Told{Event: "key.export", Resource: "instance/" + status.Instance}); err != nil {
				return err
			}
			if err := writeNew(out, sealed.Bytes()); err != nil {
				return err
			}
			if err := upkeep.Note(c.Data, upkeep.Keys, upkeep.Deed{At: p.now(), Encrypted: true}); err != nil {
				fmt.Fprintf(p.err, "the export is done, and the doctor does not know of it: %v\n", err)
			}
			_, err = fmt.Fprintf(p.out, "%s has the root key of %v and the keyring. Keep it where the data is not, and the passphrase elsewhere.\n", out, c.Key)
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write, which must not be there")
	cmd.Flags().StringVar(&from, "passphrase", "", "where the passphrase is: file:PATH or env:NAME (default: asked on the terminal)")
	return cmd
}

func (p *program) keyImport() *cobra.Command {
	var from, to string
	var dry bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Bring back a root key and a keyring from a backup",
		Long: `Bring back a root key and a keyring from a backup of moorfast key export, where
they are missing. Nothing that is there is overwritten.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			ring, where, err := ringOf(c)
			if err != nil {
				return err
			}
			passphrase, err := p.passphrase(c, from, false)
			if err != nil {
				return err
			}
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			b, err := rootkey.ReadBackup(f, passphrase)
			if err != nil {
				return &refusedError{fmt.Errorf("%s: %w", args[0], err)}
			}
			status, err := b.Check(cmd.Context())
			if err != nil {
				return err
			}
			if to == "" {
				if to = c.Key.Path(); to == "" {
					to = filepath.Join(filepath.Dir(c.RingPath()), "master.key")
				}
			}
			if dry {
				_, err := fmt.Fprintf(p.out, "%s is of %s, of %s: the root key %s would go to %s and the keyring to %s; nothing was changed\n",
					args[0], status.Instance, b.Made.Format("2006-01-02"), status.Active().Fingerprint, to, where)
				return err
			}
			// The key first: a keyring without it is a start that is refused.
			if err := writeKey(to, b.Key); err != nil {
				return err
			}
			if err := b.Restore(cmd.Context(), ring); err != nil {
				return err
			}
			if err := p.tell(cmd, c, server.Told{Event: "key.import", Resource: "instance/" + status.Instance}); err != nil {
				fmt.Fprintf(p.err, "the import is done, and not in the audit log: %v\n", err)
			}
			_, err = fmt.Fprintf(p.out, "root key  %s, in %s\nkeyring   %s, of %s\n", status.Active().Fingerprint, to, where, b.Made.Format("2006-01-02"))
			return err
		},
	}
	cmd.Flags().StringVar(&from, "passphrase", "", "where the passphrase is: file:PATH or env:NAME (default: asked on the terminal)")
	cmd.Flags().StringVar(&to, "key-file", "", "where to write the root key (default: where the settings name it)")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "open the backup, and change nothing")
	return cmd
}

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

// writeNew writes a file that was not there, for its owner only, and returns when
// it is on the disk.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// writeKey writes a root key where none is, or the same.
func writeKey(path, key string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	err := writeNew(path, []byte(key+"\n"))
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	there, err := os.ReadFile(path)
	if err == nil && strings.TrimRight(string(there), "\r\n") != key {
		err = fmt.Errorf("%s has another key, which is left alone: move it away, or name another place with --key-file", path)
	}
	return err
}
