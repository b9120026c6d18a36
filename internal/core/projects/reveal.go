package projects

import (
	"context"
	"errors"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/vault"
)

// KeySecret is the sealed copy of an API key's secret, which is kept only where
// the operator asked for that. Its id is that of the key.
type KeySecret struct {
	Seq       int64        `col:"seq"`
	ID        string       `col:"id"`
	CreatedAt int64        `col:"created_at"`
	UpdatedAt int64        `col:"updated_at"`
	Secret    vault.Secret `col:"secret"`
}

const secretTable = "api_key_secrets"

// SecretTables returns the statements that make the table of the sealed copies.
func SecretTables(d sqlb.Dialect) []string {
	return []string{
		"CREATE TABLE api_key_secrets (" + common(d) + ", secret " + d.Text() + ")",
		"CREATE UNIQUE INDEX api_key_secrets_id ON api_key_secrets (id)",
	}
}

// KeepSecret keeps a sealed copy of the secret of a key that is being added.
func KeepSecret(ctx context.Context, tx store.Tx, row *Key, secret string) error {
	return store.Insert(ctx, tx, secretTable, &KeySecret{ID: row.ID, CreatedAt: row.CreatedAt, UpdatedAt: row.CreatedAt, Secret: vault.Hide(secret)})
}

// Secret returns the secret of a key of which a copy is kept, or "".
func Secret(ctx context.Context, tx store.Tx, id string) (string, error) {
	row, err := store.Get[KeySecret](ctx, tx, secretTable, id)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return row.Secret.Reveal(), err
}

func dropSecret(ctx context.Context, tx store.Tx, id string) error {
	_, err := store.DeleteWhere(ctx, tx, secretTable, sqlb.Eq("id", id))
	return err
}

// DropSecrets removes the copies of a project, where none are to be kept any more.
func DropSecrets(ctx context.Context, db store.DB, project string) error {
	n := 0
	err := db.View(ctx, project, func(tx store.Tx) (err error) {
		n, err = store.Count(ctx, tx, secretTable, nil, 1)
		return err
	})
	if err != nil || n == 0 {
		return err
	}
	return db.Update(ctx, project, func(tx store.Tx) error {
		_, err := store.DeleteWhere(ctx, tx, secretTable, sqlb.Ge("seq", 0))
		return err
	})
}
