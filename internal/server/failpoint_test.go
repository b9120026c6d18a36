package server_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/failpoint"
	"moorfast/internal/server"
	"moorfast/internal/server/servertest"
	"moorfast/internal/vault"
)

// buildWithFailpoints builds the program with the places where it can be made to
// die.
func buildWithFailpoints(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "moorfast")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-tags", "failpoints", "-o", bin, "moorfast/cmd/moorfast")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// rotation is a change of the root key by the program itself.
type rotation struct {
	t        *testing.T
	bin, dir string
	old, new string // files of the keys
}

// run runs a command, and has it die at a point, unless that is "".
func (r rotation) run(point, key string, args ...string) {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), r.bin, append(args, "--yes", "--data", r.dir, "--key", "file:"+key)...)
	cmd.Env = []string{"MOORFAST_FAILPOINT=" + point}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	killed := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	if point != "" && !killed || point == "" && err != nil {
		r.t.Fatalf("%v at %q: %v\n%s", args, point, err, out)
	}
}

func (r rotation) rotate(point string) {
	r.t.Helper()
	r.run(point, r.old, "key", "rotate", "--to", "file:"+r.new)
}

func (r rotation) finalize(point string) {
	r.t.Helper()
	r.run(point, r.new, "key", "finalize", "--remove", r.old)
}

// opens opens everything with a key, and returns how many values there are. It is
// 0 if the key is refused, or not there any more.
func (r rotation) opens(key string) int64 {
	r.t.Helper()
	c, err := config.Load(config.Sources{Flags: map[string]string{"data": r.dir, "key": "file:" + key}})
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := server.OpenAlone(context.Background(), c, slog.New(slog.DiscardHandler), clock.System{})
	if errors.Is(err, vault.ErrWrongKey) || errors.Is(err, vault.ErrMissingKey) {
		return 0
	}
	if err != nil {
		r.t.Fatalf("open with %s: %v", key, err)
	}
	defer s.Close()
	report, err := s.Keyring().Verify(r.t.Context(), nil)
	if err != nil || !report.Sound() {
		r.t.Fatalf("with %s: %+v, %v", key, report, err)
	}
	return report.Values
}

// K-7: a process that dies at any point of a change of the root key loses nothing.
// Each key opens what it has to by then, and the same command goes on.
func TestDyingAtAnyPointOfAChangeOfTheRootKeyLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip()
	}
	slowUnderRace(t)
	dir := t.TempDir()
	s := servertest.Open(t, dir)
	p := s.Found()
	compare := fill(t, p)
	s.Stop()
	r := rotation{t: t, bin: buildWithFailpoints(t), dir: dir, old: keyPath(dir, 0)}
	values := r.opens(r.old)

	rotating := []string{
		failpoint.SinkWritten, failpoint.SinkSynced, failpoint.RingWritten, failpoint.RootPending, failpoint.BeforeRewrap,
		failpoint.AfterRewrap, failpoint.RootVerified, failpoint.RotateRecorded,
	}
	finalizing := []string{failpoint.BeforeFinal, failpoint.AfterFinal, failpoint.FinalRecorded, failpoint.SinkRetired, failpoint.SinkRemoved}
	points := slices.Concat(rotating, finalizing)
	for round := range max(2, rounds(2)/40) { // each point of a round kills: 25 rounds for a thousand kills
		for i, point := range points {
			r.new = filepath.Join(dir, "keys", fmt.Sprintf("next-%d-%d.key", round, i))
			if i < len(rotating) {
				r.rotate(point)
			} else {
				r.rotate("")
				r.finalize(point)
			}
			wrapped, final := slices.Index(points, failpoint.AfterRewrap), slices.Index(points, failpoint.AfterFinal)
			for key, opens := range map[string]bool{r.old: i < final, r.new: i >= wrapped} {
				if got := r.opens(key); opens && got != values || !opens && got != 0 {
					t.Fatalf("after %s: %s opens %d of %d values, should open %v", point, key, got, values, opens)
				}
			}
			last := r.old
			if i >= wrapped {
				last = r.new
			}
			s := servertest.Open(t, dir, "MOORFAST_KEY=file:"+last)
			compare(t, at(s, p))
			s.Stop()
			if i < len(rotating) {
				r.rotate("")
			}
			if point != failpoint.SinkRemoved {
				r.finalize("")
			}
			if got := r.opens(r.new); got != values {
				t.Fatalf("after %s, and on: %d of %d values", point, got, values)
			}
			for _, gone := range []string{r.old, r.old + ".retired"} {
				if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
					t.Fatalf("after %s, and on: %s is there (%v)", point, gone, err)
				}
			}
			r.old = r.new
		}
	}
}
