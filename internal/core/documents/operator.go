package documents

import (
	"bytes"
	"math"
	"strconv"

	"moorfast/internal/rawjson"
	"moorfast/internal/schema"
)

// An operator is what data can have in the place of a value: it says how the
// value that the row has is to change.
type operator struct {
	method string
	values [][]byte // in JSON
}

// operators are the methods, by the values that each of them changes.
var operators = map[string]func(operator, *subject) ([]byte, string){
	"increment": operator.arithmetic, "decrement": operator.arithmetic, "multiply": operator.arithmetic,
	"divide": operator.arithmetic, "modulo": operator.arithmetic, "power": operator.arithmetic,

	"arrayAppend": operator.add, "arrayPrepend": operator.add, "arrayInsert": operator.insert,
	"arrayRemove": operator.remove, "arrayUnique": operator.unique,
	"arrayIntersect": operator.intersect, "arrayDiff": operator.intersect, "arrayFilter": operator.filter,

	"stringConcat": operator.concat, "stringReplace": operator.replace,
	"toggle":      operator.toggle,
	"dateAddDays": operator.addDays, "dateSubDays": operator.addDays, "dateSetNow": operator.setNow,
}

// subject is the value that an operator changes.
type subject struct {
	column *schema.Column
	now    []byte // the value in JSON
	at     int64  // the time of the change, in milliseconds
}

func (o *subject) null() bool { return rawjson.KindOf(o.now) == rawjson.Null }

// parseOperator reads the text of an operator: an object with a method that
// there is, and a list of values. Any other text is a text.
func parseOperator(s string) (op operator, ok bool) {
	if s == "" || s[0] != '{' {
		return op, false
	}
	raw, err := rawjson.Value([]byte(s))
	if err != nil {
		return op, false
	}
	listed := false
	err = rawjson.Members(raw, func(name, value []byte) error {
		switch string(name) {
		case "method":
			op.method, _ = rawjson.Text(value)
		case "values":
			op.values, listed = nil, rawjson.KindOf(value) == rawjson.Array
			if listed {
				return rawjson.Elements(value, func(v []byte) error { op.values = append(op.values, v); return nil })
			}
		}
		return nil
	})
	return op, err == nil && listed && operators[op.method] != nil
}

// resolve replaces the operators in data by what they make of the values that a
// row has. current returns one of them in JSON, by the position of its column.
func (t *Table) resolve(data []byte, at int64, current func(i int) ([]byte, error)) ([]byte, error) {
	type result struct{ name, value []byte }
	var (
		members []result
		found   bool
	)
	var failed error
	wrong := rawjson.Members(data, func(name, value []byte) error {
		op, i, ok := t.operator(name, value)
		if ok {
			var now []byte
			if now, failed = current(i); failed == nil {
				value, failed = op.apply(&subject{column: &t.Schema.Columns[i], now: now, at: at})
			}
			found = true
		}
		members = append(members, result{bytes.Clone(name), value})
		return failed
	})
	if failed != nil {
		return nil, failed
	}
	if !found || wrong != nil { // which who reads the data finds again, and says
		return data, nil //nolint:nilerr // see above
	}
	out := []byte{'{'}
	for i, m := range members {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(rawjson.AppendString(out, m.name), ':'), m.value...)
	}
	return append(out, '}'), nil
}

// operator finds the operator in the place of a column's value.
func (t *Table) operator(name, value []byte) (op operator, column int, ok bool) {
	column, ok = t.Schema.Position(string(name))
	if !ok || t.Schema.Columns[column].Type == schema.Relationship {
		return op, 0, false
	}
	text, ok := rawjson.Text(value)
	if !ok {
		return op, 0, false
	}
	op, ok = parseOperator(text)
	return op, column, ok
}

// resolveNew is [Table.resolve] for a row that is not there yet: operators start
// from the defaults of the columns.
func (t *Table) resolveNew(data []byte, at int64) ([]byte, error) {
	return t.resolve(data, at, func(i int) ([]byte, error) {
		if d := t.Schema.Columns[i].Default; d != nil {
			return d, nil
		}
		return []byte("null"), nil
	})
}

// maxOperands is how many values an operator on an array may have, and how many
// items an array may have that it leaves.
const maxOperands = 10000

func (op operator) apply(o *subject) ([]byte, error) {
	problem := ""
	var value []byte
	if n := len(op.values); n > maxOperands {
		problem = "Array size " + strconv.Itoa(n) + " exceeds maximum allowed size of " + strconv.Itoa(maxOperands) + " for array operations"
	} else {
		value, problem = operators[op.method](op, o)
	}
	if problem != "" {
		return nil, &schema.Error{Kind: schema.BadStructure, Message: problem}
	}
	return value, nil
}

// cannot begins what a client is told of an operator that does not fit.
func (op operator) cannot(problem string) string {
	return "Cannot apply " + op.method + " operator: " + problem
}

// wrong says that the operator is for columns of another sort.
func (op operator) wrong(o *subject, sort string) string {
	return "Cannot apply " + op.method + " operator to non-" + sort + " field '" + o.column.Key + "'"
}

// whole is a value that is an integer.
func (op operator) whole(i int) (int64, bool) {
	n, ok := op.number(i)
	switch {
	case !ok:
		return 0, false
	case n.Whole:
		return n.Int, true
	}
	return int64(n.Float), n.Float == math.Trunc(n.Float) && math.Abs(n.Float) < 1<<53
}

func (op operator) number(i int) (Number, bool) {
	if i >= len(op.values) || rawjson.KindOf(op.values[i]) != rawjson.Number {
		return Number{}, false
	}
	return ParseNumber(op.values[i])
}

func (op operator) text(i int) (string, bool) {
	if i >= len(op.values) {
		return "", false
	}
	return rawjson.Text(op.values[i])
}
