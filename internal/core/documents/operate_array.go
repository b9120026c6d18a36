package documents

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"

	"moorfast/internal/rawjson"
	"moorfast/internal/schema"
)

// items are the items of an array, each in the JSON that a client gets back. A
// null is an empty array.
func (op operator) items(o *subject) ([][]byte, string) {
	if !o.column.Array {
		return nil, op.wrong(o, "array")
	}
	var list [][]byte
	if !o.null() {
		_ = rawjson.Elements(o.now, func(v []byte) error { list = append(list, v); return nil })
	}
	return list, ""
}

// item gives a value the form that it has in the array. One that cannot be in it
// stays as it is: what looks for it finds none.
func (o *subject) item(raw []byte) []byte {
	c := *o.column
	c.Array, c.Required = false, false
	if v, err := c.Value(raw); err == nil {
		return c.AppendJSON(nil, v)
	}
	return raw
}

func (op operator) joined(list [][]byte) ([]byte, string) {
	if len(list) > maxOperands {
		return nil, op.cannot("an array cannot have more than " + strconv.Itoa(maxOperands) + " items")
	}
	out := append([]byte{'['}, bytes.Join(list, []byte{','})...)
	return append(out, ']'), ""
}

// fits tests the size of whole numbers that are about to be items.
func (op operator) fits(o *subject, values [][]byte) string {
	if c := o.column; c.Type != schema.Integer || c.Ints.Max > math.MaxInt32 {
		return ""
	}
	for _, raw := range values {
		if n, ok := rawjson.Int(raw); ok && (n > math.MaxInt32 || n < math.MinInt32) {
			return op.cannot("array items must be between -2147483648 and 2147483647")
		}
	}
	return ""
}

// add puts values behind the others, or before them.
func (op operator) add(o *subject) ([]byte, string) {
	list, problem := op.items(o)
	if problem == "" {
		problem = op.fits(o, op.values)
	}
	if problem != "" {
		return nil, problem
	}
	if op.method == "arrayPrepend" {
		return op.joined(slices.Concat(op.values, list))
	}
	return op.joined(slices.Concat(list, op.values))
}

func (op operator) insert(o *subject) ([]byte, string) {
	list, problem := op.items(o)
	if problem != "" {
		return nil, problem
	}
	if len(op.values) != 2 {
		return nil, op.cannot("requires exactly 2 values: index and value")
	}
	at, ok := op.whole(0)
	switch {
	case !ok || at < 0:
		return nil, op.cannot("index must be a non-negative integer")
	case at > int64(len(list)):
		return nil, op.cannot("index " + strconv.FormatInt(at, 10) + " is out of bounds for array of length " + strconv.Itoa(len(list)))
	}
	if problem := op.fits(o, op.values[1:]); problem != "" {
		return nil, problem
	}
	return op.joined(slices.Insert(list, int(at), op.values[1]))
}

func (op operator) remove(o *subject) ([]byte, string) {
	list, problem := op.items(o)
	if problem != "" {
		return nil, problem
	}
	if len(op.values) == 0 {
		return nil, op.cannot("requires a value to remove")
	}
	gone := o.item(op.values[0])
	return op.joined(slices.DeleteFunc(list, func(v []byte) bool { return bytes.Equal(v, gone) }))
}

// unique keeps the first of items that are the same.
func (op operator) unique(o *subject) ([]byte, string) {
	list, problem := op.items(o)
	if problem != "" {
		return nil, problem
	}
	seen := make(map[string]bool, len(list))
	return op.joined(slices.DeleteFunc(list, func(v []byte) bool {
		if seen[string(v)] {
			return true
		}
		seen[string(v)] = true
		return false
	}))
}

// intersect keeps the items that are among the values, or those that are not.
func (op operator) intersect(o *subject) ([]byte, string) {
	list, problem := op.items(o)
	if problem != "" {
		return nil, problem
	}
	if len(op.values) == 0 && op.method == "arrayIntersect" {
		return nil, op.cannot("requires a non-empty array value")
	}
	given := make(map[string]bool, len(op.values))
	for _, v := range op.values {
		given[string(o.item(v))] = true
	}
	keep := op.method == "arrayIntersect"
	return op.joined(slices.DeleteFunc(list, func(v []byte) bool { return given[string(v)] != keep }))
}

// conditions are what items can be kept by, and what each makes of a comparison.
var conditions = map[string]func(cmp int) bool{
	"equal":            func(cmp int) bool { return cmp == 0 },
	"notEqual":         func(cmp int) bool { return cmp != 0 },
	"greaterThan":      func(cmp int) bool { return cmp > 0 },
	"greaterThanEqual": func(cmp int) bool { return cmp >= 0 },
	"lessThan":         func(cmp int) bool { return cmp < 0 },
	"lessThanEqual":    func(cmp int) bool { return cmp <= 0 },
}

// filter keeps the items for which a condition holds.
func (op operator) filter(o *subject) ([]byte, string) {
	list, problem := op.items(o)
	if problem != "" {
		return nil, problem
	}
	if n := len(op.values); n < 1 || n > 2 {
		return nil, op.cannot("requires 1 or 2 values: condition and optional comparison value")
	}
	name, ok := op.text(0)
	if !ok {
		return nil, op.cannot("condition must be a string")
	}
	if name == "isNull" || name == "isNotNull" {
		return op.joined(slices.DeleteFunc(list, func(v []byte) bool {
			return (rawjson.KindOf(v) == rawjson.Null) != (name == "isNull")
		}))
	}
	holds := conditions[name]
	if holds == nil {
		return nil, op.cannot("the condition must be one of: equal, notEqual, greaterThan, greaterThanEqual, lessThan, lessThanEqual, isNull, isNotNull")
	}
	if len(op.values) != 2 {
		return nil, op.cannot("the condition " + name + " requires a comparison value")
	}
	with := o.item(op.values[1])
	return op.joined(slices.DeleteFunc(list, func(v []byte) bool {
		cmp, comparable := compareItems(v, with)
		return !comparable && name != "notEqual" || comparable && !holds(cmp)
	}))
}

// compareItems orders two items of a kind. Items of two kinds have no order.
func compareItems(a, b []byte) (cmp int, ok bool) {
	kind := rawjson.KindOf(a)
	if kind != rawjson.KindOf(b) {
		return 0, false
	}
	switch kind {
	case rawjson.Number:
		x, _ := ParseNumber(a)
		y, _ := ParseNumber(b)
		switch {
		case above(x, y):
			return 1, true
		case above(y, x):
			return -1, true
		}
		return 0, true
	case rawjson.String:
		x, _ := rawjson.Text(a)
		y, _ := rawjson.Text(b)
		return strings.Compare(x, y), true // moments too: they are written to be sorted
	}
	return bytes.Compare(a, b), true
}
