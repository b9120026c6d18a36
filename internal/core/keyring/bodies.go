package keyring

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"moorfast/internal/vault"
)

// Bodies is what is sealed with keys that are values themselves: the parts of
// files.
type Bodies interface {
	// SealedIn returns where those keys are.
	SealedIn() (table, column string)
	// Rekey stores the bodies again, each under a new key, whose keys begin with a
	// prefix. It tells of each that was stored, by the id of its row, and of each
	// that does not open and is left as it is.
	Rekey(ctx context.Context, project, prefix string, tell func(row string, bytes int64, refused error) error) error
}

// Replace is [Keyring.Renew] for keys that others may have. Who has them has the
// keys of bodies, too, so that those are stored again, and what was signed with
// the keys of tokens is refused from then on.
func (k *Keyring) Replace(ctx context.Context, tell Tell) (*Renewal, error) {
	return k.renew(ctx, k.Vault.Compromised, tell)
}

// leaked are the prefixes of those keys that others may have, by project.
func leaked(keys []vault.KeyStatus) (map[string][]string, error) {
	return prefixesOf(slices.DeleteFunc(slices.Clone(keys), func(key vault.KeyStatus) bool { return !key.Compromised }))
}

// ofBody reports whether a value is the key of a body.
func (k *Keyring) ofBody(v value) bool {
	table, column := k.Bodies.SealedIn()
	return v.table == table && v.column == column
}

// rekey stores the bodies of a project again.
func (k *Keyring) rekey(ctx context.Context, project string, prefixes []string, r *Renewal, p *pace) error {
	if err := k.exists(ctx, project); errors.Is(err, errGone) {
		return nil
	} else if err != nil {
		return err
	}
	table, column := k.Bodies.SealedIn()
	for _, prefix := range prefixes {
		err := k.Bodies.Rekey(ctx, project, prefix, func(row string, bytes int64, refused error) error {
			if refused != nil {
				r.find(Finding{Place{project, table, column, row}, vault.KeyOf(prefix)})
				return k.rest(ctx, p)
			}
			r.Bodies++
			r.Bytes += bytes
			p.add(project, 1)
			k.step(StepRekeyed)
			return k.rest(ctx, p)
		})
		if err != nil {
			return fmt.Errorf("store the files of project %s again: %w", project, err)
		}
	}
	return nil
}
