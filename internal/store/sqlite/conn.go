package sqlite

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"moorfast/internal/store"
)

// settings are those of every connection. temp_store keeps sorting out of files
// that nobody seals, and journal_size_limit cuts a log that once grew.
const settings = `
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA secure_delete = ON;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA cache_size = -2048;
PRAGMA mmap_size = 0;
PRAGMA temp_store = MEMORY;
PRAGMA journal_size_limit = 16777216;`

// defenses are what a database, or SQL that was built wrongly, cannot do. The
// last keeps a plan whatever is bound to it: without, a statement whose limit is
// an argument is planned anew each time it runs.
var defenses = map[sqlite3.DBConfig]bool{
	sqlite3.DBCONFIG_DEFENSIVE:   true,
	sqlite3.DBCONFIG_DQS_DML:     false,
	sqlite3.DBCONFIG_DQS_DDL:     false,
	sqlite3.DBCONFIG_ENABLE_QPSG: true,
}

const (
	busyTimeout   = 5 * time.Second
	statementsMax = 128
)

// A conn is a connection and its prepared statements. One goroutine at a time
// uses it.
type conn struct {
	sqlite     *sqlite3.Conn
	statements map[string]*list.Element // of *statement, by text
	recent     list.List                // of *statement, the last used first

	// fulltext says that the connection has learned full-text search.
	fulltext bool

	// broken says that SQLite panicked: it ran out of its memory, or met a bug.
	// Nothing that the connection holds can be relied upon then.
	broken bool
	inside bool // in a call that has no guard
}

// A statement is prepared, and not running while nobody has it.
type statement struct {
	*sqlite3.Stmt
	text       string
	parameters int
}

// openWriter opens a connection that can change the database.
func openWriter(path string, key []byte) (*conn, error) {
	c, err := open(path, key, settings)
	if err != nil {
		return nil, err
	}
	mode, err := c.text("PRAGMA journal_mode = WAL")
	if err == nil && mode != "wal" {
		err = fmt.Errorf("sqlite: journal mode is %s", mode)
	}
	if err != nil {
		c.discard()
		return nil, err
	}
	return c, nil
}

// openReader opens a connection that cannot.
func openReader(path string, key []byte) (*conn, error) {
	return open(path, key, settings+"PRAGMA query_only = ON;")
}

// open opens a connection to an open file, where the key is nil, or a sealed one.
func open(path string, key []byte, settings string) (c *conn, err error) {
	c = &conn{statements: make(map[string]*list.Element)}
	defer func() {
		if err != nil {
			c.discard()
		}
	}()
	defer c.guard(&err)
	if err := private(path + indexSuffix); err != nil {
		return c, unavailable("open", err)
	}
	name, unlock := address(path, key)
	if c.sqlite, err = sqlite3.OpenFlags(name, sqlite3.OPEN_READWRITE|sqlite3.OPEN_NOFOLLOW|sqlite3.OPEN_URI); err != nil {
		return c, translate(err)
	}
	for option, on := range defenses {
		if _, err := c.sqlite.Config(option, on); err != nil {
			return c, translate(err)
		}
	}
	if err := c.sqlite.CreateFunction("regexp", 2, sqlite3.DETERMINISTIC|sqlite3.INNOCUOUS, matches); err != nil {
		return c, translate(err)
	}
	// A statement cannot reach another project's file.
	c.sqlite.Limit(sqlite3.LIMIT_ATTACHED, 0)
	if err := c.sqlite.BusyTimeout(busyTimeout); err != nil {
		return c, translate(err)
	}
	if err := c.sqlite.Exec(unlock + settings); err != nil {
		return c, translate(err)
	}
	return c, translate(c.learnFound())
}

// guard turns a panic of SQLite into an error. Its memory is its own, so a bug
// in it ends here, and the connection with it.
func (c *conn) guard(err *error) {
	if r := recover(); r != nil {
		c.broken = true
		*err = unavailable("sqlite panicked", fmt.Errorf("%v", r))
	}
}

