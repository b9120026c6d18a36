// Package crash kills a process that writes to the store, again and again, and
// looks at what is left: all that was announced, and nothing by halves.
//
//	MOORFAST_CRASH_ROUNDS=1000 go test -timeout 3h ./test/crash
//
// A kill keeps what the kernel has taken, so this says nothing of a power cut.
package crash

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"moorfast/internal/store/sqlite"
)

const (
	// roundsVariable is how often to kill. A few times is quick, and finds what is
	// broken; it takes many to find what is rare.
	roundsVariable = "MOORFAST_CRASH_ROUNDS"
	// childDir tells a process that it is the one to be killed, and where to write.
	childDir = "MOORFAST_CRASH_DIR"
	// rowsDir is the same for one that writes rows of users' tables.
	rowsDir = "MOORFAST_CRASH_ROWS_DIR"
	// sealedFiles tells it to keep the files encrypted.
	sealedFiles = "MOORFAST_CRASH_SEALED"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		fmt.Fprintln(os.Stderr, write(dir, os.Stdout))
		os.Exit(1)
	}
	if dir := os.Getenv(rowsDir); dir != "" {
		fmt.Fprintln(os.Stderr, writeRows(dir, os.Stdout))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// rounds returns how often to kill.
func rounds(t *testing.T, otherwise int) int {
	t.Helper()
	text := os.Getenv(roundsVariable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", roundsVariable, err)
	}
	return n
}

func TestKill(t *testing.T) {
	rounds := rounds(t, 5)
	dir := t.TempDir()
	announced := make(map[string]int)
	for round := range rounds {
		before := total(announced)
		kill(t, childDir, dir, announced, 1+rand.IntN(1500))
		if total(announced) == before {
			t.Fatal("the process announced nothing")
		}
		check(t, dir, announced)
		if t.Failed() {
			t.Fatalf("after %d kills, %d transactions announced", round+1, total(announced))
		}
	}
	t.Logf("%d kills, %d transactions announced", rounds, total(announced))
}

// kill starts a writing process, and kills it after a number of announcements.
func kill(t *testing.T, variable, dir string, announced map[string]int, after int) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), variable+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	// What is in the pipe after the kill was announced before it.
	lines := bufio.NewScanner(out)
	for n := 1; lines.Scan(); n++ {
		var a announcement
		if _, err := fmt.Sscan(lines.Text(), &a.project, &a.worker, &a.number); err != nil {
			t.Fatalf("the process said %q", lines.Text())
		}
		announced[a.key()] = a.number
		if n == after {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || child.ProcessState.Exited() {
		t.Fatalf("the process ended by itself: %v", err)
	}
}

// check opens the directory as the next process would, and compares.
func check(t *testing.T, dir string, announced map[string]int) {
	t.Helper()
	db, err := sqlite.Open(options(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, project := range projects {
		if err := intact(t.Context(), db, project); err != nil {
			t.Errorf("%s: %v", project, err)
		}
		for worker := range workers {
			a := announcement{project: project, worker: worker}
			n, err := written(t.Context(), db, a)
			if err != nil {
				t.Errorf("%s: %v", a.key(), err)
			}
			// The last one may have been committed, and not announced any more.
			if last := announced[a.key()]; n != last && n != last+1 {
				t.Errorf("%s: %d transactions are there, %d were announced", a.key(), n, last)
			}
			announced[a.key()] = n
		}
	}
}

func total(announced map[string]int) (n int) {
	for _, last := range announced {
		n += last
	}
	return n
}
