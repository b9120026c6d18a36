package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"moorfast/internal/config"
	"moorfast/internal/core/keyring"
	"moorfast/internal/server"
	"moorfast/internal/vault"
)

func (p *program) keyRotate() *cobra.Command {
	h := &host{program: p}
	var to string
	var data, tokens, compromised bool
	cmd := &cobra.Command{
		Use:   "rotate --to SOURCE | --data-keys [--compromised] | --tokens",
		Short: "Change the root key, the data keys, or those of tokens",
		Long: `Change keys while the server runs, or without it.

--to makes another key the root key: file:PATH, which is made with a new key if
it is not there, or any other source of --key. Every data key is wrapped again in
one step. Both keys open the keyring until moorfast key finalize.

--data-keys seals everything with new data keys, and destroys the old ones when
nothing names them any more. Interrupted, it goes on when it is called again, and
when a server starts.

--data-keys --compromised is for when others may have the keys: it stores the
bodies of all files again under new keys, too, which takes as long as copying them,
and changes the keys that sign tokens.

--tokens changes the keys that sign tokens. All tokens of before are refused from
then on: JWTs, ephemeral keys, and tokens of files. Sessions and API keys stay.`,
		Example: `  moorfast key rotate --to file:/etc/moorfast/root-2.key
  moorfast key rotate --data-keys --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n := 0
			for _, given := range []bool{to != "", data, tokens} {
				if given {
					n++
				}
			}
			if n != 1 {
				return &usageError{errors.New("one of --to, --data-keys and --tokens says what to change")}
			}
			if compromised && !data {
				return &usageError{errors.New("--compromised belongs to --data-keys")}
			}
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			if to != "" {
				return p.rotateRoot(cmd, h, c, to)
			}
			if tokens || compromised {
				if err := h.confirm("every token that was signed before is refused from now on"); err != nil {
					return err
				}
			}
			return p.renewKeys(cmd, h, c, server.Renew{Tokens: tokens, Compromised: compromised, Dry: h.dry})
		},
	}
	h.flags(cmd, true)
	cmd.Flags().StringVar(&to, "to", "", "where the new root key is")
	cmd.Flags().BoolVar(&data, "data-keys", false, "new keys for what is sealed")
	cmd.Flags().BoolVar(&compromised, "compromised", false, "others may have the keys: store files again, too, and end what was signed")
	cmd.Flags().BoolVar(&tokens, "tokens", false, "new keys for what is signed, which ends what was")
	return cmd
}

func (p *program) rotateRoot(cmd *cobra.Command, h *host, c config.Config, to string) error {
	change := server.KeyChange{To: to, Dry: h.dry}
	if path, ok := strings.CutPrefix(to, "file:"); ok && path != "" {
		// The server, which has to read it at its next start, makes it.
		abs, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		change.To, change.File = "file:"+abs, abs
	} else {
		source, err := c.KeySource(to)
		if err != nil {
			return &usageError{fmt.Errorf("--to: %w", err)}
		}
		text, err := source.Text()
		if err != nil {
			return err
		}
		change.To, change.Text = source.String(), text.Reveal()
	}
	var done vault.Changed
	if err := h.run(cmd.Context(), c, "key.rotate", change, &done); err != nil {
		return err
	}
	if h.json {
		return p.writeJSON(done)
	}
	var err error
	switch {
	case done.Done:
		_, err = fmt.Fprintf(p.out, "%s is the root key already\n", done.To)
	case h.dry:
		_, err = fmt.Fprintf(p.out, "%d data keys would be wrapped again: %s in place of %s; nothing was changed\n", done.Keys, done.To, done.From)
	default:
		_, err = fmt.Fprintf(p.out, `%s is the root key now, in place of %s: %d data keys were wrapped again.
Both open the keyring. To give up the old one:
  1. back up the new key
  2. name it in the settings: MOORFAST_KEY=%s
  3. start the server anew, every one of them where several share a database
  4. moorfast key finalize
`, done.To, done.From, done.Keys, change.To)
	}
	return err
}

func (p *program) renewKeys(cmd *cobra.Command, h *host, c config.Config, in server.Renew) error {
	var done keyring.Renewal
	err := h.run(cmd.Context(), c, "key.renew", in, &done)
	if err != nil && len(done.Findings) == 0 {
		return err
	}
	switch {
	case h.json:
		return errors.Join(p.writeJSON(done), err)
	case in.Tokens && in.Dry:
		fmt.Fprintf(p.out, "%d projects would get new keys for tokens; nothing was changed\n", done.Projects)
	case in.Tokens:
		fmt.Fprintf(p.out, "%d projects have new keys for tokens: what was signed before is refused\n", done.Projects)
	case in.Compromised && in.Dry:
		fmt.Fprintf(p.out, "%d values would be sealed with new keys for %d projects, %d parts of files stored again, %d keys destroyed, and all tokens refused; nothing was changed\n", done.Values, done.Projects, done.Bodies, done.Destroyed)
	case in.Dry:
		fmt.Fprintf(p.out, "%d values would be sealed with new keys for %d projects, and %d keys destroyed; nothing was changed\n", done.Values, done.Projects, done.Destroyed)
	default:
		fmt.Fprintf(p.out, "%d projects have new keys, %d values were sealed again, and %d old keys were destroyed\n", done.Projects, done.Values, done.Destroyed)
	}
	if in.Compromised && !in.Dry {
		fmt.Fprintf(p.out, "%d parts of files were stored again, %d bytes; what was signed before is refused\n", done.Bodies, done.Bytes)
	}
	p.writeFindings(done.Findings, int64(len(done.Findings)))
	return err
}

func (p *program) writeFindings(list []keyring.Finding, all int64) {
	for _, f := range list {
		fmt.Fprintf(p.out, "FAIL %v does not open; it names key %s\n", f.Place, f.Key)
	}
	if more := all - int64(len(list)); more > 0 {
		fmt.Fprintf(p.out, "FAIL %d more\n", more)
	}
}

func (p *program) keyFinalize() *cobra.Command {
	h := &host{program: p}
	var force bool
	var remove string
	cmd := &cobra.Command{
		Use:   "finalize",
		Short: "Give up the old root key after a change",
		Long: `Give up the old root key after a change: from then on the new one alone opens
the keyring. The settings have to name the new one, so that the next start finds
the door open.

--remove FILE removes the file of the old key, too, once nothing but backups of
before needs it. It removes the file of no other key. Interrupted, it goes on when
it is called again.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			if err := h.confirm("the old root key will not open the keyring any more"); err != nil {
				return err
			}
			var done server.Finalized
			if err := h.run(cmd.Context(), c, "key.finalize", server.Finalize{Force: force, Dry: h.dry}, &done); err != nil {
				return err
			}
			var gone server.Discarded
			if remove != "" && !h.dry {
				path, err := filepath.Abs(remove)
				if err != nil {
					return err
				}
				if err := h.run(cmd.Context(), c, "key.discard", server.Discard{File: path}, &gone); err != nil {
					return err
				}
			}
			switch {
			case h.json:
				return p.writeJSON(struct {
					server.Finalized
					Removed string `json:"removed,omitempty"` // fingerprint of the key whose file is gone
				}{done, gone.Fingerprint})
			case len(done.Gone) == 0:
				fmt.Fprintf(p.out, "%s is the only root key\n", done.Active)
			case h.dry:
				fmt.Fprintf(p.out, "%s would not open the keyring any more; nothing was changed\n", strings.Join(done.Gone, ", "))
			default:
				fmt.Fprintf(p.out, "%s is the only root key; %s opens nothing but backups of before\n", done.Active, strings.Join(done.Gone, ", "))
			}
			if gone.Fingerprint != "" {
				fmt.Fprintf(p.out, "%s, which had %s, is removed\n", remove, gone.Fingerprint)
			}
			return nil
		},
	}
	h.flags(cmd, true)
	cmd.Flags().StringVar(&remove, "remove", "", "file of the old key, which is removed")
	cmd.Flags().BoolVar(&force, "force", false, "although the settings do not name the new root key")
	return cmd
}

