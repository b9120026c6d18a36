package documents

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"moorfast/internal/perm"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
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
	return t.addCounts(ctx, tx, `VALUES (?, ?, ?)`, t.seq, acl, n)
}

// addCounts adds what a statement says of tables, lists and numbers of rows.
func (t *Table) addCounts(ctx context.Context, tx store.Tx, counts string, args ...any) error {
	_, err := tx.Exec(ctx, `INSERT INTO acl_rows (table_seq, acl, n) `+counts+` ON CONFLICT (table_seq, acl) DO UPDATE SET n = acl_rows.n + excluded.n`, args...)
	if err != nil {
		return fmt.Errorf("count permissions: %w", err)
	}
	return nil
}

// lists are those of rows that are made together: they are found at once before
// the rows are made, and counted at once afterwards. A nil one finds and counts
// for each row.
type lists struct {
	byText map[string]int // where in counts
	counts []listCount
}

type listCount struct{ acl, n int64 }

// findLists finds those of the lists of rows which there are.
func findLists(ctx context.Context, tx store.Tx, by By, rows []Row) (*lists, error) {
	l := &lists{byText: make(map[string]int, len(rows))}
	var hashes []string
	for _, row := range rows {
		set, err := newPermissions(by.Actor, row.Permissions)
		if err != nil {
			return nil, err
		}
		if _, seen := l.byText[set.JSON()]; !seen {
			hash := sha256.Sum256([]byte(set.JSON()))
			hashes = append(hashes, hex.EncodeToString(hash[:]))
			l.byText[set.JSON()] = -1
		}
	}
	d := tx.Dialect()
	unhex := `unhex(j.value)`
	if d == sqlb.Postgres {
		unhex = `decode(j.value, 'hex')`
	}
	err := store.Each(ctx, tx, `SELECT a.id, a.perms FROM `+eachText(d)+` CROSS JOIN acl AS a WHERE a.hash = `+unhex, []any{string(jsonTexts(hashes))}, func(r store.Rows) error {
		l.add(string(r.Text(1)), r.Int(0))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find permissions: %w", err)
	}
	return l, nil
}

func (l *lists) add(text string, acl int64) (i int) {
	i = len(l.counts)
	l.byText[text] = i
	l.counts = append(l.counts, listCount{acl: acl})
	return i
}

func (l *lists) intern(ctx context.Context, tx store.Tx, t *Table, set perm.Set) (int64, error) {
	if l == nil {
		return t.intern(ctx, tx, set)
	}
	i := l.byText[set.JSON()]
	if i < 0 {
		acl, err := list(ctx, tx, set)
		if err != nil {
			return 0, err
		}
		i = l.add(set.JSON(), acl)
	}
	l.counts[i].n++
	return l.counts[i].acl, nil
}

// settle counts the rows of a table that were made.
func (l *lists) settle(ctx context.Context, tx store.Tx, t *Table) error {
	text := []byte{'{'}
	for i, c := range l.counts {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(append(text, '"'), c.acl, 10)
		text = strconv.AppendInt(append(text, `":`...), c.n, 10)
	}
	d := tx.Dialect()
	// The condition keeps SQLite from taking ON for that of a join.
	return t.addCounts(ctx, tx, `SELECT ?, CAST(j.key AS `+d.Int()+`), CAST(j.value AS `+d.Int()+`) FROM `+eachMember(d)+` WHERE true`,
		t.seq, string(append(text, '}')))
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
