package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"moorfast/internal/store"
)

// Stored is a record with its place in the log.
type Stored struct {
	Record

	Seq int64 `json:"seq"`
}

// Search is what is looked for in a log. Its zero value is everything.
type Search struct {
	Actor     string   // "user/ada"; see [Actor.By]
	Resources []string // "team/crew": any of them; none is all
	About     string   // a project, in the log of the platform
	Match     func(*Stored) bool
}

// ErrStop ends a search without an error.
var ErrStop = errors.New("audit: that is enough")

// Each calls fn with the records that a search finds, the newest first.
func Each(ctx context.Context, tx store.Tx, s Search, fn func(*Stored) error) error {
	err := s.each(ctx, tx, fn)
	if errors.Is(err, ErrStop) {
		return nil
	}
	return err
}

// span is a run of rows that may hold what is looked for.
type span struct{ low, high int64 }

func (s Search) each(ctx context.Context, tx store.Tx, fn func(*Stored) error) error {
	if there, err := kept(ctx, tx); err != nil || !there {
		return err
	}
	var high int64
	err := store.Each(ctx, tx, `SELECT high FROM audit_blocks ORDER BY number DESC LIMIT 1`, nil, func(rows store.Rows) error {
		high = rows.Int(0)
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.scan(ctx, tx, span{high + 1, 1<<62 - 1}, fn); err != nil {
		return err
	}
	below := high + 1 // what was looked through ends here
	for number := int64(1<<62 - 1); ; {
		// The spans are gathered first: one statement runs at a time.
		var spans []span
		n := 0
		const sql = `SELECT number, low, high, filter FROM audit_blocks WHERE number < ? AND pruned = 0 ORDER BY number DESC LIMIT 64`
		err := store.Each(ctx, tx, sql, []any{number}, func(rows store.Rows) error {
			number = rows.Int(0)
			n++
			f := filter(rows.Blob(3))
			if (s.Actor == "" || f.has(s.Actor)) && (s.About == "" || f.has(about(s.About))) && (len(s.Resources) == 0 || slices.ContainsFunc(s.Resources, f.has)) {
				spans = append(spans, span{rows.Int(1), rows.Int(2)})
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, sp := range spans {
			// A block with a row that came late reaches below the one before it.
			sp.high = min(sp.high, below-1)
			if sp.low > sp.high {
				continue
			}
			below = sp.low
			if err := s.scan(ctx, tx, sp, fn); err != nil {
				return err
			}
		}
		if n < 64 {
			return nil
		}
	}
}

func (s Search) scan(ctx context.Context, tx store.Tx, sp span, fn func(*Stored) error) error {
	where, args := `seq >= ? AND seq <= ?`, []any{sp.low, sp.high}
	if s.Actor != "" {
		where, args = where+` AND actor = ?`, append(args, s.Actor)
	}
	if n := len(s.Resources); n > 0 {
		where += ` AND resource IN (?` + strings.Repeat(`, ?`, n-1) + `)`
		for _, r := range s.Resources {
			args = append(args, r)
		}
	}
	return store.Each(ctx, tx, `SELECT `+rowColumns+` FROM audit_records WHERE `+where+` ORDER BY seq DESC`, args, func(rows store.Rows) error {
		r := scanRow(rows)
		if s.About != "" && r.project() != s.About {
			return nil
		}
		one, err := decode(r)
		if err != nil || s.Match != nil && !s.Match(one) {
			return err
		}
		return fn(one)
	})
}

func decode(r row) (*Stored, error) {
	one := &Stored{Seq: r.Seq}
	if err := json.Unmarshal([]byte(r.Body), &one.Record); err != nil {
		return nil, fmt.Errorf("audit: record %d is not to be read; see moorfast audit verify: %w", r.Seq, err)
	}
	return one, nil
}

// Get returns the record of a number, or [store.ErrNotFound].
func Get(ctx context.Context, tx store.Tx, seq int64) (*Stored, error) {
	list, err := rowsWhere(ctx, tx, `seq = ?`, seq)
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return nil, store.ErrNotFound
	}
	return decode(list[0])
}

// Notes returns the checkpoints from a number on, as they were signed.
func Notes(ctx context.Context, db store.DB, from int64, fn func(number int64, note string) error) error {
	return db.View(ctx, platform, func(tx store.Tx) error {
		if there, err := kept(ctx, tx); err != nil || !there {
			return err
		}
		return store.Each(ctx, tx, `SELECT number, note FROM audit_checkpoints WHERE number >= ? ORDER BY number`, []any{from}, func(rows store.Rows) error {
			return fn(rows.Int(0), string(rows.Text(1)))
		})
	})
}

// SameCheckpoint tells whether two notes state the same. Others may have signed
// either.
func SameCheckpoint(a, b string) bool {
	a, _, _ = strings.Cut(a, "\n\n")
	b, _, _ = strings.Cut(b, "\n\n")
	return a == b
}

// Newest returns the newest checkpoint as it was signed, or "".
func Newest(ctx context.Context, db store.DB) (note string, err error) {
	err = db.View(ctx, platform, func(tx store.Tx) error {
		if there, err := kept(ctx, tx); err != nil || !there {
			return err
		}
		var err error
		_, note, err = lastNote(ctx, tx)
		return err
	})
	return note, err
}
