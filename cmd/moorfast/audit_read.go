package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"moorfast/internal/audit"
	"moorfast/internal/audit/sink"
	"moorfast/internal/store"
)

// auditEntry is a record as the commands show it.
type auditEntry struct {
	Log string `json:"log"` // the project whose log it is in
	audit.Stored
}

// auditQuery is what is to be shown.
type auditQuery struct {
	project, actor, resource, event, outcome, address string
	since                                             time.Duration
	limit                                             int
}

func (q auditQuery) search(now time.Time) audit.Search {
	from := int64(0)
	if q.since > 0 {
		from = now.Add(-q.since).UnixMicro()
	}
	s := audit.Search{Actor: q.actor}
	if q.resource != "" {
		s.Resources = []string{q.resource}
	}
	s.Match = func(r *audit.Stored) bool {
		return r.At >= from && (q.event == "" || r.Event == q.event) && (q.address == "" || r.Address == q.address) &&
			(q.outcome == "" || r.Outcome == q.outcome || q.outcome == "refused" && r.Outcome != "")
	}
	return s
}

// find returns the newest records that a query finds, the oldest first.
func (q auditQuery) find(ctx context.Context, l *auditLog, now time.Time) (list []auditEntry, err error) {
	places, err := l.places(ctx, q.project)
	if err != nil {
		return nil, err
	}
	for _, place := range places {
		n := 0
		err := l.db.View(ctx, place, func(tx store.Tx) error {
			return audit.Each(ctx, tx, q.search(now), func(r *audit.Stored) error {
				list = append(list, auditEntry{place, *r})
				if n++; n >= q.limit {
					return audit.ErrStop
				}
				return nil
			})
		})
		if err != nil {
			return nil, fmt.Errorf("read the audit log of %s: %w", place, err)
		}
		list = newest(list, q.limit)
	}
	slices.Reverse(list)
	return list, nil
}

// newest sorts, and keeps the first n.
func newest(list []auditEntry, n int) []auditEntry {
	slices.SortStableFunc(list, func(a, b auditEntry) int { return cmp.Compare(b.At, a.At) })
	return list[:min(n, len(list))]
}

func (p *program) showAudit(list []auditEntry, asJSON bool) error {
	enc := json.NewEncoder(p.out)
	for i := range list {
		r := &list[i]
		if asJSON {
			if err := enc.Encode(r); err != nil {
				return err
			}
			continue
		}
		outcome := "ok"
		if r.Outcome != "" {
			outcome = r.Outcome
		}
		if r.Count > 1 {
			outcome += " ×" + strconv.Itoa(r.Count)
		}
		by := r.Actor.By()
		if by == "" {
			by = r.Actor.Kind
		}
		// What others have chosen is quoted, so that it can not pretend to be a line.
		_, err := fmt.Fprintf(p.out, "%s  %s  %s  %q  by %q  from %q  %s\n",
			time.UnixMicro(r.At).UTC().Format("2006-01-02T15:04:05.000Z"), r.Project, r.Event, r.Resource, by, r.Address, outcome)
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *program) auditTail() *cobra.Command {
	var q auditQuery
	var asJSON, follow bool
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Show the newest records",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkLimit(q.limit); err != nil {
				return err
			}
			return p.withAudit(cmd, func(ctx context.Context, l *auditLog) error {
				seen, err := l.ends(ctx, q.project) // first, so that what comes meanwhile is shown
				if err != nil {
					return err
				}
				list, err := q.find(ctx, l, p.now())
				if err != nil {
					return err
				}
				if err := p.showAudit(list, asJSON); err != nil || !follow {
					return err
				}
				return p.followAudit(ctx, l, q, seen, list, asJSON)
			})
		},
	}
	cmd.Flags().StringVar(&q.project, "project", "", "only the log of this project")
	cmd.Flags().IntVarP(&q.limit, "lines", "n", 20, "how many")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with those that come")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, one object a line")
	return cmd
}

// ends returns the numbers of the newest records, by log.
func (l *auditLog) ends(ctx context.Context, project string) (map[string]int64, error) {
	places, err := l.places(ctx, project)
	if err != nil {
		return nil, err
	}
	ends := map[string]int64{}
	for _, place := range places {
		err := l.db.View(ctx, place, func(tx store.Tx) error {
			return audit.Each(ctx, tx, audit.Search{}, func(r *audit.Stored) error {
				ends[place] = r.Seq
				return audit.ErrStop
			})
		})
		if err != nil {
			return nil, fmt.Errorf("read the audit log of %s: %w", place, err)
		}
	}
	return ends, nil
}

// followAudit shows records as they come after those that were seen, and the first
// ones that are shown, until it is interrupted.
func (p *program) followAudit(ctx context.Context, l *auditLog, q auditQuery, seen map[string]int64, first []auditEntry, asJSON bool) error {
	note := func(list []auditEntry) {
		for i := range list {
			seen[list[i].Log] = max(seen[list[i].Log], list[i].Seq)
		}
	}
	note(first)
	q.limit, q.since = maxAudit, 10*time.Minute
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		list, err := q.find(ctx, l, p.now())
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(r auditEntry) bool { return r.Seq <= seen[r.Log] })
		note(list)
		if err := p.showAudit(list, asJSON); err != nil {
			return err
		}
	}
}

