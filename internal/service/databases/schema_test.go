package databases_test

import (
	"reflect"
	"strings"
	"testing"

	"moorfast/internal/apierr"
)

func TestDatabasesAndTables(t *testing.T) {
	inBoth(t, func(t *testing.T, w tongue) {
		b := newBench(t)
		s := b.server()
		made := map[string]string{"/tablesdb": "tablesdb", "/databases": "legacy"}[w.root]
		db := s.must("POST", w.root, M{"databaseId": "unique()", "name": "Main"})
		want := M{
			"$id": "made1", "name": "Main", "enabled": true, "type": made, "status": "ready",
			"$createdAt": "2026-11-23T10:00:00.000+00:00", "$updatedAt": "2026-11-23T10:00:00.000+00:00",
		}
		if !reflect.DeepEqual(db, want) {
			t.Errorf("database: %v", db)
		}
		s.says("POST", w.root, M{"databaseId": "made1", "name": "Again"}, apierr.DatabaseAlreadyExists,
			"Database with the requested ID 'made1' already exists. Try again with a different ID or use ID.unique() to generate a unique ID.")
		s.says("GET", w.root+"/nope", nil, apierr.DatabaseNotFound, "Database with the requested ID 'nope' could not be found.")
		if list := s.must("GET", w.root, M{"search": "mai"}); list["total"] != 1.0 {
			t.Errorf("list: %v", list)
		}
		s.says("GET", w.root, M{"queries": []string{q("equal", "invalidAttribute", "x")}}, apierr.ArgumentInvalid,
			"Invalid `queries` param: Invalid query: Attribute not found in schema: invalidAttribute")

		tables := w.root + "/made1/" + w.table + "s"
		id := w.table + "Id"
		table := s.must("POST", tables, M{
			id: "films", "name": "Films", "permissions": []string{`read("any")`, `write("users")`}, w.security: "true",
			w.column + "s": []M{
				{"key": "title", "type": "string", "size": 100, "required": true},
				{"key": "genre", "type": "string", "format": "enum", "elements": []string{"a", "b"}, "default": "a"},
				{"key": "year", "type": "integer", "min": 1888},
				{"key": "rating", "type": "double", "max": 5},
				{"key": "mail", "type": "email"},
			},
			"indexes": []M{{"key": "by_year", "type": "key", w.column + "s": []string{"year", "title"}, "orders": []string{"DESC"}}},
		})
		if got := table["$permissions"]; !reflect.DeepEqual(got, []any{`read("any")`, `create("users")`, `update("users")`, `delete("users")`}) {
			t.Errorf("permissions: %v", got)
		}
		columns, _ := table[w.column+"s"].([]any)
		indexes, _ := table["indexes"].([]any)
		if len(columns) != 5 || len(indexes) != 1 || table[w.security] != true || table["databaseId"] != "made1" || table["bytesMax"] != 65535.0 {
			t.Errorf("table: %v", table)
		}
		if got := s.must("GET", tables+"/films", nil); !reflect.DeepEqual(got, table) {
			t.Errorf("get:\n got %v\nwant %v", got, table)
		}
		s.refused("POST", tables, M{id: "films", "name": "Again"}, w.error(apierr.TableAlreadyExists, apierr.CollectionAlreadyExists))
		for _, c := range []struct {
			columns []any
			want    string
		}{
			{[]any{M{"key": "a", "type": "relationship"}}, "Relationship attributes cannot be created inline. Use the create relationship endpoint instead."},
			{[]any{M{"key": "a", "type": "boolean"}, M{"key": "A", "type": "boolean"}}, "at index 1 has the key of another"},
			{[]any{M{"key": "a", "type": "string"}}, "at index 0 needs a size within the limits of its type"},
			{[]any{M{"key": "$a", "type": "boolean"}}, "at index 0 has no valid key"},
			{[]any{M{"key": "a", "type": "blob"}}, "at index 0 has a type or a format that there is not"},
			{[]any{"x"}, ""},
		} {
			got := s.refused("POST", tables, M{id: "other", "name": "Other", w.column + "s": c.columns}, apierr.ArgumentInvalid)
			if !strings.HasPrefix(got, "Invalid `"+w.column+"s` param: ") || !strings.HasSuffix(got, c.want) {
				t.Errorf("%v: %s", c.columns, got)
			}
		}
		s.refused("GET", tables+"/other", nil, w.error(apierr.TableNotFound, apierr.CollectionNotFound))

		updated := s.must("PUT", tables+"/films", M{"name": "Movies"})
		if updated["name"] != "Movies" || updated[w.security] != false || !reflect.DeepEqual(updated["$permissions"], table["$permissions"]) {
			t.Errorf("update: %v", updated)
		}
		list := s.must("GET", tables, M{"queries": []string{q("equal", w.security, false)}})
		if page, _ := list[w.table+"s"].([]any); list["total"] != 1.0 || !reflect.DeepEqual(page[0], any(updated)) {
			t.Errorf("list: %v", list)
		}
		s.must("DELETE", tables+"/films", nil)
		s.refused("DELETE", tables+"/films", nil, w.error(apierr.TableNotFound, apierr.CollectionNotFound))
		s.must("DELETE", w.root+"/made1", nil)
		s.refused("GET", w.root+"/made1", nil, apierr.DatabaseNotFound)
	})
}

