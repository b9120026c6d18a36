package server_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"moorfast/internal/config"
	"moorfast/internal/core/documents"
	"moorfast/internal/server"
	"moorfast/internal/server/servertest"
)

func TestExplainReadsWhatAServerHasKept(t *testing.T) {
	if os.Getenv("MOORFAST_TEST_SERVER") == "postgres" {
		t.Skip("opens a data directory")
	}
	s := servertest.New(t)
	p := s.Found()
	p.Key.Must("POST", "/tablesdb", servertest.M{"databaseId": "main", "name": "Main"})
	p.Key.Must("POST", "/tablesdb/main/tables", servertest.M{
		"tableId": "films", "name": "Films", "columns": []servertest.M{{"key": "title", "type": "string", "size": 64}},
		"indexes": []servertest.M{{"key": "by_title", "type": "key", "attributes": []string{"title"}}},
	})
	c, err := config.Load(config.Sources{Flags: map[string]string{"data": s.Dir}})
	if err != nil {
		t.Fatal(err)
	}
	explain := func(project, database, table string, queries ...string) ([]documents.Explained, error) {
		return server.Explain(context.Background(), c, s.Clock, server.ListQuestion{Project: project, Ref: documents.Ref{Database: database, Table: table}, Queries: queries})
	}
	p.Key.Must("POST", "/tablesdb/main/tables/films/rows", servertest.M{"rowId": "dune", "data": servertest.M{"title": "Dune"}})
	all, err := explain("app", "main", "films", `{"method":"equal","attribute":"title","values":["dune"]}`)
	if err != nil || len(all) == 0 || !strings.HasPrefix(all[0].Effort, "1 rows, for which the engine took ") {
		t.Errorf("beside a running server: %+v, %v", all, err)
	}
	s.Stop()
	all, err = explain("app", "main", "films", `{"method":"equal","attribute":"title","values":["Dune"]}`)
	if err != nil || len(all) == 0 || !strings.Contains(strings.Join(all[0].Plan, "\n"), "USING COVERING INDEX") {
		t.Errorf("got %+v, %v", all, err)
	}
	for want, args := range map[string][]string{
		`there is no project "nope"`:                           {"nope", "main", "films"},
		`there is no database "nope"`:                          {"app", "nope", "films"},
		`there is no table "nope" in the database "main"`:      {"app", "main", "nope"},
		"Invalid query: Attribute not found in schema: title1": {"app", "main", "films", `{"method":"isNull","attribute":"title1"}`},
	} {
		if _, err := explain(args[0], args[1], args[2], args[3:]...); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	c.Data = t.TempDir()
	if _, err := explain("app", "main", "films"); err == nil || !strings.Contains(err.Error(), "nothing is stored here yet") {
		t.Errorf("got %v", err)
	}
}

func TestSlowListsAreInTheLog(t *testing.T) {
	s := servertest.New(t, "MOORFAST_LOG_SLOW=0")
	p := s.Found()
	p.Key.Must("POST", "/tablesdb", servertest.M{"databaseId": "main", "name": "Main"})
	p.Key.Must("POST", "/tablesdb/main/tables", servertest.M{"tableId": "films", "name": "Films"})
	p.Key.Must("GET", "/tablesdb/main/tables/films/rows", nil)
	if strings.Contains(s.Log.String(), "slow list") {
		t.Error("0 logs a list")
	}
}
