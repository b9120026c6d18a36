// Package keyring looks after the keys of an installation and what is sealed
// with them: which values each key has sealed, whether all of them open, and how
// they come to be sealed with new keys while the installation is in use.
//
// Sealed values are found in the schema of the database, not in a list of the
// program: whatever is in a column of text and begins as a value of the vault
// does is one. So no table can be forgotten, and a key is destroyed only when
// nothing at all in the database names it.
package keyring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"moorfast/internal/store"
	"moorfast/internal/vault"
)

// Keyring is the keys of an installation, and its data.
type Keyring struct {
	Vault *vault.Vault
	DB    store.DB
	Now   func() time.Time

	// Bodies are stored again where the keys of their keys have leaked.
	Bodies Bodies

	// Settle is for how long a key was not sealed with before it is destroyed. It
	// is longer than a transaction that began before, and than another process
	// takes to hear of it.
	Settle time.Duration

	// Rest says that others use the database: work then takes breaks as long as
	// itself.
	Rest bool

	// Step is told of each durable step; nil is nobody.
	Step func(step string)

	there there
}

// Progress is how far a piece of work is.
type Progress struct {
	Phase   string  `json:"phase"` // "count", "reseal", "wait", "prove" or "open"
	Project string  `json:"project,omitempty"`
	Done    int64   `json:"done"`
	Total   int64   `json:"total"` // 0 if it is not known
	Rate    float64 `json:"rate,omitempty"`
	Left    float64 `json:"secondsLeft,omitempty"`
}

// Tell hears of progress.
type Tell func(Progress)

// Place is where a value lies.
type Place struct {
	Project string `json:"project"`
	Table   string `json:"table"`
	Column  string `json:"column"`
	Row     string `json:"row"` // its id, or "" where the table has none
}

func (p Place) String() string {
	return fmt.Sprintf("%s: %s.%s of row %q", p.Project, p.Table, p.Column, p.Row)
}

// Finding is a value that does not open.
type Finding struct {
	Place
	Key string `json:"key"` // that it says it was sealed with
}

// maxFindings bounds a report. The rest is counted.
const maxFindings = 100

// projects lists the databases there are.
func (k *Keyring) projects(ctx context.Context) ([]string, error) {
	list, err := k.DB.Projects(ctx)
	if err != nil {
		return nil, fmt.Errorf("list projects: %w", err)
	}
	slices.Sort(list)
	return append([]string{store.Platform}, list...), nil
}

// errGone says that a project was deleted meanwhile. Opening its database would
// make it again.
var errGone = errors.New("keyring: the project is gone")

// there are the projects that there are, as of a moment ago.
type there struct {
	mu   sync.Mutex
	list map[string]bool
	read time.Time
}

// thereFor is how long a list of projects holds.
const thereFor = time.Second

func (k *Keyring) exists(ctx context.Context, project string) error {
	k.there.mu.Lock()
	defer k.there.mu.Unlock()
	now := k.Now()
	if age := now.Sub(k.there.read); k.there.list == nil || age < 0 || age >= thereFor {
		list, err := k.projects(ctx)
		if err != nil {
			return err
		}
		k.there.list, k.there.read = make(map[string]bool, len(list)), now
		for _, p := range list {
			k.there.list[p] = true
		}
	}
	if !k.there.list[project] {
		return errGone
	}
	return nil
}

func (k *Keyring) view(ctx context.Context, project string, fn func(store.Tx) error) error {
	if err := k.exists(ctx, project); err != nil {
		return err
	}
	return k.DB.View(ctx, project, fn)
}

func (k *Keyring) update(ctx context.Context, project string, fn func(store.Tx) error) error {
	if err := k.exists(ctx, project); err != nil {
		return err
	}
	return k.DB.Update(ctx, project, fn)
}

// each calls fn for every project that is still there.
func (k *Keyring) each(ctx context.Context, fn func(project string) error) error {
	list, err := k.projects(ctx)
	if err != nil {
		return err
	}
	for _, project := range list {
		if err := fn(project); err != nil && !errors.Is(err, errGone) {
			return fmt.Errorf("project %s: %w", project, err)
		}
	}
	return nil
}

// Report is what opening everything found.
type Report struct {
	Values   int64            `json:"values"`
	ByKey    map[string]int64 `json:"byKey"`   // how many of them name a key
	Refused  int64            `json:"refused"` // of them do not open
	Findings []Finding        `json:"findings"`
	Damaged  []string         `json:"damagedKeys"` // keys that do not unwrap
}

// Sound reports whether everything opened.
func (r *Report) Sound() bool { return r.Refused == 0 && len(r.Damaged) == 0 }

func (r *Report) refuse(f Finding) {
	r.Refused++
	if len(r.Findings) < maxFindings {
		r.Findings = append(r.Findings, f)
	}
}

// Verify opens every sealed value of every project.
func (k *Keyring) Verify(ctx context.Context, tell Tell) (*Report, error) {
	r := &Report{ByKey: map[string]int64{}, Findings: []Finding{}, Damaged: []string{}}
	damaged, err := k.Vault.Damaged()
	if err != nil {
		return nil, err
	}
	r.Damaged = append(r.Damaged, damaged...)
	total, err := k.count(ctx, nil, func(Place, string, int64) {})
	if err != nil {
		return nil, err
	}
	p := k.pace("open", total, tell)
	err = k.each(ctx, func(project string) error {
		return k.walk(ctx, project, nil, func(values []value) error {
			for _, v := range values {
				r.Values++
				r.ByKey[vault.KeyOf(v.sealed)]++
				if _, err := k.Vault.Open(v.at(project), v.sealed); errors.Is(err, vault.ErrRefused) || errors.Is(err, vault.ErrRing) {
					r.refuse(Finding{v.place(project), vault.KeyOf(v.sealed)})
				} else if err != nil {
					return err
				}
			}
			p.add(project, len(values))
			return k.rest(ctx, p)
		})
	})
	return r, err
}

// Key is a key of the inventory.
type Key struct {
	vault.KeyStatus
	Algorithm string `json:"algorithm"`
	Values    int64  `json:"values"` // in the database that name it
}

// Inventory is which keys there are.
type Inventory struct {
	Instance string             `json:"instance"`
	Roots    []vault.RootStatus `json:"roots"`
	Keys     []Key              `json:"keys"`
	Unknown  int64              `json:"unknown"` // values that name a key there is not
}

// algorithms are what keys of a purpose are used with.
var algorithms = map[string]string{"field": "XAES-256-GCM", "lookup": "HMAC-SHA256", "token": "HMAC-SHA256", "database": "Adiantum"} //nolint:gosec // names, and no credentials

// Inventory lists the keys, and counts what each has sealed.
func (k *Keyring) Inventory(ctx context.Context) (*Inventory, error) {
	if err := k.Vault.Reload(ctx); err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	if _, err := k.count(ctx, nil, func(_ Place, key string, n int64) { counts[key] += n }); err != nil {
		return nil, err
	}
	status := k.Vault.Status()
	list := &Inventory{Instance: status.Instance, Roots: status.Roots, Keys: make([]Key, len(status.Keys))}
	for i, s := range status.Keys {
		list.Keys[i] = Key{s, algorithms[s.Purpose], counts[s.ID]}
		if s.State != vault.Destroyed {
			delete(counts, s.ID)
		}
	}
	for _, n := range counts {
		list.Unknown += n
	}
	return list, nil
}
