// Command moorfast is a backend in one program, which speaks the Appwrite API.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"moorfast/internal/clock"
	"moorfast/internal/config"
	"moorfast/internal/core/documents"
	"moorfast/internal/server"
	"moorfast/internal/vault"
)

func main() {
	_, unprotected := vault.Protect()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends the program at once
	p := &program{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		terminal:    func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) },
		now:         time.Now,
		serve:       server.Run,
		openapi:     openAPI,
		explain:     explainList,
		unprotected: unprotected,
	}
	os.Exit(p.run(ctx, os.Args[1:]))
}

// explainList says how the store finds the rows of a list.
func explainList(ctx context.Context, c config.Config, q server.ListQuestion) ([]documents.Explained, error) {
	return server.Explain(ctx, c, clock.System{}, q)
}

// openAPI returns the document of all endpoints, for which nothing has to run.
func openAPI() ([]byte, error) {
	table, err := server.Table()
	if err != nil {
		return nil, err
	}
	return (&server.Server{Table: table}).OpenAPI()
}
