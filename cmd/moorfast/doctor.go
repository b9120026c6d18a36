package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"moorfast/internal/config"
	"moorfast/internal/doctor"
)

func (p *program) doctorCommand() *cobra.Command {
	var format, failOn string
	var all bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong with this installation, and what to do",
		Long: `Say what is wrong with this installation, and what to do.

It only reads, and may run beside a server. It exits with 1 if a check failed
that is as severe as --fail-on says.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return &usageError{errors.New("--format is text or json")}
			}
			least, err := doctor.ParseSeverity(failOn)
			if err != nil {
				return &usageError{fmt.Errorf("--fail-on: %w", err)}
			}
			s := doctor.Subject{System: doctor.ReadSystem(), Now: p.now()}
			s.Config, err = config.Load(p.sources())
			var wrong *config.Error
			if errors.As(err, &wrong) {
				s.Mistakes = wrong.Mistakes
			}
			if ring, _, err := ringOf(s.Config); err == nil {
				s.Ring = ring
			}
			report := doctor.Run(cmd.Context(), s)
			if format == "json" {
				err = report.WriteJSON(p.out)
			} else {
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
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	cmd.Flags().StringVar(&failOn, "fail-on", "high", "critical, high, medium or low")
	cmd.Flags().BoolVar(&all, "all", false, "also show what passes")
	return cmd
}
