package query

import (
	"strconv"

	"moorfast/internal/id"
)

// checkNumber tests the value of a limit or an offset. Clients that build their
// queries from forms send it as a text.
func checkNumber(q *Query, name string, least int64) error {
	n, numeric := number(*q)
	if !numeric {
		return refuse("Invalid " + name + ": Value must be a valid number")
	}
	if n < least {
		return refuse("Invalid " + name + ": Value must be a valid range between " +
			strconv.FormatInt(least, 10) + " and 9,223,372,036,854,775,807")
	}
	return nil
}

// number reads the value of a limit or an offset. A number that is out of any
// range is -1, which no bound allows.
func number(q Query) (n int64, numeric bool) {
	switch v := first(q).(type) {
	case int64:
		return v, true
	case float64:
		return -1, true
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n, true
		}
		_, err := strconv.ParseFloat(v, 64)
		return -1, err == nil
	}
	return 0, false
}

// idForm describes an id in the contract's words, which are narrower than its rule.
const idForm = "UID must contain at most 36 chars. Valid chars are a-z, A-Z, 0-9, and underscore. Can't start with a leading underscore"

func checkCursor(q *Query) error {
	s, ok := first(*q).(string)
	if !ok || !id.Valid(s) {
		return refuse("Invalid cursor: " + idForm)
	}
	return nil
}
