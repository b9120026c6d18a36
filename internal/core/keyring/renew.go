package keyring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"moorfast/internal/store"
	"moorfast/internal/vault"
)

// The steps of new data keys, as they are told to [Keyring.Step].
const (
	StepNewKeys   = "new-keys"  // new values are sealed with new keys
	StepRekeyed   = "rekeyed"   // a part of a file was stored under a new key
	StepReading   = "reading"   // a batch was read and sealed again
	StepResealed  = "resealed"  // a batch was written
	StepProved    = "proved"    // nothing names the old keys any more
	StepDestroyed = "destroyed" // they are gone
)

func (k *Keyring) step(name string) {
	if k.Step != nil {
		k.Step(name)
	}
}

// Renewal is what was done, or would be, to have everything sealed with new
// keys.
type Renewal struct {
	Projects  int       `json:"projects"`  // that got new keys
	Values    int64     `json:"values"`    // that were sealed again
	Bodies    int64     `json:"bodies"`    // parts of files that were stored again
	Bytes     int64     `json:"bytes"`     // of those
	Destroyed int       `json:"destroyed"` // keys
	Left      []string  `json:"left"`      // keys that something still names, which stay
	Findings  []Finding `json:"findings"`  // what names them and does not open
}

// Plan says what [Keyring.Renew] would do, or, for keys that leaked,
// [Keyring.Replace].
func (k *Keyring) Plan(ctx context.Context, leaked bool) (*Renewal, error) {
	list, err := k.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	r := &Renewal{Left: []string{}, Findings: []Finding{}}
	for _, key := range list.Keys {
		if key.Purpose == "field" && (key.State == vault.Active || key.State == vault.Retiring) {
			r.Values += key.Values
			r.Destroyed++
			if key.State == vault.Active {
				r.Projects++
			}
		}
	}
	if !leaked {
		return r, nil
	}
	table, column := k.Bodies.SealedIn()
	_, err = k.count(ctx, nil, func(at Place, _ string, n int64) {
		if at.Table == table && at.Column == column {
			r.Bodies += n
		}
	})
	r.Values -= r.Bodies
	return r, err
}

// Renew gives every project a new key for its fields, seals everything with it
// that the old ones had sealed, and destroys those. Reads and writes go on
// meanwhile. Interrupted, it goes on where it was: what is left to do is what
// still names an old key.
func (k *Keyring) Renew(ctx context.Context, tell Tell) (*Renewal, error) {
	return k.renew(ctx, func(ctx context.Context, projects []string) ([]string, error) {
		return k.Vault.RotateFields(ctx, projects, time.Time{})
	}, tell)
}

// RenewOld is [Keyring.Renew] for the keys that are older than an age. It tells of
// the projects that have got new ones before it goes on, and returns nil where all
// keys are younger.
func (k *Keyring) RenewOld(ctx context.Context, age time.Duration, changed func(projects []string)) (*Renewal, error) {
	projects, err := k.projects(ctx)
	if err != nil {
		return nil, err
	}
	old, err := k.Vault.RotateFields(ctx, projects, k.Now().Add(-age))
	if err != nil || len(old) == 0 {
		return nil, err
	}
	changed(old)
	r, err := k.Resume(ctx, nil)
	if r != nil {
		r.Projects = len(old)
	}
	return r, err
}

// renew makes new keys, and finishes what that has begun.
func (k *Keyring) renew(ctx context.Context, change func(context.Context, []string) ([]string, error), tell Tell) (*Renewal, error) {
	projects, err := k.projects(ctx)
	if err != nil {
		return nil, err
	}
	changed, err := change(ctx, projects)
	if err != nil {
		return nil, err
	}
	k.step(StepNewKeys)
	r, err := k.Resume(ctx, tell)
	if r != nil {
		r.Projects = len(changed)
	}
	return r, err
}

// Resume finishes what [Keyring.Renew] or [Keyring.Replace] has begun, if it was
// cut off.
func (k *Keyring) Resume(ctx context.Context, tell Tell) (*Renewal, error) {
	r := &Renewal{Left: []string{}, Findings: []Finding{}}
	if err := k.Vault.Reload(ctx); err != nil {
		return r, err
	}
	retiring := k.Vault.Retiring()
	if len(retiring) == 0 {
		return r, nil
	}
	prefixes, err := prefixesOf(retiring)
	if err != nil {
		return r, err
	}
	leaked, err := leaked(retiring)
	if err != nil {
		return r, err
	}
	total, err := k.count(ctx, prefixes, func(Place, string, int64) {})
	if err != nil {
		return r, err
	}
	p := k.pace("reseal", total, tell)
	pass := func() error {
		for project, list := range prefixes {
			r.forget(project)
			if err := k.rekey(ctx, project, leaked[project], r, p); err != nil {
				return err
			}
			if err := k.reseal(ctx, project, list, leaked[project], r, p); err != nil {
				return err
			}
		}
		return nil
	}
	if err := pass(); err != nil {
		return r, err
	}
	if err := k.settle(ctx, retiring, tell); err != nil {
		return r, err
	}
	// A transaction that began before the new keys may have sealed with the old
	// ones and have committed since.
	if err := pass(); err != nil {
		return r, err
	}
	return r, k.destroy(ctx, retiring, r, tell)
}

