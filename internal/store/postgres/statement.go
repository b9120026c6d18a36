package postgres

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"moorfast/internal/store"
)

// A statement is SQL as the server reads it. Arguments go as text, but bytes,
// and the server finds their type where they stand: so an argument is as good
// for a column as it is on SQLite.
type statement struct {
	sql     string
	values  [][]byte
	formats []int16 // nil is text throughout
}

const binary = 1

func newStatement(sql string, args []any) (statement, error) {
	numbered, marks := number(sql)
	if marks != len(args) {
		return statement{}, misuse(fmt.Sprintf("%d arguments for %d marks", len(args), marks))
	}
	s := statement{sql: numbered, values: make([][]byte, len(args))}
	for i, arg := range args {
		if err := store.CheckArgument(arg); err != nil {
			return statement{}, err
		}
		if v, ok := arg.([]byte); ok {
			if s.formats == nil {
				s.formats = make([]int16, len(args))
			}
			s.values[i], s.formats[i] = v, binary
			continue
		}
		s.values[i] = encode(arg)
	}
	return s, nil
}

// encode returns the text of an argument that CheckArgument let pass.
func encode(arg any) []byte {
	switch v := arg.(type) {
	case string:
		return []byte(v)
	case int64:
		return strconv.AppendInt(nil, v, 10)
	case int:
		return strconv.AppendInt(nil, int64(v), 10)
	case bool:
		if v {
			return []byte("1")
		}
		return []byte("0")
	case float64:
		switch {
		case math.IsInf(v, 1):
			return []byte("Infinity")
		case math.IsInf(v, -1):
			return []byte("-Infinity")
		}
		return strconv.AppendFloat(nil, v, 'g', -1, 64)
	default:
		return nil
	}
}

// number turns the "?" marks of a text into $1, $2 and so on, and counts them.
// Quotes and comments are left alone.
func number(sql string) (string, int) {
	if !strings.Contains(sql, "?") {
		return sql, 0
	}
	out := make([]byte, 0, len(sql)+16)
	marks := 0
	for i := 0; i < len(sql); {
		skip := 1
		switch c := sql[i]; {
		case c == '?':
			marks++
			out = append(out, '$')
			out = strconv.AppendInt(out, int64(marks), 10)
			i++
			continue
		case c == '\'' || c == '"':
			skip = through(sql[i:], string(c), 1) // a doubled quote begins another
		case strings.HasPrefix(sql[i:], "--"):
			skip = through(sql[i:], "\n", 2)
		case strings.HasPrefix(sql[i:], "/*"):
			skip = through(sql[i:], "*/", 2)
		}
		out = append(out, sql[i:i+skip]...)
		i += skip
	}
	return string(out), marks
}

// through returns how far s goes to the end of the first mark after from.
func through(s, mark string, from int) int {
	if i := strings.Index(s[from:], mark); i >= 0 {
		return from + i + len(mark)
	}
	return len(s)
}
