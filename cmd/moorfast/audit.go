package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"moorfast/internal/audit"
	"moorfast/internal/config"
	"moorfast/internal/server"
	"moorfast/internal/store"
)

func (p *program) auditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Read the audit log, and check that nobody has changed it",
		Long: `Read the audit log, and check that nobody has changed it.

These commands only read, and may run beside a server.`,
	}
	group(cmd)
	cmd.AddCommand(p.auditTail(), p.auditSearch(), p.auditVerify(), p.auditExport(), p.auditCheckpoint(), p.auditProve())
	return cmd
}

// auditLog is the log of an installation, opened to be read.
type auditLog struct {
	db     store.DB
	name   string
	key    ed25519.PublicKey
	config config.Config
	close  func() error
}

func (p *program) openAudit(ctx context.Context) (*auditLog, error) {
	c, err := config.Load(p.sources())
	if err != nil {
		return nil, err
	}
	v, err := p.openVault(ctx, c, "audit log")
	if err != nil {
		return nil, err
	}
	l := &auditLog{name: audit.Name(v.Instance()), config: c, close: v.Close}
	key, err := audit.SigningKey(v)
	if err == nil {
		l.key = key.Public().(ed25519.PublicKey)
		clear(key)
		l.db, err = server.OpenReader(ctx, c, v)
	}
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	l.close = func() error { return errors.Join(l.db.Close(), v.Close()) }
	return l, nil
}

// places are the logs to read: one that was asked for, or all.
func (l *auditLog) places(ctx context.Context, project string) ([]string, error) {
	list, err := l.db.Projects(ctx)
	if err != nil {
		return nil, err
	}
	list = append([]string{store.Platform}, list...)
	if project == "" {
		return list, nil
	}
	if !slices.Contains(list, project) {
		return nil, &usageError{fmt.Errorf("there is no project %q; the platform itself is %q", project, store.Platform)}
	}
	return []string{project}, nil
}

// withAudit runs fn with the log, and closes it.
func (p *program) withAudit(cmd *cobra.Command, fn func(ctx context.Context, l *auditLog) error) error {
	ctx := cmd.Context()
	l, err := p.openAudit(ctx)
	if err != nil {
		return err
	}
	return errors.Join(fn(ctx, l), l.close())
}