// prepare returns the statement of a text, with args bound. It goes on until
// ctx ends.
func (c *conn) prepare(ctx context.Context, text string, args []any) (s *statement, err error) {
	defer c.guard(&err)
	c.sqlite.SetInterrupt(ctx)
	if e, ok := c.statements[text]; ok {
		c.recent.MoveToFront(e)
		s = e.Value.(*statement)
	} else if s, err = c.compile(text); err != nil {
		return nil, err
	}
	if len(args) != s.parameters {
		return nil, fmt.Errorf("sqlite: %d arguments for %d marks", len(args), s.parameters)
	}
	for i, arg := range args {
		if err := bind(s.Stmt, i+1, arg); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (c *conn) compile(text string) (*statement, error) {
	stmt, tail, err := c.prepareFulltext(text)
	if err != nil {
		return nil, err
	}
	if stmt == nil || strings.TrimSpace(tail) != "" {
		return nil, errors.Join(errors.New("sqlite: a text must hold one statement"), stmt.Close())
	}
	if c.recent.Len() >= statementsMax {
		oldest := c.recent.Back()
		s := c.recent.Remove(oldest).(*statement)
		delete(c.statements, s.text)
		if err := s.Close(); err != nil {
			return nil, err
		}
	}
	s := &statement{stmt, text, stmt.BindCount()}
	c.statements[text] = c.recent.PushFront(s)
	return s, nil
}

// run executes a statement of the engine's own.
func (c *conn) run(text string) (err error) {
	s, err := c.prepare(context.Background(), text, nil)
	if err != nil {
		return translate(err)
	}
	defer c.guard(&err)
	return translate(s.Exec())
}

// text returns the first column of a statement's first row.
func (c *conn) text(query string) (value string, err error) {
	s, err := c.prepare(context.Background(), query, nil)
	if err != nil {
		return "", translate(err)
	}
	defer c.guard(&err)
	if s.Step() {
		value = s.ColumnText(0)
	}
	return value, translate(s.Reset())
}

// lost tells whether SQLite has undone the transaction by itself, as it does
// when a change is interrupted or cannot be written.
func (c *conn) lost() bool { return c.broken || c.inside || c.sqlite.GetAutocommit() }

// reset ends what a statement does, and drops its arguments, which may be large.
// What it says of errors, the last step has said.
func (c *conn) reset(s *statement) {
	var err error
	defer c.guard(&err)
	_ = s.Reset()
	_ = s.ClearBindings()
}

// checkpoint brings the log into the database, and waits a while for readers.
// What does not go now goes the next time.
func (c *conn) checkpoint(mode sqlite3.CheckpointMode, patience time.Duration) {
	var err error
	defer c.guard(&err)
	c.sqlite.SetInterrupt(context.Background())
	_ = c.sqlite.BusyTimeout(patience)
	_, _, _ = c.sqlite.WALCheckpoint("main", mode)
	_ = c.sqlite.BusyTimeout(busyTimeout)
}

func (c *conn) close() (err error) {
	if c.sqlite == nil {
		return nil
	}
	defer c.guard(&err)
	c.sqlite.SetInterrupt(context.Background())
	for e := c.recent.Front(); e != nil; e = e.Next() {
		if err := e.Value.(*statement).Close(); err != nil {
			return translate(err)
		}
	}
	return translate(c.sqlite.Close())
}

// discard closes a connection of which nothing more is expected.
func (c *conn) discard() { _ = c.close() }

// bind gives a statement one argument. What PostgreSQL refuses, it refuses too.
func bind(s *sqlite3.Stmt, i int, arg any) error {
	if err := store.CheckArgument(arg); err != nil {
		return err
	}
	switch v := arg.(type) {
	case string:
		return s.BindText(i, v)
	case int64:
		return s.BindInt64(i, v)
	case int:
		return s.BindInt(i, v)
	case bool:
		return s.BindBool(i, v)
	case float64:
		return s.BindFloat(i, v)
	case []byte:
		return s.BindBlob(i, v)
	default: // nil, by CheckArgument
		return s.BindNull(i)
	}
}
