package main

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"moorfast/internal/audit"
)

// watched is what a command writes while it runs.
type watched struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.more <- struct{}{} }()
	return w.text.Write(p)
}

func TestATailGoesOnWithWhatComesAlone(t *testing.T) {
	s, environ := audited(t)
	out := &watched{more: make(chan struct{}, 1000)}
	p := &program{
		out: out, err: out, terminal: func(*os.File) bool { return false }, now: s.Clock.Now, environ: append(environ, "HOME=/"),
	}
	ctx, stop := context.WithCancel(t.Context())
	code := make(chan int)
	go func() { code <- p.run(ctx, []string{"audit", "tail", "-f", "-n", "1", "--json"}) }()
	<-out.more // the newest
	for range 2 {
		err := s.Audit.Note(t.Context(), "console", audit.Record{At: s.Clock.Now().UnixMicro(), Event: "test.more", Actor: audit.Actor{Kind: audit.System}})
		if err != nil {
			t.Error(err)
		}
		<-out.more
	}
	stop()
	if got := <-code; got != exitInterrupted {
		t.Errorf("exit %d", got)
	}
	if lines := strings.Split(strings.TrimSpace(out.text.String()), "\n"); len(lines) != 3 || strings.Count(out.text.String(), "test.more") != 2 {
		t.Errorf("it shows\n%s", out.text.String())
	}
}
