package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"moorfast/internal/adminsock"
	"moorfast/internal/config"
	"moorfast/internal/core/keyring"
	"moorfast/internal/server"
	"moorfast/internal/store/sqlite"
)

// host is what the commands that change an installation have in common: they ask
// its server, and where none runs they do it themselves.
type host struct {
	program *program
	json    bool
	dry     bool
	yes     bool
}

func (h *host) flags(cmd *cobra.Command, changes bool) {
	cmd.Flags().BoolVar(&h.json, "json", false, "as JSON, and progress as lines of JSON on stderr")
	if changes {
		cmd.Flags().BoolVar(&h.dry, "dry-run", false, "say what would be done, and change nothing")
		cmd.Flags().BoolVarP(&h.yes, "yes", "y", false, "do not ask")
	}
}

// run has the command done, and reads its result into out. What was done is in
// out even where the error says that not all of it was.
func (h *host) run(ctx context.Context, c config.Config, name string, in, out any) (err error) {
	show := h.progress()
	defer show.end()
	err = adminsock.Call(ctx, c.Data, name, in, out, show.raw)
	if !errors.Is(err, adminsock.ErrNobody) {
		return told(err)
	}
	log := slog.New(slog.NewTextHandler(h.program.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := server.OpenAlone(ctx, c, log, clockOf(h.program.now))
	if errors.Is(err, sqlite.ErrLocked) {
		return fmt.Errorf("another process has %s open, and no server listens there: wait for the command that runs, or stop the process", c.Data)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }() // which states what was done in the audit log
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	result, failed := s.Commands(log)[name](ctx, text, show.any)
	if text, err = json.Marshal(result); err == nil && result != nil {
		err = json.Unmarshal(text, out)
	}
	if failed != nil {
		return sorted(failed, server.Kind(failed))
	}
	return err
}

// tell has what a command did recorded in the audit log.
func (p *program) tell(cmd *cobra.Command, c config.Config, t server.Told) error {
	return told(server.Tell(cmd.Context(), c.Data, strconv.Itoa(os.Getuid()), p.now().UnixMicro(), t))
}

// told gives an error of the server the meaning that it would have here.
func told(err error) error {
	var remote *adminsock.RemoteError
	if errors.As(err, &remote) {
		return sorted(err, remote.Kind)
	}
	return err
}

func sorted(err error, kind string) error {
	switch kind {
	case server.KindFindings:
		return &foundError{err}
	case server.KindInput:
		return &usageError{err}
	case server.KindKey:
		return &refusedError{err}
	}
	return err
}

// refusedError is a key or a setting that is refused, as a server says it.
type refusedError struct{ error }

func (e *refusedError) Unwrap() error { return e.error }

// clockOf is a function as a clock.
type clockOf func() time.Time

// Now returns the time.
func (f clockOf) Now() time.Time { return f().UTC() }

// confirm asks on a terminal whether to go on, and elsewhere wants --yes.
func (h *host) confirm(what string) error {
	if h.yes || h.dry {
		return nil
	}
	if in, ok := h.program.in.(*os.File); !ok || !h.program.terminal(in) || !h.program.isTerminal(h.program.err) {
		return &usageError{errors.New(what + " wants --yes")}
	}
	fmt.Fprintf(h.program.err, "%s. Go on? [y/N] ", what)
	answer, err := bufio.NewReader(h.program.in).ReadString('\n')
	if err != nil {
		return err
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

// progressEvery is how often a line is written where there is no terminal.
const progressEvery = 10 * time.Second

// shown writes progress to stderr: a bar on a terminal, a line of JSON each with
// --json, and else a line now and then.
type shown struct {
	h    *host
	bar  bool
	last time.Time
	open bool
}

func (h *host) progress() *shown {
	return &shown{h: h, bar: h.program.isTerminal(h.program.err) && !h.json, last: h.program.now()}
}

func (s *shown) any(progress any) {
	if text, err := json.Marshal(progress); err == nil {
		s.raw(text)
	}
}

func (s *shown) raw(text json.RawMessage) {
	p := s.h.program
	if s.h.json {
		fmt.Fprintf(p.err, "%s\n", text)
		return
	}
	var at keyring.Progress
	if json.Unmarshal(text, &at) != nil {
		return
	}
	line := at.Phase
	if at.Total > 0 {
		line = fmt.Sprintf("%s %d of %d", at.Phase, at.Done, at.Total)
		if at.Rate > 0 {
			line += fmt.Sprintf(", %.0f/s", at.Rate)
		}
	}
	if at.Left > 0 {
		line += ", " + time.Duration(at.Left*float64(time.Second)).Round(time.Second).String() + " left"
	}
	switch now := p.now(); {
	case s.bar:
		fmt.Fprintf(p.err, "\r\x1b[K%s %s", bar(at), line)
		s.open = true
	case now.Sub(s.last) >= progressEvery:
		s.last = now
		fmt.Fprintln(p.err, line)
	}
}

func bar(at keyring.Progress) string {
	const width = 30
	full := 0
	if at.Total > 0 {
		full = int(min(width, at.Done*width/at.Total))
	}
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", width-full) + "]"
}

func (s *shown) end() {
	if s.open {
		fmt.Fprint(s.h.program.err, "\r\x1b[K")
	}
}