// kinds are all kinds of columns that can be made: what makes one, what is shown
// of it beside what all have, and how it may change.
var kinds = []struct {
	kind            string
	params, shown   M
	change, change2 M // sent, and shown after
}{
	{"string", M{"size": 9, "default": "a"}, M{"type": "string", "size": 9.0, "default": "a", "encrypt": false}, M{"default": "bc", "size": 10}, M{"default": "bc", "size": 10.0}},
	{"varchar", M{"size": 9}, M{"type": "varchar", "size": 9.0, "default": nil, "encrypt": false}, M{"default": "b"}, M{"default": "b"}},
	{"text", M{"encrypt": true}, M{"type": "text", "default": nil, "encrypt": true}, M{"default": "b"}, M{"default": "b"}},
	{"mediumtext", M{}, M{"type": "mediumtext", "default": nil, "encrypt": false}, M{"default": "b"}, M{"default": "b"}},
	{"longtext", M{}, M{"type": "longtext", "default": nil, "encrypt": false}, M{"default": "b"}, M{"default": "b"}},
	{"email", M{"default": "A@example.com"}, M{"type": "string", "format": "email", "default": "A@example.com"}, M{"default": nil}, M{"default": nil}},
	{
		"enum",
		M{"elements": []string{"a", "b"}, "default": "b"},
		M{"type": "string", "format": "enum", "elements": []any{"a", "b"}, "default": "b"},
		M{"elements": []string{"c"}, "default": "c"},
		M{"elements": []any{"c"}, "default": "c"},
	},
	{"ip", M{"default": "::1"}, M{"type": "string", "format": "ip", "default": "::1"}, M{"default": "127.0.0.1"}, M{"default": "127.0.0.1"}},
	{"url", M{}, M{"type": "string", "format": "url", "default": nil}, M{"default": "https://example.com"}, M{"default": "https://example.com"}},
	{"integer", M{"max": 10}, M{"type": "integer", "min": -9223372036854775808.0, "max": 10.0, "default": nil}, M{"default": 5, "min": 1, "max": 20}, M{"default": 5.0, "min": 1.0, "max": 20.0}},
	{"bigint", M{"default": 7}, M{"type": "bigint", "min": -9223372036854775808.0, "max": 9223372036854775807.0, "default": 7.0}, M{"default": nil}, M{"default": nil}},
	{"float", M{"min": 0.5, "default": 1}, M{"type": "double", "min": 0.5, "max": 1.7976931348623157e308, "default": 1.0}, M{"default": 2.5}, M{"default": 2.5, "min": -1.7976931348623157e308}},
	{"boolean", M{"default": false}, M{"type": "boolean", "default": false}, M{"default": true}, M{"default": true}},
	{"datetime", M{"default": "2026-01-01"}, M{"type": "datetime", "format": "", "default": "2026-01-01T00:00:00.000+00:00"}, M{"default": nil}, M{"default": nil}},
}

