package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"moorfast/internal/config"
	"moorfast/internal/server"
	"moorfast/internal/service/console"
	"moorfast/internal/token"
)

func (p *program) adminCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "Let people in at the console, from the host",
		Long: `Let people in at the console, from the host: with a server that runs, or without.

Who may run these has the data anyway, so no list of the console holds for them.
What was done is in the audit log.`,
	}
	group(cmd)
	cmd.AddCommand(
		p.accountCommand("create EMAIL", "Make an account", "admin.create", true),
		p.accountCommand("reset-password EMAIL", "Set a password, and end all sessions", "admin.reset-password", true),
		p.accountCommand("reset-mfa EMAIL", "Take second factors away, and end all sessions", "admin.reset-mfa", false),
		p.accountCommand("unlock EMAIL", "Let a blocked account sign in again", "admin.unlock", false),
		p.adminSessions(), p.adminAllowIP(),
	)
	return cmd
}

// accountCommand is a command about one account, which may be given a password.
func (p *program) accountCommand(use, short, name string, password bool) *cobra.Command {
	h := &host{program: p}
	var in server.Account
	var from string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			in.Email = args[0]
			made := false
			if password {
				if in.Password, made, err = p.newPassword(c, from); err != nil {
					return err
				}
			}
			var state server.AccountState
			if err := h.run(cmd.Context(), c, name, in, &state); err != nil {
				return err
			}
			if h.json {
				out := struct {
					server.AccountState
					Password string `json:"password,omitempty"`
				}{AccountState: state}
				if made {
					out.Password = in.Password
				}
				return p.writeJSON(out)
			}
			p.writeAccount(state)
			if made {
				fmt.Fprintf(p.out, "password  %s (it is not shown again)\n", in.Password)
			}
			return nil
		},
	}
	h.flags(cmd, false)
	if password {
		cmd.Flags().StringVar(&from, "password", "", "where the password is: file:PATH or env:NAME (default: asked on the terminal, or made)")
	}
	if strings.HasPrefix(use, "create") {
		cmd.Flags().StringVar(&in.Name, "name", "", "of the person")
	}
	return cmd
}

// newPassword reads a password, asks for one, or makes one.
func (p *program) newPassword(c config.Config, from string) (text string, made bool, err error) {
	in, ok := p.in.(*os.File)
	if from == "" && (!ok || !p.terminal(in) || !p.isTerminal(p.err)) {
		return token.NewPassword(), true, nil
	}
	secret, err := p.passphrase(c, from, from == "")
	return secret.Reveal(), false, err
}

func (p *program) writeAccount(s server.AccountState) {
	state := "active"
	if !s.Active {
		state = "blocked"
	}
	if s.MFA {
		state += ", with second factors"
	}
	if s.Root {
		state += ", the first of the console"
	}
	fmt.Fprintf(p.out, "account   %s, %s: %s\n", s.Email, s.ID, state)
	if s.Ended > 0 {
		fmt.Fprintf(p.out, "sessions  %d ended\n", s.Ended)
	}
}

func (p *program) adminSessions() *cobra.Command {
	h := &host{program: p}
	var in server.Account
	cmd := &cobra.Command{
		Use: "sessions EMAIL", Short: "List the sessions of an account, or end them",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			in.Email = args[0]
			var state server.AccountState
			if err := h.run(cmd.Context(), c, "admin.sessions", in, &state); err != nil {
				return err
			}
			if h.json {
				return p.writeJSON(state)
			}
			p.writeAccount(state)
			w := tabwriter.NewWriter(p.out, 0, 8, 2, ' ', 0)
			for _, s := range state.Sessions {
				fmt.Fprintf(w, "%s\t%s\tuntil %s\t%s\t%s\n", s.ID, s.Created, s.Expires, s.IP, s.Client)
			}
			return w.Flush()
		},
	}
	h.flags(cmd, false)
	cmd.Flags().StringVar(&in.Session, "revoke", "", "end the session of this id, or all")
	return cmd
}

func (p *program) adminAllowIP() *cobra.Command {
	h := &host{program: p}
	var life time.Duration
	cmd := &cobra.Command{
		Use: "allow-ip ADDRESS", Short: "Let an address or network in that the list keeps out, for a while",
		Long: `Let an address or network in that the list of addresses keeps out, for a while:
until the time is up, or the server that runs ends. Add it to
_APP_CONSOLE_WHITELIST_IPS for longer.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			var until string
			if err := h.run(cmd.Context(), c, "admin.allow-ip", server.Exception{Network: args[0], Seconds: life.Seconds()}, &until); err != nil {
				return err
			}
			if h.json {
				return p.writeJSON(map[string]string{"network": args[0], "until": until})
			}
			_, err = fmt.Fprintf(p.out, "%s may use the console until %s, or until the server ends\n", args[0], until)
			return err
		},
	}
	h.flags(cmd, false)
	cmd.Flags().DurationVar(&life, "for", time.Hour, "how long, 24h at most")
	return cmd
}

func (p *program) accessCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "access", Short: "Who may use the console"}
	group(cmd)
	cmd.AddCommand(p.accessExplain())
	return cmd
}

func (p *program) accessExplain() *cobra.Command {
	h := &host{program: p}
	var q server.Question
	cmd := &cobra.Command{
		Use:   "explain",
		Short: "Say who may use the console and from where, and why somebody may not",
		Long: `Say who may use the console and from where, and why somebody may not. It exits
with 1 if somebody was named who may not sign in.`,
		Example: "  moorfast access explain --email ana@example.org --ip 203.0.113.7",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(p.sources())
			if err != nil {
				return err
			}
			var a console.Access
			if err := h.run(cmd.Context(), c, "access.explain", q, &a); err != nil {
				return err
			}
			if h.json {
				err = p.writeJSON(a)
			} else {
				fmt.Fprintln(p.out, a.Policy.Summary)
				if len(a.Policy.Exceptions) > 0 {
					fmt.Fprintf(p.out, "for now also from %s\n", strings.Join(a.Policy.Exceptions, ", "))
				}
				w := tabwriter.NewWriter(p.out, 0, 8, 2, ' ', 0)
				for _, v := range a.Verdicts {
					word := "may"
					if !v.Allowed {
						word = "may not"
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", actions[v.Action], word, v.Why, v.Type)
				}
				err = errors.Join(err, w.Flush())
			}
			for _, v := range a.Verdicts {
				if v.Action == "signIn" && !v.Allowed && err == nil {
					err = errFindings
				}
			}
			return err
		},
	}
	h.flags(cmd, false)
	cmd.Flags().StringVar(&q.Email, "email", "", "address of somebody")
	cmd.Flags().StringVar(&q.IP, "ip", "", "where somebody comes from")
	return cmd
}

var actions = map[string]string{
	"signUp": "sign up", "invited": "accept an invitation", "signIn": "sign in", "request": "use a session",
}
