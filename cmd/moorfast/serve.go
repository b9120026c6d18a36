package main

import (
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"moorfast/internal/config"
	"moorfast/internal/vault"
)

func (p *program) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API",
		Long: `Serve the API until interrupted.

The first start makes a root key and tells where it is: keep a copy of it
elsewhere. A later start with another key, or without one, changes nothing and
exits with 78.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(p.sources())
			log := p.logger(c)
			if err == nil {
				if p.unprotected != nil {
					log.Warn("memory is not protected against dumps", "err", p.unprotected)
				}
				err = p.serve(cmd.Context(), c, log, p.out)
			}
			if err != nil && !p.logsText(c) {
				report(log, err)
				err = &reportedError{err}
			}
			return err
		},
	}
	cmd.Flags().String("listen", "", "address and port (default 127.0.0.1:8080)")
	cmd.Flags().Bool("insecure-dev", false, "accept a published example key, on loopback only")
	return cmd
}

// logger makes the log of a server, on stderr.
func (p *program) logger(c config.Config) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.Log.Level}
	if p.logsText(c) {
		return slog.New(slog.NewTextHandler(p.err, o))
	}
	return slog.New(slog.NewJSONHandler(p.err, o))
}

func (p *program) logsText(c config.Config) bool {
	return c.Log.Format == "text" || c.Log.Format != "json" && p.isTerminal(p.err)
}

// report logs why a server does not start, or stopped, for machines.
func report(log *slog.Logger, err error) {
	lines, code := explain(err)
	var key *vault.KeyError
	if errors.As(err, &key) {
		log.Error("the server does not run", "err", lines[0], "exit", code,
			"expected", key.Expected, "given", key.Given, "source", key.Source)
		return
	}
	for _, line := range lines {
		log.Error("the server does not run", "err", line, "exit", code)
	}
}
