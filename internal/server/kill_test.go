package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/core/keyring"
	"moorfast/internal/server"
	"moorfast/internal/server/servertest"
	"moorfast/internal/vault"
)

// What tells a process that it is the one to be killed: where, and at which step
// it does that itself.
const (
	killedDir  = "MOORFAST_KILLED_DIR"
	killedStep = "MOORFAST_KILLED_STEP"
	killRounds = "MOORFAST_KILL_ROUNDS" // random kills, instead of what a test does by itself
)

// rounds is how often a test kills: as often as the environment says, or few times.
func rounds(few int) int {
	if n, err := strconv.Atoi(os.Getenv(killRounds)); err == nil {
		return n
	}
	return few
}

// slowUnderRace leaves a test that kills processes to a run without the race
// detector, which finds nothing in it and makes it take ten times as long. make
// test does both.
func slowUnderRace(t *testing.T) {
	t.Helper()
	info, ok := debug.ReadBuildInfo()
	if ok && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "-race" && s.Value == "true" }) {
		t.Skip("it is run without the race detector")
	}
}

func keyPath(dir string, n int) string {
	if n == 0 {
		return filepath.Join(dir, "keys", "master.key")
	}
	return filepath.Join(dir, "keys", fmt.Sprint("next-", n, ".key"))
}

// open opens an installation with the last root key that opens it.
func openLast(dir string) (s *server.Server, n int, err error) {
	for n = 0; ; n++ {
		if _, err := os.Stat(keyPath(dir, n+1)); err != nil {
			break
		}
	}
	for ; n >= 0; n-- {
		var c config.Config
		c, err = config.Load(config.Sources{Flags: map[string]string{"data": dir, "key": "file:" + keyPath(dir, n)}})
		if err != nil {
			return nil, 0, err
		}
		s, err = server.OpenAlone(context.Background(), c, slog.New(slog.DiscardHandler), clock.System{})
		if !errors.Is(err, vault.ErrWrongKey) && !errors.Is(err, vault.ErrMissingKey) && !errors.Is(err, vault.ErrWeakKey) {
			return s, n, err
		}
	}
	return nil, 0, err
}

// TestIsKilled is the process that changes keys until it is killed.
func TestIsKilled(t *testing.T) {
	dir := os.Getenv(killedDir)
	if dir == "" {
		t.Skip("it is run by TestKeysSurviveKills")
	}
	ctx := context.Background()
	die := func(step string) {
		if step == os.Getenv(killedStep) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	s, n, err := openLast(dir)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("begin")
	for {
		n++
		k := s.Keyring()
		k.Step = die
		if _, err := s.Vault.Finalize(ctx, die); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Resume(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Vault.Rotate(ctx, vault.Change{To: vault.KeyFileOrNew(keyPath(dir, n)), Step: die}); err != nil {
			t.Fatal(err)
		}
		change := k.Renew
		if n%2 == 0 {
			change = k.Replace
		}
		if _, err := change(ctx, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// kill has a process change keys, and kills it: after a while, or where it says.
func kill(t *testing.T, dir, step string, after time.Duration) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestIsKilled$", "-test.v")
	cmd.Env = append(os.Environ(), killedDir+"="+dir, killedStep+"="+step)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var said string
	for lines.Scan() && lines.Text() != "begin" {
		said += lines.Text() + "\n"
	}
	if step == "" {
		time.Sleep(after)
		_ = cmd.Process.Kill()
	}
	for lines.Scan() {
		said += lines.Text() + "\n"
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("it was not killed: %v\n%s", err, said)
	}
}

// K-7: a process that is killed while it changes keys, at every step and at any
// moment, loses nothing.
func TestKeysSurviveKills(t *testing.T) {
	if os.Getenv(killedDir) != "" || testing.Short() {
		t.Skip()
	}
	slowUnderRace(t)
	dir := t.TempDir()
	s := servertest.Open(t, dir)
	p := s.Found()
	compare := fill(t, p)
	before, err := s.Keyring().Verify(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Stop()
	check := func(what string) {
		t.Helper()
		s, _, err := openLast(dir)
		if err != nil {
			t.Fatalf("%s: nothing opens it: %v", what, err)
		}
		defer s.Close()
		r, err := s.Keyring().Verify(t.Context(), nil)
		if err != nil || !r.Sound() || r.Values != before.Values {
			t.Fatalf("%s: %+v, %v; want %d values", what, r, err, before.Values)
		}
	}
	for _, step := range []string{
		vault.StepKey, vault.StepPending, vault.StepWrapped, vault.StepVerified, vault.StepFinal,
		keyring.StepNewKeys, keyring.StepRekeyed, keyring.StepReading, keyring.StepResealed, keyring.StepProved, keyring.StepDestroyed,
	} {
		kill(t, dir, step, 0)
		check(step)
	}
	// A step of a fixed ratio of a cycle's length hits each part of it in turn.
	const cycle = 60 * time.Millisecond
	for round := range rounds(200) {
		kill(t, dir, "", time.Duration(round)*7919*time.Microsecond%cycle)
		check(fmt.Sprint("round ", round))
	}
	last, _, err := openLast(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := last.Vault.Finalize(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, err := last.Keyring().Resume(t.Context(), nil); err != nil {
		t.Error(err)
	}
	set := last.Vault.Source()
	if err := last.Close(); err != nil {
		t.Fatal(err)
	}
	s = servertest.Open(t, dir, "MOORFAST_KEY="+set.String())
	compare(t, at(s, p))
	s.Stop()
	noCanary(t, dir)
}
