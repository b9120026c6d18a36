package documents

import (
	"context"
	"crypto/sha256"
	"fmt"

	"moorfast/internal/perm"
	"moorfast/internal/store"
)

// intern returns the entry of a list of permissions, which it makes where there
// is none, and counts one more row of the table that has it.
func (t *Table) intern(ctx context.Context, tx store.Tx, set perm.Set) (acl int64, err error) {
	if acl, err = list(ctx, tx, set); err != nil {
		return 0, err
	}
	return acl, t.count(ctx, tx, acl, 1)
}

// list returns the entry of a list of permissions, which it makes where there is
// none.
func list(ctx context.Context, tx store.Tx, set perm.Set) (acl int64, err error) {
	hash := sha256.Sum256([]byte(set.JSON()))
	acl, found, err := one(ctx, tx, `SELECT id FROM acl WHERE hash = ?`, hash[:])
	if err == nil && !found {
		acl, err = newList(ctx, tx, set, hash[:])
	}
	if err != nil {
		return 0, fmt.Errorf("intern permissions: %w", err)
	}
	return acl, nil
}

// count adds to the rows of the table that have a list.
func (t *Table) count(ctx context.Context, tx store.Tx, acl, n int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO acl_rows (table_seq, acl, n) VALUES (?, ?, ?) ON CONFLICT (table_seq, acl) DO UPDATE SET n = acl_rows.n + excluded.n`, t.seq, acl, n)
	if err != nil {
		return fmt.Errorf("count permissions: %w", err)
	}
	return nil
}

// lists are those of rows that are made together: each is found once, and its
// rows are counted at the end. A nil one finds and counts for each row.
type lists struct {
	byText map[string]int // where in counts
	counts []listCount
}

type listCount struct{ acl, n int64 }

func (l *lists) intern(ctx context.Context, tx store.Tx, t *Table, set perm.Set) (int64, error) {
	if l == nil {
		return t.intern(ctx, tx, set)
	}
	i, ok := l.byText[set.JSON()]
	if !ok {
		acl, err := list(ctx, tx, set)
		if err != nil {
			return 0, err
		}
		i = len(l.counts)
		l.byText[set.JSON()] = i
		l.counts = append(l.counts, listCount{acl: acl})
	}
	l.counts[i].n++
	return l.counts[i].acl, nil
}

// settle counts the rows of a table that were made.
func (l *lists) settle(ctx context.Context, tx store.Tx, t *Table) error {
	for _, c := range l.counts {
		if err := t.count(ctx, tx, c.acl, c.n); err != nil {
			return err
		}
	}
	return nil
}

// newList makes the entry. Another transaction may be doing the same; then
// there is one entry for both.
func newList(ctx context.Context, tx store.Tx, set perm.Set, hash []byte) (acl int64, err error) {
	if _, err := tx.Exec(ctx, `INSERT INTO acl (hash, perms) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING`, hash, set.JSON()); err != nil {
		return 0, err
	}
	acl, _, err = one(ctx, tx, `SELECT id FROM acl WHERE hash = ?`, hash)
	if err != nil {
		return 0, err
	}
	for _, p := range set.Permissions() {
		if p.Actions != perm.Read {
			continue
		}
		if _, err := tx.Exec(ctx, `INSERT INTO acl_readers (role, acl) VALUES (?, ?) ON CONFLICT (role, acl) DO NOTHING`, p.Role, acl); err != nil {
			return 0, err
		}
	}
	return acl, nil
}

// release counts one row less that has a list, and removes the list that no row
// has any more.
func (t *Table) release(ctx context.Context, tx store.Tx, acl int64) error {
	if _, err := tx.Exec(ctx, `UPDATE acl_rows SET n = n - 1 WHERE table_seq = ? AND acl = ?`, t.seq, acl); err != nil {
		return fmt.Errorf("count permissions: %w", err)
	}
	gone, err := tx.Exec(ctx, `DELETE FROM acl_rows WHERE table_seq = ? AND acl = ? AND n <= 0`, t.seq, acl)
	if err == nil && gone > 0 {
		_, err = tx.Exec(ctx, `DELETE FROM acl WHERE id = ? AND NOT EXISTS (SELECT 1 FROM acl_rows WHERE acl = ?)`, acl, acl)
	}
	if err != nil {
		return fmt.Errorf("release permissions: %w", err)
	}
	return nil
}

// forgetLists removes all lists that no row has, after tables were dropped.
func forgetLists(ctx context.Context, tx store.Tx) error {
	_, err := tx.Exec(ctx, `DELETE FROM acl WHERE NOT EXISTS (SELECT 1 FROM acl_rows WHERE acl_rows.acl = acl.id)`)
	if err != nil {
		return fmt.Errorf("release permissions: %w", err)
	}
	return nil
}
