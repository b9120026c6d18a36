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
		s, ok := rawjson.Text(value)
		if !ok || len(s) == 0 || s[0] != '{' {
			return nil
		}
		var method string
		var has bool
		raw, err := rawjson.Value([]byte(s))
		if err != nil {
			return nil
		}
		_ = rawjson.Members(raw, func(name, value []byte) error {
			switch string(name) {
			case "method":
				method, _ = rawjson.Text(value)
			case "values":
				has = rawjson.KindOf(value) == rawjson.Array
			}
			return nil
		})
		if has && operators[method] {
			return &Error{Kind: Unsupported, Name: string(name), Message: "Operators are not supported yet."}
		}
		return nil
	})
}
