package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"moorfast/internal/config"
	"moorfast/internal/core/documents"
	"moorfast/internal/server"
)

func (p *program) dbCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "db", Short: "Look into the database"}
	group(cmd)
	cmd.AddCommand(p.dbExplain())
	return cmd
}

func (p *program) dbExplain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain PROJECT DATABASE TABLE [QUERY...]",
		Short: "Say how the store finds the rows of a list",
		Long: `Say how the store finds the rows of a list.

Queries are as the API takes them, such as
  '{"method":"equal","attribute":"title","values":["Dune"]}'.
The list is read as a server that may see all rows, and nothing is changed. A
server may run meanwhile.`,
		Args: cobra.MinimumNArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			all, err := p.explain(cmd.Context(), c, server.ListQuestion{
				Project: args[0], Ref: documents.Ref{Database: args[1], Table: args[2]}, Queries: args[3:],
			})
			if err != nil {
				return err
			}
			for _, e := range all {
				fmt.Fprintf(p.out, "%s\n", e.SQL)
				for _, step := range e.Plan {
					fmt.Fprintf(p.out, "    %s\n", step)
				}
				if e.Effort != "" {
					fmt.Fprintf(p.out, "    %s\n", e.Effort)
				}
			}
			return nil
		},
	}
}
