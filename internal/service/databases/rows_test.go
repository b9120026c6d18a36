package databases_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"moorfast/internal/apierr"
)

// row finds the error of a family by the older one's.
func (w tongue) error(table, collection *apierr.Error) *apierr.Error {
	if w.table == "table" {
		return table
	}
	return collection
}

func TestRowLives(t *testing.T) {
	inBoth(t, func(t *testing.T, w tongue) {
		b := newBench(t)
		b.films(w)
		owner := b.user("u1")
		row := owner.must("POST", w.rows(), M{w.row + "Id": "dune", "data": M{"title": "Dune", "year": 1984}})
		want := M{
			"$id": "dune", "$sequence": "1", "$" + w.table + "Id": "films", "$databaseId": "main",
			"$createdAt": "2026-11-23T10:00:00.000+00:00", "$updatedAt": "2026-11-23T10:00:00.000+00:00",
			"$permissions": []any{`read("user:u1")`, `update("user:u1")`, `delete("user:u1")`},
			"title":        "Dune", "year": 1984.0,
		}
		if !reflect.DeepEqual(row, want) {
			t.Errorf("create:\n got %v\nwant %v", row, want)
		}
		path := w.rows() + "/dune"
		if got := owner.must("GET", path, nil); !reflect.DeepEqual(got, want) {
			t.Errorf("get: %v", got)
		}
		b.now = b.now.Add(time.Minute)
		if got := owner.must("PATCH", path, M{"data": `{"year":2021}`}); got["year"] != 2021.0 || got["title"] != "Dune" {
			t.Errorf("update: %v", got)
		}
		if got := owner.must("PUT", path, M{"data": M{"title": "Dune 2"}}); got["year"] != 2021.0 || got["title"] != "Dune 2" {
			t.Errorf("upsert: %v", got)
		}
		if got := owner.must("PUT", w.rows()+"/alien", M{"data": M{"title": "Alien"}, "permissions": []string{}}); got["title"] != "Alien" {
			t.Errorf("upsert of a new one: %v", got)
		}
		if w.row == "document" { // whose id can be left to the server
			id, _ := owner.must("PUT", w.rows()+"/unique()", M{"data": M{"title": "Solaris"}})["$id"].(string)
			if id == "" || id == "unique()" {
				t.Errorf("upsert left the id %q", id)
			}
			owner.must("DELETE", w.rows()+"/"+id, nil)
		}
		list := owner.must("GET", w.rows(), M{"queries": []string{q("orderDesc", "title"), q("limit", "", 1)}})
		if rows, _ := list[w.row+"s"].([]any); list["total"] != 2.0 || len(rows) != 1 {
			t.Errorf("list: %v", list)
		}
		if got := owner.must("PATCH", path+"/year/increment", M{"value": 2}); got["year"] != 2023.0 {
			t.Errorf("increment: %v", got)
		}
		if got := owner.must("PATCH", path+"/year/decrement", nil); got["year"] != 2022.0 {
			t.Errorf("decrement: %v", got)
		}
		owner.must("DELETE", path, nil)
		owner.says("GET", path, nil, w.error(apierr.RowNotFound, apierr.DocumentNotFound),
			strings.ToUpper(w.row[:1])+w.row[1:]+" with the requested ID 'dune' could not be found.")
	})
}

