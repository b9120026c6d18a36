package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"moorfast/internal/core/keyring"
	"moorfast/internal/server/servertest"
	"moorfast/internal/vault"
)

// objects returns what is stored of files, by path.
func objects(t *testing.T, dir string) map[string][sha256.Size]byte {
	t.Helper()
	all := map[string][sha256.Size]byte{}
	err := filepath.WalkDir(filepath.Join(dir, "storage"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		all[path] = sha256.Sum256(b)
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%d objects: %v", len(all), err)
	}
	return all
}

// signed signs a token of the project's user, and returns whether it is let in.
func signed(p servertest.Project) (accepted func(servertest.Project) bool) {
	jwt := p.Key.Must("POST", "/users/u1/jwts", servertest.M{}).Text("jwt")
	return func(p servertest.Project) bool {
		return p.Guest.With("X-Appwrite-JWT", jwt).Do("GET", "/account", nil).Status == 200
	}
}

// D.0: keys that others may have open nothing that is stored from then on, and
// what they signed is refused.
func TestCompromisedKeysOpenNothingThatIsStored(t *testing.T) {
	ctx := context.Background()
	dir, env := t.TempDir(), servertest.Environment(t)
	s := servertest.Open(t, dir, env...)
	p := s.Found()
	compare := fill(t, p)
	p.Key.Must("POST", "/storage/buckets", servertest.M{"bucketId": "small", "name": "Small", "permissions": []string{`read("any")`}, "encryption": true, "compression": "zstd"})
	p.Key.Sent("/storage/buckets/small/files", servertest.M{"fileId": "z"}, servertest.File{Name: "z", Content: bytes.Repeat([]byte(canary), 9000)})
	accepted := signed(p)
	if !accepted(p) {
		t.Fatal("the token is refused from the start")
	}
	before := objects(t, dir)
	var plan keyring.Renewal
	if err := do(t, s.Server, "key.renew", map[string]bool{"compromised": true, "dry": true}, &plan); err != nil || plan.Bodies != 7 || plan.Values == 0 {
		t.Errorf("plan: %+v, %v", plan, err)
	}
	k := s.Keyring()
	k.Settle = 0
	r, err := k.Replace(ctx, nil)
	if err != nil || r.Bodies != plan.Bodies || r.Values < plan.Values || len(r.Findings)+len(r.Left) > 0 || r.Bytes < 6_000_000 {
		t.Fatalf("replace: %+v, %v", r, err)
	}
	if accepted(p) || !signed(p)(p) {
		t.Error("a token of before is accepted, or one of now is not")
	}
	after := objects(t, dir)
	for path, sum := range after {
		if _, there := before[path]; there {
			t.Errorf("%s is still there", path)
		}
		for _, old := range before {
			if sum == old {
				t.Errorf("%s was stored as it was", path)
			}
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d objects, were %d", len(after), len(before))
	}
	compare(t, p)
	if p.Key.Must("GET", "/storage/buckets/small/files/z/download", nil).Body != strings.Repeat(canary, 9000) {
		t.Error("the compressed file changed")
	}
	if report, err := k.Verify(ctx, nil); err != nil || !report.Sound() {
		t.Errorf("verify: %+v, %v", report, err)
	}
	for _, key := range s.Vault.Status().Keys {
		if key.State == vault.Retiring || key.Compromised || key.Purpose != "lookup" && (key.State == vault.Active) != (key.Version == 2) {
			t.Errorf("after it: %+v", key)
		}
	}
	s.Stop()
	s = servertest.Open(t, dir, env...)
	compare(t, at(s, p))
	s.Stop()
	noCanary(t, dir)
}

// A replacement that is cut off at any step goes on where it was, also after a
// change of data keys that was cut off before it.
func TestAnInterruptedReplacementOfCompromisedKeysGoesOn(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	s := servertest.Open(t, dir, servertest.Environment(t)...)
	p := s.Found()
	compare := fill(t, p)
	before := objects(t, dir)
	cut := func(at string, change func(*keyring.Keyring, context.Context) error) {
		t.Helper()
		k := s.Keyring()
		k.Settle = 0
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		k.Step = func(step string) {
			if step == at {
				cancel()
			}
		}
		if err := change(k, ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: %v", at, err)
		}
		compare(t, p)
	}
	cut(keyring.StepReading, func(k *keyring.Keyring, ctx context.Context) error { _, err := k.Renew(ctx, nil); return err })
	for _, at := range []string{keyring.StepNewKeys, keyring.StepRekeyed, keyring.StepRekeyed, keyring.StepReading} {
		cut(at, func(k *keyring.Keyring, ctx context.Context) error { _, err := k.Replace(ctx, nil); return err })
	}
	k := s.Keyring()
	k.Settle = 0
	if r, err := k.Resume(ctx, nil); err != nil || r.Values == 0 {
		t.Fatalf("resume: %+v, %v", r, err)
	}
	for path := range objects(t, dir) {
		if _, there := before[path]; there {
			t.Errorf("%s is still there", path)
		}
	}
	compare(t, p)
}

// A part that can not be opened keeps its key, which stays, and is named.
func TestABodyThatDoesNotOpenKeepsItsKey(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	s := servertest.Open(t, dir, servertest.Environment(t)...)
	p := s.Found()
	fill(t, p)
	var lost string
	for path := range maps.Keys(objects(t, dir)) {
		lost = path
	}
	if err := os.Truncate(lost, 100); err != nil {
		t.Fatal(err)
	}
	k := s.Keyring()
	k.Settle = 0
	r, err := k.Replace(ctx, nil)
	if !errors.Is(err, keyring.ErrNamed) || len(r.Left) != 1 || len(r.Findings) != 1 || r.Findings[0].Table != "file_parts" || r.Findings[0].Key != r.Left[0] ||
		!strings.HasSuffix(r.Findings[0].Row, filepath.Base(lost)) {
		t.Fatalf("replace: %+v, %v", r, err)
	}
	again, err := k.Replace(ctx, nil) // it goes on, and makes new keys for nothing but the console
	if !errors.Is(err, keyring.ErrNamed) || again.Projects != 1 || again.Bodies != 0 || len(again.Findings) != 1 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// Who downloads a file while it is stored again gets all of it.
func TestADownloadOutlivesTheReplacementOfItsKeys(t *testing.T) {
	s := servertest.Open(t, t.TempDir(), servertest.Environment(t)...)
	p := s.Found()
	p.Key.Must("POST", "/storage/buckets", servertest.M{"bucketId": "b", "name": "B", "permissions": []string{`read("any")`}, "encryption": true})
	const part, total = 5 << 20, 25 << 20
	sum := sha256.New()
	for i := range total / part {
		content := bytes.Repeat([]byte{byte('a' + i), 1, 2, 3, 4, 5, 6, 7}, part/8)
		sum.Write(content)
		p.Key.With("X-Appwrite-ID", "f").Sent("/storage/buckets/b/files", servertest.M{"fileId": "f"}, servertest.File{Name: "f", Content: content, Start: i * part, Total: total})
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/storage/buckets/b/files/f/download", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Appwrite-Project", p.ID)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	got := sha256.New()
	if _, err := io.CopyN(got, answer.Body, 1000); err != nil {
		t.Fatal(err)
	}
	k := s.Keyring()
	k.Settle = 0
	if r, err := k.Replace(t.Context(), nil); err != nil || r.Bodies != total/part {
		t.Fatalf("replace: %+v, %v", r, err)
	}
	if n, err := io.Copy(got, answer.Body); err != nil || n != total-1000 || fmt.Sprintf("%x", got.Sum(nil)) != fmt.Sprintf("%x", sum.Sum(nil)) {
		t.Errorf("%d bytes after it, %v", n, err)
	}
}
