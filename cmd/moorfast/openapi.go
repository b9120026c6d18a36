package main

import "github.com/spf13/cobra"

func (p *program) openapiCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "openapi",
		Short: "Print the API as an OpenAPI 3.1 document",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			document, err := p.openapi()
			if err != nil {
				return err
			}
			_, err = p.out.Write(append(document, '\n'))
			return err
		},
	}
}
