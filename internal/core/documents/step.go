package documents

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"moorfast/internal/perm"
	"moorfast/internal/rawjson"
	"moorfast/internal/schema"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// Number is a number as a client wrote it: whole, or with a fraction.
type Number struct {
	Whole bool
	Int   int64
	Float float64
}

// ParseNumber reads a number in JSON.
func ParseNumber(raw []byte) (n Number, ok bool) {
	if n.Int, n.Whole = rawjson.Int(raw); n.Whole {
		return Number{Whole: true, Int: n.Int, Float: float64(n.Int)}, true
	}
	n.Float, ok = rawjson.Float(raw)
	return n, ok
}

// Positive reports whether the number is greater than 0.
func (n Number) Positive() bool { return n.Float > 0 }

func (n Number) String() string {
	if n.Whole {
		return strconv.FormatInt(n.Int, 10)
	}
	return string(rawjson.AppendFloat(nil, n.Float))
}

// Step is a change to one number of a row.
type Step struct {
	ID, Key string
	By      Number // a positive one
	Down    bool
	Bound   *Number // that the number must not pass
}

// Step adds to a number of a row, or takes from it, and returns the row as JSON.
// A number that is null counts as 0.
func (t *Table) Step(ctx context.Context, tx store.Tx, by By, s Step) ([]byte, error) {
	i, ok := t.Schema.Position(s.Key)
	if !ok {
		return nil, &Error{Kind: NoColumn, Name: s.Key}
	}
	f := &t.fields[i]
	if f.form != asFloat && f.form != asInt {
		return nil, &Error{Kind: ColumnOther, Name: s.Key}
	}
	old, now, err := t.number(ctx, tx, s.ID, f)
	if err != nil {
		return nil, err
	}
	if err := t.authorize(by, perm.Update, old); err != nil {
		return nil, err
	}
	v, err := s.step(f.column, now)
	if err != nil {
		return nil, err
	}
	if _, err := store.Exec(ctx, tx, sqlb.Update{
		Table: t.name, Where: sqlb.Eq(seqColumn, old.seq),
		Set: []sqlb.Assign{sqlb.Set(f.name, v), sqlb.Set(updatedColumn, by.Now.UnixMilli())},
	}); err != nil {
		return nil, t.conflict(s.ID, fmt.Errorf("update a row of %s: %w", t.name, err))
	}
	return t.reread(ctx, tx, by, old.seq)
}

// number reads a number of a row that is going to change.
func (t *Table) number(ctx context.Context, tx store.Tx, id string, f *field) (old found, n Number, err error) {
	d := tx.Dialect()
	p := projection{fields: []*field{f}}
	rows, err := tx.Query(ctx, t.selectOne(d, &p, idColumn)+lock(d), id)
	if err != nil {
		return old, n, fmt.Errorf("find a row of %s: %w", t.name, err)
	}
	defer done(rows, &err)
	switch {
	case !rows.Next():
		return old, n, absent(rows, id)
	case f.form == asFloat:
		n.Float = rows.Float(fieldsAt)
	default:
		n = Number{Whole: true, Int: rows.Int(fieldsAt), Float: float64(rows.Int(fieldsAt))}
	}
	return readFound(rows), n, nil
}

// step returns the number after the step, as the store keeps it.
func (s Step) step(c *schema.Column, now Number) (any, error) {
	next := now.plus(s.By, s.Down)
	if b := s.Bound; b != nil && (!s.Down && above(next, *b) || s.Down && above(*b, next)) {
		word := "maximum"
		if s.Down {
			word = "minimum"
		}
		return nil, &Error{Kind: LimitReached, Name: s.Key, Message: fmt.Sprintf(`"%s" has reached the %s value of %s`, s.Key, word, b)}
	}
	if math.IsInf(next.Float, 0) {
		return nil, &Error{Kind: LimitReached, Name: s.Key, Message: fmt.Sprintf(`"%s" has reached the largest value of its type`, s.Key)}
	}
	return c.Value([]byte(next.String()))
}

// plus adds a positive number, or takes it away. A whole number that would be too
// large is none any more, and so no value of an integer.
func (n Number) plus(by Number, down bool) Number {
	if down {
		by.Int, by.Float = -by.Int, -by.Float
	}
	next := Number{Float: n.Float + by.Float}
	if sum := n.Int + by.Int; n.Whole && by.Whole && (sum > n.Int) != down {
		next.Whole, next.Int = true, sum
	}
	return next
}

func above(a, b Number) bool {
	if a.Whole && b.Whole {
		return a.Int > b.Int
	}
	return a.Float > b.Float
}
