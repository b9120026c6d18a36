package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"moorfast/internal/config"
	"moorfast/internal/server"
	"moorfast/internal/store"
)

func (p *program) apiKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "api-key",
		Short: "Look at the API keys of the projects, and bind them to networks",
	}
	group(cmd)
	cmd.AddCommand(p.apiKeyScan(), p.apiKeyBind())
	return cmd
}

func (p *program) apiKeyBind() *cobra.Command {
	h := &host{program: p}
	cmd := &cobra.Command{
		Use:   "bind PROJECT KEY NETWORK…|anywhere",
		Short: "Have an API key work from some networks only",
		Long: `Have an API key work from some networks only: addresses, networks such as
10.1.0.0/16, and the words loopback and private. From elsewhere it is refused, and
told of as the security event key.elsewhere. It holds for the next request; KEY is
the id of the key, as moorfast api-key scan --all shows it.`,
		Example: "  moorfast api-key bind shop 6641a6d2001f 203.0.113.7 10.1.0.0/16\n  moorfast api-key bind shop 6641a6d2001f anywhere",
		Args:    cobra.MinimumNArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			in := server.Binding{Project: args[0], Key: args[1], Networks: args[2:]}
			if len(args) == 3 && args[2] == "anywhere" {
				in.Networks = []string{}
			}
			var bound server.Binding
			if err := h.run(cmd.Context(), c, "api-key.bind", in, &bound); err != nil {
				return err
			}
			if h.json {
				return p.writeJSON(bound)
			}
			_, err = fmt.Fprintf(p.out, "%s/%s  works from %s\n", bound.Project, bound.Key, orAnywhere(bound.Networks))
			return err
		},
	}
	h.flags(cmd, false)
	return cmd
}

func orAnywhere(networks []string) string {
	if len(networks) == 0 {
		return "anywhere"
	}
	return strings.Join(networks, ", ")
}

func (p *program) apiKeyScan() *cobra.Command {
	var asJSON, all bool
	var project string
	var days int
	cmd := &cobra.Command{
		Use:   "scan",
		Short: "Find API keys that nobody uses, that may do too much, or that never end",
		Long: `Find API keys that nobody uses, that may do too much, or that never end.

What is found of a key: unused or never-used (for --unused days), endless, long
(it ends in more than a year), expired, all-scopes, wide (it may write to most of
what there is). It exits with 1 if there is anything. It only reads, and may run
beside a server. Secrets are not stored, and not shown.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if days < 1 || days > 3650 {
				return &usageError{errors.New("--unused is from 1 to 3650 days")}
			}
			keys, err := p.scanKeys(cmd.Context(), project, time.Duration(days)*24*time.Hour)
			if errors.Is(err, server.ErrNoProject) {
				return &usageError{err}
			}
			if err != nil {
				return err
			}
			return p.reportKeys(keys, asJSON, all)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&all, "all", false, "also those with which nothing is wrong")
	cmd.Flags().StringVar(&project, "project", "", "of this project alone")
	cmd.Flags().IntVar(&days, "unused", 90, "days after which a key is missed by nobody")
	return cmd
}

func (p *program) scanKeys(ctx context.Context, project string, unused time.Duration) (keys []server.ScannedKey, err error) {
	c, err := config.Load(p.sources())
	if err != nil {
		return nil, err
	}
	v, err := p.openVault(ctx, c, "API keys")
	if err != nil {
		return nil, err
	}
	var db store.DB
	if db, err = server.OpenReader(ctx, c, v); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	keys, err = server.ScanKeys(ctx, db, project, unused, p.now())
	return keys, errors.Join(err, db.Close(), v.Close())
}

func (p *program) reportKeys(keys []server.ScannedKey, asJSON, all bool) error {
	wrong := 0
	shown := []server.ScannedKey{}
	for _, k := range keys {
		if len(k.Findings) > 0 {
			wrong++
		}
		if all || len(k.Findings) > 0 {
			shown = append(shown, k)
		}
	}
	if asJSON {
		err := p.writeJSON(struct {
			Keys  int                 `json:"keys"`
			Found int                 `json:"found"`
			List  []server.ScannedKey `json:"list"`
		}{len(keys), wrong, shown})
		if err != nil {
			return err
		}
	} else if err := p.tableOfKeys(keys, shown, wrong); err != nil {
		return err
	}
	if wrong > 0 {
		return errFindings
	}
	return nil
}

func (p *program) tableOfKeys(keys, shown []server.ScannedKey, wrong int) error {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, k := range shown {
		fmt.Fprintf(w, "%s/%s\t%q\t…%s\t%d scopes\tfrom %s\tused %s\tends %s\t%s\n",
			k.Project, k.ID, k.Name, k.Tail, k.Scopes, orAnywhere(k.Networks), day(k.Used), day(k.Expires), strings.Join(k.Findings, ", "))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.out, "%d of %d API keys need a look\n", wrong, len(keys))
	return err
}

func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.DateOnly)
}
