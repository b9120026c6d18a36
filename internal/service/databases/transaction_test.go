package databases_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"moorfast/internal/apierr"
)

// begin begins a transaction of a client.
func (c *client) begin(w tongue) string {
	c.Helper()
	id, _ := c.must("POST", w.root+"/transactions", nil)["$id"].(string)
	if id == "" {
		c.Fatal("no transaction")
	}
	return id
}

func (c *client) commit(w tongue, id string) M {
	c.Helper()
	return c.must("PATCH", w.root+"/transactions/"+id, M{"commit": true})
}

func TestTransactionLives(t *testing.T) {
	inBoth(t, func(t *testing.T, w tongue) {
		b := newBench(t)
		s := b.films(w)
		owner := b.user("u1")
		all := w.root + "/transactions"
		id := owner.begin(w)
		one := all + "/" + id
		want := M{
			"$id": id, "$createdAt": "2026-11-23T10:00:00.000+00:00", "$updatedAt": "2026-11-23T10:00:00.000+00:00",
			"status": "pending", "operations": 0.0, "expiresAt": "2026-11-23T10:05:00.000+00:00",
		}
		if got := owner.must("GET", one, nil); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}

		made := owner.must("POST", w.rows(), M{w.row + "Id": "dune", "data": M{"title": "Dune", "year": 1984}, "transactionId": id})
		if made["$id"] != "dune" || made["title"] != "Dune" || made["$"+w.table+"Id"] != "films" {
			t.Errorf("staged create: %v", made)
		}
		path := w.rows() + "/dune"
		if got := owner.must("PATCH", path, M{"data": M{"year": 2000}, "transactionId": id}); got["year"] != 2000.0 || got["title"] != "Dune" {
			t.Errorf("staged update: %v", got)
		}
		if got := owner.must("PATCH", path+"/year/increment", M{"value": 21, "transactionId": id}); got["year"] != 2021.0 {
			t.Errorf("staged increment: %v", got)
		}
		_, call, failed := owner.do("PUT", w.rows()+"/alien", M{"data": M{"title": "Alien"}, "transactionId": id})
		if failed != nil || call.Reply.Status != 201 {
			t.Errorf("staged upsert: %v, status %d", failed, call.Reply.Status)
		}
		owner.must("DELETE", w.rows()+"/alien", M{"transactionId": id})

		owner.refused("GET", path, nil, w.error(apierr.RowNotFound, apierr.DocumentNotFound))
		if got := owner.must("GET", path, M{"transactionId": id}); got["year"] != 2021.0 {
			t.Errorf("get of what is staged: %v", got)
		}
		if list := owner.must("GET", w.rows(), M{"transactionId": id, "queries": []string{q("equal", "year", 2021)}}); list["total"] != 1.0 {
			t.Errorf("list of what is staged: %v", list)
		}
		if list := s.must("GET", w.rows(), nil); list["total"] != 0.0 {
			t.Errorf("others see what is staged: %v", list)
		}

		b.now = b.now.Add(time.Second)
		if got := owner.commit(w, id); got["status"] != "committed" || got["operations"] != 5.0 || got["$updatedAt"] != "2026-11-23T10:00:01.000+00:00" {
			t.Errorf("commit: %v", got)
		}
		if got := owner.must("GET", path, nil); got["year"] != 2021.0 || fmt.Sprint(got["$permissions"]) != `[read("user:u1") update("user:u1") delete("user:u1")]` {
			t.Errorf("after the commit: %v", got)
		}
		if list := s.must("GET", w.rows(), nil); list["total"] != 1.0 {
			t.Errorf("after the commit: %v", list)
		}
		owner.refused("PATCH", one, M{"commit": true}, apierr.TransactionNotReady)
		owner.refused("PATCH", one, M{"rollback": true}, apierr.TransactionNotReady)
		owner.refused("DELETE", path, M{"transactionId": id}, apierr.TransactionNotReady)
		owner.refused("GET", path, M{"transactionId": id}, apierr.TransactionNotReady)
		owner.must("DELETE", one, nil)
		owner.refused("GET", one, nil, apierr.TransactionNotFound)

		id = owner.begin(w)
		owner.must("DELETE", path, M{"transactionId": id})
		owner.refused("GET", path, M{"transactionId": id}, w.error(apierr.RowNotFound, apierr.DocumentNotFound))
		if got := owner.must("PATCH", all+"/"+id, M{"rollback": true}); got["status"] != "rolledBack" {
			t.Errorf("roll back: %v", got)
		}
		owner.must("GET", path, nil)
	})
}