func TestKindsOfColumns(t *testing.T) {
	inBoth(t, func(t *testing.T, w tongue) {
		b := newBench(t)
		s := b.films(w)
		for _, k := range kinds {
			params := M{"key": "k_" + k.kind, "required": false}
			for name, v := range k.params {
				params[name] = v
			}
			want := M{
				"key": "k_" + k.kind, "status": "available", "error": "", "required": false, "array": false,
				"$createdAt": "2026-11-23T10:00:00.000+00:00", "$updatedAt": "2026-11-23T10:00:00.000+00:00",
			}
			for name, v := range k.shown {
				want[name] = v
			}
			if got := s.must("POST", w.columns()+"/"+k.kind, params); !reflect.DeepEqual(got, want) {
				t.Errorf("create %s:\n got %v\nwant %v", k.kind, got, want)
			}
			if got := s.must("GET", w.columns()+"/k_"+k.kind, nil); !reflect.DeepEqual(got, want) {
				t.Errorf("get %s:\n got %v\nwant %v", k.kind, got, want)
			}
			change := M{"required": false, "newKey": "n_" + k.kind}
			for name, v := range k.change {
				change[name] = v
			}
			want["key"] = "n_" + k.kind
			for name, v := range k.change2 {
				want[name] = v
			}
			if got := s.must("PATCH", w.columns()+"/"+k.kind+"/k_"+k.kind, change); !reflect.DeepEqual(got, want) {
				t.Errorf("update %s:\n got %v\nwant %v", k.kind, got, want)
			}
			delete(change, "default")
			s.says("PATCH", w.columns()+"/"+k.kind+"/n_"+k.kind, change, apierr.ArgumentInvalid, `Param "default" is not optional.`)
		}
		list := s.must("GET", w.columns(), M{"queries": []string{q("equal", "type", "string"), q("limit", "", 100)}})
		if list["total"] != 6.0 {
			t.Errorf("list: %v", list["total"])
		}
		// A row can be made of what has become of the columns.
		row := s.must("POST", w.rows(), M{w.row + "Id": "r", "data": M{"title": "x"}})
		if row["n_integer"] != 5.0 || row["n_boolean"] != true || row["n_text"] != "b" {
			t.Errorf("row: %v", row)
		}
	})
}