func (p *program) keyVerify() *cobra.Command {
	h := &host{program: p}
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Open everything that is sealed, and say what does not open",
		Long:  "Open everything that is sealed in every project, and say what does not open. It\nexits with 1 if anything does not.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			var r keyring.Report
			if err := h.run(cmd.Context(), c, "key.verify", nil, &r); err != nil {
				return err
			}
			if h.json {
				err = p.writeJSON(r)
			} else {
				p.writeFindings(r.Findings, r.Refused)
				for _, id := range r.Damaged {
					fmt.Fprintf(p.out, "FAIL data key %s does not unwrap\n", id)
				}
				_, err = fmt.Fprintf(p.out, "%d values, of which %d do not open\n", r.Values, r.Refused)
			}
			if err == nil && !r.Sound() {
				err = errFindings
			}
			return err
		},
	}
	h.flags(cmd, false)
	return cmd
}

func (p *program) keyInventory() *cobra.Command {
	h := &host{program: p}
	var cbom bool
	cmd := &cobra.Command{
		Use:   "inventory",
		Short: "List the keys, and how many values each has sealed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			var list keyring.Inventory
			if err := h.run(cmd.Context(), c, "key.inventory", nil, &list); err != nil {
				return err
			}
			switch {
			case cbom:
				return p.writeJSON(billOfKeys(readVersion(), list, p.now()))
			case h.json:
				return p.writeJSON(list)
			}
			w := tabwriter.NewWriter(p.out, 0, 8, 2, ' ', 0)
			for _, r := range list.Roots {
				fmt.Fprintf(w, "%s\troot\t\t\t%s\t%s\n", r.Fingerprint, r.State, r.Created.Format("2006-01-02"))
			}
			for _, k := range list.Keys {
				fmt.Fprintf(w, "%s\t%s\t%s\tv%d\t%s\t%s\t%d values\n", k.ID, k.Scope, k.Purpose, k.Version, k.State, k.Created.Format("2006-01-02"), k.Values)
			}
			if list.Unknown > 0 {
				fmt.Fprintf(w, "FAIL %d values name keys that there are not\n", list.Unknown)
			}
			return w.Flush()
		},
	}
	h.flags(cmd, false)
	cmd.Flags().BoolVar(&cbom, "cbom", false, "as CycloneDX 1.6, with the algorithms that are used (a CBOM)")
	return cmd
}