func TestTransactionsAreTheirOwners(t *testing.T) {
	w := tongues[0]
	b := newBench(t)
	s := b.films(w)
	owner, other := b.user("u1"), b.user("u2")
	id := owner.begin(w)
	one := w.root + "/transactions/" + id
	other.refused("GET", one, nil, apierr.TransactionNotFound)
	other.refused("PATCH", one, M{"commit": true}, apierr.TransactionNotFound)
	other.refused("DELETE", one, nil, apierr.TransactionNotFound)
	other.refused("POST", one+"/operations", M{"operations": []M{{"databaseId": "main", "tableId": "films", "action": "create", "data": M{"title": "x"}}}}, apierr.TransactionNotFound)
	other.refused("POST", w.rows(), M{"rowId": "x", "data": M{"title": "x"}, "transactionId": id}, apierr.TransactionNotFound)
	other.refused("GET", w.rows(), M{"transactionId": id}, apierr.TransactionNotFound)
	servers := s.begin(w)
	guest := b.guest()
	guest.refused("POST", w.root+"/transactions", nil, apierr.UserUnauthorized)
	guest.refused("GET", w.root+"/transactions/"+servers, nil, apierr.TransactionNotFound)
	guest.refused("POST", w.rows(), M{"rowId": "x", "data": M{"title": "x"}, "transactionId": servers}, apierr.TransactionNotFound)
	guest.refused("GET", w.rows(), M{"transactionId": servers}, apierr.TransactionNotFound)
	if list := guest.must("GET", w.root+"/transactions", nil); list["total"] != 0.0 {
		t.Errorf("a guest sees %v", list)
	}
	owner.refused("GET", w.root+"/transactions/"+servers, nil, apierr.TransactionNotFound)
	for _, c := range []struct {
		who  *client
		want float64
	}{{owner, 1}, {other, 0}, {s, 2}} {
		if list := c.who.must("GET", w.root+"/transactions", M{"queries": []string{q("equal", "status", "pending")}}); list["total"] != c.want {
			t.Errorf("got %v, want %v", list["total"], c.want)
		}
	}

	// What a user stages stays what a user did, whoever commits it.
	owner.must("POST", w.rows(), M{"rowId": "a", "data": M{"title": "A"}, "transactionId": id})
	s.commit(w, id)
	if got := s.must("GET", w.rows()+"/a", nil); len(got["$permissions"].([]any)) != 3 {
		t.Errorf("got %v", got)
	}
	// And the rights of a server stay with what the server staged.
	id = owner.begin(w)
	s.must("DELETE", w.rows()+"/a", M{"transactionId": id})
	owner.commit(w, id)
	s.refused("GET", w.rows()+"/a", nil, apierr.RowNotFound)

	s.must("POST", w.rows(), M{"rowId": "b", "data": M{"title": "B"}})
	id = owner.begin(w)
	owner.refused("PATCH", w.rows()+"/b", M{"data": M{"title": "x"}, "transactionId": id}, apierr.UserUnauthorized)
	ops := w.root + "/transactions/" + id + "/operations"
	op := M{"databaseId": "main", "tableId": "films", "rowId": "b", "action": "update", "data": M{"title": "x"}}
	owner.refused("POST", ops, M{"operations": []M{op}}, apierr.UserUnauthorized)
	op["action"], op["data"] = "bulkDelete", M{"queries": []string{}}
	owner.refused("POST", ops, M{"operations": []M{op}}, apierr.UnauthorizedScope)
	owner.refused("PATCH", w.rows(), M{"data": M{"title": "x"}, "transactionId": id}, apierr.UnauthorizedScope)
	if got := owner.commit(w, id); got["operations"] != 0.0 {
		t.Errorf("got %v", got)
	}
}

