// Package audit is the log of who changed what, and of who was refused.
//
// A record is a row that is written in the transaction of the change it tells
// of, in the database of the project, so that there is no change without its
// record, and no record without its change. A relay then chains the records of
// each project in order: it closes them in signed blocks, which say the hash of
// every record, each over the one before it. From time to time, and at a stop, a
// signed checkpoint says how far all chains have come; see [Checkpoint].
//
// Who edits, removes, adds or reorders records is found by [Verify], which names
// the record. What was cut off the end is found by a checkpoint that knows more:
// the one in the file beside the database, or one that was kept elsewhere.
package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"moorfast/internal/store"
)

// keyPurpose is what the vault derives the signing key for.
const keyPurpose = "audit checkpoints"

// Keys is where the keys of the log come from: the vault. Those of tokens would
// not do, for they are changed to end what they signed, and a log is to stand.
type Keys interface {
	Lookup(project, use, secret string) (string, error)
}

// SigningKey returns the key that signs blocks and checkpoints. It is good for
// nothing else.
func SigningKey(keys Keys) (ed25519.PrivateKey, error) {
	seed, err := Derive(keys, keyPurpose)
	if err != nil {
		return nil, fmt.Errorf("audit: the signing key: %w", err)
	}
	defer clear(seed)
	return ed25519.NewKeyFromSeed(seed), nil
}

// Derive returns the 32 bytes of a key of the log.
func Derive(keys Keys, purpose string) ([]byte, error) {
	text, err := keys.Lookup(store.Platform, purpose, purpose)
	if err != nil {
		return nil, err
	}
	return hex.DecodeString(text)
}

// Options are what a log is made with.
type Options struct {
	DB       store.DB
	Key      ed25519.PrivateKey
	Instance string
	Now      func() time.Time
	Log      *slog.Logger

	// Exists tells whether there is a project of an id. Without it, all are there.
	Exists func(ctx context.Context, project string) (bool, error)

	// Publish keeps the newest checkpoint outside of the database.
	Publish func(note string) error

	// EmailKey is what e-mail addresses are hashed with in records; without it
	// they are there as they are.
	EmailKey []byte

	// Retention is for how long records are kept, of projects and of the
	// platform; 0 is for ever.
	Retention, PlatformRetention time.Duration

	// Degrade lets changes happen whose record cannot be written. Without it,
	// they do not.
	Degrade bool

	// Failing is told that the log of a project cannot be written, and Lost of
	// each change that was made without its record. Nil is not told.
	Failing, Lost func(project string)
}

// When a checkpoint is due, besides at a stop.
const (
	checkpointEvery   = time.Minute
	checkpointRecords = 1000
	relayEvery        = time.Second
)

// Log relays the records of all projects. All methods may be called at the same
// time, and those of a nil Log do nothing.
type Log struct {
	Options
	db   store.DB
	key  ed25519.PrivateKey
	now  func() time.Time
	name string

	mu       sync.Mutex // never held during I/O
	dirty    map[string]bool
	refused  refusals
	missed   map[missed]int
	troubles map[string]*trouble
	troubled atomic.Bool // there are some

	working     sync.Mutex          // held by the relay at work
	late        map[string][]Record // that could not be written, to be tried again
	chains      map[string]*chain
	gone        []string
	stated      time.Time // when the last checkpoint was
	since       int       // records since then
	unpublished string    // a checkpoint that is not outside of the database yet
	sinks       []*delivery
}

// New returns a log. Its relay works in [Log.Run].
func New(o Options) *Log {
	return &Log{
		Options: o, db: o.DB, key: o.Key, now: o.Now, name: Name(o.Instance),
		dirty: map[string]bool{}, chains: map[string]*chain{}, late: map[string][]Record{},
		missed: map[missed]int{}, troubles: map[string]*trouble{},
	}
}

// Committed says that a project has a record that was not there before.
func (l *Log) Committed(project string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	l.dirty[project] = true
	l.mu.Unlock()
}

// EmailPurpose is what the vault derives [Options.EmailKey] for.
const EmailPurpose = "audit e-mails"

// Email is how a record has an e-mail address. Hashed, one address is the same
// in all records, and nobody without the key finds out which.
func (l *Log) Email(address string) string {
	if l == nil || l.EmailKey == nil || address == "" {
		return address
	}
	mac := hmac.New(sha256.New, l.EmailKey)
	mac.Write([]byte(strings.ToLower(address)))
	return "hmac:" + hex.EncodeToString(mac.Sum(nil)[:16])
}

// Note writes a record in a transaction of its own: of what has none.
func (l *Log) Note(ctx context.Context, project string, r Record) error {
	if l == nil {
		return nil
	}
	return l.noteAll(ctx, project, []Record{r})
}

