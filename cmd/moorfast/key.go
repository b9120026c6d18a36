package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"moorfast/internal/config"
	"moorfast/internal/store/postgres"
	"moorfast/internal/vault"
)

func (p *program) keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Look after the encryption keys"}
	group(cmd)
	cmd.AddCommand(p.keyStatus(), p.keyRotate(), p.keyFinalize(), p.keyVerify(), p.keyInventory(), p.keyExport(), p.keyImport())
	return cmd
}

// keyStatus is the answer of "key status", which with --json is an interface.
type keyStatus struct {
	Keyring  string             `json:"keyring"`
	Instance string             `json:"instance"`
	KEK      kekStatus          `json:"kek"`
	Roots    []vault.RootStatus `json:"roots"`
	DataKeys map[string]int     `json:"dataKeys"` // by state
	Projects int                `json:"projects"` // with keys that are not destroyed
}

// kekStatus is the root key that wraps new keys, and whether the one that is
// set opens the keyring.
type kekStatus struct {
	Fingerprint string    `json:"fingerprint"`
	State       string    `json:"state"` // "active", or "grace" while an old one opens the ring too
	Created     time.Time `json:"created"`
	Source      string    `json:"source"` // of the key that is set
	Opens       bool      `json:"opens"`
}

func (p *program) keyStatus() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say which keys there are, and whether the one that is set opens them",
		Long: `Say which keys there are, and whether the one that is set opens them.

It only reads, and may run beside a server. It exits with 78 if the key that is
set does not open the keyring.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			status, refused := p.readKeys(cmd.Context(), c)
			if status == nil {
				return refused
			}
			if asJSON {
				err = p.writeJSON(status)
			} else {
				err = p.writeKeys(status)
			}
			return errors.Join(err, refused)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// readKeys describes the keyring. With a status, the error is why the key that
// is set does not open it.
func (p *program) readKeys(ctx context.Context, c config.Config) (*keyStatus, error) {
	ring, where, err := ringOf(c)
	if err != nil {
		return nil, err
	}
	s, err := vault.Inspect(ctx, ring)
	if errors.Is(err, vault.ErrNoRing) {
		return nil, fmt.Errorf("there is no keyring in %s; the first moorfast serve makes one", where)
	}
	if err != nil {
		return nil, err
	}
	v, refused := vault.Open(ctx, vault.Options{Storage: ring, Source: c.Key, Now: p.now, AllowKnown: true})
	if refused == nil {
		defer v.Close()
	}
	active := s.Active()
	status := &keyStatus{
		Keyring: where, Instance: s.Instance, Roots: s.Roots, DataKeys: map[string]int{},
		KEK: kekStatus{active.Fingerprint, "active", active.Created, c.Key.String(), refused == nil},
	}
	for _, r := range s.Roots {
		if r.State == vault.Retiring {
			status.KEK.State = "grace"
		}
	}
	scopes := map[string]bool{}
	for _, k := range s.Keys {
		status.DataKeys[string(k.State)]++
		if k.State != vault.Destroyed {
			scopes[k.Scope] = true
		}
	}
	delete(scopes, "instance")
	status.Projects = len(scopes)
	return status, refused
}

func (p *program) writeKeys(s *keyStatus) error {
	opens := "opens the keyring"
	if !s.KEK.Opens {
		opens = "does not open the keyring"
	}
	_, err := fmt.Fprintf(p.out, `keyring    %s, of instance %s
root key   %s, %s since %s
source     %s %s
data keys  %d active, %d retiring, %d destroyed, for %d projects
`,
		s.Keyring, s.Instance, s.KEK.Fingerprint, s.KEK.State, s.KEK.Created.Format(time.DateOnly), s.KEK.Source, opens,
		s.DataKeys["active"], s.DataKeys["retiring"], s.DataKeys["destroyed"], s.Projects)
	return err
}

// ringOf returns the storage of the keyring, and its name for people.
func ringOf(c config.Config) (vault.Storage, string, error) {
	if !c.Postgres() {
		return vault.NewRingFile(c.RingPath()), c.RingPath(), nil
	}
	ring, err := postgres.NewRing(postgres.Options{URL: c.DB.Reveal()})
	return ring, "PostgreSQL", err
}

// openVault opens the keyring of an installation that was started once. What is
// what there is none of without it.
func (p *program) openVault(ctx context.Context, c config.Config, what string) (*vault.Vault, error) {
	ring, where, err := ringOf(c)
	if err != nil {
		return nil, err
	}
	v, err := vault.Open(ctx, vault.Options{Storage: ring, Source: c.Key, Now: p.now, AllowKnown: true})
	if errors.Is(err, vault.ErrNoRing) {
		return nil, fmt.Errorf("there is no keyring in %s, and so no %s; the first moorfast serve makes one", where, what)
	}
	return v, err
}
