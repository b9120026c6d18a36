package keyring

import (
	"context"
	"fmt"
	"strings"

	"moorfast/internal/store"
)

// Legacy lists the columns, as "table.column", of the database that tx is in which
// hold texts as Appwrite seals them: JSON that names AES-128. Rows of users are not
// looked at, who may store such texts for reasons of their own.
func Legacy(ctx context.Context, tx store.Tx) (found []string, err error) {
	list, err := tables(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, t := range list {
		if t.id != "id" { // rows of users have another
			continue
		}
		marks := make([]string, len(t.texts))
		for i, column := range t.texts {
			name := tx.Dialect().Name(column)
			marks[i] = `max(CASE WHEN substr(` + name + `, 1, 9) = '{"data":"' AND ` + name + ` LIKE '%"method":"aes-128-gcm"%' THEN 1 ELSE 0 END)`
		}
		sql := `SELECT ` + strings.Join(marks, ", ") + ` FROM ` + tx.Dialect().Name(t.name)
		err := store.Each(ctx, tx, sql, nil, func(rows store.Rows) error {
			for i, column := range t.texts {
				if rows.Int(i) == 1 {
					found = append(found, t.name+"."+column)
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look for old seals in %s: %w", t.name, err)
		}
	}
	return found, nil
}
