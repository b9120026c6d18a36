// Package rawjson reads and writes JSON in place. A text is split into the
// slices of its members, and values go out by appending, so that a row crosses
// the server without a map or an interface between the wire and its columns.
package rawjson

import (
	"errors"
	"math"
	"strconv"
)

// The reasons for which a text is refused.
var (
	ErrSyntax = errors.New("rawjson: syntax error")
	ErrDepth  = errors.New("rawjson: nested too deep")
)

// MaxDepth is how deep arrays and objects may nest.
const MaxDepth = 128

// Kind is the type of a JSON value.
type Kind uint8

// The kinds of a value.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// KindOf returns the kind of the value that raw begins with, which it tells
// from the first byte: raw must be a value of a text that was scanned.
func KindOf(raw []byte) Kind {
	if len(raw) == 0 {
		return Invalid
	}
	switch c := raw[0]; {
	case c == '"':
		return String
	case c == '-' || '0' <= c && c <= '9':
		return Number
	case c == 't' || c == 'f':
		return Bool
	case c == 'n':
		return Null
	case c == '[':
		return Array
	case c == '{':
		return Object
	}
	return Invalid
}

// Value checks that text holds one JSON value, and returns it without the space
// around it.
func Value(text []byte) ([]byte, error) {
	start := space(text, 0)
	end, err := scan(text, start, 0)
	if err != nil {
		return nil, err
	}
	if space(text, end) != len(text) {
		return nil, ErrSyntax
	}
	return text[start:end], nil
}

// Members calls fn for each member of the object that text holds, in the order
// of the text, and stops at its first error. Name and value are slices of text
// where they can be; the name is without its quotes and escapes.
func Members(text []byte, fn func(name, value []byte) error) error {
	i, err := open(text, '{')
	if err != nil {
		return err
	}
	var buf []byte
	for first := true; ; first = false {
		var done bool
		if i, done, err = next(text, i, '}', first); done || err != nil {
			return err
		}
		end, err := scanString(text, i)
		if err != nil {
			return err
		}
		name := text[i+1 : end-1]
		if escaped(name) {
			buf = unescape(buf[:0], name)
			name = buf
		}
		i = space(text, end)
		if i >= len(text) || text[i] != ':' {
			return ErrSyntax
		}
		i = space(text, i+1)
		if end, err = scan(text, i, 1); err != nil {
			return err
		}
		if err := fn(name, text[i:end]); err != nil {
			return err
		}
		i = end
	}
}

// Elements calls fn for each element of the array that text holds, and stops at
// its first error.
func Elements(text []byte, fn func(value []byte) error) error {
	i, err := open(text, '[')
	if err != nil {
		return err
	}
	for first := true; ; first = false {
		var done bool
		if i, done, err = next(text, i, ']', first); done || err != nil {
			return err
		}
		end, err := scan(text, i, 1)
		if err != nil {
			return err
		}
		if err := fn(text[i:end]); err != nil {
			return err
		}
		i = end
	}
}

// open finds the place behind the bracket that text begins with.
func open(text []byte, bracket byte) (int, error) {
	i := space(text, 0)
	if i >= len(text) || text[i] != bracket {
		return 0, ErrSyntax
	}
	return i + 1, nil
}

// next finds where the next member of a list begins, or that its bracket closes
// and nothing but space follows.
func next(text []byte, i int, bracket byte, first bool) (at int, done bool, err error) {
	i = space(text, i)
	if i >= len(text) {
		return 0, false, ErrSyntax
	}
	if text[i] == bracket {
		if space(text, i+1) != len(text) {
			return 0, false, ErrSyntax
		}
		return 0, true, nil
	}
	if first {
		return i, false, nil
	}
	if text[i] != ',' {
		return 0, false, ErrSyntax
	}
	return space(text, i+1), false, nil
}

// Int returns the integer that raw is written as: without fraction or exponent,
// and within 64 bits.
func Int(raw []byte) (int64, bool) {
	if KindOf(raw) != Number {
		return 0, false
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return n, err == nil
}

// Float returns the finite number that raw is written as.
func Float(raw []byte) (float64, bool) {
	if KindOf(raw) != Number {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	return f, err == nil
}

// Boolean returns the truth value that raw is.
func Boolean(raw []byte) (value, ok bool) {
	return string(raw) == "true", KindOf(raw) == Bool
}

// AppendFloat appends a finite number, with the fewest digits that read back as
// the same. Whole numbers have no fraction, and very large or small ones an
// exponent, as in encoding/json.
func AppendFloat(dst []byte, f float64) []byte {
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, 64)
}
