package documents

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"moorfast/internal/query"
	"moorfast/internal/schema"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// makeIndex makes the store's index for an index of a table.
func makeIndex(ctx context.Context, tx store.Tx, t *Table, ix *Index) error {
	statements := []string{createIndex(tx.Dialect(), t, ix)}
	if ix.Type == schema.FulltextIndex {
		statements = createFulltext(tx.Dialect(), t, ix)
	}
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("create an index of %s: %w", t.name, err)
		}
	}
	return nil
}

// dropIndex removes the store's index. It may not be there, where the index
// failed.
func dropIndex(ctx context.Context, tx store.Tx, table, seq int64, kind schema.IndexType) error {
	d, name := tx.Dialect(), indexName(table, seq)
	statements := []string{`DROP INDEX IF EXISTS ` + d.Name(name)}
	if kind == schema.FulltextIndex && d == sqlb.SQLite {
		statements = []string{`DROP TABLE IF EXISTS ` + d.Name(name)}
		for _, on := range triggers {
			statements = append(statements, `DROP TRIGGER IF EXISTS `+d.Name(name+on))
		}
	}
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("drop %s: %w", name, err)
		}
	}
	return nil
}

// triggers are the suffixes of what keeps the words of a table on SQLite.
var triggers = []string{"_insert", "_delete", "_update"}

// createFulltext makes what finds rows by their words. On SQLite it is a table
// of words beside the rows, which triggers keep; on PostgreSQL an index.
func createFulltext(d sqlb.Dialect, t *Table, ix *Index) []string {
	rows, name := d.Name(t.name), d.Name(indexName(t.seq, ix.seq))
	columns := make([]string, len(ix.Columns))
	for i, key := range ix.Columns {
		columns[i] = t.operand(key).name
	}
	if d == sqlb.Postgres {
		terms := make([]string, len(columns))
		for i, c := range columns {
			terms[i] = words(d.Name(c))
		}
		return []string{`CREATE INDEX ` + name + ` ON ` + rows + ` USING gin (` + strings.Join(terms, `, `) + `)`}
	}
	list := func(prefix string) string {
		terms := make([]string, len(columns))
		for i, c := range columns {
			terms[i] = prefix + d.Name(c)
		}
		return strings.Join(terms, `, `)
	}
	seq := d.Name(seqColumn)
	add := `INSERT INTO ` + name + ` (rowid, ` + list(``) + `) VALUES (new.` + seq + `, ` + list(`new.`) + `);`
	remove := `INSERT INTO ` + name + ` (` + name + `, rowid, ` + list(``) + `) VALUES ('delete', old.` + seq + `, ` + list(`old.`) + `);`
	on := func(suffix, event, do string) string {
		return `CREATE TRIGGER ` + d.Name(indexName(t.seq, ix.seq)+suffix) + ` AFTER ` + event + ` ON ` + rows + ` BEGIN ` + do + ` END`
	}
	return []string{
		`CREATE VIRTUAL TABLE ` + name + ` USING fts5(` + list(``) + `, content='` + t.name + `', content_rowid='` + seqColumn +
			`', tokenize='unicode61 remove_diacritics 2')`,
		// Words of what was deleted do not stay behind.
		`INSERT INTO ` + name + ` (` + name + `, rank) VALUES ('secure-delete', 1)`,
		on(triggers[0], `INSERT`, add),
		on(triggers[1], `DELETE`, remove),
		on(triggers[2], `UPDATE OF `+list(``), remove+` `+add),
		`INSERT INTO ` + name + ` (` + name + `) VALUES ('rebuild')`,
	}
}

// maxWords is how much of a text PostgreSQL keeps the words of, in code points:
// it has no place for those of longer ones. On SQLite all of it counts.
const maxWords = 180_000

// punctuation is what ends a word. PostgreSQL would take "a.b" for the name of a
// host otherwise, and find no "b" in it. The signs that mean something in a
// statement are written by their number.
const punctuation = `!\x22#$%&\x27()*+,-./:;<=>\x3f@[\x5c]^_\x60{|}~`

// words is the term of a column's words on PostgreSQL. An index is used only
// where its statement has the very same term.
func words(column string) string {
	blank := strings.Repeat(" ", len(punctuation)-3*strings.Count(punctuation, `\x`))
	return `to_tsvector('simple'::regconfig, translate(left(coalesce(` + column + `, ''), ` + strconv.Itoa(maxWords) + `), E'` +
		punctuation + `', '` + blank + `'))`
}

// fulltextIndex finds the index of the words of a column.
func (t *Table) fulltextIndex(key string) *Index {
	for i := range t.Indexes {
		if ix := &t.Indexes[i]; ix.Type == schema.FulltextIndex && ix.Status == Available && ix.Uses(key) {
			return ix
		}
	}
	return nil
}

// search holds for rows that have words in a column. A row without a value has
// none.
func (t *Table) search(d sqlb.Dialect, q query.Query) sqlb.Cond {
	text, _ := q.Values[0].(string)
	phrases := parseSearch(text)
	ix := t.fulltextIndex(q.Attribute)
	var c sqlb.Cond
	column := t.operand(q.Attribute).name
	switch {
	case len(phrases) == 0 || ix == nil:
		c = sqlb.Raw(`1 = 0`)
	case d == sqlb.Postgres:
		c = sqlb.Raw(words(d.Name(column))+` @@ to_tsquery('simple', ?)`, tsquery(phrases))
	default:
		name := d.Name(indexName(t.seq, ix.seq))
		c = sqlb.Raw(d.Name(seqColumn)+` IN (SELECT rowid FROM `+name+` WHERE `+name+` MATCH ?)`, `{`+column+`} : (`+match(phrases)+`)`)
	}
	if q.Method == query.NotSearch {
		return sqlb.Not(c)
	}
	return c
}

// A phrase is words that stand one behind the other. The last may go on.
type phrase struct {
	words []string
	open  bool
}

// parseSearch reads what a user looks for: one of several words, of which the
// last may be the beginning of one, or in quotes the words as they stand. What
// is no letter and no digit has no meaning, so nobody can say more than that.
func parseSearch(text string) (phrases []phrase) {
	text = strings.TrimSpace(text)
	if len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
		if list := wordsOf(text); len(list) > 0 {
			phrases = append(phrases, phrase{words: list})
		}
		return phrases
	}
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`@+-*)(<>~"`, r) {
			return ' '
		}
		return r
	}, text)
	for _, part := range strings.Fields(text) {
		if list := wordsOf(part); len(list) > 0 {
			phrases = append(phrases, phrase{words: list})
		}
	}
	if n := len(phrases); n > 0 {
		phrases[n-1].open = true
	}
	return phrases
}

func wordsOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M, unicode.Co) })
}

// match writes phrases for SQLite: words in quotes, which have none themselves.
func match(phrases []phrase) string {
	terms := make([]string, len(phrases))
	for i, p := range phrases {
		terms[i] = `"` + strings.Join(p.words, ` `) + `"`
		if p.open {
			terms[i] += ` *`
		}
	}
	return strings.Join(terms, ` OR `)
}

// tsquery writes phrases for PostgreSQL.
func tsquery(phrases []phrase) string {
	terms := make([]string, len(phrases))
	for i, p := range phrases {
		terms[i] = `('` + strings.Join(p.words, `' <-> '`) + `'`
		if p.open {
			terms[i] += `:*`
		}
		terms[i] += `)`
	}
	return strings.Join(terms, ` | `)
}
