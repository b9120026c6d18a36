package store

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// ErrArgument says that an argument is of no type or value that both engines
// keep as it is: text that is not UTF-8 or holds a NUL, which PostgreSQL
// refuses, or a float that is not a number, which SQLite makes NULL.
var ErrArgument = errors.New("store: argument cannot be stored")

// CheckArgument is for engines: it returns an [ErrArgument] for what must not
// become an argument.
func CheckArgument(arg any) error {
	switch v := arg.(type) {
	case nil, bool, int, int64, []byte:
		return nil
	case string:
		if !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
			return fmt.Errorf("%w: text is not UTF-8 or holds a NUL", ErrArgument)
		}
		return nil
	case float64:
		if math.IsNaN(v) {
			return fmt.Errorf("%w: not a number", ErrArgument)
		}
		return nil
	default:
		return fmt.Errorf("%w: type %T", ErrArgument, arg)
	}
}
