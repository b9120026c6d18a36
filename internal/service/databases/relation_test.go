package databases_test

import (
	"strings"
	"testing"

	"moorfast/internal/apierr"
)

func TestRelationsInBothFamilies(t *testing.T) {
	inBoth(t, func(t *testing.T, w tongue) {
		b := newBench(t)
		s := b.films(w)
		related := "related" + strings.ToUpper(w.table[:1]) + w.table[1:]
		s.must("POST", w.tables(), M{w.table + "Id": "people", "name": "People"})
		c := s.must("POST", w.columns()+"/relationship", M{related + "Id": "people", "type": "manyToMany", "twoWay": true, "onDelete": "cascade"})
		for name, want := range map[string]any{
			"key": "people", "type": "relationship", "status": "available", related: "people", "relationType": "manyToMany",
			"twoWay": true, "twoWayKey": "films", "onDelete": "cascade", "side": "parent", "required": false, "array": false,
		} {
			if c[name] != want {
				t.Errorf("%s is %v, want %v", name, c[name], want)
			}
		}
		people := w.tables() + "/people/" + w.column + "s"
		if far := s.must("GET", people+"/films", nil); far["side"] != "child" || far[related] != "films" {
			t.Errorf("the other side is %v", far)
		}
		if all := s.must("GET", people, M{"queries": []string{q("equal", "type", "relationship")}}); all["total"] != 1.0 {
			t.Errorf("the other side lists %v", all)
		}
		s.refused("POST", w.columns()+"/relationship", M{related + "Id": "people", "type": "oneToOne"}, w.error(apierr.ColumnAlreadyExists, apierr.AttributeAlreadyExists))
		s.refused("POST", w.columns()+"/relationship", M{related + "Id": "people", "type": "manyToMany", "key": "x"}, w.error(apierr.ColumnAlreadyExists, apierr.AttributeAlreadyExists))
		s.refused("POST", w.indexes(), M{"key": "i", "type": "key", w.column + "s": []string{"people"}}, w.error(apierr.ColumnTypeInvalid, apierr.AttributeTypeInvalid))
		if got := s.must("PATCH", w.columns()+"/people/relationship", M{"onDelete": "restrict", "newKey": "cast"}); got["key"] != "cast" || got["onDelete"] != "restrict" {
			t.Errorf("changed to %v", got)
		}

		s.must("POST", w.rows(), M{w.row + "Id": "a", "data": M{"title": "A", "cast": []any{M{"$id": "p"}, M{}}}})
		row := s.must("GET", w.rows()+"/a", M{"queries": []string{q("select", "", "*", "cast.*")}})
		cast := row["cast"].([]any)
		first := cast[0].(M)
		if len(cast) != 2 || first["$id"] != "p" || first["$"+w.table+"Id"] != "people" || first["$databaseId"] != "main" || first["$sequence"] == nil {
			t.Errorf("the cast is %v", cast)
		}
		s.refused("POST", w.rows(), M{w.row + "Id": "b", "data": M{"title": "B", "cast": "p"}}, apierr.RelationshipValueInvalid)
		s.refused("DELETE", w.rows()+"/a", nil, w.error(apierr.RowDeleteRestricted, apierr.DocumentDeleteRestricted))
		s.refused("PATCH", w.rows()+"/a/cast/increment", M{"value": 1}, w.error(apierr.ColumnTypeInvalid, apierr.AttributeTypeInvalid))
		sdk := map[string]string{"/tablesdb": "tablesDB", "/databases": "databases"}[w.root]
		for verb, call := range map[string]struct {
			method string
			params M
		}{
			"create": {"POST", M{w.row + "s": []any{M{"$id": "x", "title": "X"}}}},
			"upsert": {"PUT", M{w.row + "s": []any{M{"$id": "x", "title": "X"}}}},
			"update": {"PATCH", M{"data": M{"title": "X"}}},
			"delete": {"DELETE", nil},
		} {
			s.says(call.method, w.rows(), call.params, apierr.BadRequest, "Bulk "+verb+" is not supported for "+sdk+" with relationship attributes")
		}

		// Who may see no people sees none, and a table that is switched off is not seen.
		u := b.user("u")
		if row := u.must("GET", w.rows()+"/a", M{"queries": []string{q("select", "", "cast.*")}}); len(row["cast"].([]any)) != 0 {
			t.Errorf("a user sees %v", row)
		}
		s.must("PUT", w.tables()+"/people", M{"name": "People", "permissions": []string{`read("any")`}, "enabled": false})
		if row := u.must("GET", w.rows()+"/a", M{"queries": []string{q("select", "", "cast.*")}}); len(row["cast"].([]any)) != 0 {
			t.Errorf("a user sees %v of what is switched off", row)
		}
		s.must("PUT", w.tables()+"/people", M{"name": "People", "permissions": []string{`read("any")`}})
		if row := u.must("GET", w.rows()+"/a", M{"queries": []string{q("select", "", "cast.*")}}); len(row["cast"].([]any)) != 2 {
			t.Errorf("a user sees %v", row)
		}
		s.must("DELETE", people+"/films", nil)
		s.refused("GET", w.columns()+"/cast", nil, w.error(apierr.ColumnNotFound, apierr.AttributeNotFound))
		s.must("DELETE", w.tables()+"/people", nil)
	})
}