func prefixesOf(keys []vault.KeyStatus) (map[string][]string, error) {
	prefixes := map[string][]string{}
	for _, key := range keys {
		project, _ := strings.CutPrefix(key.Scope, "project:")
		prefix, err := key.Prefix()
		if err != nil {
			return nil, err
		}
		prefixes[project] = append(prefixes[project], prefix)
	}
	return prefixes, nil
}

// maxPasses is how often a project is gone through. Only rows that others change
// at the very moment are missed by a pass.
const maxPasses = 20

// find adds a finding to the first of them.
func (r *Renewal) find(f Finding) {
	if len(r.Findings) < maxFindings {
		r.Findings = append(r.Findings, f)
	}
}

// forget takes the findings of a project back, before it is gone through again.
func (r *Renewal) forget(project string) {
	r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool { return f.Project == project })
}

// reseal seals with new keys what the old ones of a project have sealed, but for
// the keys of bodies that a leaked key has sealed: sealed again, they would open
// what others can open.
func (k *Keyring) reseal(ctx context.Context, project string, prefixes, leaked []string, r *Renewal, p *pace) error {
	found := slices.Clone(r.Findings)
	for range maxPasses {
		r.Findings = slices.Clone(found)
		missed := false
		err := k.walk(ctx, project, prefixes, func(values []value) error {
			values = slices.DeleteFunc(values, func(v value) bool {
				return len(leaked) > 0 && k.ofBody(v) && slices.Contains(leaked, v.sealed[:vault.PrefixSize])
			})
			values = k.sealAgain(project, values, r)
			k.step(StepReading)
			if len(values) == 0 {
				return nil
			}
			var n int64
			err := k.update(ctx, project, func(tx store.Tx) (err error) {
				n, err = replace(ctx, tx, values)
				return err
			})
			if err != nil {
				return err
			}
			k.step(StepResealed)
			missed = missed || n < int64(len(values))
			r.Values += n
			p.add(project, int(n))
			return k.rest(ctx, p)
		})
		if errors.Is(err, errGone) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("seal project %s with its new key: %w", project, err)
		}
		if !missed {
			return nil
		}
	}
	return nil
}

// sealAgain seals values with the active key, and returns those that opened, by
// column.
func (k *Keyring) sealAgain(project string, values []value, r *Renewal) []value {
	kept := values[:0]
	for _, v := range values {
		again, err := k.Vault.Reseal(v.at(project), v.sealed)
		if err == nil && v.where != "" {
			v.again = again
			kept = append(kept, v)
		} else {
			r.find(Finding{v.place(project), vault.KeyOf(v.sealed)})
		}
	}
	slices.SortStableFunc(kept, func(a, b value) int { return strings.Compare(a.column, b.column) })
	return kept
}

// settle waits until nobody seals with the keys any more.
func (k *Keyring) settle(ctx context.Context, keys []vault.KeyStatus, tell Tell) error {
	var last time.Time
	for _, key := range keys {
		if key.Retired.After(last) {
			last = key.Retired
		}
	}
	if k.Settle <= 0 {
		return nil
	}
	left := last.Add(k.Settle).Sub(k.Now())
	left = min(left, k.Settle) // whatever the clock says
	for left > 0 {
		if tell != nil {
			tell(Progress{Phase: "wait", Left: left.Seconds()})
		}
		step := min(left, time.Second)
		if err := sleep(ctx, step); err != nil {
			return err
		}
		left -= step
	}
	return nil
}

// destroy destroys the keys that nothing in the database of their project names.
func (k *Keyring) destroy(ctx context.Context, keys []vault.KeyStatus, r *Renewal, tell Tell) error {
	if tell != nil {
		tell(Progress{Phase: "prove"})
	}
	prefixes, err := prefixesOf(keys)
	if err != nil {
		return err
	}
	named := map[string]bool{}
	if _, err := k.count(ctx, prefixes, func(at Place, key string, n int64) {
		named[key] = true
		if !slices.ContainsFunc(r.Findings, func(f Finding) bool {
			return f.Project == at.Project && f.Table == at.Table && f.Column == at.Column
		}) {
			r.find(Finding{at, key})
		}
	}); err != nil {
		return err
	}
	k.step(StepProved)
	var ids []string
	for _, key := range keys {
		if named[key.ID] {
			r.Left = append(r.Left, key.ID)
		} else {
			ids = append(ids, key.ID)
		}
	}
	if err := k.Vault.Destroy(ctx, ids); err != nil {
		return err
	}
	r.Destroyed = len(ids)
	k.step(StepDestroyed)
	if len(r.Left) > 0 {
		return fmt.Errorf("%w: %d keys, the first is %s", ErrNamed, len(r.Left), r.Left[0])
	}
	return nil
}

// ErrNamed says that keys were not destroyed, because something in the database
// still names them.
var ErrNamed = errors.New("keys are still named in the database and stay")
