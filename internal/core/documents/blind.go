package documents

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"moorfast/internal/query"
	"moorfast/internal/schema"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// A sealed text differs each time, so nothing can compare it. Where it is part of
// an index, a keyed hash of the text is kept beside it: equal texts have equal
// hashes. That is what an index on a sealed column gives away, so there are none
// until whoever runs the server allows them: see ADR 20.

// blindUse is what the hashes are made for.
const blindUse = "blind index"

// hashSize is how many hexadecimal digits of a hash are kept. 128 bits do not
// meet by chance.
const hashSize = 32

// hashColumn is the store's column with the hashes of a column.
func hashColumn(number int64) string { return columnName(number) + "h" }

// A hashed is a sealed text with the hash of what it hides.
type hashed struct{ sealed, hash string }

// AllowBlindIndexes has indexes on sealed columns made. It is for a catalog that
// nobody uses yet; indexes that are there already are used either way.
func (c *Catalog) AllowBlindIndexes(allow bool) *Catalog {
	c.blind = allow
	return c
}

// hash is what texts of the column that are equal have in common, as texts are
// compared elsewhere: without regard to ASCII case.
func (t *Table) hash(tx store.Tx, f *field, text string) (string, error) {
	hash, err := tx.Vault().Lookup(tx.Project(), blindUse, t.name+"\x00"+f.name+"\x00"+lower(text))
	if err != nil {
		return "", fmt.Errorf("hash a text of %s.%s: %w", t.name, f.name, err)
	}
	return hash[:hashSize], nil
}

// lower is a text without regard to ASCII case.
func lower(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// blinded tells whether the column is sealed, and part of an index that is used.
func (t *Table) blinded(c *schema.Column) bool {
	return c.Encrypt && slices.ContainsFunc(t.Indexes, func(ix Index) bool { return ix.Status == Available && ix.Uses(c.Key) })
}

// hashValues puts hashes in the place of the texts that a query compares.
func (t *Table) hashValues(tx store.Tx, f *field, q *query.Query) error {
	hashes := make([]any, len(q.Values))
	for i, v := range q.Values {
		text, _ := v.(string)
		hash, err := t.hash(tx, f, text)
		if err != nil {
			return err
		}
		hashes[i] = hash
	}
	q.Values = hashes
	return nil
}

// withIndex is the table as it is once it has an index.
func (t *Table) withIndex(d sqlb.Dialect, ix Index) *Table {
	next := *t
	next.Indexes = append(slices.Clone(t.Indexes), ix)
	next.prepare(d)
	return &next
}

// withoutIndex is the table as it is once an index is gone.
func (t *Table) withoutIndex(d sqlb.Dialect, key string) *Table {
	next := *t
	next.Indexes = slices.DeleteFunc(slices.Clone(t.Indexes), func(ix Index) bool { return ix.Key == key })
	next.prepare(d)
	return &next
}

// changeHashes adds the store's columns of hashes that the table needs now and did
// not before, with the hashes of all rows, and drops those that it needs no more.
func (t *Table) changeHashes(ctx context.Context, tx store.Tx, before *Table) error {
	d := tx.Dialect()
	for i := range t.fields {
		was, is := before.fields[i].hash, t.fields[i].hash
		var err error
		switch {
		case was == is:
		case is == "":
			_, err = tx.Exec(ctx, `ALTER TABLE `+d.Name(t.name)+` DROP COLUMN `+d.Name(was))
		default:
			if _, err = tx.Exec(ctx, `ALTER TABLE `+d.Name(t.name)+` ADD COLUMN `+d.Name(is)+` `+d.Text()); err == nil {
				err = t.hashRows(ctx, tx, &t.fields[i])
			}
		}
		if err != nil {
			return fmt.Errorf("change the hashes of %s: %w", t.name, err)
		}
	}
	return nil
}

// hashedTogether is how many rows are read before their hashes are written.
const hashedTogether = 500

// hashRows gives the rows that are there the hashes of a column.
func (t *Table) hashRows(ctx context.Context, tx store.Tx, f *field) error {
	d := tx.Dialect()
	seq, id := d.Name(seqColumn), d.Name(idColumn)
	read := `SELECT ` + seq + `, ` + id + `, ` + d.Name(f.name) + ` FROM ` + d.Name(t.name) +
		` WHERE ` + seq + ` > ? AND ` + d.Name(f.name) + ` IS NOT NULL ORDER BY ` + seq + bounds(hashedTogether, 0)
	write := `UPDATE ` + d.Name(t.name) + ` SET ` + d.Name(f.hash) + ` = j.value FROM ` + eachMember(d) +
		` WHERE ` + seq + ` = CAST(j.key AS ` + d.Int() + `)`
	for last, more := int64(0), true; more; {
		hashes := make(map[int64]string, hashedTogether)
		err := store.Each(ctx, tx, read, []any{last}, func(rows store.Rows) error {
			last = rows.Int(0)
			text, err := t.open(tx, f, string(rows.Text(1)), string(rows.Text(2)))
			if err != nil {
				return err
			}
			hashes[last], err = t.hash(tx, f, text)
			return err
		})
		if err != nil {
			return err
		}
		if len(hashes) == 0 {
			return nil
		}
		text, err := json.Marshal(hashes)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, write, string(text)); err != nil {
			return err
		}
		more = len(hashes) == hashedTogether
	}
	return nil
}
