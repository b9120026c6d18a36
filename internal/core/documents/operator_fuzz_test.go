package documents

import (
	"testing"

	"moorfast/internal/rawjson"
	"moorfast/internal/schema"
)

// What an operator makes of a value is a value of the column, or an error: never
// a panic, and never JSON that is none.
func FuzzOperator(f *testing.F) {
	for _, s := range []string{
		`{"method":"increment","values":[1,2]}`, `{"method":"power","values":[-0.5]}`, `{"method":"arrayInsert","values":[0,"x"]}`,
		`{"method":"arrayFilter","values":["greaterThan",1e400]}`, `{"method":"stringReplace","values":["a","\u0000"]}`,
		`{"method":"dateAddDays","values":[9223372036854775807]}`, `{"method":"toggle","values":[]}`, `{"values":[],"method":"dateSetNow","values":[]}`,
	} {
		f.Add(s)
	}
	var subjects []subject
	for _, k := range schema.Kinds {
		c := k.Column("c")
		if c.Type == schema.Relationship || c.Type.IsSpatial() {
			continue
		}
		if c.Size == 0 {
			c.Size = 100
		}
		list := c
		list.Array = true
		values := map[schema.Type]string{schema.Boolean: `true`, schema.Integer: `9223372036854775806`, schema.BigInt: `-3`, schema.Float: `0.5`, schema.Datetime: `"2026-03-01T12:00:00.000+00:00"`}
		now := values[c.Type]
		if now == "" {
			now = `"abcä"`
		}
		subjects = append(subjects, subject{&c, []byte(now), 1}, subject{&c, []byte(`null`), 1},
			subject{&list, []byte(`[` + now + `,null,` + now + `]`), 1}, subject{&list, []byte(`null`), 1})
	}
	f.Fuzz(func(t *testing.T, text string) {
		op, ok := parseOperator(text)
		if !ok {
			return
		}
		for i := range subjects {
			value, err := op.apply(&subjects[i])
			if err != nil {
				continue
			}
			if _, err := rawjson.Value(value); err != nil {
				t.Errorf("%s of %s: %s: %v", text, subjects[i].now, value, err)
			}
		}
	})
}
