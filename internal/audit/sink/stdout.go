package sink

import (
	"context"
	"errors"
	"fmt"
	"io"

	"moorfast/internal/audit"
)

// Stdout writes records as lines of JSON to where whoever runs the program reads:
// the standard output of a container.
type Stdout struct {
	W      io.Writer
	Format Format

	busy chan struct{}
}

// NewStdout returns a sink that writes to w.
func NewStdout(w io.Writer, f Format) *Stdout {
	return &Stdout{W: w, Format: f, busy: make(chan struct{}, 1)}
}

// Name implements [audit.Sink].
func (s *Stdout) Name() string { return "stdout" }

var errNotRead = errors.New("audit stdout: nobody reads what was written before")

// Send implements [audit.Sink]. Where nobody reads, it waits no longer than ctx:
// what is being written then still is, and nothing is written into it.
func (s *Stdout) Send(ctx context.Context, list []audit.Entry) error {
	b, err := lines(list, s.Format)
	if err != nil {
		return err
	}
	select {
	case s.busy <- struct{}{}:
	default:
		return errNotRead
	}
	done := make(chan error, 1)
	go func() {
		_, err := s.W.Write(b)
		<-s.busy
		done <- err
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("audit stdout: %w", err)
	}
	return nil
}
