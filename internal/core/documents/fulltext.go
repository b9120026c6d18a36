package documents

import (
	"context"
	"fmt"
	"slices"
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
	if ix.Type == schema.FulltextIndex && tx.Dialect() == sqlb.SQLite {
		statements = createWords(tx.Dialect(), t, ix)
	}
	if err := execAll(ctx, tx, statements); err != nil {
		return fmt.Errorf("create an index of %s: %w", t.name, err)
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
		statements = append(statements, dropTriggers(d, name)...)
	}
	if err := execAll(ctx, tx, statements); err != nil {
		return fmt.Errorf("drop %s: %w", name, err)
	}
	return nil
}

func dropTriggers(d sqlb.Dialect, name string) (statements []string) {
	for _, on := range triggers {
		statements = append(statements, `DROP TRIGGER IF EXISTS `+d.Name(name+on))
	}
	return statements
}

// triggers are the suffixes of what keeps the words of a table on SQLite.
var triggers = []string{"_insert", "_delete", "_update"}

// On PostgreSQL, rows are found by their words with an index. On SQLite it is a
// table of words beside the rows, which triggers keep.

// wordTerms are the terms of an index of words on PostgreSQL.
func wordTerms(t *Table, ix *Index) string {
	terms := make([]string, len(ix.Columns))
	for i, key := range ix.Columns {
		terms[i] = words(sqlb.Postgres.Name(t.operand(key).name))
	}
	return `USING gin (` + strings.Join(terms, `, `) + `)`
}

// wordColumns are the columns of a table of words, with what stands before each.
func wordColumns(d sqlb.Dialect, t *Table, ix *Index, prefix string) string {
	terms := make([]string, len(ix.Columns))
	for i, key := range ix.Columns {
		terms[i] = prefix + d.Name(t.operand(key).name)
	}
	return strings.Join(terms, `, `)
}

// createWords makes a table of words on SQLite, with those of all rows.
func createWords(d sqlb.Dialect, t *Table, ix *Index) []string {
	name := d.Name(indexName(t.seq, ix.seq))
	return slices.Concat(emptyWords(d, t, ix), keepWords(d, t, ix, false), []string{`INSERT INTO ` + name + ` (` + name + `) VALUES ('rebuild')`})
}

// beginWords makes a table of words that [addWords] fills.
func beginWords(d sqlb.Dialect, t *Table, ix *Index) []string {
	return append(emptyWords(d, t, ix), keepWords(d, t, ix, true)...)
}

// endWords has the triggers keep the words of all rows.
func endWords(d sqlb.Dialect, t *Table, ix *Index) []string {
	return append(dropTriggers(d, indexName(t.seq, ix.seq)), keepWords(d, t, ix, false)...)
}

// addWords adds the words of some rows behind those that have theirs.
func addWords(d sqlb.Dialect, t *Table, ix *Index, rows int) string {
	name, seq := indexName(t.seq, ix.seq), d.Name(seqColumn)
	return `INSERT INTO ` + d.Name(name) + ` (rowid, ` + wordColumns(d, t, ix, ``) + `) SELECT ` + seq + `, ` + wordColumns(d, t, ix, ``) +
		` FROM ` + d.Name(t.name) + ` WHERE ` + seq + ` > (SELECT coalesce(max(id), 0) FROM ` + d.Name(name+`_docsize`) + `) ORDER BY ` + seq + bounds(rows, 0)
}

func emptyWords(d sqlb.Dialect, t *Table, ix *Index) []string {
	name := d.Name(indexName(t.seq, ix.seq))
	return []string{
		`CREATE VIRTUAL TABLE ` + name + ` USING fts5(` + wordColumns(d, t, ix, ``) + `, content='` + t.name + `', content_rowid='` + seqColumn +
			`', tokenize='unicode61 remove_diacritics 2')`,
		// Words of what was deleted do not stay behind.
		`INSERT INTO ` + name + ` (` + name + `, rank) VALUES ('secure-delete', 1)`,
	}
}

// keepWords are triggers that keep the words of rows: of all, or as long as the
// table of words is filled, of those that are in it.
func keepWords(d sqlb.Dialect, t *Table, ix *Index, filling bool) (list []string) {
	name, seq := indexName(t.seq, ix.seq), d.Name(seqColumn)
	on := func(suffix, event, do string) string {
		when := ``
		if filling {
			when = ` WHEN EXISTS (SELECT 1 FROM ` + d.Name(name+`_docsize`) + ` WHERE id = old.` + seq + `)`
		}
		return `CREATE TRIGGER ` + d.Name(name+suffix) + ` AFTER ` + event + ` ON ` + d.Name(t.name) + when + ` BEGIN ` + do + ` END`
	}
	columns := wordColumns(d, t, ix, ``)
	add := `INSERT INTO ` + d.Name(name) + ` (rowid, ` + columns + `) VALUES (new.` + seq + `, ` + wordColumns(d, t, ix, `new.`) + `);`
	remove := `INSERT INTO ` + d.Name(name) + ` (` + d.Name(name) + `, rowid, ` + columns + `) VALUES ('delete', old.` + seq + `, ` + wordColumns(d, t, ix, `old.`) + `);`
	if !filling {
		list = append(list, on(triggers[0], `INSERT`, add))
	}
	return append(list, on(triggers[1], `DELETE`, remove), on(triggers[2], `UPDATE OF `+columns, remove+` `+add))
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
