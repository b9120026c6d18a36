package query

import (
	"unicode/utf8"

	"moorfast/internal/rawjson"
)

// Object is the JSON text of an object among the values of a query. No type of
// attribute takes one.
type Object string

// Parse reads the JSON texts of the queries of one list.
func Parse(texts []string) ([]Query, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	if len(texts) > MaxQueries {
		return nil, malformed("Too many queries.")
	}
	queries := make([]Query, 0, len(texts))
	for _, text := range texts {
		if utf8.RuneCountInString(text) > MaxLength {
			return nil, malformed("Invalid query: Text is too long")
		}
		raw, err := rawjson.Value([]byte(text))
		if err != nil {
			return nil, malformed("Invalid query: Syntax error")
		}
		q, err := parse(raw, 0)
		if err != nil {
			return nil, err
		}
		queries = append(queries, q)
	}
	return queries, nil
}

func malformed(message string) *Error { return &Error{Message: message, parse: true} }

// parse reads one query. Its text was scanned, so what is left to find is a
// part of a wrong type.
func parse(raw []byte, depth int) (Query, error) {
	var method, attribute, list []byte
	switch rawjson.KindOf(raw) {
	case rawjson.Object:
		_ = rawjson.Members(raw, func(name, value []byte) error {
			if rawjson.KindOf(value) == rawjson.Null {
				value = nil
			}
			switch string(name) {
			case "method":
				method = value
			case "attribute":
				attribute = value
			case "values":
				list = value
			}
			return nil
		})
	case rawjson.Array: // has no method
	default:
		return Query{}, malformed("Invalid query. Must be an array, got " + typeName(raw))
	}

	name, ok := rawjson.Text(method)
	if !ok && method != nil {
		return Query{}, malformed("Invalid query method. Must be a string, got " + typeName(method))
	}
	q := Query{Method: Method(name)}
	is, known := methods[q.Method]
	if !known {
		return Query{}, malformed("Invalid query method: " + name)
	}
	if q.Attribute, ok = rawjson.Text(attribute); !ok && attribute != nil {
		return Query{}, malformed("Invalid query attribute. Must be a string, got " + typeName(attribute))
	}
	if list == nil {
		return q, nil
	}
	if rawjson.KindOf(list) != rawjson.Array {
		return Query{}, malformed("Invalid query values. Must be an array, got " + typeName(list))
	}
	if is.kind != logical {
		q.Values = decodeList(list)
		return q, nil
	}
	if depth == MaxDepth {
		return Query{}, malformed("Invalid query: Nested too deep")
	}
	err := rawjson.Elements(list, func(value []byte) error {
		child, err := parse(value, depth+1)
		q.Queries = append(q.Queries, child)
		return err
	})
	return q, err
}

func decodeList(raw []byte) []any {
	list := []any{}
	_ = rawjson.Elements(raw, func(value []byte) error {
		list = append(list, decode(value))
		return nil
	})
	return list
}

func decode(raw []byte) any {
	switch rawjson.KindOf(raw) {
	case rawjson.Bool:
		b, _ := rawjson.Boolean(raw)
		return b
	case rawjson.Number:
		if n, ok := rawjson.Int(raw); ok {
			return n
		}
		f, _ := rawjson.Float(raw) // infinite when it is too large
		return f
	case rawjson.String:
		s, _ := rawjson.Text(raw)
		return s
	case rawjson.Array:
		return decodeList(raw)
	case rawjson.Object:
		return Object(raw)
	}
	return nil
}

// typeName names the type of a value as clients have always been told it.
func typeName(raw []byte) string {
	switch rawjson.KindOf(raw) {
	case rawjson.Null:
		return "NULL"
	case rawjson.Bool:
		return "boolean"
	case rawjson.Number:
		if _, ok := rawjson.Int(raw); ok {
			return "integer"
		}
		return "double"
	case rawjson.String:
		return "string"
	}
	return "array"
}