func TestOperations(t *testing.T) {
	inBoth(t, func(t *testing.T, w tongue) {
		b := newBench(t)
		s := b.films(w)
		s.must("POST", w.rows(), M{w.row + "Id": "old", "data": M{"title": "Old", "year": 1950}})
		id := s.begin(w)
		ops := w.root + "/transactions/" + id + "/operations"
		op := func(action, row string, data any) M {
			m := M{"databaseId": "main", w.table + "Id": "films", "action": action}
			if row != "" {
				m[w.row+"Id"] = row
			}
			if data != nil {
				m["data"] = data
			}
			return m
		}
		n := s.must("POST", ops, M{"operations": []M{
			op("create", "a", M{"title": "A", "year": 2000, "$permissions": []string{`read("any")`}}),
			op("create", "", M{"title": "Nameless"}),
			op("update", "a", M{"title": "AA"}),
			op("upsert", "b", M{"title": "B", "year": 2001}),
			op("increment", "a", M{w.column: "year", "value": 5, "max": 2003}),
		}})
		if n["operations"] != 5.0 {
			t.Errorf("got %v", n)
		}
		s.must("POST", ops, M{"operations": []M{
			op("decrement", "b", M{w.column: "year"}),
			op("bulkCreate", "", []M{{"$id": "c", "title": "C"}, {"$id": "d", "title": "D"}}),
			op("bulkUpdate", "", M{"queries": []string{q("startsWith", "title", "C")}, "data": M{"year": 1999}}),
			op("bulkUpsert", "", []M{{"$id": "d", "year": 1998}}),
			op("bulkDelete", "", M{"queries": []string{q("equal", "year", 1950)}}),
			op("delete", "b", nil),
		}})
		// The increment goes past its bound, so nothing of it all is made.
		s.refused("PATCH", w.root+"/transactions/"+id, M{"commit": true}, w.error(apierr.ColumnLimitExceeded, apierr.AttributeLimitExceeded))
		if got := s.must("GET", w.root+"/transactions/"+id, nil); got["status"] != "failed" {
			t.Errorf("got %v", got)
		}
		if list := s.must("GET", w.rows(), nil); list["total"] != 1.0 {
			t.Errorf("after a commit that failed: %v", list)
		}

		id = s.begin(w)
		ops = w.root + "/transactions/" + id + "/operations"
		s.must("POST", ops, M{"operations": []M{
			op("create", "a", M{"title": "A", "year": 2000, "$permissions": []string{`read("any")`}}),
			op("increment", "a", M{w.column: "year", "value": 3, "max": 2003}),
			op("upsert", "b", M{"title": "B", "year": 2001}),
			op("decrement", "b", M{w.column: "year"}),
			op("bulkCreate", "", []M{{"$id": "c", "title": "C"}, {"$id": "d", "title": "D"}}),
			op("bulkUpdate", "", M{"queries": []string{q("startsWith", "title", "C")}, "data": M{"year": 1999}}),
			op("bulkUpsert", "", []M{{"$id": "d", "year": 1998}}),
			op("bulkDelete", "", M{"queries": []string{q("equal", "year", 1950)}}),
		}})
		s.commit(w, id)
		list := s.must("GET", w.rows(), M{"queries": []string{q("orderAsc", "$id")}})
		got := ""
		for _, row := range list[w.row+"s"].([]any) {
			r := row.(M)
			got += fmt.Sprint(r["$id"], " ", r["title"], " ", r["year"], " ", r["$permissions"], "; ")
		}
		if want := `a A 2003 [read("any")]; b B 2000 []; c C 1999 []; d D 1998 []; `; got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}

		id = s.begin(w)
		ops = w.root + "/transactions/" + id + "/operations"
		for want, bad := range map[string]M{
			`Missing required key: databaseId`:                           {"action": "create"},
			`Missing required key: ` + w.table + `Id`:                    {"databaseId": "main", "action": "create"},
			`Missing required key: action`:                               {"databaseId": "main", w.table + "Id": "films"},
			`Key "databaseId" must be a string`:                          {"databaseId": 1},
			`Key "data" is required for this action`:                     op("create", "x", nil),
			`Key "` + w.row + `Id" is required for the action update`:    op("update", "", M{}),
			`Key "` + w.column + `" of data is required for this action`: op("increment", "a", M{}),
			`Key "value" of data: Value must be greater than 0`:          op("increment", "a", M{w.column: "year", "value": -1}),
			`Key "data" must be an array`:                                op("bulkCreate", "", M{}),
			`Key "data" must not be empty`:                               op("bulkCreate", "", []M{}),
			`Key "data" of data is required for this action`:             op("bulkUpdate", "", M{"queries": []string{}}),
			`Key "queries" of data must be an array`:                     op("bulkDelete", "", M{"queries": 1}),
			`Invalid action. Must be one of: [create update upsert increment decrement delete bulkCreate bulkUpdate bulkUpsert bulkDelete]`: op("drop", "a", M{}),
		} {
			s.says("POST", ops, M{"operations": []M{bad}}, apierr.ArgumentInvalid, "Invalid `operations` param: Operation at index 0: "+want)
		}
		s.refused("POST", ops, M{"operations": []M{}}, apierr.BadRequest)
		s.refused("PATCH", w.root+"/transactions/"+id, nil, apierr.BadRequest)
		s.refused("PATCH", w.root+"/transactions/"+id, M{"commit": true, "rollback": true}, apierr.BadRequest)
		missing := op("create", "x", M{"title": "x"})
		missing[w.table+"Id"] = "nope"
		s.refused("POST", ops, M{"operations": []M{missing}}, w.error(apierr.TableNotFound, apierr.CollectionNotFound))
		if got := s.must("GET", w.root+"/transactions/"+id, nil); got["operations"] != 0.0 {
			t.Errorf("bad operations were staged: %v", got)
		}

		var many []M
		for i := range 60 {
			many = append(many, op("create", fmt.Sprint("m", i), M{"title": "M"}))
		}
		s.says("POST", ops, M{"operations": slices.Concat(many, many)}, apierr.TransactionLimitExceeded,
			"Transaction already has 0 operations, adding 120 would exceed the maximum of 100")
		s.must("POST", ops, M{"operations": many})
		s.says("POST", ops, M{"operations": many}, apierr.TransactionLimitExceeded,
			"Transaction already has 60 operations, adding 60 would exceed the maximum of 100")
		s.must("POST", ops, M{"operations": many[:40]})
		s.refused("POST", w.rows(), M{w.row + "Id": "z", "data": M{"title": "Z"}, "transactionId": id}, apierr.TransactionLimitExceeded)
	})
}

