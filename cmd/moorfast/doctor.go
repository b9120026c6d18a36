package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"moorfast/internal/config"
	"moorfast/internal/doctor"
	"moorfast/internal/server"
)

// doctorFlags is what a run of the doctor was asked for.
type doctorFlags struct {
	format, failOn, severity, baseline string

	all, offline bool
	fix          bool
	host
}

func (p *program) doctorCommand() *cobra.Command {
	f := doctorFlags{host: host{program: p}}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong with this installation, and what to do",
		Long: `Say what is wrong with this installation, and what to do.

It only reads, but for a record of the run in the audit log and for what --fix
repairs, and may run beside a server. It exits with 1 if a check failed that is as
severe as --fail-on says.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.examine(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "text", strings.Join(doctor.Formats, ", "))
	flags.StringVar(&f.failOn, "fail-on", "high", "critical, high, medium or low")
	flags.StringVar(&f.severity, "severity", "low", "leave out what is less severe than this")
	flags.StringVar(&f.baseline, "baseline", "", "leave out what had failed in an earlier report, a `file` of --format json")
	flags.BoolVar(&f.all, "all", false, "also show what passes")
	flags.BoolVar(&f.offline, "offline", false, "look no name up, and run no scanner")
	flags.BoolVar(&f.fix, "fix", false, "repair what can be repaired by itself, and look again")
	flags.BoolVar(&f.dry, "dry-run", false, "with --fix: say what would be repaired, and change nothing")
	flags.BoolVarP(&f.yes, "yes", "y", false, "with --fix: do not ask")
	cmd.AddCommand(p.doctorNote())
	return cmd
}

// examine runs the doctor, and repairs what it was asked to.
func (f *doctorFlags) examine(cmd *cobra.Command) error {
	p := f.program
	if !slices.Contains(doctor.Formats, f.format) {
		return &usageError{fmt.Errorf("--format is one of %s", strings.Join(doctor.Formats, ", "))}
	}
	least, err := doctor.ParseSeverity(f.failOn)
	if err != nil {
		return &usageError{fmt.Errorf("--fail-on: %w", err)}
	}
	shown, err := doctor.ParseSeverity(f.severity)
	if err != nil {
		return &usageError{fmt.Errorf("--severity: %w", err)}
	}
	if (f.dry || f.yes) && !f.fix {
		return &usageError{errors.New("--dry-run and --yes go with --fix")}
	}
	s, done, wrong, err := p.subject(cmd.Context())
	if err != nil {
		return err
	}
	defer done()
	if f.offline {
		s.Names = nil
	}
	report := doctor.Run(cmd.Context(), s)
	if f.fix {
		repaired, err := f.repair(cmd, s, report)
		if err != nil {
			return err
		}
		if repaired {
			report = doctor.Run(cmd.Context(), s)
		}
	}
	if argv := s.Config.Doctor.Scanner(); len(argv) > 0 && !f.offline {
		scanner := doctor.Scanner{Argv: argv, Environ: p.withoutSettings(s), Within: s.Config.Doctor.ScanTimeout}
		report.Results = append(report.Results, scanner.Run(cmd.Context())...)
	}
	if s.Data != nil { // there is an installation, and it has a log
		if err := p.tell(cmd, s.Config, server.Told{Event: "doctor.run", Outcome: worst(report)}); err != nil {
			fmt.Fprintf(p.err, "this run is not in the audit log: %v\n", err)
		}
	}
	if f.baseline != "" {
		if report, err = since(report, f.baseline); err != nil {
			return err
		}
	}
	err = f.write(cmd.Context(), s, report.From(shown))
	switch {
	case err != nil:
		return err
	case wrong != nil:
		return wrong
	case report.Fails(least):
		return errFindings
	}
	return nil
}

func (f *doctorFlags) write(ctx context.Context, s doctor.Subject, report doctor.Report) error {
	p := f.program
	switch f.format {
	case "json":
		return report.WriteJSON(p.out)
	case "sarif":
		return report.WriteSARIF(p.out, readVersion().Version)
	case "junit":
		return report.WriteJUnit(p.out)
	case "appwrite":
		return report.WriteAppwrite(ctx, p.out, s, readVersion().Version)
	}
	colour := p.isTerminal(p.out) && !p.sources().NoColor()
	return report.WriteText(p.out, doctor.TextOptions{All: f.all, Colour: colour})
}

// repair makes the repairs that there are, if the operator agrees, and reports
// whether any was made. Each is in the audit log before it is made.
func (f *doctorFlags) repair(cmd *cobra.Command, s doctor.Subject, report doctor.Report) (bool, error) {
	p := f.program
	list, err := report.Repairs(cmd.Context(), s)
	if err != nil {
		return false, err
	}
	for _, r := range list {
		fmt.Fprintf(p.err, "%s  %s: %s\n", r.Check, r.Path, r.Words)
	}
	if len(list) == 0 || f.dry {
		fmt.Fprintf(p.err, "%d repairs, of which none was made\n", len(list))
		return false, nil
	}
	if err := f.confirm(fmt.Sprintf("%d repairs are made", len(list))); err != nil {
		return false, err
	}
	for _, r := range list {
		if err := p.tell(cmd, s.Config, server.Told{Event: "doctor.fix", Resource: r.Check}); err != nil {
			return false, err
		}
		if err := r.Do(); err != nil {
			return true, fmt.Errorf("%s: %w", r.Check, err)
		}
	}
	return true, nil
}

// withoutSettings is the environment for a scanner: what the settings keep secret
// is no business of its. It is told where the server listens, if it runs.
func (p *program) withoutSettings(s doctor.Subject) []string {
	environ := p.environ
	if environ == nil {
		environ = os.Environ()
	}
	environ = slices.DeleteFunc(slices.Clone(environ), func(e string) bool {
		return strings.HasPrefix(e, "MOORFAST_") || strings.HasPrefix(e, "_APP_")
	})
	if s.Live != nil {
		environ = append(environ, "MOORFAST_SCAN_LISTEN="+s.Live.Listen)
	}
	return environ
}

// subject gathers what the doctor looks at: the settings, what is stored, and the
// server, if it runs. What cannot be opened is a finding of its own.
func (p *program) subject(ctx context.Context) (s doctor.Subject, done func(), wrong *config.Error, err error) {
	s = doctor.Subject{System: doctor.ReadSystem(), Now: p.now(), Names: doctor.Resolver{}, Caller: p.sources().Caller()}
	done = func() {}
	s.Config, err = config.Load(p.sources())
	if errors.As(err, &wrong) {
		s.Mistakes = wrong.Mistakes
		return s, done, wrong, nil
	}
	if err != nil {
		return s, done, nil, err
	}
	if ring, _, err := ringOf(s.Config); err == nil {
		s.Ring = ring
	}
	if s.Live = server.Running(ctx, s.Config.Data); s.Live != nil { // what is, before what is set here
		s.Config.Listen = s.Live.Listen
	}
	s.Ask = server.Asker(s.Config)
	s.AskSource()
	if data, closer, err := server.Inspect(ctx, s.Config, s.Now); err == nil {
		s.Data = data
		done = func() { closer.Close() }
	}
	return s, done, nil, nil
}

// worst is how a run ended that found something severe.
func worst(r doctor.Report) string {
	if r.Fails(doctor.High) {
		return "findings"
	}
	return ""
}

// since leaves out what an earlier report has.
func since(report doctor.Report, path string) (doctor.Report, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return report, fmt.Errorf("--baseline: %w", err)
	}
	known, err := doctor.ReadBaseline(data)
	if err != nil {
		return report, &usageError{fmt.Errorf("--baseline %s: %w", path, err)}
	}
	return report.Without(known), nil
}
