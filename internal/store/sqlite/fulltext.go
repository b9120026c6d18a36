package sqlite

import (
	"strings"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/ext/fts5"
)

// Full-text search is a module of its own, which makes opening a connection
// twice as dear. Connections learn it where the database has use for it.

const makesFulltext = "CREATE VIRTUAL TABLE"

// learn teaches the connection full-text search.
func (c *conn) learn() error {
	if c.fulltext {
		return nil
	}
	c.fulltext = true
	return fts5.Register(c.sqlite)
}

// learnFound is for a connection that was just opened: changes of tables look at
// all of the schema.
func (c *conn) learnFound() error {
	stmt, _, err := c.sqlite.Prepare(`SELECT 1 FROM sqlite_schema WHERE sql LIKE '` + makesFulltext + `%' LIMIT 1`)
	if err != nil {
		return err
	}
	found := stmt.Step()
	if err := stmt.Close(); err != nil || !found {
		return err
	}
	return c.learn()
}

// prepareFulltext prepares a statement. One that makes a table of words needs
// the module, and so does one that looks into a table which another connection
// has made meanwhile.
func (c *conn) prepareFulltext(text string) (*sqlite3.Stmt, string, error) {
	if strings.HasPrefix(text, makesFulltext) {
		if err := c.learn(); err != nil {
			return nil, "", err
		}
	}
	stmt, tail, err := c.sqlite.PrepareFlags(text, sqlite3.PREPARE_PERSISTENT)
	if err != nil && !c.fulltext && strings.Contains(err.Error(), "no such module: fts5") {
		if err := c.learn(); err != nil {
			return nil, "", err
		}
		return c.sqlite.PrepareFlags(text, sqlite3.PREPARE_PERSISTENT)
	}
	return stmt, tail, err
}
