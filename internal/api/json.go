package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep a client's JSON may nest.
const MaxDepth = 64

// What is wrong with a client's JSON, as far as it may be told.
var (
	ErrDepth     = fmt.Errorf("the body nests deeper than %d levels", MaxDepth)
	ErrDuplicate = errors.New("the body has an object with two fields of one name")
	ErrSyntax    = errors.New("the body is not valid JSON in UTF-8")
)

// StrictJSON checks that b is one JSON value (RFC 8259) in UTF-8, which nests
// at most [MaxDepth] deep and has no object with two fields of one name: two
// readers of such an object could see different things. It returns [ErrDepth],
// [ErrDuplicate] or [ErrSyntax].
func StrictJSON(b []byte) error {
	if depth(b) > MaxDepth {
		return ErrDepth
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(b))
	if _, err := d.ReadValue(); err != nil {
		return jsonError(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return ErrSyntax
	}
	return nil
}

// SplitJSON is [StrictJSON] for an object, whose fields it returns in order.
// They share the memory of b.
func SplitJSON(b []byte) ([]Field, error) {
	if depth(b) > MaxDepth {
		return nil, ErrDepth
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(b))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, ErrSyntax
	}
	var fields []Field
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, jsonError(err)
		}
		field := Field{Name: name.String()}
		value, err := d.ReadValue()
		if err != nil {
			return nil, jsonError(err)
		}
		field.Raw = bytes.Clone(value)
		fields = append(fields, field)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, jsonError(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, ErrSyntax
	}
	return fields, nil
}

func jsonError(err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return ErrDuplicate
	}
	return ErrSyntax
}

// depth counts how deep brackets nest outside of strings. It looks before
// anything recurses.
func depth(b []byte) (most int) {
	now, text := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			now++
			most = max(most, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return most
}
