package compat

import (
	"encoding/json"
	"slices"

	"moorfast/internal/api"
	"moorfast/internal/rawjson"
)

// everything selects a row with all that it is related to.
const everything = `{"method":"select","values":["*","*.*"]}`

// relationsShown selects related rows for clients that never had to: for who
// selects nothing, or everything.
func relationsShown(v *api.Values) error {
	raw, ok := v.Find("queries")
	queries := []string{}
	if ok && json.Unmarshal(raw, &queries) != nil {
		return nil //nolint:nilerr // the endpoint will say what is wrong
	}
	selects, all := 0, false
	for _, q := range queries {
		if s, star := selection(q); s {
			selects++
			all = all || star
		}
	}
	if selects > 0 && !all {
		return nil
	}
	queries = slices.DeleteFunc(queries, func(q string) bool { s, _ := selection(q); return s })
	b, err := json.Marshal(append(queries, everything))
	if err != nil {
		return err
	}
	v.Set("queries", b)
	return nil
}

// selection tells whether a query selects, and whether it does everything.
func selection(q string) (selects, all bool) {
	raw, err := rawjson.Value([]byte(q))
	if err != nil || rawjson.KindOf(raw) != rawjson.Object {
		return false, false
	}
	_ = rawjson.Members(raw, func(name, value []byte) error {
		switch string(name) {
		case "method":
			method, _ := rawjson.Text(value)
			selects = method == "select"
		case "values":
			if rawjson.KindOf(value) != rawjson.Array {
				return nil
			}
			return rawjson.Elements(value, func(item []byte) error {
				s, _ := rawjson.Text(item)
				all = all || s == "*"
				return nil
			})
		}
		return nil
	})
	return selects, all
}