func (p *program) auditVerify() *cobra.Command {
	var asJSON bool
	var saved []string
	var file, proof, key string
	var since time.Duration
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check the chains, the blocks and the checkpoints of the whole log",
		Long: `Check the chains, the blocks and the checkpoints of the whole log.

It exits with 1 if a record was changed, removed, put in or moved, and names it.
What was cut off the end is found by a checkpoint that knows of it: the newest is
in the data directory, and --checkpoint names others, which were kept elsewhere.

--since leaves out the records of blocks that were closed before, of which only
the signatures and the chain are checked: it is for a check every hour.

With --file it checks an export, and with --proof what "moorfast audit prove" has
written, for which it needs nothing but the public key, which "moorfast audit
checkpoint --public-key" shows.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if proof != "" {
				if file != "" || since != 0 || len(saved) > 0 {
					return &usageError{errors.New("--proof is checked alone")}
				}
				return p.verifyProof(proof, key, asJSON)
			}
			var notes []string
			for _, path := range saved {
				list, err := readNotes(path)
				if err != nil {
					return err
				}
				notes = append(notes, list...)
			}
			if since < 0 || file != "" && since != 0 {
				return &usageError{errors.New("--since is a time like 24h, and not for --file")}
			}
			from := int64(0)
			if since > 0 {
				from = p.now().Add(-since).UnixMicro()
			}
			if file != "" {
				report, err := verifyExport(file, key, notes)
				if err != nil {
					return err
				}
				return p.reportAudit(report, asJSON)
			}
			return p.withAudit(cmd, func(ctx context.Context, l *auditLog) error {
				if note, err := readNote(server.CheckpointPath(l.config.Data)); err == nil {
					notes = append(notes, note)
				} else if !errors.Is(err, fs.ErrNotExist) {
					return err
				}
				v := audit.Verifier{DB: l.db, Name: l.name, Key: l.key, Saved: notes, Since: from}
				report, err := v.Verify(ctx)
				if err != nil {
					return err
				}
				return p.reportAudit(report, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().StringArrayVar(&saved, "checkpoint", nil, "file of a checkpoint that was kept elsewhere, or directory of such files; may be given again")
	cmd.Flags().DurationVar(&since, "since", 0, "leave out the records of before: 24h")
	cmd.Flags().StringVar(&file, "file", "", "an export to check, instead of the log")
	cmd.Flags().StringVar(&proof, "proof", "", "a proof of a record to check, instead of the log")
	cmd.Flags().StringVar(&key, "public-key", "", "what --file or --proof is checked with")
	return cmd
}

// noteSize bounds the file of a checkpoint.
const noteSize = 16 << 20

func readNote(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read a checkpoint: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, noteSize))
	return string(b), err
}

// readNotes reads a checkpoint, or all those that "audit checkpoint publish" has
// put in a directory.
func readNotes(path string) (list []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read a checkpoint: %w", err)
	}
	if !info.IsDir() {
		note, err := readNote(path)
		return []string{note}, err
	}
	files, err := filepath.Glob(filepath.Join(path, "*"+published))
	for _, f := range files {
		note, err := readNote(f)
		if err != nil {
			return nil, err
		}
		list = append(list, note)
	}
	return list, err
}

func verifyExport(path, key string, notes []string) (audit.Report, error) {
	name, public, err := publicKey("--file", key)
	if err != nil {
		return audit.Report{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return audit.Report{}, err
	}
	defer f.Close()
	return audit.VerifyExport(f, name, public, notes...)
}

// publicKey reads the key that a flag needs.
func publicKey(flag, key string) (name string, public ed25519.PublicKey, err error) {
	if key == "" {
		return "", nil, &usageError{fmt.Errorf("%s needs --public-key: one that is in the file would prove nothing", flag)}
	}
	if name, public, err = audit.ParseVerifierKey(key); err != nil {
		return "", nil, &usageError{fmt.Errorf("--public-key: %w", err)}
	}
	return name, public, nil
}

func (p *program) reportAudit(r audit.Report, asJSON bool) error {
	if asJSON {
		if err := p.writeJSON(r); err != nil {
			return err
		}
	} else {
		p.writeAudit(r)
	}
	if len(r.Findings) > 0 {
		return errFindings
	}
	return nil
}

func (p *program) writeAudit(r audit.Report) {
	for _, f := range r.Findings {
		fmt.Fprintf(p.out, "FAIL %s\n", f)
	}
	verdict := "the audit log is whole"
	if len(r.Findings) > 0 {
		verdict = fmt.Sprintf("%d findings", len(r.Findings))
	}
	last := "none yet"
	if r.LastAt > 0 {
		last = time.UnixMicro(r.LastAt).UTC().Format(time.RFC3339)
	}
	fmt.Fprintf(p.out, "%s: %d records of %d projects, %d not chained yet, %d checkpoints (the last: %s), compared with %d that were kept elsewhere",
		verdict, r.Records, r.Projects, r.Unsealed, r.Checkpoints, last, r.Saved)
	if r.Leaves > 0 { // an export has none
		fmt.Fprintf(p.out, ", a tree of %d records", r.Leaves)
	}
	fmt.Fprintln(p.out)
	if r.Skipped > 0 {
		fmt.Fprintf(p.out, "%d older records were left out\n", r.Skipped)
	}
}

func (p *program) auditCheckpoint() *cobra.Command {
	var key bool
	cmd := &cobra.Command{
		Use:   "checkpoint",
		Short: "Show the newest checkpoint, to be kept elsewhere",
		Long: `Show the newest checkpoint, to be kept elsewhere.

It is a signed note, which says how far the log had come. A copy on another
machine lets "moorfast audit verify --checkpoint" find what was cut off since.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withAudit(cmd, func(ctx context.Context, l *auditLog) error {
				if key {
					_, err := fmt.Fprintln(p.out, audit.VerifierKey(l.name, l.key))
					return err
				}
				note, err := audit.Newest(ctx, l.db)
				if err == nil && note == "" {
					return errors.New("there is no checkpoint yet; a server writes one each minute that something happens, and when it stops")
				}
				if err == nil {
					_, err = fmt.Fprint(p.out, note)
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&key, "public-key", false, "show the key that checkpoints are checked with, instead")
	cmd.AddCommand(p.auditPublish())
	return cmd
}
