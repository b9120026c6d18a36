package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"moorfast/internal/config"
	"moorfast/internal/core/documents"
	"moorfast/internal/rootkey"
	"moorfast/internal/server"
	"moorfast/internal/vault"
)

// The exit codes of every command.
const (
	exitOK          = 0
	exitFindings    = 1 // a check failed
	exitUsage       = 2
	exitFailed      = 3  // could not run
	exitConfig      = 78 // settings or key refused (EX_CONFIG)
	exitInterrupted = 130
)

// program is the command line as a value, so that tests can run it.
type program struct {
	in       io.Reader
	out, err io.Writer
	terminal func(*os.File) bool
	now      func() time.Time

	// environ replaces the environment of the process, if not nil.
	environ []string

	serve       func(ctx context.Context, c config.Config, log *slog.Logger, out io.Writer) error
	openapi     func() ([]byte, error)
	explain     func(ctx context.Context, c config.Config, q server.ListQuestion) ([]documents.Explained, error)
	unprotected error // why memory is not protected, if it is not

	started bool // a command runs: what goes wrong now is no mistake in its use
	flags   map[string]string
	file    string // of settings
}

// errFindings says that a command did its work and found something wrong, which it
// has told.
var errFindings = errors.New("there are findings")

// foundError is an [errFindings] that says what was found.
type foundError struct{ error }

func (e *foundError) Is(target error) bool { return target == errFindings }

// run runs a command line and returns its exit code.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	root.SetOut(p.out)
	root.SetErr(p.err)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		var found *foundError
		if errors.As(err, &found) {
			fmt.Fprintf(p.err, "moorfast: %v\n", found)
		}
		return exitFindings
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return exitInterrupted
	}
	lines, code := explain(err)
	var usage *usageError
	if !p.started || errors.As(err, &usage) {
		lines, code = []string{err.Error() + "; moorfast help lists what there is"}, exitUsage
	}
	var reported *reportedError
	if !errors.As(err, &reported) {
		for _, line := range lines {
			fmt.Fprintf(p.err, "moorfast: %s\n", line)
		}
	}
	return code
}

// usageError is a mistake in a command line that only the command can see.
type usageError struct{ error }

// reportedError was written to the log already.
type reportedError struct{ error }

func (e *reportedError) Unwrap() error { return e.error }

// explain returns the lines that tell an error to people, each with what to do
// next, and the exit code that tells it to programs.
func explain(err error) (lines []string, code int) {
	var settings *config.Error
	var key *vault.KeyError
	var refused *refusedError
	switch {
	case errors.As(err, &refused) && !errors.As(err, &key):
		return []string{refused.Error()}, exitConfig
	case errors.As(err, &settings):
		for _, m := range settings.Mistakes {
			lines = append(lines, m.String())
		}
		return lines, exitConfig
	case errors.As(err, &key):
		return []string{key.Error() + "; " + key.Remedy}, exitConfig
	case errors.Is(err, vault.ErrNoRing):
		return []string{"there is data but no keyring to open it with; restore the keyring from a backup"}, exitConfig
	case errors.Is(err, vault.ErrRing):
		return []string{err.Error() + "; restore the keyring from a backup"}, exitConfig
	}
	return strings.Split(err.Error(), "\n"), exitFailed
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "moorfast",
		Short: "A backend in one program, which speaks the Appwrite API",
		Example: `  moorfast serve --data ./data      serve on 127.0.0.1:8080; the first start makes a key
  moorfast doctor                   say what is wrong, and what to do
  moorfast config show --origin     say what is set, and where`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			p.started = true
			p.flags = p.given(cmd)
		},
	}
	f := root.PersistentFlags()
	f.String("data", "", "directory of everything that is kept (default ./data)")
	f.String("key", "", "where the root key is: "+rootkey.Forms+" (default file:DATA/keys/master.key)")
	f.StringVar(&p.file, "config", "", "settings file (default DATA/moorfast.toml, if there is one)")
	root.AddCommand(p.initCommand(), p.serveCommand(), p.configCommand(), p.keyCommand(), p.accessCommand(), p.adminCommand(), p.auditCommand(), p.apiKeyCommand(), p.doctorCommand(), p.dbCommand(), p.openapiCommand(), p.versionCommand())
	group(root)
	return root
}

// given returns the flags of a command line that are settings, by key.
func (p *program) given(cmd *cobra.Command) map[string]string {
	given := make(map[string]string)
	for _, key := range config.Flags() {
		if f := cmd.Flags().Lookup(strings.ReplaceAll(key, "_", "-")); f != nil && f.Changed {
			given[key] = f.Value.String()
		}
	}
	return given
}

// sources returns where this command line takes settings from.
func (p *program) sources() config.Sources {
	s := config.Process(p.flags, p.file)
	if p.environ != nil {
		s.Environ = p.environ
	}
	return s
}

// isTerminal reports whether w is one.
func (p *program) isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && p.terminal(f)
}

// group makes a command of commands: alone it shows its help, and with a word
// it does not know it is a mistake.
func group(cmd *cobra.Command) {
	cmd.SuggestionsMinimumDistance = 2
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		text := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			text += fmt.Sprintf(", did you mean %s?", strings.Join(near, " or "))
		}
		return errors.New(text)
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}
