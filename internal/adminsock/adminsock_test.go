package adminsock_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"moorfast/internal/adminsock"
)

func serve(t *testing.T, dir string, commands adminsock.Commands) {
	t.Helper()
	s, err := adminsock.Listen(dir, commands, func(error) string { return "some" })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.Serve(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
}

func TestACommandTellsItsProgressAndItsResult(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	for _, dir := range []string{t.TempDir(), long} {
		serve(t, dir, adminsock.Commands{"twice": func(ctx context.Context, in json.RawMessage, tell func(any)) (any, error) {
			var n int
			err := json.Unmarshal(in, &n)
			tell("half")
			if uid := adminsock.Caller(ctx); runtime.GOOS == "linux" && uid != strconv.Itoa(os.Getuid()) {
				t.Errorf("the caller is %q", uid)
			}
			return 2 * n, err
		}})
		var got int
		var told []string
		err := adminsock.Call(t.Context(), dir, "twice", 21, &got, func(p json.RawMessage) { told = append(told, string(p)) })
		if err != nil || got != 42 || strings.Join(told, ",") != `"half"` {
			t.Errorf("got %d, told %v, %v", got, told, err)
		}
		info, err := os.Stat(filepath.Join(dir, "run", "admin.sock"))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the socket: %v, %v", info, err)
		}
		if info, _ := os.Stat(filepath.Join(dir, "run")); info.Mode().Perm() != 0o700 {
			t.Errorf("its directory: %v", info.Mode())
		}
	}
}

func TestAnErrorComesWithWhatWasDone(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, adminsock.Commands{"fail": func(context.Context, json.RawMessage, func(any)) (any, error) {
		return "half of it", errors.New("no room")
	}})
	var got string
	var remote *adminsock.RemoteError
	err := adminsock.Call(t.Context(), dir, "fail", nil, &got, nil)
	if !errors.As(err, &remote) || remote.Text != "no room" || remote.Kind != "some" || got != "half of it" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := adminsock.Call(t.Context(), dir, "none", nil, &got, nil); err == nil || errors.As(err, &remote) {
		t.Errorf("a command there is not: %v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	dir := t.TempDir()
	if err := adminsock.Call(t.Context(), dir, "x", nil, nil, nil); !errors.Is(err, adminsock.ErrNobody) {
		t.Errorf("no socket: %v", err)
	}
	s, err := adminsock.Listen(dir, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Serve(ctx) // as a server that was killed, it leaves its socket
	if err := adminsock.Call(t.Context(), dir, "x", nil, nil, nil); !errors.Is(err, adminsock.ErrNobody) {
		t.Errorf("a socket that was left: %v", err)
	}
	serve(t, dir, nil)
}

// A command ends when its caller does.
func TestACallerWhoLeavesEndsTheCommand(t *testing.T) {
	dir := t.TempDir()
	ended := make(chan error, 1)
	serve(t, dir, adminsock.Commands{"wait": func(ctx context.Context, _ json.RawMessage, tell func(any)) (any, error) {
		tell("begun")
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}})
	ctx, cancel := context.WithCancel(t.Context())
	err := adminsock.Call(ctx, dir, "wait", nil, nil, func(json.RawMessage) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the call: %v", err)
	}
	if err := <-ended; err == nil {
		t.Error("the command was not ended")
	}
}

// Whoever stops the server takes away what its commands work with.
func TestAStopWaitsForTheCommandsThatRun(t *testing.T) {
	dir := t.TempDir()
	cleaning, cleaned := make(chan struct{}), make(chan struct{})
	s, err := adminsock.Listen(dir, adminsock.Commands{"work": func(ctx context.Context, _ json.RawMessage, tell func(any)) (any, error) {
		tell("begun")
		<-ctx.Done()
		<-cleaning
		close(cleaned)
		return nil, ctx.Err()
	}}, func(error) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { s.Serve(ctx); close(stopped) }()
	if err := adminsock.Call(t.Context(), dir, "work", nil, nil, func(json.RawMessage) { stop() }); err == nil {
		t.Error("the call ended well")
	}
	select {
	case <-stopped:
		t.Error("the server is stopped, and a command runs")
	case <-time.After(100 * time.Millisecond):
	}
	close(cleaning)
	<-cleaned
	<-stopped
}
