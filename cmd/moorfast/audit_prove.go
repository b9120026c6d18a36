package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"moorfast/internal/audit"
	"moorfast/internal/store"
)

func (p *program) auditProve() *cobra.Command {
	var project, saved string
	cmd := &cobra.Command{
		Use:   "prove SEQ",
		Short: "Prove that a record is in the log, to somebody who has the public key alone",
		Long: `Prove that a record is in the log, to somebody who has the public key alone.

SEQ is the number of a record, as "moorfast audit search --json" shows it. What is
written is the record, its way to the root of the tree, and the checkpoint that
states the root: the newest, or with --checkpoint one that was kept elsewhere.

"moorfast audit verify --proof FILE --public-key KEY" checks it, on any machine.`,
		Example: `  moorfast audit prove 1042 --project shop > proof`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			seq, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || seq < 1 {
				return &usageError{fmt.Errorf("%.40q is no number of a record", args[0])}
			}
			note := ""
			if saved != "" {
				if note, err = readNote(saved); err != nil {
					return err
				}
			}
			return p.withAudit(cmd, func(ctx context.Context, l *auditLog) error {
				text, err := l.prove(ctx, project, seq, note)
				if err != nil {
					return err
				}
				_, err = fmt.Fprint(p.out, text)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&project, "project", store.Platform, "whose log the record is in")
	cmd.Flags().StringVar(&saved, "checkpoint", "", "file of a checkpoint that was kept elsewhere")
	return cmd
}

func (l *auditLog) prove(ctx context.Context, project string, seq int64, saved string) (string, error) {
	if _, err := l.places(ctx, project); err != nil {
		return "", err
	}
	if saved != "" {
		if _, err := audit.OpenNote(saved, l.name, l.key); err != nil {
			return "", err
		}
	}
	proof, err := audit.Prove(ctx, l.db, project, seq, saved)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", fmt.Errorf("there is no record %d in the log of %s, or it is not chained yet", seq, project)
	case errors.Is(err, audit.ErrNoLeaf):
		return "", fmt.Errorf("the checkpoint does not have record %d in its tree; a server writes one each minute that something happens", seq)
	case err != nil:
		return "", err
	}
	return proof.Text()
}

// proven is the answer of "audit verify --proof".
type proven struct {
	Log        string       `json:"log"` // the project whose log it is in
	Position   int64        `json:"position"`
	Seq        int64        `json:"seq"`
	Record     audit.Record `json:"record"`
	Leaf       int64        `json:"leaf"`
	Checkpoint int64        `json:"checkpoint"`
	Size       int64        `json:"size"`
}

func (p *program) verifyProof(path, key string, asJSON bool) error {
	name, public, err := publicKey("--proof", key)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err == nil && info.Size() > noteSize {
		err = audit.ErrProof
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	proof, err := audit.ParseProof(string(text))
	if err != nil {
		return err
	}
	record, c, err := proof.Check(name, public)
	if errors.Is(err, audit.ErrUnproven) || errors.Is(err, audit.ErrSignature) {
		fmt.Fprintf(p.out, "FAIL %v\n", err)
		return errFindings
	}
	if err != nil {
		return err
	}
	answer := proven{proof.Proven.Project, proof.Proven.Position, proof.Proven.Seq, *record, proof.Index, c.Number, c.Size}
	if asJSON {
		return p.writeJSON(answer)
	}
	fmt.Fprintf(p.out, "record %d of %s is in checkpoint %d, as leaf %d of %d:\n%s\n", answer.Seq, answer.Log, c.Number, proof.Index, c.Size, proof.Proven.Body)
	return nil
}