func TestCommitsThatConflict(t *testing.T) {
	inBoth(t, func(t *testing.T, w tongue) {
		notFound := w.error(apierr.RowNotFound, apierr.DocumentNotFound)
		path := w.rows() + "/a"
		for _, c := range []struct {
			name         string
			stage, other func(s *client, id string)
			want         *apierr.Error
		}{
			{"a row of the same id", func(s *client, id string) {
				s.must("POST", w.rows(), M{w.row + "Id": "b", "data": M{"title": "B"}, "transactionId": id})
			}, func(s *client, _ string) { s.must("POST", w.rows(), M{w.row + "Id": "b", "data": M{"title": "Other"}}) }, apierr.TransactionConflict},
			{"a row that was there before", func(s *client, id string) {
				s.must("POST", w.rows(), M{w.row + "Id": "a", "data": M{"title": "B"}, "transactionId": id})
			}, nil, apierr.TransactionConflict},
			{"a change at the same moment", func(s *client, id string) {
				s.must("PATCH", path, M{"data": M{"year": 2000}, "transactionId": id})
			}, func(s *client, _ string) { s.must("PATCH", path, M{"data": M{"year": 1999}}) }, apierr.TransactionConflict},
			{"an upsert of a row that was made meanwhile", func(s *client, id string) {
				s.must("PUT", w.rows()+"/b", M{"data": M{"title": "B"}, "transactionId": id})
			}, func(s *client, _ string) { s.must("POST", w.rows(), M{w.row + "Id": "b", "data": M{"title": "Other"}}) }, apierr.TransactionConflict},
			{"an increment of a row that was changed", func(s *client, id string) {
				s.must("PATCH", path+"/year/increment", M{"transactionId": id})
			}, func(s *client, _ string) { s.must("PATCH", path+"/year/increment", nil) }, apierr.TransactionConflict},
			{"an update of a row that is gone", func(s *client, id string) {
				s.must("PATCH", path, M{"data": M{"year": 2000}, "transactionId": id})
			}, func(s *client, _ string) { s.must("DELETE", path, nil) }, notFound},
			{"a delete of a row that was changed", func(s *client, id string) {
				s.must("DELETE", path, M{"transactionId": id})
			}, func(s *client, _ string) { s.must("PATCH", path, M{"data": M{"year": 1999}}) }, apierr.TransactionConflict},
			{"a bulk update of rows that were changed", func(s *client, id string) {
				s.must("PATCH", w.rows(), M{"data": M{"year": 2000}, "transactionId": id})
			}, func(s *client, _ string) {
				s.now = s.now.Add(time.Second)
				s.must("PATCH", path, M{"data": M{"year": 1999}})
			}, apierr.TransactionConflict},
			{"a table that is gone", func(s *client, id string) {
				s.must("PATCH", path, M{"data": M{"year": 2000}, "transactionId": id})
			}, func(s *client, _ string) { s.must("DELETE", w.tables()+"/films", nil) }, w.error(apierr.TableNotFound, apierr.CollectionNotFound)},
		} {
			t.Run(c.name, func(t *testing.T) {
				b := newBench(t)
				s := b.films(w)
				s.must("POST", w.rows(), M{w.row + "Id": "a", "data": M{"title": "A", "year": 1984}})
				id := s.begin(w)
				s.must("POST", w.rows(), M{w.row + "Id": "first", "data": M{"title": "First"}, "transactionId": id})
				c.stage(s, id)
				if c.other != nil {
					c.other(s, id)
				}
				s.refused("PATCH", w.root+"/transactions/"+id, M{"commit": true}, c.want)
				if got := s.must("GET", w.root+"/transactions/"+id, nil); got["status"] != "failed" {
					t.Errorf("got %v", got)
				}
				if c.name != "a table that is gone" {
					s.refused("GET", w.rows()+"/first", nil, notFound)
				}
			})
		}
	})
}