// Run relays until ctx ends. It looks at every project once, for what was left
// by a process that ended without its stop.
func (l *Log) Run(ctx context.Context) {
	var sending sync.WaitGroup
	for _, d := range l.sinks {
		sending.Go(func() { d.run(ctx) })
	}
	defer sending.Wait()
	ticker := time.NewTicker(relayEvery)
	defer ticker.Stop()
	left, err := l.db.Projects(ctx)
	if err != nil {
		l.Log.ErrorContext(ctx, "audit: list the projects", "err", err)
	}
	l.Committed(store.Platform)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for range min(len(left), 50) {
			l.Committed(left[0])
			left = left[1:]
		}
		if err := l.relay(ctx, false); err != nil && ctx.Err() == nil {
			l.Log.ErrorContext(ctx, "audit: relay", "err", err)
		}
	}
}

// Flush chains everything that was committed before, and writes a checkpoint
// where there is something new to say.
func (l *Log) Flush(ctx context.Context) error {
	if l == nil {
		return nil
	}
	return l.relay(ctx, true)
}

func (l *Log) relay(ctx context.Context, all bool) error {
	l.working.Lock()
	defer l.working.Unlock()
	bad := l.tell(ctx, all)
	l.mu.Lock()
	dirty := l.dirty
	l.dirty = map[string]bool{}
	l.mu.Unlock()
	for _, project := range slices.Sorted(maps.Keys(dirty)) {
		if ctx.Err() != nil {
			break
		}
		if err := l.relayProject(ctx, project); err != nil {
			bad[project] = errors.Join(bad[project], err)
			continue
		}
		delete(dirty, project)
	}
	l.mu.Lock()
	maps.Copy(l.dirty, dirty) // what failed is tried again
	failed := len(l.troubles) > 0
	l.mu.Unlock()
	if all || failed || l.since >= checkpointRecords || l.now().Sub(l.stated) >= checkpointEvery {
		l.checkpoint(ctx, bad)
	}
	if ctx.Err() != nil {
		return ctx.Err() // what was cut off is no trouble
	}
	l.mind(bad)
	var errs []error
	for _, project := range slices.Sorted(maps.Keys(bad)) {
		errs = append(errs, bad[project])
	}
	return errors.Join(errs...)
}

func (l *Log) relayProject(ctx context.Context, project string) error {
	if there, err := l.exists(ctx, project); err != nil || !there {
		return err
	}
	c := l.chains[project]
	if c == nil {
		c = &chain{project: project}
	}
	n, err := l.seal(ctx, c)
	l.since += n
	if c.loaded {
		l.chains[project] = c
	}
	if err == nil {
		for _, d := range l.sinks {
			d.add(project, c.position)
		}
	}
	return err
}

// LeaveProject waits until the log works no more in a project that is to go, and
// that [Options.Exists] denies already. Whoever opened its database after that
// would make it again.
func (l *Log) LeaveProject(context.Context, string) error {
	if l != nil {
		l.working.Lock()
		defer l.working.Unlock()
	}
	return nil
}

// inside runs fn in the database of a project, if there is one, while no project
// is dropped.
func (l *Log) inside(ctx context.Context, project string, fn func() error) (there bool, err error) {
	l.working.Lock()
	defer l.working.Unlock()
	if there, err := l.exists(ctx, project); err != nil || !there {
		return false, err
	}
	return true, fn()
}

// exists tells whether a log can be looked into. To look into that of a project
// which is gone would make it again.
func (l *Log) exists(ctx context.Context, project string) (bool, error) {
	if project == platform || l.Exists == nil {
		return true, nil
	}
	return l.Exists(ctx, project)
}

// DropProject says that a project is gone, and its log with it. A checkpoint
// tells that at once, so that the log is not missed.
func (l *Log) DropProject(ctx context.Context, project string) error {
	if l == nil {
		return nil
	}
	l.working.Lock()
	defer l.working.Unlock()
	l.mu.Lock()
	delete(l.dirty, project)
	l.mu.Unlock()
	delete(l.chains, project)
	l.gone = append(l.gone, project)
	bad := map[string]error{}
	l.checkpoint(ctx, bad)
	return bad[checkpoints]
}

// Close chains what is left, and states it.
func (l *Log) Close(ctx context.Context) error { return l.Flush(ctx) }

const platform = store.Platform

// noteAll writes records that have no transaction, in one of their own.
func (l *Log) noteAll(ctx context.Context, project string, list []Record) error {
	err := l.db.Update(ctx, project, func(tx store.Tx) error {
		for _, r := range list {
			if err := Append(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return unwritable(err)
	}
	l.Committed(project)
	return nil
}

// PublicKey is what blocks and checkpoints are checked with.
func (l *Log) PublicKey() ed25519.PublicKey { return l.key.Public().(ed25519.PublicKey) }
