package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"moorfast/internal/audit"
	"moorfast/internal/fetch"
)

// published ends the names of checkpoints in a directory.
const published = ".checkpoint"

func (p *program) auditPublish() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "publish DIRECTORY|URL",
		Short: "Put the checkpoints where whoever has this machine can not change them",
		Long: `Put the checkpoints where whoever has this machine can not change them.

In a directory, such as a share that can only be added to, or the working tree of
a git repository, each checkpoint is a file, which is never written again. Those
that are missing there are added. A file that says something else than the log
does is a fork: nothing is added, and the exit is 1.

To an address the newest one is posted. A witness that has seen another history
answers with 409, which is a fork too.`,
		Example: `  moorfast audit checkpoint publish /mnt/witness && git -C /mnt/witness add -A
  moorfast audit verify --checkpoint /mnt/witness`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withAudit(cmd, func(ctx context.Context, l *auditLog) error {
				done := publication{To: args[0]}
				var err error
				if strings.HasPrefix(args[0], "https://") || strings.HasPrefix(args[0], "http://") {
					err = l.post(ctx, &done)
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
				fmt.Fprintf(p.out, "%d checkpoints were added to %s; the newest is %d\n", done.Added, args[0], done.Newest)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// publication is the answer of "audit checkpoint publish".
type publication struct {
	To     string `json:"to"`
	Added  int    `json:"added"`
	Newest int64  `json:"newest"`
	Fork   int64  `json:"fork,omitempty"` // the first checkpoint that is another there
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

// post sends the newest checkpoint to a witness. The address is the operator's,
// and so may be anywhere.
func (l *auditLog) post(ctx context.Context, done *publication) error {
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
	address, err := url.Parse(done.To)
	if err != nil {
		return &usageError{fmt.Errorf("%.80q is no address", done.To)}
	}
	port := map[string]int{"http": 80, "https": 443}[address.Scheme]
	if text := address.Port(); text != "" {
		if port, err = strconv.Atoi(text); err != nil {
			return &usageError{fmt.Errorf("%.80q is no address", done.To)}
		}
	}
	anywhere := []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
	out := fetch.New(fetch.Options{Allow: anywhere, Most: 1})
	answer, err := out.Do(ctx, fetch.Request{
		Method: "POST", URL: done.To, Body: []byte(note), Header: map[string]string{"Content-Type": "text/plain; charset=utf-8"},
	}, fetch.Use{Ports: []int{port}, Timeout: 30 * time.Second})
	switch {
	case err != nil:
		return fmt.Errorf("publish a checkpoint: %w", err)
	case answer.Status == 409:
		done.Fork = c.Number
		return errFork
	case answer.Status < 200 || answer.Status > 299:
		return fmt.Errorf("publish a checkpoint: the answer was %d", answer.Status)
	}
	done.Added = 1
	return nil
}
