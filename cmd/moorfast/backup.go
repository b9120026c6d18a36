package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"moorfast/internal/config"
	"moorfast/internal/rootkey"
	"moorfast/internal/server"
	"moorfast/internal/upkeep"
)

func (p *program) keyExport() *cobra.Command {
	var out string
	var w locked
	cmd := &cobra.Command{
		Use:   "export --out FILE [--passphrase SOURCE | --age RECIPIENT… | --shamir K/N]",
		Short: "Back up the root key and the keyring, encrypted",
		Long: `Back up the root key and the keyring, encrypted in a file of age. It opens
everything that the installation has sealed until now, and what is sealed later in
projects that are there now. It only reads, and may run beside a server.

It is encrypted with a passphrase, or for recipients of age, any of whom opens it,
or with a key that is split into shares: --shamir 3/5 writes five beside FILE, any
three of which open it, and two say nothing of it.`,
		Example: `  moorfast key export --out keys.age
  moorfast key export --out keys.age --age age1pq1… --age age1pq1…
  moorfast key export --out keys.age --shamir 3/5`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return &usageError{errors.New("--out FILE says where to")}
			}
			if err := w.one(); err != nil {
				return err
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
			lock, shares, err := p.lock(c, w)
			if err != nil {
				return err
			}
			var sealed bytes.Buffer
			if err := b.Write(&sealed, lock); err != nil {
				return &usageError{err} // recipients that age does not mix
			}
			status, err := b.Check(cmd.Context())
			if err != nil {
				return err
			}
			// Nobody gets a copy of the keys without a record of it.
			if err := p.tell(cmd, c, server.Told{Event: "key.export", Resource: "instance/" + status.Instance}); err != nil {
				return err
			}
			if err := writeAll(out, sealed.Bytes(), shares); err != nil {
				return err
			}
			if err := upkeep.Note(c.Data, upkeep.Keys, upkeep.Deed{At: p.now(), Encrypted: true}); err != nil {
				fmt.Fprintf(p.err, "the export is done, and the doctor does not know of it: %v\n", err)
			}
			_, err = fmt.Fprintf(p.out, "%s has the root key of %v and the keyring. Keep it where the data is not, and what opens it elsewhere.\n", out, c.Key)
			for i := range shares {
				fmt.Fprintf(p.out, "%s  %v\n", shareFile(out, i), shares[i])
			}
			if len(shares) > 0 {
				fmt.Fprintln(p.out, "Give each share to somebody else, and remove it here.")
			}
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write, which must not be there")
	cmd.Flags().StringArrayVar(&w.recipients, "age", nil, "a recipient of age, who opens it with the identity; once for each")
	cmd.Flags().StringVar(&w.shamir, "shamir", "", "K/N: split what opens it into N shares, any K of which do")
	cmd.Flags().StringVar(&w.passphrase, "passphrase", "", "where the passphrase is: file:PATH or env:NAME (default: asked on the terminal)")
	return cmd
}

func (p *program) keyImport() *cobra.Command {
	var to string
	var w locked
	var dry bool
	cmd := &cobra.Command{
		Use:   "import FILE [--passphrase SOURCE | --identity FILE | --share FILE…]",
		Short: "Bring back a root key and a keyring from a backup",
		Long: `Bring back a root key and a keyring from a backup of moorfast key export, where
they are missing. Nothing that is there is overwritten.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := w.one(); err != nil {
				return err
			}
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			ring, where, err := ringOf(c)
			if err != nil {
				return err
			}
			opener, err := p.opener(c, w)
			if err != nil {
				return err
			}
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			b, err := rootkey.ReadBackup(f, opener)
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
	cmd.Flags().StringVar(&w.identity, "identity", "", "file of age with the identity of a recipient")
	cmd.Flags().StringArrayVar(&w.shares, "share", nil, "file with shares, one on a line; once for each file")
	cmd.Flags().StringVar(&w.passphrase, "passphrase", "", "where the passphrase is: file:PATH or env:NAME (default: asked on the terminal)")
	cmd.Flags().StringVar(&to, "key-file", "", "where to write the root key (default: where the settings name it)")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "open the backup, and change nothing")
	return cmd
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