func TestTransactionsSeeTheirOwnChangesAsNoConflict(t *testing.T) {
	w := tongues[0]
	b := newBench(t)
	s := b.films(w)
	s.must("POST", w.rows(), M{"rowId": "a", "data": M{"title": "A", "year": 1984}})
	id := s.begin(w)
	for range 3 {
		s.must("PATCH", w.rows()+"/a/year/increment", M{"transactionId": id})
	}
	s.must("PATCH", w.rows(), M{"data": M{"title": "B"}, "transactionId": id})
	s.must("PATCH", w.rows(), M{"data": M{"title": "C"}, "transactionId": id})
	b.now = b.now.Add(time.Minute)
	s.must("POST", w.columns()+"/boolean", M{"key": "seen", "required": false}) // is no change of a row
	s.commit(w, id)
	if got := s.must("GET", w.rows()+"/a", nil); got["year"] != 1987.0 || got["title"] != "C" {
		t.Errorf("got %v", got)
	}
	id = s.begin(w)
	bad := s.must("POST", w.rows(), M{"rowId": "b", "data": M{"title": "B", "year": 1}, "transactionId": id})
	if bad["$id"] != "b" || bad["year"] != 1.0 {
		t.Errorf("what is wrong with data is found at the commit: %v", bad)
	}
	s.refused("PATCH", w.root+"/transactions/"+id, M{"commit": true}, apierr.RowInvalidStructure)
}

func TestOperatorsWaitForTheCommit(t *testing.T) {
	w := tongues[0]
	b := newBench(t)
	s := b.films(w)
	s.must("POST", w.rows(), M{"rowId": "a", "data": M{"title": "A", "year": 1984}})
	id := s.begin(w)
	add := M{"year": `{"method":"increment","values":[10]}`}
	if got := s.must("PATCH", w.rows()+"/a", M{"data": add, "transactionId": id}); got["year"] != 1994.0 {
		t.Errorf("got %v", got)
	}
	if got := s.must("PATCH", w.rows(), M{"data": add, "transactionId": id}); got["total"] != 1.0 {
		t.Errorf("got %v", got)
	}
	s.commit(w, id)
	if got := s.must("GET", w.rows()+"/a", nil); got["year"] != 2004.0 {
		t.Errorf("got %v", got)
	}
}

