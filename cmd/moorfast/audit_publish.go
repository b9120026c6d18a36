package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"moorfast/internal/audit"
	"moorfast/internal/durable"
	"moorfast/internal/fetch"
)

// published ends the names of checkpoints in a directory.
const published = ".checkpoint"

func (p *program) auditPublish() *cobra.Command {
	var asJSON bool
	var witness, keep string
	cmd := &cobra.Command{
		Use:   "publish DIRECTORY|URL",
		Short: "Put the checkpoints where whoever has this machine can not change them",
		Long: `Put the checkpoints where whoever has this machine can not change them.

In a directory, such as a share that can only be added to, or the working tree of
a git repository, each checkpoint is a file, which is never written again. Those
that are missing there are added. A file that says something else than the log
does is a fork: nothing is added, and the exit is 1.

To an address the newest one is posted. A witness that has seen another history
answers with 409, which is a fork too. To one that ends in /add-checkpoint it goes
as C2SP's tlog-witness has it, with the proof that the log goes on from what the
witness knows. With --keep, the checkpoint is written with the signatures that were
answered, for "moorfast audit verify --checkpoint"; with --witness-key, one of
them has to be of that key.`,
		Example: `  moorfast audit checkpoint publish https://witness.example/add-checkpoint --witness-key KEY --keep cosigned
  moorfast audit checkpoint publish /mnt/witness && git -C /mnt/witness add -A
  moorfast audit verify --checkpoint /mnt/witness`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			remote := strings.HasPrefix(args[0], "https://") || strings.HasPrefix(args[0], "http://")
			if !remote && (witness != "" || keep != "") {
				return &usageError{errors.New("--witness-key and --keep are for an address")}
			}
			return p.withAudit(cmd, func(ctx context.Context, l *auditLog) error {
				done := publication{To: args[0]}
				var err error
				if remote {
					err = l.post(ctx, &done, witness, keep)
				} else {
					err = l.fill(ctx, &done)
				}
				if err != nil && !errors.Is(err, errFork) {
					return err
				}
				if asJSON {
					return errors.Join(p.writeJSON(done), forked(err))
				}
				if err != nil {
					fmt.Fprintf(p.out, "FAIL checkpoint %d: %s has another: the log was forked, or put back\n", done.Fork, args[0])
					return errFindings
				}
				signed := ""
				if done.Cosigned {
					signed = ", and was signed there"
				}
				fmt.Fprintf(p.out, "%d checkpoints were added to %s; the newest is %d%s\n", done.Added, args[0], done.Newest, signed)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().StringVar(&witness, "witness-key", "", "verifier key of the witness, which has to sign")
	cmd.Flags().StringVar(&keep, "keep", "", "file for the checkpoint with the signatures that were answered")
	return cmd
}

// publication is the answer of "audit checkpoint publish".
type publication struct {
	To     string `json:"to"`
	Added  int    `json:"added"`
	Newest int64  `json:"newest"`
	Fork   int64  `json:"fork,omitempty"` // the first checkpoint that is another there

	Cosigned bool `json:"cosigned"` // by who was sent it
}

var errFork = errors.New("another history is known there")

func forked(err error) error {
	if err != nil {
		return errFindings
	}
	return nil
}

// fill adds to a directory what is missing there, after all that is there was
// compared.
func (l *auditLog) fill(ctx context.Context, done *publication) error {
	info, err := os.Stat(done.To)
	if err != nil || !info.IsDir() {
		return &usageError{fmt.Errorf("%s is neither a directory nor an address", done.To)}
	}
	at := func(number int64) string { return filepath.Join(done.To, fmt.Sprintf("%010d%s", number, published)) }
	ahead, err := filepath.Glob(filepath.Join(done.To, "*"+published))
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, path := range ahead {
		there[path] = true
	}
	var missing []int64
	notes := map[int64]string{}
	err = audit.Notes(ctx, l.db, 0, func(number int64, note string) error {
		done.Newest = number
		known := there[at(number)]
		delete(there, at(number))
		if !known {
			missing, notes[number] = append(missing, number), note
			return nil
		}
		old, err := readNote(at(number))
		if err == nil && !audit.SameCheckpoint(old, note) {
			done.Fork, err = number, errFork
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(there) > 0 { // it knows of checkpoints that the log has no more
		done.Fork = done.Newest + 1
		return errFork
	}
	for _, number := range missing {
		if err := addNote(at(number), notes[number]); err != nil {
			return err
		}
		done.Added++
	}
	return nil
}

// addNote writes a file that is not there, whole or not at all.
func addNote(path, note string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".checkpoint-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(note)
	if err = errors.Join(err, f.Sync(), f.Chmod(0o444), f.Close()); err == nil {
		if err = os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
			err = nil // another has added it meanwhile; the next time compares it
		}
	}
	return errors.Join(err, os.Remove(f.Name()))
}

// post sends the newest checkpoint to a witness, and keeps it with the signatures
// that are answered.
func (l *auditLog) post(ctx context.Context, done *publication, witness, keep string) error {
	note, err := audit.Newest(ctx, l.db)
	if err != nil {
		return err
	}
	if note == "" {
		return errors.New("there is no checkpoint yet")
	}
	c, err := audit.OpenNote(note, l.name, l.key)
	if err != nil {
		return err
	}
	done.Newest = c.Number
	if strings.HasPrefix(witness, l.name+"+") {
		return &usageError{errors.New("--witness-key is the key of the log itself, which has signed anyhow")}
	}
	to, err := newWitness(done.To)
	if err != nil {
		return err
	}
	var answer *fetch.Response
	if to.protocol {
		answer, err = l.addCheckpoint(ctx, to, note, c.Size)
	} else {
		answer, err = to.send(ctx, note)
	}
	switch {
	case errors.Is(err, errFork):
		done.Fork = c.Number
		return err
	case err != nil:
		return fmt.Errorf("publish a checkpoint: %w", err)
	case answer.Status == http.StatusConflict:
		done.Fork = c.Number
		return errFork
	case answer.Status < 200 || answer.Status > 299:
		return fmt.Errorf("publish a checkpoint: the answer was %d", answer.Status)
	}
	done.Added = 1
	return l.cosigned(done, note, string(answer.Body), witness, keep)
}

// cosigned checks and keeps the signatures of a witness.
func (l *auditLog) cosigned(done *publication, note, answer, witness, keep string) error {
	signed, err := audit.Cosign(note, answer, l.name, l.key)
	if err == nil && witness != "" {
		err = audit.CosignedBy(signed, witness)
	}
	done.Cosigned = err == nil
	if err != nil && (witness != "" || keep != "") {
		return err
	}
	if keep == "" {
		return nil
	}
	return durable.Replace(keep, []byte(signed), nil)
}

// addCheckpoint sends a checkpoint with the proof that it goes on from what the
// witness knows, which tells that in its first answer.
func (l *auditLog) addCheckpoint(ctx context.Context, to *witness, note string, size int64) (*fetch.Response, error) {
	body, err := audit.WitnessRequest(ctx, l.db, 0, note)
	if err != nil {
		return nil, err
	}
	answer, err := to.send(ctx, body)
	if err != nil || answer.Status != http.StatusConflict {
		return answer, err
	}
	known, err := strconv.ParseInt(strings.TrimSpace(string(answer.Body)), 10, 64)
	switch {
	case err != nil || known < 0:
		return nil, errors.New("the answer was 409, without the size that is known there")
	case known > size:
		return nil, errFork // it has seen what is here no more
	}
	if body, err = audit.WitnessRequest(ctx, l.db, known, note); err != nil {
		return nil, err
	}
	if answer, err = to.send(ctx, body); err == nil && answer.Status == http.StatusUnprocessableEntity {
		return nil, errFork
	}
	return answer, err
}

// witness is where checkpoints are sent.
type witness struct {
	url      string
	protocol bool // it speaks tlog-witness
	out      *fetch.Client
}

func newWitness(to string) (*witness, error) {
	address, err := url.Parse(to)
	if err != nil {
		return nil, &usageError{fmt.Errorf("%.80q is no address", to)}
	}
	return &witness{to, strings.HasSuffix(address.Path, "/add-checkpoint"), fetch.Anywhere(1)}, nil
}

func (w *witness) send(ctx context.Context, body string) (*fetch.Response, error) {
	return w.out.Do(ctx, fetch.Request{
		Method: "POST", URL: w.url, Body: []byte(body), Header: map[string]string{"Content-Type": "text/plain; charset=utf-8"},
	}, fetch.Use{AnyPort: true, Timeout: 30 * time.Second})
}
