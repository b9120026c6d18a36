package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"moorfast/internal/audit"
	"moorfast/internal/server/servertest"
	"moorfast/internal/store"
)

// killed tells a process of this test that it is the one to be killed, and where
// its data is.
const killed = "MOORFAST_TEST_KILLED"

// TestServeUntilKilled is no test but the process that the next one kills.
func TestServeUntilKilled(t *testing.T) {
	dir := os.Getenv(killed)
	if dir == "" {
		t.Skip("it is run by TestAKilledServerHasARecordForEachChange")
	}
	s := servertest.Open(t, dir)
	go s.Audit.Run(context.Background())
	// The project is there from the first round on, and so is its key.
	key := os.Getenv(killed + "_KEY")
	app := s.Guest("X-Appwrite-Project", "app", "X-Appwrite-Key", key)
	if key == "" {
		app = s.Found().Key
		fmt.Println("key", app.Header("X-Appwrite-Key"))
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for {
				a := app.Do("POST", "/teams", servertest.M{"teamId": "unique()", "name": "Crew"})
				if a.Status == 201 {
					fmt.Println("team", a.Text("$id"))
				}
			}
		})
	}
	wait.Wait()
}

// TestAKilledServerHasARecordForEachChange kills a server under load, again and
// again: each team that is there has its record, each record its team, none of
// those that a client was told of is missing, and the chain is whole.
func TestAKilledServerHasARecordForEachChange(t *testing.T) {
	if os.Getenv("MOORFAST_TEST_SERVER") == "postgres" {
		t.Skip("the data of the killed process is in its directory")
	}
	dir, key := t.TempDir(), ""
	told := map[string]bool{}
	for round := range rounds(3) {
		child := exec.Command(os.Args[0], "-test.run", "^TestServeUntilKilled$", "-test.v")
		child.Env = append(os.Environ(), killed+"="+dir, killed+"_KEY="+key)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		n := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if k, ok := strings.CutPrefix(lines.Text(), "key "); ok {
				key = k
			}
			if id, ok := strings.CutPrefix(lines.Text(), "team "); ok {
				told[id] = true
				if n++; n == 150+50*(round%3) {
					if err := child.Process.Kill(); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		_ = child.Wait()
		if n == 0 {
			t.Fatal("the server made no team")
		}
		compare(t, dir, told)
	}
}

func compare(t *testing.T, dir string, told map[string]bool) {
	t.Helper()
	s := servertest.Open(t, dir)
	defer s.Stop()
	ctx := context.Background()
	teams, recorded := map[string]bool{}, map[string]int{}
	err := s.DB().View(ctx, "app", func(tx store.Tx) error {
		err := store.Each(ctx, tx, `SELECT id FROM teams`, nil, func(rows store.Rows) error {
			teams[string(rows.Text(0))] = true
			return nil
		})
		if err != nil {
			return err
		}
		return store.Each(ctx, tx, `SELECT body FROM audit_records`, nil, func(rows store.Rows) error {
			var r audit.Record
			err := json.Unmarshal(rows.Text(0), &r)
			if r.Event == "team.create" {
				recorded[strings.TrimPrefix(r.Resource, "team/")]++
			}
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for id := range told {
		if !teams[id] {
			t.Errorf("team %s was answered, and is gone", id)
		}
	}
	for id := range teams {
		if recorded[id] != 1 {
			t.Errorf("team %s has %d records", id, recorded[id])
		}
	}
	if len(teams) != len(recorded) {
		t.Errorf("%d teams, %d records", len(teams), len(recorded))
	}
	s.Audit.Committed("app")
	s.Audit.Committed(store.Platform)
	if r := verify(t, s); len(r.Findings) > 0 || r.Unsealed > 0 {
		t.Errorf("%d teams: %+v", len(teams), r)
	}
}