func TestColumnsAreRefused(t *testing.T) {
	inBoth(t, func(t *testing.T, w tongue) {
		b := newBench(t)
		s := b.films(w)
		value := w.error(apierr.ColumnValueInvalid, apierr.AttributeValueInvalid)
		noDefault := w.error(apierr.ColumnDefaultUnsupported, apierr.AttributeDefaultUnsupported)
		for _, c := range []struct {
			kind   string
			params M
			row    *apierr.Error
			want   string // "" is any message
		}{
			{"string", M{"size": 5, "required": true, "default": "a"}, noDefault, "Cannot set default value for required " + w.column},
			{"string", M{"size": 5, "required": false, "array": true, "default": "a"}, noDefault, "Cannot set default value for array " + w.column + "s"},
			{"string", M{"size": 5, "required": false, "default": "abcdef"}, value, "Value must be a valid string and no longer than 5 chars"},
			{"string", M{"size": 149, "required": false, "encrypt": true}, apierr.BadRequest, "Size too small. Encrypted strings require a minimum size of 150 characters."},
			{"string", M{"size": 0, "required": false}, apierr.ArgumentInvalid, "Invalid `size` param: Value must be a valid range between 1 and 1,073,741,824"},
			{"string", M{"required": false}, apierr.ArgumentInvalid, `Param "size" is not optional.`},
			{"string", M{"size": 5, "required": false, "key": "$id"}, apierr.ArgumentInvalid, ""},
			{"string", M{"size": 5, "required": false, "key": "TITLE"}, w.error(apierr.ColumnAlreadyExists, apierr.AttributeAlreadyExists), ""},
			{"string", M{"size": 16381, "required": false}, w.error(apierr.ColumnLimitExceeded, apierr.AttributeLimitExceeded), "The maximum number or size of " + w.column + "s for " + w.table + " 'films' has been reached."},
			{"integer", M{"required": false, "min": 5, "max": 4}, value, "Minimum value must be lesser than maximum value"},
			{"integer", M{"required": false, "min": 5, "default": 4}, value, "Value must be a valid range between 5 and 9,223,372,036,854,775,807"},
			{"enum", M{"required": false, "elements": []string{"a"}, "default": "b"}, value, "Value must be one of (a)"},
			{"enum", M{"required": false, "elements": []string{"a"}, "default": strings.Repeat("b", 300)}, value, ""},
			{"enum", M{"required": false, "elements": []string{"a"}, "default": ""}, apierr.ArgumentInvalid, "Invalid `default` param: Value must be a valid string and at least 1 chars or null"},
			{"enum", M{"required": false, "elements": []string{}}, value, "Enum elements must not be empty"},
			{
				"enum",
				M{"required": false, "elements": []string{""}},
				apierr.ArgumentInvalid,
				"Invalid `elements` param: Value must a valid array no longer than 100 items and Value must be a valid string and at least 1 chars and no longer than 255 chars",
			},
			{"email", M{"required": false, "default": "nope"}, apierr.ArgumentInvalid, ""},
			{"url", M{"required": false, "default": "nope"}, apierr.ArgumentInvalid, ""},
			{"ip", M{"required": false, "default": "nope"}, apierr.ArgumentInvalid, ""},
			{"datetime", M{"required": false, "default": "nope"}, apierr.ArgumentInvalid, ""},
			{"boolean", M{"required": "yes"}, apierr.ArgumentInvalid, "Invalid `required` param: Value must be a valid boolean"},
			{"point", M{"required": false, "default": []int{1}}, w.error(apierr.ColumnValueInvalid, apierr.AttributeValueInvalid), ""},
			{"polygon", M{"required": true, "default": [][][]int{{{0, 0}, {1, 0}, {1, 1}, {0, 0}}}}, w.error(apierr.ColumnDefaultUnsupported, apierr.AttributeDefaultUnsupported), ""},
			{"relationship", M{"related" + strings.ToUpper(w.table[:1]) + w.table[1:] + "Id": "nope", "type": "oneToOne"}, w.error(apierr.TableNotFound, apierr.CollectionNotFound), ""},
			{"relationship", M{"related" + strings.ToUpper(w.table[:1]) + w.table[1:] + "Id": "films", "type": "twoToTwo"}, apierr.ArgumentInvalid, ""},
		} {
			if _, ok := c.params["key"]; !ok {
				c.params["key"] = "x"
			}
			got := s.refused("POST", w.columns()+"/"+c.kind, c.params, c.row)
			if c.want != "" && got != c.want {
				t.Errorf("%s %v:\n got %s\nwant %s", c.kind, c.params, got, c.want)
			}
		}
		s.refused("PATCH", w.columns()+"/integer/title", M{"required": false, "default": nil}, w.error(apierr.ColumnTypeInvalid, apierr.AttributeTypeInvalid))
		s.refused("PATCH", w.columns()+"/string/nope", M{"required": false, "default": nil}, w.error(apierr.ColumnNotFound, apierr.AttributeNotFound))
		s.must("POST", w.rows(), M{w.row + "Id": "r", "data": M{"title": "a long title"}})
		s.refused("PATCH", w.columns()+"/string/title", M{"required": true, "default": nil, "size": 3}, w.error(apierr.ColumnInvalidResize, apierr.AttributeInvalidResize))
		s.refused("PATCH", w.columns()+"/title/relationship", nil, w.error(apierr.ColumnTypeInvalid, apierr.AttributeTypeInvalid))
	})
}

