package documents_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"moorfast/internal/core/documents"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// op writes an operator, as it stands in data.
func op(method string, values ...any) string {
	raw, err := json.Marshal(map[string]any{"method": method, "values": append([]any{}, values...)})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func data(key string, value any) string {
	raw, err := json.Marshal(map[string]any{key: value})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// operands makes a table with a column of every sort that operators change.
func operands(b *bench) documents.Ref {
	small := func(c *schema.Column) { c.Ints = schema.Range[int64]{Min: math.MinInt32, Max: math.MaxInt32} }
	percent := func(c *schema.Column) { c.Ints = schema.Range[int64]{Min: 0, Max: 100} }
	ratio := func(c *schema.Column) { c.Floats = schema.Range[float64]{Min: -1, Max: 1} }
	short := func(c *schema.Column) { c.Size = 10 }
	sealed := func(c *schema.Column) { c.Size, c.Encrypt = 200, true }
	five := func(c *schema.Column) { c.Default = []byte("5") }
	return b.table(documents.NewTable{Columns: []schema.Column{
		column("int:integer"), column("small:integer", small), column("percent:integer", percent), column("big:bigint"),
		column("five:integer", five),
		column("float:float"), column("ratio:float", ratio), column("bool:boolean"), column("date:datetime"),
		column("text:string"), column("short:string", short), column("secret:string", sealed), column("mail:email"),
		column("ints:integer", array, small), column("floats:float", array), column("texts:string", array),
		column("bools:boolean", array), column("dates:datetime", array), column("secrets:string", sealed, array),
	}})
}

func TestOperatorsChangeValues(t *testing.T) {
	b := newBench(t)
	ref := operands(b)
	const day = "2026-03-01T12:00:00.000+00:00"
	for i, c := range []struct {
		column    string
		from      any
		op        string
		to        any
		direction string
	}{
		{"int", 5, op("increment", 2), 7.0, ""},
		{"int", nil, op("increment", 2), 2.0, "null counts as 0"},
		{"int", 5, op("increment", 10, 8), 8.0, "to the bound"},
		{"int", 5, op("increment", 1, 8), 6.0, "below the bound"},
		{"int", 5, op("increment", 1, nil), 6.0, "no bound"},
		{"int", 5, op("increment", 1.5), 7.0, "rounded, away from zero"},
		{"int", 5, op("increment", -2), 3.0, ""},
		{"int", 5, op("decrement", 2), 3.0, ""},
		{"int", 5, op("decrement", 10, 0), 0.0, "to the bound"},
		{"int", 5, op("multiply", 3), 15.0, ""},
		{"int", 5, op("multiply", 3, 10), 10.0, ""},
		{"int", 5, op("multiply", 0.5), 3.0, "rounded"},
		{"int", nil, op("multiply", 3), 0.0, ""},
		{"int", 5, op("divide", 2), 3.0, "rounded"},
		{"int", -5, op("divide", 2), -3.0, "rounded"},
		{"int", 7, op("divide", 3), 2.0, "rounded"},
		{"int", 100, op("divide", 10, 20), 20.0, "to the bound"},
		{"int", 7, op("modulo", 4), 3.0, ""},
		{"int", -7, op("modulo", 4), -3.0, ""},
		{"int", 2, op("power", 10), 1024.0, ""},
		{"int", 2, op("power", 1000, 99), 99.0, "too large, and bounded"},
		{"int", 2, op("power", 0), 1.0, ""},
		{"int", -1, op("power", 1001), -1.0, ""},
		{"int", 2, op("power", -1), 1.0, "0.5, rounded"},
		{"small", 1, op("increment", 1), 2.0, ""},
		{"percent", 90, op("increment", 50, 100), 100.0, "within the column's bounds"},
		{"big", 1, op("increment", 1<<40), float64(1<<40 + 1), ""},
		{"float", 1.5, op("increment", 1), 2.5, ""},
		{"float", 1.5, op("decrement", 0.25), 1.25, ""},
		{"float", 1.5, op("multiply", 2, 2.5), 2.5, ""},
		{"float", 1, op("divide", 4), 0.25, ""},
		{"float", 5.5, op("modulo", 2), 1.5, ""},
		{"float", 9, op("power", 0.5), 3.0, ""},
		{"bool", true, op("toggle"), false, ""},
		{"bool", nil, op("toggle"), true, "null counts as false"},
		{"date", day, op("dateAddDays", 31), "2026-04-01T12:00:00.000+00:00", ""},
		{"date", day, op("dateAddDays", -1), "2026-02-28T12:00:00.000+00:00", ""},
		{"date", day, op("dateSubDays", 1), "2026-02-28T12:00:00.000+00:00", ""},
		{"date", nil, op("dateAddDays", 1), nil, "null stays"},
		{"date", day, op("dateSetNow"), "2026-11-23T10:00:00.000+00:00", ""},
		{"text", "Du", op("stringConcat", "ne"), "Dune", ""},
		{"text", nil, op("stringConcat", "ne"), "ne", "null counts as empty"},
		{"text", "a-b-a", op("stringReplace", "a", "ö"), "ö-b-ö", ""},
		{"text", nil, op("stringReplace", "a", "b"), nil, "null stays"},
		{"text", "aa", op("stringReplace", "", "b"), "aa", ""},
		{"secret", "whis", op("stringConcat", "per"), "whisper", "sealed before and after"},
		{"secrets", []any{"a"}, op("arrayAppend", "b"), []any{"a", "b"}, "sealed before and after"},
		{"mail", "a@example.co", op("stringConcat", "m"), "a@example.com", ""},
		{"ints", []any{1, 2}, op("arrayAppend", 3, 4), []any{1.0, 2.0, 3.0, 4.0}, ""},
		{"ints", nil, op("arrayAppend", 3), []any{3.0}, "null counts as empty"},
		{"ints", []any{1, 2}, op("arrayAppend"), []any{1.0, 2.0}, ""},
		{"ints", []any{1, 2}, op("arrayPrepend", 3, 4), []any{3.0, 4.0, 1.0, 2.0}, ""},
		{"ints", []any{1, 2}, op("arrayInsert", 1, 9), []any{1.0, 9.0, 2.0}, ""},
		{"ints", []any{1, 2}, op("arrayInsert", 2, 9), []any{1.0, 2.0, 9.0}, ""},
		{"ints", []any{1, 2, 1}, op("arrayRemove", 1), []any{2.0}, ""},
		{"ints", []any{1, 2, 1}, op("arrayRemove", "1"), []any{1.0, 2.0, 1.0}, "a text is no number"},
		{"ints", []any{1, 2, 1, 2, 3}, op("arrayUnique"), []any{1.0, 2.0, 3.0}, ""},
		{"ints", []any{1, 2, 3}, op("arrayIntersect", 3, 1, 7), []any{1.0, 3.0}, ""},
		{"ints", []any{1, 2, 3}, op("arrayDiff", 3, 7), []any{1.0, 2.0}, ""},
		{"ints", []any{1, 2, 3}, op("arrayDiff"), []any{1.0, 2.0, 3.0}, ""},
		{"ints", []any{1, 2, 3}, op("arrayFilter", "greaterThan", 1), []any{2.0, 3.0}, ""},
		{"ints", []any{1, 10, 9}, op("arrayFilter", "greaterThanEqual", 9), []any{10.0, 9.0}, "as numbers"},
		{"ints", []any{1, nil, 3}, op("arrayFilter", "isNotNull", nil), []any{1.0, 3.0}, ""},
		{"ints", []any{1, nil, 3}, op("arrayFilter", "isNull"), []any{nil}, ""},
		{"ints", []any{1, nil, 3}, op("arrayFilter", "notEqual", 1), []any{nil, 3.0}, ""},
		{"floats", []any{0.5, 2}, op("arrayFilter", "lessThan", 2), []any{0.5}, ""},
		{"texts", []any{"a", "b"}, op("arrayFilter", "lessThanEqual", "a"), []any{"a"}, ""},
		{"texts", []any{"a", "b"}, op("arrayFilter", "equal", "b"), []any{"b"}, ""},
		{"texts", []any{"a", "é"}, op("arrayRemove", "é"), []any{"a"}, ""},
		{"bools", []any{true, false}, op("arrayRemove", true), []any{false}, ""},
		{"dates", []any{day}, op("arrayRemove", "2026-03-01T13:00:00+01:00"), []any{}, "the same moment"},
		{"dates", []any{day}, op("arrayAppend", "2026-03-02T00:00:00Z"), []any{day, "2026-03-02T00:00:00.000+00:00"}, ""},
	} {
		t.Run(fmt.Sprintf("%s %s", c.column, c.op), func(t *testing.T) {
			id := fmt.Sprintf("r%d", i)
			if _, err := b.create(ref, server, id, data(c.column, c.from), nil); err != nil {
				t.Fatal(err)
			}
			row, err := b.update(ref, server, id, data(c.column, c.op), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := fmt.Sprint(row[c.column]), fmt.Sprint(c.to); got != want {
				t.Errorf("%s: got %s, want %s", c.direction, got, want)
			}
		})
	}
}

func TestOperatorsThatDoNotFitChangeNothing(t *testing.T) {
	b := newBench(t)
	ref := operands(b)
	full := `{"int":9223372036854775807,"small":2147483647,"percent":90,"float":1e308,"ratio":0.5,"bool":true,"date":"9999-12-31T00:00:00Z",` +
		`"text":"a","short":"123456789","ints":[1],"texts":["a"],"mail":"a@example.com"}`
	before, err := b.create(ref, server, "r1", full, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ column, op, want string }{
		{"text", op("increment", 1), "Cannot apply increment operator to non-numeric field 'text'"},
		{"ints", op("power", 1), "Cannot apply power operator to non-numeric field 'ints'"},
		{"int", op("increment", "1"), "Cannot apply increment operator: value must be numeric"},
		{"int", op("increment"), "Cannot apply increment operator: value must be numeric"},
		{"int", op("increment", 1, "x"), "Cannot apply increment operator: max/min limit must be numeric"},
		{"int", op("increment", 1), "Cannot apply increment operator: would overflow maximum value of 9223372036854775807"},
		{"small", op("increment", 1), "Cannot apply increment operator: would overflow maximum value of 2147483647"},
		{"small", op("multiply", -2), "Cannot apply multiply operator: would underflow minimum value of -2147483648"},
		{"small", op("multiply", 1e300), "Cannot apply multiply operator: would overflow maximum value of 2147483647"},
		{"int", op("power", 1000000000), "Cannot apply power operator: would overflow maximum value of 9223372036854775807"},
		{"percent", op("increment", 11), "Cannot apply increment operator: would overflow maximum value of 100"},
		{"percent", op("decrement", 91), "Cannot apply decrement operator: would underflow minimum value of 0"},
		{"percent", op("divide", 0), "Cannot apply divide operator: division by zero"},
		{"float", op("modulo", 0), "Cannot apply modulo operator: division by zero"},
		{"float", op("multiply", 10), "Cannot apply multiply operator: would overflow maximum value of " + "1.7976931348623157e+308"},
		{"ratio", op("increment", 1), "Cannot apply increment operator: would overflow maximum value of 1"},
		{"ratio", op("power", -5000), "Cannot apply power operator: would overflow maximum value of 1"},
		{"text", op("toggle"), "Cannot apply toggle operator to non-boolean field 'text'"},
		{"text", op("dateSetNow"), "Cannot apply dateSetNow operator to non-datetime field 'text'"},
		{"date", op("dateAddDays", 1.5), "Cannot apply dateAddDays operator: requires an integer number of days"},
		{"date", op("dateAddDays", 1), "Cannot apply dateAddDays operator: the date would be out of range"},
		{"date", op("dateAddDays", 1<<40), "Cannot apply dateAddDays operator: the date would be out of range"},
		{"bool", op("stringConcat", "a"), "Cannot apply stringConcat operator to non-string field 'bool'"},
		{"text", op("stringConcat", 1), "Cannot apply stringConcat operator: requires a string value"},
		{"text", op("stringReplace", "a"), "Cannot apply stringReplace operator: requires exactly 2 string values"},
		{"short", op("stringConcat", "xx"), `Attribute "short" has invalid type. Value must be a valid string and no longer than 10 chars`},
		{"mail", op("stringConcat", " "), `Attribute "mail" has invalid format. Value must be a valid email address`},
		{"text", op("arrayAppend", "a"), "Cannot apply arrayAppend operator to non-array field 'text'"},
		{"ints", op("arrayAppend", 1<<40), "Cannot apply arrayAppend operator: array items must be between -2147483648 and 2147483647"},
		{"ints", op("arrayAppend", "a"), `Attribute "ints['1']" has invalid format. Value must be a valid signed 32-bit integer between -2,147,483,648 and 2,147,483,647`},
		{"ints", op("arrayInsert", 1), "Cannot apply arrayInsert operator: requires exactly 2 values: index and value"},
		{"ints", op("arrayInsert", -1, 1), "Cannot apply arrayInsert operator: index must be a non-negative integer"},
		{"ints", op("arrayInsert", 2, 1), "Cannot apply arrayInsert operator: index 2 is out of bounds for array of length 1"},
		{"ints", op("arrayRemove"), "Cannot apply arrayRemove operator: requires a value to remove"},
		{"ints", op("arrayIntersect"), "Cannot apply arrayIntersect operator: requires a non-empty array value"},
		{"ints", op("arrayFilter"), "Cannot apply arrayFilter operator: requires 1 or 2 values: condition and optional comparison value"},
		{"ints", op("arrayFilter", 1), "Cannot apply arrayFilter operator: condition must be a string"},
		{"ints", op("arrayFilter", "contains", 1), "Cannot apply arrayFilter operator: the condition must be one of: equal, notEqual, greaterThan, greaterThanEqual, lessThan, lessThanEqual, isNull, isNotNull"},
		{"ints", op("arrayFilter", "equal"), "Cannot apply arrayFilter operator: the condition equal requires a comparison value"},
		{"ints", op("arrayAppend", make([]any, 10001)...), "Array size 10001 exceeds maximum allowed size of 10000 for array operations"},
		{"nope", op("increment", 1), `Unknown attribute: "nope"`},
	} {
		_, err := b.update(ref, server, "r1", data(c.column, c.op), nil)
		var rule *schema.Error
		if !errors.As(err, &rule) || rule.Kind != schema.BadStructure || rule.Message != c.want {
			t.Errorf("%s %.80s:\n got %v\nwant %s", c.column, c.op, err, c.want)
		}
	}
	after, err := b.get(ref, server, "r1")
	if err != nil || fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("got %v, %v\nwant %v", after, err, before)
	}
}

func TestOperatorsInUpsertsAndInSeveralRows(t *testing.T) {
	b := newBench(t)
	ref := operands(b)
	upsert := func(id, data string) (map[string]any, error) {
		return b.change(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
			return t.Upsert(ctx, tx, b.by(server), documents.Row{ID: id, Data: []byte(data)})
		})
	}
	row, err := upsert("a", `{"five":"{\"method\":\"increment\",\"values\":[2]}","int":"{\"method\":\"increment\",\"values\":[2]}"}`)
	if err != nil || row["five"] != 7.0 || row["int"] != 2.0 {
		t.Errorf("a new row starts from the defaults: got %v, %v", row, err)
	}
	if row, err = upsert("a", data("five", op("increment", 2))); err != nil || row["five"] != 9.0 || row["int"] != 2.0 {
		t.Errorf("a row that is there: got %v, %v", row, err)
	}
	if _, err = upsert("b", data("int", 40)); err != nil {
		t.Fatal(err)
	}
	change := func(data string) (map[string]any, error) {
		return b.change(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
			return t.UpdateMany(ctx, tx, b.by(server), nil, documents.Row{Data: []byte(data)})
		})
	}
	if _, err = change(data("int", op("increment", 10))); err != nil {
		t.Fatal(err)
	}
	if _, err = change(data("percent", op("decrement", 1))); err == nil {
		t.Error("below the column's minimum: no error")
	}
	list, err := b.list(ref, server)
	if err != nil || list.Rows[0]["int"] != 12.0 || list.Rows[1]["int"] != 50.0 || list.Rows[0]["percent"] != nil {
		t.Errorf("got %v, %v", list.Rows, err)
	}
	row, err = b.create(ref, server, "c", data("text", op("stringConcat", "x")), nil)
	if err != nil || row["text"] != op("stringConcat", "x") {
		t.Errorf("a text of a new row is a text: got %v, %v", row, err)
	}
	b.now = b.now.Add(time.Minute)
	same, err := b.update(ref, server, "a", data("texts", op("stringConcat", "x")), nil)
	if err == nil {
		t.Errorf("got %v", same)
	}
	if same, err = b.update(ref, server, "a", data("int", op("increment", 0)), nil); err != nil || same["$updatedAt"] != row["$updatedAt"] {
		t.Errorf("an operator that changes nothing: got %v, %v", same, err)
	}
}

