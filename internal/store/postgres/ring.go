package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"moorfast/internal/store"
	"moorfast/internal/vault"
)

// A Ring keeps the vault's keyring on the server, where all nodes find it. The
// vault has to be open before the store is, so a Ring connects on its own.
type Ring struct {
	url           string
	schema, table string
}

var _ vault.Storage = (*Ring)(nil)

// NewRing returns the ring of the installation that o describes.
func NewRing(o Options) (*Ring, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	schema := `"` + schemaOf(store.Platform, o.Prefix) + `"`
	return &Ring{url: o.URL, schema: schema, table: schema + ".keyring"}, nil
}

// Load implements [vault.Storage].
func (r *Ring) Load(ctx context.Context) (data []byte, version int64, err error) {
	err = r.connected(ctx, func(conn *pgx.Conn) error {
		err := conn.QueryRow(ctx, `SELECT data, version FROM `+r.table).Scan(&data, &version)
		if errors.Is(err, pgx.ErrNoRows) || missing(err) {
			return nil
		}
		return err
	})
	return data, version, err
}

// Save implements [vault.Storage].
func (r *Ring) Save(ctx context.Context, data []byte, old int64) error {
	return r.connected(ctx, func(conn *pgx.Conn) error {
		if old == 0 {
			if err := r.create(ctx, conn); err != nil {
				return err
			}
		}
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			// The keys must outlast the server, however it treats other commits.
			if _, err := tx.Exec(ctx, `SET LOCAL synchronous_commit = on`); err != nil {
				return err
			}
			sql := `UPDATE ` + r.table + ` SET data = $1, version = version + 1 WHERE version = $2`
			if old == 0 {
				sql = `INSERT INTO ` + r.table + ` (one, data, version) SELECT 1, $1, 1 WHERE $2::bigint = 0 ON CONFLICT DO NOTHING`
			}
			tag, err := tx.Exec(ctx, sql, data, old)
			if missing(err) || err == nil && tag.RowsAffected() == 0 {
				return vault.ErrChanged
			}
			return err
		})
	})
}

// create makes the table, of which one row is all that fits.
func (r *Ring) create(ctx context.Context, conn *pgx.Conn) error {
	for _, sql := range []string{
		`CREATE SCHEMA IF NOT EXISTS ` + r.schema,
		`CREATE TABLE IF NOT EXISTS ` + r.table + ` (one BIGINT PRIMARY KEY CHECK (one = 1), data BYTEA NOT NULL, version BIGINT NOT NULL)`,
	} {
		_, err := conn.Exec(ctx, sql)
		if errors.Is(translate(ctx, err), store.ErrConflict) {
			_, err = conn.Exec(ctx, sql) // another node made it at the same time
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Ring) connected(ctx context.Context, fn func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, r.url)
	if err != nil {
		return fmt.Errorf("keyring: %w", translate(ctx, err))
	}
	err = fn(conn)
	// A connection that does not close well has done its work.
	_ = conn.Close(context.WithoutCancel(ctx))
	if err != nil {
		return fmt.Errorf("keyring: %w", err)
	}
	return nil
}

// missing tells whether an error says that there is no such schema or table.
func missing(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "3F000" || e.Code == "42P01")
}
