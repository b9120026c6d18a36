package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"moorfast/internal/audit"
	"moorfast/internal/core/keyring"
	"moorfast/internal/secevent"
	"moorfast/internal/server/servertest"
	"moorfast/internal/store"
	"moorfast/internal/vault"
)

// canary is in every secret that these tests store.
const canary = "canary-4f1c-do-not-find"

// fill stores secrets of every kind that there is an endpoint for, and returns a
// function that reads them back.
func fill(t *testing.T, p servertest.Project) (compare func(t *testing.T, p servertest.Project)) {
	t.Helper()
	type m = servertest.M
	p.Key.Must("POST", "/users", m{"userId": "u1", "email": "u1@example.org", "password": "correct horse 1", "name": "U"})
	p.Key.Must("POST", "/tablesdb", m{"databaseId": "main", "name": "Main"})
	p.Key.Must("POST", "/tablesdb/main/tables", m{"tableId": "notes", "name": "Notes", "permissions": []string{`read("any")`}})
	for _, array := range []bool{false, true} {
		p.Key.Must("POST", "/tablesdb/main/tables/notes/columns/string", m{"key": fmt.Sprintf("secret%v", array), "size": 500, "required": false, "encrypt": true, "array": array})
	}
	p.Key.Must("POST", "/tablesdb/main/tables/notes/columns/string", m{"key": "plain", "size": 500, "required": false})
	for i := range 40 {
		p.Key.Must("POST", "/tablesdb/main/tables/notes/rows", m{"rowId": fmt.Sprint("r", i), "data": m{
			"secretfalse": fmt.Sprint(canary, i), "secrettrue": []string{canary, fmt.Sprint(i)}, "plain": "mf1.no",
		}})
	}
	p.Key.Must("POST", "/storage/buckets", m{"bucketId": "files", "name": "Files", "permissions": []string{`read("any")`}, "encryption": true})
	sums := map[string]string{}
	for _, size := range []int{1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 700_001} {
		id := fmt.Sprint("f", size)
		content := bytes.Repeat([]byte(canary), size/len(canary)+1)[:size]
		p.Key.Sent("/storage/buckets/files/files", m{"fileId": id}, servertest.File{Name: id, Content: content})
		sum := sha256.Sum256(content)
		sums[id] = hex.EncodeToString(sum[:])
	}
	half := bytes.Repeat([]byte(canary), 5<<20/len(canary)+1)[:5<<20]
	p.Key.Sent("/storage/buckets/files/files", m{"fileId": "half"}, servertest.File{Name: "half", Content: half, Total: 5<<20 + 10})
	return func(t *testing.T, p servertest.Project) {
		t.Helper()
		p.Guest.Must("POST", "/account/sessions/email", m{"email": "u1@example.org", "password": "correct horse 1"})
		p.Guest.Must("DELETE", "/account/sessions/current", nil)
		for i := range 40 {
			a := p.Key.Must("GET", fmt.Sprint("/tablesdb/main/tables/notes/rows/r", i), nil)
			if a.Text("secretfalse") != fmt.Sprint(canary, i) || a.Text("secrettrue") != fmt.Sprintf("[%q,%q]", canary, fmt.Sprint(i)) {
				t.Errorf("row %d: %s", i, a.Body)
			}
		}
		for id, want := range sums {
			a := p.Key.Must("GET", "/storage/buckets/files/files/"+id+"/download", nil)
			if sum := sha256.Sum256([]byte(a.Body)); hex.EncodeToString(sum[:]) != want {
				t.Errorf("file %s changed", id)
			}
		}
	}
}

// at returns the same callers on a server that was started again.
func at(s *servertest.Server, p servertest.Project) servertest.Project {
	p.Owner, p.Admin, p.Key, p.Guest = p.Owner.At(s), p.Admin.At(s), p.Key.At(s), s.Guest("X-Appwrite-Project", p.ID)
	return p
}

func keyFile(t *testing.T) vault.Source {
	t.Helper()
	return vault.KeyFileOrNew(filepath.Join(t.TempDir(), "next", "root.key"))
}