func TestRowsAreRefused(t *testing.T) {
	inBoth(t, func(t *testing.T, w tongue) {
		b := newBench(t)
		s := b.films(w)
		owner, other, guest := b.user("u1"), b.user("u2"), b.guest()
		id := w.row + "Id"
		owner.must("POST", w.rows(), M{id: "dune", "data": M{"title": "Dune"}})
		s.must("POST", w.indexes(), M{"key": "title", "type": "unique", w.column + "s": []string{"title"}})
		path := w.rows() + "/dune"

		exists := w.error(apierr.RowAlreadyExists, apierr.DocumentAlreadyExists)
		structure := w.error(apierr.RowInvalidStructure, apierr.DocumentInvalidStructure)
		noData := w.error(apierr.RowMissingData, apierr.DocumentMissingData)
		noPayload := w.error(apierr.RowMissingPayload, apierr.DocumentMissingPayload)

		owner.refused("POST", w.rows(), M{id: "dune", "data": M{"title": "Other"}}, exists)
		owner.refused("POST", w.rows(), M{id: "two", "data": M{"title": "dune"}}, w.error(apierr.RowUniqueConstraintViolation, apierr.DocumentUniqueConstraintViolation))
		owner.refused("POST", w.rows(), M{id: "two", "data": M{}}, noData)
		owner.says("POST", w.rows(), M{"data": M{"title": "x"}}, noData, strings.ToUpper(w.row[:1])+w.row[1:]+" ID is required when creating a single "+w.row+".")
		owner.says("POST", w.rows(), M{id: "two", "data": 5}, apierr.ArgumentInvalid, "Invalid `data` param: Value must be a valid JSON object")
		owner.says("POST", w.rows(), M{id: "two", "data": "x"}, apierr.ArgumentInvalid, "Invalid `data` param: Value must be a valid JSON object")
		owner.refused("POST", w.rows(), M{id: "_two", "data": M{"title": "x"}}, apierr.ArgumentInvalid)
		owner.says("POST", w.rows(), M{id: "two", "data": M{"year": 2000}}, structure, `Invalid document structure: Missing required attribute "title"`)
		owner.says("POST", w.rows(), M{id: "two", "data": M{"title": "x", "year": 1}}, structure,
			`Invalid document structure: Attribute "year" has invalid format. Value must be a valid range between 1,888 and 2,100`)
		owner.says("POST", w.rows(), M{id: "two", "data": M{"title": "x"}, "permissions": []string{`read("user:u2")`}}, apierr.UserUnauthorized,
			"Permissions must be one of: (any, user:u1, users, user:u1/unverified, users/unverified)")
		owner.says("POST", w.rows(), M{id: "two", "data": M{"title": "x"}, "permissions": []string{`create("any")`}}, apierr.ArgumentInvalid,
			"Invalid `permissions` param: Permission \"create(\"any\")\" is not allowed. Must be one of: read, update, delete, write. or null")
		for want, sent := range map[string]any{
			"Every permission must be of type string.": []any{1},
			"Permissions must be an array of strings.": "read",
		} {
			s.says("POST", w.rows(), M{id: "two", "data": M{"title": "x"}, "permissions": sent}, apierr.ArgumentInvalid, "Invalid `permissions` param: "+want+" or null")
			s.says("POST", w.rows(), M{w.row + "s": []M{{"title": "x", "$permissions": sent}}}, apierr.ArgumentInvalid, "Invalid `"+w.row+"s` param: "+want)
		}
		guest.refused("POST", w.rows(), M{id: "two", "data": M{"title": "x"}}, apierr.UserUnauthorized)
		guest.refused("GET", w.rows(), M{"queries": []string{q("equal", "nope", 1)}}, apierr.QueryInvalid)

		owner.refused("PATCH", path, nil, noPayload)
		owner.refused("PUT", path, M{"data": []any{}}, noPayload)
		other.says("PATCH", path, M{"data": M{"year": 2000}}, apierr.UserUnauthorized, `Missing "update" permission for role "user:u2".`)
		other.refused("DELETE", path, nil, apierr.UserUnauthorized)
		late := b.server()
		late.unchanged = b.now.Add(-time.Second)
		late.refused("PATCH", path, M{"data": M{"year": 2000}}, w.error(apierr.RowUpdateConflict, apierr.DocumentUpdateConflict))

		owner.says("GET", w.rows(), M{"queries": []string{`{"method":`}}, apierr.QueryInvalid, "Invalid query: Syntax error")
		owner.says("GET", w.rows(), M{"queries": []string{q("cursorAfter", "", "nope")}}, apierr.CursorNotFound,
			strings.ToUpper(w.row[:1])+w.row[1:]+" 'nope' for the 'cursor' value not found.")
		owner.refused("GET", w.rows(), M{"queries": []string{q("cursorAfter", "", "dune"), q("orderAsc", "year")}}, apierr.DatabaseQueryOrderNull)
		owner.says("PATCH", path+"/year/increment", M{"value": 2000, "max": 1990}, w.error(apierr.ColumnLimitExceeded, apierr.AttributeLimitExceeded),
			strings.ToUpper(w.column[:1])+w.column[1:]+` "year" has reached the maximum value of 1990`)
		owner.refused("PATCH", path+"/title/increment", nil, w.error(apierr.ColumnTypeInvalid, apierr.AttributeTypeInvalid))
		owner.refused("PATCH", path+"/nope/increment", nil, w.error(apierr.ColumnNotFound, apierr.AttributeNotFound))
		owner.refused("PATCH", path+"/year/increment", M{"value": 0}, apierr.ArgumentInvalid)
		owner.refused("PATCH", path, M{"data": M{"year": 2000}, "transactionId": "t1"}, apierr.TransactionNotFound)
		s.refused("GET", strings.Replace(w.rows(), "/films/", "/nope/", 1), nil, w.error(apierr.TableNotFound, apierr.CollectionNotFound))
		s.refused("GET", strings.Replace(w.rows(), "/main/", "/nope/", 1), nil, apierr.DatabaseNotFound)
	})
}