func TestManyClientsLoseNoIncrement(t *testing.T) {
	b := newBench(t)
	ref := operands(b)
	if _, err := b.create(ref, server, "r1", `{"int":0}`, nil); err != nil {
		t.Fatal(err)
	}
	const clients, each = 64, 10
	var wg sync.WaitGroup
	failed := make(chan error, clients*each)
	for range clients {
		wg.Go(func() {
			for range each {
				_, err := documents.Settle(func() (map[string]any, error) {
					return b.update(ref, server, "r1", data("int", op("increment", 1)), nil)
				})
				if err != nil {
					failed <- err
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	for err := range failed {
		t.Fatal(err)
	}
	if row, err := b.get(ref, server, "r1"); err != nil || row["int"] != float64(clients*each) {
		t.Errorf("got %v, %v, want %d", row["int"], err, clients*each)
	}
}

func TestTextsThatAreNoOperators(t *testing.T) {
	b := newBench(t)
	ref := operands(b)
	for i, text := range []string{
		`{}`, `{"method":"increment"}`, `{"method":"increment","values":1}`, `{"method":"nope","values":[]}`,
		`{"method":1,"values":[]}`, `{"method":"toggle","values":[]} x`, `{"method":"toggle","values":[`, `[]`, `{`,
	} {
		id := fmt.Sprintf("r%d", i)
		if _, err := b.create(ref, server, id, `{"text":""}`, nil); err != nil {
			t.Fatal(err)
		}
		if row, err := b.update(ref, server, id, data("text", text), nil); err != nil || row["text"] != text {
			t.Errorf("%s: got %v, %v", text, row["text"], err)
		}
	}
	if !strings.Contains(op("toggle"), `"values":[]`) {
		t.Error("the test writes no operators")
	}
}