func TestIndexes(t *testing.T) {
	inBoth(t, func(t *testing.T, w tongue) {
		b := newBench(t)
		s := b.films(w)
		columns := w.column + "s"
		s.must("POST", w.columns()+"/string", M{"key": "long", "size": 800, "required": false})
		s.must("POST", w.columns()+"/string", M{"key": "tags", "size": 10, "required": false, "array": true})
		index := s.must("POST", w.indexes(), M{"key": "by_year", "type": "key", columns: []string{"year", "$createdAt"}, "orders": []string{"desc", "ASC"}})
		want := M{
			"$id": "by_year", "key": "by_year", "type": "key", "status": "available", "error": "",
			columns: []any{"year", "$createdAt"}, "lengths": []any{}, "orders": []any{"DESC", "ASC"},
			"$createdAt": "2026-11-23T10:00:00.000+00:00", "$updatedAt": "2026-11-23T10:00:00.000+00:00",
		}
		if !reflect.DeepEqual(index, want) {
			t.Errorf("create:\n got %v\nwant %v", index, want)
		}
		if got := s.must("GET", w.indexes()+"/by_year", nil); !reflect.DeepEqual(got, want) {
			t.Errorf("get: %v", got)
		}
		invalid := w.error(apierr.ColumnIndexInvalid, apierr.IndexInvalid)
		for _, c := range []struct {
			params M
			row    *apierr.Error
			want   string
		}{
			{M{"key": "by_year", "type": "key", columns: []string{"title"}}, w.error(apierr.ColumnIndexAlreadyExists, apierr.IndexAlreadyExists), ""},
			{
				M{"key": "x", "type": "key", columns: []string{"nope"}},
				w.error(apierr.ColumnUnknown, apierr.AttributeUnknown),
				"The " + w.column + " 'nope' required for the index could not be found. Please confirm all your " + w.column + "s are in the available state.",
			},
			{M{"key": "x", "type": "key", columns: []string{}}, invalid, "No attributes provided for index"},
			{M{"key": "x", "type": "key", columns: []string{"tags"}}, invalid, "Creating indexes on array attributes is not currently supported."},
			{M{"key": "x", "type": "key", columns: []string{"long"}}, invalid, "Index length is longer than the maximum: 768"},
			{M{"key": "x", "type": "key", columns: []string{"long"}, "lengths": []any{801}}, invalid, `Index length 801 is larger than the size for long: 800"`},
			{M{"key": "x", "type": "fulltext", columns: []string{"year"}}, invalid, `Attribute "year" cannot be part of a fulltext index, must be of type string`},
			{M{"key": "x", "type": "other", columns: []string{"title"}}, apierr.ArgumentInvalid, "Invalid `type` param: Value must be one of (key, fulltext, unique, spatial)"},
		} {
			got := s.refused("POST", w.indexes(), c.params, c.row)
			if c.want != "" && got != c.want {
				t.Errorf("%v:\n got %s\nwant %s", c.params, got, c.want)
			}
		}
		s.must("POST", w.indexes(), M{"key": "part", "type": "key", columns: []string{"long"}, "lengths": []any{128}})
		if list := s.must("GET", w.indexes(), nil); list["total"] != 2.0 {
			t.Errorf("list: %v", list)
		}
		s.says("DELETE", w.columns()+"/year", nil, w.error(apierr.ColumnIndexDependency, apierr.IndexDependency),
			strings.ToUpper(w.column[:1])+w.column[1:]+" 'year' cannot be renamed or deleted. Please remove the associated index first.")
		s.must("DELETE", w.indexes()+"/by_year", nil)
		s.must("DELETE", w.columns()+"/year", nil)
		s.refused("GET", w.columns()+"/year", nil, w.error(apierr.ColumnNotFound, apierr.AttributeNotFound))
		s.refused("DELETE", w.indexes()+"/by_year", nil, w.error(apierr.ColumnIndexNotFound, apierr.IndexNotFound))
	})
}
