package documents

import "moorfast/internal/rawjson"

// operators are the methods by which data can say how a value is to change.
var operators = map[string]bool{
	"increment": true, "decrement": true, "multiply": true, "divide": true, "modulo": true, "power": true,
	"arrayAppend": true, "arrayPrepend": true, "arrayInsert": true, "arrayRemove": true, "arrayUnique": true,
	"arrayIntersect": true, "arrayDiff": true, "arrayFilter": true,
	"stringConcat": true, "stringReplace": true, "toggle": true,
	"dateAddDays": true, "dateSubDays": true, "dateSetNow": true,
}

// checkOperators refuses values that are operators, which would be taken for
// texts otherwise.
func checkOperators(data []byte) error {
	return rawjson.Members(data, func(name, value []byte) error {
		if s, ok := rawjson.Text(value); ok && isOperator(s) {
			return &Error{Kind: NotBuilt, Name: string(name), Message: "Operators are not supported yet."}
		}
		return nil
	})
}

// isOperator reports whether a text is an object with a method that there is,
// and values.
func isOperator(s string) bool {
	if s == "" || s[0] != '{' {
		return false
	}
	method, values := "", false
	err := rawjson.Members([]byte(s), func(name, value []byte) error {
		switch string(name) {
		case "method":
			method, _ = rawjson.Text(value)
		case "values":
			values = rawjson.KindOf(value) == rawjson.Array
		}
		return nil
	})
	return err == nil && values && operators[method]
}
