package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"moorfast/internal/config"
)

func (p *program) configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Show and check the settings"}
	group(cmd)
	cmd.AddCommand(p.configShow(), p.configCheck())
	return cmd
}

func (p *program) configShow() *cobra.Command {
	var origin, all, asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show what is set, without secrets",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := config.Load(p.sources())
			values := c.Describe()
			if asJSON {
				if werr := p.writeJSON(values); werr != nil {
					return werr
				}
				return err
			}
			w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
			for _, v := range values {
				if v.Text == "" && v.From == "default" && !all {
					continue
				}
				if origin {
					fmt.Fprintf(w, "%s\t%s\t%s\n", v.Key, v.Text, v.From)
				} else {
					fmt.Fprintf(w, "%s\t%s\n", v.Key, v.Text)
				}
			}
			return errors.Join(w.Flush(), err)
		},
	}
	cmd.Flags().BoolVar(&origin, "origin", false, "also show where each comes from")
	cmd.Flags().BoolVar(&all, "all", false, "also show what is not set and has no default")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, with everything")
	return cmd
}

func (p *program) configCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Say what is wrong with the settings, and what does nothing",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := config.Load(p.sources())
			for _, u := range c.Unused() {
				fmt.Fprintf(p.out, "%s does nothing: %s\n", u.Name, u.Why)
			}
			for _, notice := range c.Notices {
				fmt.Fprintln(p.err, notice)
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(p.err, "the settings are fine")
			return nil
		},
	}
}

func (p *program) writeJSON(v any) error {
	e := json.NewEncoder(p.out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
