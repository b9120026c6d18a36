package audit

import (
	"context"
	"fmt"
	"strings"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// Record says who did what, when, from where, and how it ended. It holds no
// secret and nothing of a body.
type Record struct {
	At       int64  `json:"at"`      // microseconds
	Project  string `json:"project"` // that it is about
	Event    string `json:"event"`   // "team.create"
	Resource string `json:"resource,omitempty"`
	Endpoint string `json:"endpoint,omitempty"` // "teams.create"
	Outcome  string `json:"outcome,omitempty"`  // why it was refused, or failed; "" is a success

	Actor     Actor  `json:"actor"`
	Address   string `json:"address,omitempty"`
	UserAgent string `json:"userAgent,omitempty"`
	SDK       string `json:"sdk,omitempty"`

	Count int `json:"count,omitempty"` // of refusals that were alike; 0 is one
}

// Actor is who did it.
type Actor struct {
	Kind         string `json:"kind"`
	ID           string `json:"id,omitempty"`
	Name         string `json:"name,omitempty"`
	Email        string `json:"email,omitempty"`
	Impersonator string `json:"impersonator,omitempty"` // who really called
}

// The kinds of actors.
const (
	Guest  = "guest"
	User   = "user"
	Admin  = "admin" // a console user who works on a project
	Key    = "key"   // of the API
	System = "system"
	Host   = "host" // a user of the system that it runs on, by number
)

// By is how the log finds what an actor has done; "" is nobody in particular.
func (a Actor) By() string {
	if a.ID == "" {
		return ""
	}
	return a.Kind + "/" + a.ID
}

// Append adds a record to the log of the transaction's project. It is there when
// the transaction commits, and is not where it does not. That it cannot be
// written is an [ErrUnwritable].
func Append(ctx context.Context, tx store.Tx, r Record) error {
	_, err := tx.Exec(ctx, `INSERT INTO audit_records (actor, resource, body) VALUES (?, ?, ?)`, clean(r.Actor.By()), clean(r.Resource), r.encode())
	if err != nil {
		return fmt.Errorf("append a record: %w", unwritable(err))
	}
	return nil
}

// The records have no index: it would cost each change as much again as the
// record itself. What is looked for is found by the filters of the blocks.
const ddl = `
CREATE TABLE audit_records (seq $serial, actor $text NOT NULL, resource $text NOT NULL, body $text NOT NULL);
CREATE TABLE audit_blocks (number $int PRIMARY KEY, at $int NOT NULL, position $int NOT NULL, high $int NOT NULL, pruned $int NOT NULL,
	low $int NOT NULL, filter $blob NOT NULL, prev $blob NOT NULL, head $blob NOT NULL, entries $blob NOT NULL, signature $blob NOT NULL);
CREATE TABLE audit_cursors (sink $text PRIMARY KEY, number $int NOT NULL)`

const platformDDL = ddl + `;
CREATE TABLE audit_checkpoints (number $int PRIMARY KEY, at $int NOT NULL, note $text NOT NULL)`

// Tables returns the statements that make the log of a project.
func Tables(d sqlb.Dialect) []string { return tables(d, ddl) }

// PlatformTables returns those that make the log of the platform, which keeps
// the checkpoints of all.
func PlatformTables(d sqlb.Dialect) []string { return tables(d, platformDDL) }

func tables(d sqlb.Dialect, ddl string) (list []string) {
	// That SQLite remembers the highest number itself would cost each change the
	// writing of one more row. The newest record is never removed, see bury.
	serial := strings.TrimSuffix(d.Serial(), " AUTOINCREMENT")
	typed := strings.NewReplacer("$serial", serial, "$text", d.Text(), "$int", d.Int(), "$blob", d.Blob()).Replace(ddl)
	for s := range strings.SplitSeq(typed, ";\n") {
		list = append(list, strings.TrimSpace(s))
	}
	return list
}
