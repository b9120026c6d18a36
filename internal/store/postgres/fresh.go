package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Fresh reports whether the installation has stored nothing yet, so that a new
// keyring locks nothing out. It only reads.
func (r *Ring) Fresh(ctx context.Context) (fresh bool, err error) {
	err = r.connected(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT to_regclass($1) IS NULL`, r.schema+".migrations").Scan(&fresh)
	})
	return fresh, err
}
