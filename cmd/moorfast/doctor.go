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

func (p *program) doctorCommand() *cobra.Command {
	var format, failOn, baseline string
	var all bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong with this installation, and what to do",
		Long: `Say what is wrong with this installation, and what to do.

It only reads, but for a record of the run in the audit log, and may run beside a
server. It exits with 1 if a check failed
that is as severe as --fail-on says.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(doctor.Formats, format) {
				return &usageError{fmt.Errorf("--format is one of %s", strings.Join(doctor.Formats, ", "))}
			}
			least, err := doctor.ParseSeverity(failOn)
			if err != nil {
				return &usageError{fmt.Errorf("--fail-on: %w", err)}
			}
			s, done, wrong, err := p.subject(cmd.Context())
			if err != nil {
				return err
			}
			defer done()
			report := doctor.Run(cmd.Context(), s)
			if s.Data != nil { // there is an installation, and it has a log
				if err := p.tell(cmd, s.Config, server.Told{Event: "doctor.run", Outcome: worst(report)}); err != nil {
					fmt.Fprintf(p.err, "this run is not in the audit log: %v\n", err)
				}
			}
			if baseline != "" {
				if report, err = since(report, baseline); err != nil {
					return err
				}
			}
			switch format {
			case "json":
				err = report.WriteJSON(p.out)
			case "sarif":
				err = report.WriteSARIF(p.out, readVersion().Version)
			case "junit":
				err = report.WriteJUnit(p.out)
			default:
				colour := p.isTerminal(p.out) && !p.sources().NoColor()
				err = report.WriteText(p.out, doctor.TextOptions{All: all, Colour: colour})
			}
			switch {
			case err != nil:
				return err
			case wrong != nil:
				return wrong
			case report.Fails(least):
				return errFindings
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", strings.Join(doctor.Formats, ", "))
	cmd.Flags().StringVar(&failOn, "fail-on", "high", "critical, high, medium or low")
	cmd.Flags().StringVar(&baseline, "baseline", "", "leave out what had failed in an earlier report, a `file` of --format json")
	cmd.Flags().BoolVar(&all, "all", false, "also show what passes")
	cmd.AddCommand(p.doctorNote())
	return cmd
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
