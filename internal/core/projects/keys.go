package projects

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"moorfast/internal/apierr"
	"moorfast/internal/core/listing"
	"moorfast/internal/id"
	"moorfast/internal/identity"
	"moorfast/internal/project"
	"moorfast/internal/query"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// keyUse names what the hash of a key's secret is for, at the vault.
const keyUse = "api-key"

// Key returns the API key that a secret is, or nil where it is none of the
// project's. The secret is not looked for: its keyed hash is.
func (p *Projects) Key(ctx context.Context, project, secret string) (*identity.APIKey, error) {
	hash, err := p.vault.Lookup(project, keyUse, secret)
	if err != nil {
		return nil, err
	}
	return p.keys.Get(keyName{project, hash}, func() (found *identity.APIKey, err error) {
		err = p.db.View(ctx, project, func(tx store.Tx) error {
			row, err := store.Find[Key](ctx, tx, keyTable, sqlb.Eq("hash", hash))
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			found = row.key()
			return err
		})
		return found, err
	})
}

func (k Key) key() *identity.APIKey {
	found := &identity.APIKey{ID: k.ID, Scopes: k.Scopes, AccessedAt: time.UnixMicro(k.AccessedAt), SDKs: k.SDKs}
	if k.ExpiresAt != 0 {
		found.ExpiresAt = time.UnixMicro(k.ExpiresAt)
	}
	for _, network := range k.Networks {
		prefix, err := netip.ParsePrefix(network)
		if err != nil { // a key that is bound to what nobody can read is bound to nothing
			prefix = netip.Prefix{}
		}
		found.Networks = append(found.Networks, prefix)
	}
	return found
}

// NewKey mints the secret of a key, which nobody will see again, and puts its
// hash and its tail into the row.
func (p *Projects) NewKey(project string, row *Key) (secret string, err error) {
	secret = "standard_" + id.Secret(128)
	row.Tail = secret[len(secret)-4:]
	row.Hash, err = p.vault.Lookup(project, keyUse, secret)
	return secret, err
}

// Masked shows which key a row is, and nothing that could be used.
func (k Key) Masked() string { return "standard_••••" + k.Tail }

// InsertKey adds a key.
func (p *Projects) InsertKey(ctx context.Context, tx store.Tx, row *Key) error {
	p.keyChanged(tx, row.Hash)
	err := store.Insert(ctx, tx, keyTable, row)
	if errors.Is(err, store.ErrConflict) {
		return apierr.KeyAlreadyExists.Because(err)
	}
	return err
}

// GetKey returns a key of the project that tx is in.
func GetKey(ctx context.Context, tx store.Tx, id string) (Key, error) {
	row, err := store.Get[Key](ctx, tx, keyTable, id)
	if errors.Is(err, store.ErrNotFound) {
		return row, apierr.KeyNotFound.Because(err)
	}
	return row, err
}

// UpdateKey stores a changed key. Requests see the change from then on.
func (p *Projects) UpdateKey(ctx context.Context, tx store.Tx, row *Key) error {
	p.keyChanged(tx, row.Hash)
	return store.Update(ctx, tx, keyTable, row)
}

// BindKey binds a key to networks; none is a key for everywhere.
func (p *Projects) BindKey(ctx context.Context, tx store.Tx, id string, networks []netip.Prefix) (Key, error) {
	row, err := GetKey(ctx, tx, id)
	if err != nil {
		return row, err
	}
	row.Networks = []string{}
	for _, n := range networks {
		row.Networks = append(row.Networks, n.String())
	}
	return row, p.UpdateKey(ctx, tx, &row)
}

// DeleteKey removes a key, which is worth nothing from then on.
func (p *Projects) DeleteKey(ctx context.Context, tx store.Tx, id string) error {
	row, err := GetKey(ctx, tx, id)
	if err != nil {
		return err
	}
	p.keyChanged(tx, row.Hash)
	if err := dropSecret(ctx, tx, id); err != nil {
		return err
	}
	return store.Delete(ctx, tx, keyTable, id)
}

func (p *Projects) keyChanged(tx store.Tx, hash string) {
	name := keyName{tx.Project(), hash}
	tx.OnCommit(func() { p.keys.Drop(name) })
}

// ListKeys reads a page of the keys of the project that tx is in.
func ListKeys(ctx context.Context, tx store.Tx, page listing.Page) ([]Key, int, error) {
	page.Limit = listing.MaxTotal
	return listing.Read[Key](ctx, tx, listing.Table{
		Name: keyTable, Resource: "Key",
		Columns: map[string]listing.Column{
			"name":       {Name: "name", Type: query.Text},
			"expire":     {Name: "expires_at", Type: query.Datetime},
			"accessedAt": {Name: "accessed_at", Type: query.Datetime},
			"scopes":     {Name: "scopes", Type: query.Text, Array: true},
		},
	}, page)
}

// serverSDKs are the names by which server SDKs call themselves, and which a
// key remembers.
var serverSDKs = []string{"node.js", "deno", "php", "python", "ruby", "go", "dotnet", ".NET", "dart", "kotlin", "swift", "rust", "cli"}

// touchKey notes that a key was used, and by which SDK.
func (p *Projects) touchKey(ctx context.Context, used *project.Project, key *identity.APIKey, sdk string, now time.Time) {
	another := slices.Contains(serverSDKs, sdk) && !slices.Contains(key.SDKs, sdk)
	if now.Sub(key.AccessedAt) <= stampLife && !another || key.ID == "" {
		return
	}
	p.note(p.db.Update(ctx, used.ID, func(tx store.Tx) error {
		row, err := GetKey(ctx, tx, key.ID)
		if errors.Is(err, apierr.KeyNotFound) {
			return nil // deleted meanwhile
		}
		if err != nil {
			return err
		}
		row.AccessedAt = now.UnixMicro()
		if another {
			row.SDKs = append(row.SDKs, sdk)
		}
		return p.UpdateKey(ctx, tx, &row)
	}), used.ID)
}
