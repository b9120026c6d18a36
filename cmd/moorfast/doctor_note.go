package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"moorfast/internal/config"
	"moorfast/internal/server"
	"moorfast/internal/upkeep"
)

// doctorNote writes down what is done outside of moorfast, which the doctor cannot
// see.
func (p *program) doctorNote() *cobra.Command {
	var encrypted bool
	var at string
	cmd := &cobra.Command{
		Use:   "note " + strings.Join(upkeep.Kinds(), "|"),
		Short: "Tell the doctor of a backup, a check of one, or a drill",
		Long: `Tell the doctor of what it cannot see: that the data was backed up, that a backup
was read as a whole (check), that one was restored elsewhere and worked (drill), or
that the keys were copied by other means than moorfast key export. It is for the
script that does so, as its last line.`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: upkeep.Kinds(),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, err := upkeep.ParseKind(args[0])
			if err != nil {
				return &usageError{err}
			}
			deed := upkeep.Deed{At: p.now(), Encrypted: encrypted}
			if at != "" {
				if deed.At, err = time.Parse(time.RFC3339, at); err != nil {
					return &usageError{errors.New("--at is a time such as 2026-01-02T15:04:05Z")}
				}
				if deed.At.After(p.now()) {
					return &usageError{errors.New("--at is in the future")}
				}
			}
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			if _, err := os.Stat(c.Data); err != nil {
				return fmt.Errorf("there is no installation to note this of: %w", err)
			}
			if err := p.tell(cmd, c, server.Told{Event: "doctor.note", Resource: "upkeep/" + string(kind)}); err != nil {
				return err
			}
			if err := upkeep.Note(c.Data, kind, deed); err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.out, "%s: %s\n", kind, deed.At.UTC().Format(time.RFC3339))
			return err
		},
	}
	cmd.Flags().BoolVar(&encrypted, "encrypted", false, "nobody reads the backup without a key")
	cmd.Flags().StringVar(&at, "at", "", "when it was, if not now")
	return cmd
}