func TestSwitchedOffIsForServersOnly(t *testing.T) {
	inBoth(t, func(t *testing.T, w tongue) {
		b := newBench(t)
		s := b.films(w)
		s.must("PUT", w.tables()+"/films", M{"name": "Films", "enabled": false})
		b.user("u1").refused("GET", w.rows(), nil, w.error(apierr.TableNotFound, apierr.CollectionNotFound))
		s.must("GET", w.rows(), nil)
		s.must("PUT", w.root+"/main", M{"enabled": false})
		b.user("u1").refused("GET", w.rows(), nil, apierr.DatabaseNotFound)
	})
}

func TestBulk(t *testing.T) {
	inBoth(t, func(t *testing.T, w tongue) {
		b := newBench(t)
		s := b.films(w)
		rows := w.row + "s"
		made := s.must("POST", w.rows(), M{rows: []M{
			{"$id": "a", "title": "A", "year": 2000, "$permissions": []string{`read("any")`}},
			{"title": "B", "year": 2001},
			{"$id": "unique()", "title": "C"},
		}})
		if list, _ := made[rows].([]any); made["total"] != 3.0 || len(list) != 3 {
			t.Fatalf("create: %v", made)
		}
		if got := b.guest(); got.must("GET", w.rows()+"/a", nil)["title"] != "A" {
			t.Error("permissions in data do not count")
		}
		s.refused("POST", w.rows(), M{rows: []M{{"title": "D"}, {"$id": "a", "title": "E"}}}, w.error(apierr.RowAlreadyExists, apierr.DocumentAlreadyExists))
		s.refused("POST", w.rows(), M{"data": M{"title": "D"}, rows: []M{{"title": "D"}}}, apierr.BadRequest)
		if list := s.must("GET", w.rows(), nil); list["total"] != 3.0 {
			t.Errorf("after one of several was refused: %v", list["total"])
		}
		b.now = b.now.Add(time.Minute)
		changed := s.must("PATCH", w.rows(), M{"data": M{"year": 1999}, "queries": []string{q("isNotNull", "year")}})
		if changed["total"] != 2.0 {
			t.Errorf("update: %v", changed)
		}
		put := s.must("PUT", w.rows(), M{rows: []M{{"$id": "a", "year": 1950}, {"$id": "d", "title": "D", "year": 1951}}})
		if put["total"] != 2.0 {
			t.Errorf("upsert: %v", put)
		}
		gone := s.must("DELETE", w.rows(), M{"queries": []string{q("lessThan", "year", 1952), q("orderAsc", "year")}})
		list, _ := gone[rows].([]any)
		if gone["total"] != 2.0 || list[0].(M)["$id"] != "a" {
			t.Errorf("delete: %v", gone)
		}
		if gone = s.must("DELETE", w.rows(), nil); gone["total"] != 2.0 {
			t.Errorf("delete all: %v", gone)
		}
		for _, method := range []string{"PATCH", "PUT", "DELETE"} {
			b.user("u1").refused(method, w.rows(), M{"data": M{"year": 2000}, rows: []M{{"title": "x"}}}, apierr.UnauthorizedScope)
		}
		b.user("u1").refused("POST", w.rows(), M{rows: []M{{"title": "x"}}}, apierr.UnauthorizedScope)
	})
}

func TestListsAreHeldForTheirTTL(t *testing.T) {
	w := tongues[0]
	b := newBench(t)
	s := b.films(w)
	list := func(c *client) (total any, cache string) {
		body, call, failed := c.do("GET", w.rows(), M{"ttl": 60})
		if failed != nil {
			t.Fatal(failed)
		}
		_, rest, _ := strings.Cut(body, `"total":`)
		return rest[:1], call.Reply.Header["X-Appwrite-Cache"]
	}
	want := func(c *client, total, cache string) {
		t.Helper()
		if got, how := list(c); got != total || how != cache {
			t.Errorf("got %v, %s, want %s, %s", got, how, total, cache)
		}
	}
	want(s, "0", "miss")
	s.must("POST", w.rows(), M{"rowId": "a", "data": M{"title": "A"}})
	want(s, "0", "hit")
	want(b.user("u1"), "1", "miss") // the roles differ
	s.must("PUT", w.tables()+"/films", M{"purge": true, "permissions": []string{`read("users")`}})
	want(s, "1", "miss")
	s.must("DELETE", w.rows()+"/a", nil)
	want(s, "1", "hit")
	b.now = b.now.Add(time.Minute)
	want(s, "0", "miss")
	s.must("POST", w.rows(), M{"rowId": "b", "data": M{"title": "B"}})
	s.must("POST", w.columns()+"/boolean", M{"key": "seen", "required": false})
	want(s, "1", "miss") // the columns differ
}