// maxAudit is how many records one command shows.
const maxAudit = 100_000

func checkLimit(n int) error {
	if n < 1 || n > maxAudit {
		return &usageError{fmt.Errorf("between 1 and %d records can be shown; audit export has all", maxAudit)}
	}
	return nil
}

func (p *program) auditSearch() *cobra.Command {
	var q auditQuery
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "search",
		Short: "Show the records of an actor, of a resource, of an event",
		Example: `  moorfast audit search --actor user/ada --since 24h
  moorfast audit search --outcome refused --project shop`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkLimit(q.limit); err != nil {
				return err
			}
			return p.withAudit(cmd, func(ctx context.Context, l *auditLog) error {
				list, err := q.find(ctx, l, p.now())
				if err != nil {
					return err
				}
				return p.showAudit(list, asJSON)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&q.project, "project", "", "only the log of this project")
	f.StringVar(&q.actor, "actor", "", "who did it: user/ID, admin/ID or key/ID")
	f.StringVar(&q.resource, "resource", "", "what it was done to: team/ID")
	f.StringVar(&q.event, "event", "", "what was done: team.create")
	f.StringVar(&q.outcome, "outcome", "", "the type of an error, or refused for all of them")
	f.StringVar(&q.address, "ip", "", "from where")
	f.DurationVar(&q.since, "since", 0, "not older than: 24h")
	f.IntVar(&q.limit, "limit", 1000, "at most how many, the newest")
	f.BoolVar(&asJSON, "json", false, "as JSON, one object a line")
	return cmd
}

func (p *program) auditExport() *cobra.Command {
	var project, format, output string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the log with its chain, so that it can be checked elsewhere",
		Long: `Write the log with its chain, so that it can be checked elsewhere.

"moorfast audit verify --file FILE --public-key KEY" checks what was written as
ndjson. As csv, each record has its position and its hash. As ocsf, each is a line
of JSON in the Open Cybersecurity Schema Framework.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "ndjson" && format != "csv" && format != "ocsf" {
				return &usageError{fmt.Errorf("--format is ndjson, csv or ocsf")}
			}
			return p.withAudit(cmd, func(ctx context.Context, l *auditLog) (err error) {
				places, err := l.places(ctx, project)
				if err != nil {
					return err
				}
				out := p.out
				if output != "" {
					f, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
					if err != nil {
						return err
					}
					defer func() {
						if closed := f.Close(); err == nil {
							err = closed
						}
					}()
					out = f
				}
				return export(ctx, l, places, format, out)
			})
		},
	}
	cmd.Flags().StringVar(&project, "project", "", "only the log of this project")
	cmd.Flags().StringVar(&format, "format", "ndjson", "ndjson, csv or ocsf")
	cmd.Flags().StringVar(&output, "output", "", "a file that is not there yet (default: the standard output)")
	return cmd
}

func export(ctx context.Context, l *auditLog, places []string, format string, out io.Writer) error {
	if format == "ndjson" {
		enc := json.NewEncoder(out)
		return audit.Export(ctx, l.db, l.name, l.key, places, func(line *audit.Line) error { return enc.Encode(line) })
	}
	if format == "ocsf" {
		enc := json.NewEncoder(out)
		return l.entries(ctx, places, func(e *audit.Entry, _ string) error { return enc.Encode(sink.OCSF(e)) })
	}
	w := csv.NewWriter(out)
	columns := []string{"log", "position", "seq", "time", "project", "event", "resource", "endpoint", "outcome", "count", "actorKind", "actorId", "address", "userAgent", "hash", "body"}
	if err := w.Write(columns); err != nil {
		return err
	}
	err := l.entries(ctx, places, func(r *audit.Entry, body string) error {
		return w.Write([]string{
			r.Log, strconv.FormatInt(r.Position, 10), strconv.FormatInt(r.Seq, 10), time.UnixMicro(r.At).UTC().Format(time.RFC3339Nano),
			plain(r.Project), plain(r.Event), plain(r.Resource), plain(r.Endpoint), plain(r.Outcome), strconv.Itoa(max(r.Count, 1)),
			plain(r.Actor.Kind), plain(r.Actor.ID), plain(r.Address), plain(r.UserAgent), r.Hash, body,
		})
	})
	w.Flush()
	if err == nil {
		err = w.Error()
	}
	return err
}

// entries calls fn with the records of an export, and their text.
func (l *auditLog) entries(ctx context.Context, places []string, fn func(e *audit.Entry, body string) error) error {
	return audit.Export(ctx, l.db, l.name, l.key, places, func(line *audit.Line) error {
		if line.Type != "record" {
			return nil
		}
		e := audit.Entry{Log: line.Log, Position: line.Position, Seq: line.Seq, Hash: hex.EncodeToString(line.Hash)}
		if err := json.Unmarshal([]byte(line.Body), &e.Record); err != nil {
			return fmt.Errorf("record %d of %s: %w", line.Seq, line.Log, err)
		}
		return fn(&e, line.Body)
	})
}

// plain keeps a text of others from being a formula where a table is opened.
func plain(s string) string {
	if s != "" && (s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@' || s[0] == '\t') {
		return "'" + s
	}
	return s
}