// K-5, K-6: everything that was stored before the keys were changed is there
// after it, with nothing but the new keys; and nothing failed meanwhile.
func TestKeysAreChangedUnderLoadAndNothingIsLost(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	env := servertest.Environment(t)
	s := servertest.Open(t, dir, env...)
	p := s.Found()
	compare := fill(t, p)

	var stop atomic.Bool
	var group sync.WaitGroup
	var done atomic.Int64
	for w := range 4 {
		group.Go(func() {
			for i := 0; !stop.Load(); i++ {
				id := fmt.Sprintf("w%d-%d", w, i)
				a := p.Key.Do("POST", "/tablesdb/main/tables/notes/rows", servertest.M{"rowId": id, "data": servertest.M{"secretfalse": canary + id}})
				b := p.Key.Do("GET", "/tablesdb/main/tables/notes/rows/"+id, nil)
				c := p.Key.Do("GET", fmt.Sprint("/tablesdb/main/tables/notes/rows/r", i%40), nil)
				if a.Status != 201 || b.Text("secretfalse") != canary+id || c.Status != 200 || !strings.HasPrefix(c.Text("secretfalse"), canary) {
					t.Errorf("%s: %d %s; %d %s; %d %s", id, a.Status, a.Body, b.Status, b.Body, c.Status, c.Body)
					return
				}
				done.Add(1)
			}
		})
	}
	k := s.Keyring()
	k.Settle = 0
	next := keyFile(t)
	if _, err := s.Vault.Rotate(ctx, vault.Change{To: next}); err != nil {
		t.Error(err)
	}
	for range 3 {
		if _, err := k.Renew(ctx, nil); err != nil {
			t.Error(err)
		}
	}
	stop.Store(true)
	group.Wait()
	if done.Load() == 0 {
		t.Error("nothing was done meanwhile")
	}
	t.Logf("%d rounds of a create and two reads meanwhile", done.Load())

	report, err := k.Verify(ctx, nil)
	if err != nil || !report.Sound() || report.Values < 100 {
		t.Errorf("verify: %+v, %v", report, err)
	}
	list, err := k.Inventory(ctx)
	if err != nil || list.Unknown > 0 {
		t.Errorf("inventory: %+v, %v", list, err)
	}
	for _, key := range list.Keys {
		if key.Purpose == "field" && (key.State == vault.Active) != (key.Version == 4) || key.Version < 4 && key.Purpose == "field" && key.Values > 0 {
			t.Errorf("after three changes: %+v", key)
		}
	}
	compare(t, p)
	s.Stop()

	s = servertest.Open(t, dir, append(env, "MOORFAST_KEY="+next.String())...)
	compare(t, at(s, p))
	if _, err := s.Vault.Finalize(ctx, nil); err != nil {
		t.Fatal(err)
	}
	compare(t, at(s, p))
	s.Stop()
	noCanary(t, dir)
}

// noCanary looks for what was sealed in every file of the data directory (K-13).
func noCanary(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		files++
		if bytes.Contains(b, []byte(canary)) {
			t.Errorf("%s has what was sealed", path)
		}
		return err
	})
	if err != nil || files < 3 {
		t.Errorf("looked through %d files: %v", files, err)
	}
}