// A full transaction costs what a hundred changes cost, each time that it is
// read or added to.
func BenchmarkTransaction(tb *testing.B) {
	w := tongues[0]
	b := newBench(tb)
	s := b.films(w)
	for tb.Loop() {
		id := s.begin(w)
		for i := range 99 {
			row := fmt.Sprint(id, "r", i)
			s.must("POST", w.rows(), M{"rowId": row, "data": M{"title": "A", "year": 1984}, "transactionId": id})
		}
		s.must("GET", w.rows(), M{"transactionId": id})
		s.commit(w, id)
	}
}

// Operations that are added at once get numbers of their own.
func TestManyClientsStageAtOnce(t *testing.T) {
	w := tongues[0]
	b := newBench(t)
	s := b.films(w)
	id := s.begin(w)
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			op := M{"databaseId": "main", "tableId": "films", "rowId": fmt.Sprint("r", i), "action": "create", "data": M{"title": "x"}}
			if _, _, failed := s.do("POST", w.root+"/transactions/"+id+"/operations", M{"operations": []M{op}}); failed != nil {
				t.Error(failed)
			}
		})
	}
	wg.Wait()
	if got := s.commit(w, id); got["operations"] != 24.0 {
		t.Errorf("got %v", got)
	}
	if list := s.must("GET", w.rows(), nil); list["total"] != 24.0 {
		t.Errorf("got %v", list["total"])
	}
}

func TestWhatIsStagedKeepsTheTimeOfItsHeader(t *testing.T) {
	w := tongues[0]
	b := newBench(t)
	s := b.films(w)
	s.must("POST", w.rows(), M{"rowId": "a", "data": M{"title": "A"}})
	id := s.begin(w)
	late := b.server()
	late.unchanged = b.now.Add(-time.Second)
	late.refused("PATCH", w.rows()+"/a", M{"data": M{"title": "B"}, "transactionId": id}, apierr.RowUpdateConflict)
}

func TestTransactionsExpire(t *testing.T) {
	w := tongues[0]
	b := newBench(t)
	s := b.films(w)
	s.refused("POST", w.root+"/transactions", M{"ttl": 59}, apierr.ArgumentInvalid)
	s.refused("POST", w.root+"/transactions", M{"ttl": 3601}, apierr.ArgumentInvalid)
	id := s.must("POST", w.root+"/transactions", M{"ttl": 60})["$id"].(string)
	one := w.root + "/transactions/" + id
	s.must("POST", w.rows(), M{"rowId": "a", "data": M{"title": "A"}, "transactionId": id})
	b.now = b.now.Add(time.Minute)
	s.refused("PATCH", one, M{"commit": true}, apierr.TransactionExpired)
	s.refused("POST", w.rows(), M{"rowId": "b", "data": M{"title": "A"}, "transactionId": id}, apierr.TransactionExpired)
	if got := s.must("GET", one, nil); got["status"] != "pending" {
		t.Errorf("got %v", got)
	}
	b.now = b.now.Add(25 * time.Hour)
	s.begin(w)
	s.refused("GET", one, nil, apierr.TransactionNotFound)

	u := b.user("u1")
	for range 100 {
		u.begin(w)
	}
	u.refused("POST", w.root+"/transactions", nil, apierr.TransactionLimitExceeded)
	b.user("u2").begin(w)
	b.now = b.now.Add(time.Hour)
	u.begin(w)
}

// Clients that read, add and commit lose nothing: who was overtaken is told so.
func TestManyTransactionsLoseNothing(t *testing.T) {
	w := tongues[0]
	b := newBench(t)
	s := b.films(w)
	s.must("POST", w.rows(), M{"rowId": "a", "data": M{"title": "A", "year": 1900}})
	const clients = 8
	ids := make([]string, clients)
	for i := range ids {
		ids[i] = s.begin(w)
		s.must("PATCH", w.rows()+"/a/year/increment", M{"transactionId": ids[i]})
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for _, id := range ids {
		wg.Go(func() {
			if _, _, failed := s.do("PATCH", w.root+"/transactions/"+id, M{"commit": true}); failed == nil {
				mu.Lock()
				won++
				mu.Unlock()
			} else if failed.Type != apierr.TransactionConflict.Type {
				t.Errorf("got %v", failed)
			}
		})
	}
	wg.Wait()
	if got := s.must("GET", w.rows()+"/a", nil); won != 1 || got["year"] != 1901.0 {
		t.Errorf("%d commits made %v", won, got["year"])
	}
}