// K-18: a start with another key and the one of before changes them.
func TestAStartChangesTheRootKey(t *testing.T) {
	dir, env := t.TempDir(), servertest.Environment(t)
	s := servertest.Open(t, dir, env...)
	p := s.Found()
	compare := fill(t, p)
	first, from := s.Vault.Source(), s.Vault.Fingerprint()
	s.Stop()
	next := filepath.Join(t.TempDir(), "next.key")
	if err := os.WriteFile(next, []byte("6d1f0b7a9c2e4d58a3b60f1e7c9d2a4b5e8f7061c2d3a4b5968778695a4b3c2d\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env = append(env, "MOORFAST_KEY=file:"+next, "MOORFAST_KEY_PREVIOUS=file:"+first.Path())
	for range 2 { // the second start finds it done
		s = servertest.Open(t, dir, env...)
		if s.Vault.Fingerprint() == from {
			t.Error("the key is that of before")
		}
		compare(t, at(s, p))
		s.Stop()
	}
}

// K-8: what names a key keeps it, wherever it lies.
func TestAKeyThatIsNamedIsNotDestroyed(t *testing.T) {
	ctx := context.Background()
	s := servertest.New(t)
	p := s.Found()
	fill(t, p)
	sealed, err := s.Vault.Seal(vault.Place{Project: p.ID, Table: "elsewhere", Column: "c", Row: "1"}, vault.Hide("x"))
	if err != nil {
		t.Fatal(err)
	}
	p.Key.Must("PATCH", "/tablesdb/main/tables/notes/rows/r7", servertest.M{"data": servertest.M{"plain": sealed}})
	k := s.Keyring()
	k.Settle = 0
	r, err := k.Renew(ctx, nil)
	if err == nil || len(r.Left) != 1 || len(r.Findings) != 1 || r.Findings[0].Row != "r7" || r.Findings[0].Project != p.ID {
		t.Fatalf("renew: %+v, %v", r, err)
	}
	report, err := k.Verify(ctx, nil)
	if err != nil || report.Refused != 1 || report.Findings[0].Row != "r7" {
		t.Errorf("verify: %+v, %v", report, err)
	}
	p.Key.Must("PATCH", "/tablesdb/main/tables/notes/rows/r7", servertest.M{"data": servertest.M{"plain": "x"}})
	if r, err = k.Resume(ctx, nil); err != nil || r.Destroyed != 1 || len(r.Left) > 0 {
		t.Errorf("resume: %+v, %v", r, err)
	}
}

// What stops the change of data keys at any step leaves everything readable, and
// the next one goes on.
func TestAnInterruptedChangeOfDataKeysGoesOn(t *testing.T) {
	ctx := context.Background()
	s := servertest.New(t)
	p := s.Found()
	compare := fill(t, p)
	for _, at := range []string{keyring.StepNewKeys, keyring.StepReading, keyring.StepResealed, keyring.StepProved} {
		k := s.Keyring()
		k.Settle = 0
		ctx, cancel := context.WithCancel(ctx)
		k.Step = func(step string) {
			if step == at {
				cancel()
			}
		}
		_, _ = k.Renew(ctx, nil)
		cancel()
		compare(t, p)
	}
	k := s.Keyring()
	k.Settle = 0
	if _, err := k.Renew(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if report, err := k.Verify(ctx, nil); err != nil || !report.Sound() {
		t.Errorf("verify: %+v, %v", report, err)
	}
	if left := s.Vault.Retiring(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	compare(t, p)
}

// The hashes of a blind index are made with a key that is not changed, so new data
// keys leave what it finds as it was.
func TestABlindIndexOutlivesItsDataKeys(t *testing.T) {
	s := servertest.New(t, "MOORFAST_BLIND_INDEX=true")
	p := s.Found()
	fill(t, p)
	p.Key.Must("POST", "/tablesdb/main/tables/notes/indexes", servertest.M{"key": "blind", "type": "unique", "columns": []string{"secretfalse"}})
	found := func(when string) {
		t.Helper()
		list := p.Key.Must("GET", "/tablesdb/main/tables/notes/rows?queries[]="+url.QueryEscape(`{"method":"equal","attribute":"secretfalse","values":["`+canary+`7"]}`), nil)
		if list.Text("total") != "1" || !strings.Contains(list.Body, `"$id":"r7"`) {
			t.Errorf("%s: %s", when, list.Body)
		}
	}
	found("before")
	k := s.Keyring()
	k.Settle = 0
	if r, err := k.Renew(context.Background(), nil); err != nil || r.Destroyed == 0 {
		t.Fatalf("renew: %+v, %v", r, err)
	}
	found("after")
	p.Key.Refused("PATCH", "/tablesdb/main/tables/notes/rows/r8", servertest.M{"data": servertest.M{"secretfalse": canary + "7"}}, 409, "row_unique_constraint_violation")
}

// A project that is deleted while its values are sealed again stays deleted.
func TestAProjectThatIsDeletedMeanwhileStaysSo(t *testing.T) {
	ctx := context.Background()
	s := servertest.New(t)
	p := s.Found()
	fill(t, p)
	k := s.Keyring()
	k.Settle = 0
	deleted := false
	k.Step = func(step string) {
		if step == keyring.StepReading && len(s.Vault.Retiring()) == 2 && !deleted {
			deleted = true
			p.Owner.With("X-Appwrite-Organization", "home").Must("DELETE", "/organization/projects/"+p.ID, nil)
			s.Clock.Advance(2 * time.Second)
		}
	}
	if _, err := k.Renew(ctx, nil); err != nil || !deleted {
		t.Errorf("renew: %v, deleted: %v", err, deleted)
	}
	list, err := k.DB.Projects(ctx)
	if err != nil || len(list) > 0 {
		t.Errorf("projects: %v, %v", list, err)
	}
	for _, key := range s.Vault.Status().Keys {
		if key.Scope == "project:"+p.ID && key.State != vault.Destroyed {
			t.Errorf("key %+v is left", key)
		}
	}
}

// K-16: keys of data change by themselves when they are old, and that is told.
func TestOldDataKeysAreChangedByTheServer(t *testing.T) {
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	s := servertest.New(t, "MOORFAST_KEY_MAX_AGE=90d")
	p := s.Found()
	compare := fill(t, p)
	l, err := s.Events.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	renewed := func() (told, recorded int) {
		list, _ := l.Take()
		for _, e := range list {
			if e.Kind == secevent.KeysRenewed && e.Details["projects"] == "2" {
				told++
			}
		}
		for _, r := range records(t, s, store.Platform) {
			if r.Event == "key.renew" && r.Actor.Kind == audit.System && r.Outcome == "" {
				recorded++
			}
		}
		return told, recorded
	}
	state := func(version int) (st vault.State) {
		for _, k := range s.Vault.Status().Keys {
			if k.Purpose == "field" && k.Scope == "project:"+p.ID && k.Version == version {
				st = k.State
			}
		}
		return st
	}
	s.Clock.Advance(89 * 24 * time.Hour)
	s.TendKeys(ctx, log)
	if told, recorded := renewed(); told+recorded > 0 || state(1) != vault.Active {
		t.Fatalf("after 89 days: told %d times, recorded %d", told, recorded)
	}
	s.Clock.Advance(2 * 24 * time.Hour)
	// Without the wait for transactions that were there before: it is cut off, as by
	// a stop, and goes on when it may.
	stopped, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	s.TendKeys(stopped, log)
	if told, recorded := renewed(); told != 1 || recorded != 1 || state(1) != vault.Retiring || state(2) != vault.Active {
		t.Fatalf("after 91 days: told %d times, recorded %d; %s, %s", told, recorded, state(1), state(2))
	}
	s.Clock.Advance(time.Hour)
	s.TendKeys(ctx, log)
	if told, recorded := renewed(); told != 0 || recorded != 1 || state(1) != vault.Destroyed || state(2) != vault.Active {
		t.Fatalf("an hour later: told %d times, recorded %d; %s, %s", told, recorded, state(1), state(2))
	}
	compare(t, p)
}

// Who wants no key to be changed by itself says so.
func TestDataKeysGrowOldWhereTheSettingsSaySo(t *testing.T) {
	s := servertest.New(t, "MOORFAST_KEY_MAX_AGE=0")
	s.Clock.Advance(20 * 365 * 24 * time.Hour)
	s.TendKeys(t.Context(), slog.New(slog.DiscardHandler))
	for _, k := range s.Vault.Status().Keys {
		if k.Version > 1 || k.State != vault.Active {
			t.Errorf("%+v", k)
		}
	}
}
