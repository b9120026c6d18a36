package doctor

import (
	"archive/zip"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A database as https://vuln.go.dev has it, with an index beside its entries.
var vulndb = map[string]string{
	"index/db.json":        `{"modified": "2026-01-01T00:00:00Z"}`,
	"index/modules.json":   `[{"path": "example.org/m", "vulns": [{"id": "GO-2026-0001"}]}]`,
	"ID/GO-2026-0001.json": leak,
	"ID/GO-2026-0002.json": `{"id": "GO-2026-0002", "affected": [{"package": {"name": "stdlib", "ecosystem": "Go"},
		"ranges": [{"type": "SEMVER", "events": [{"introduced": "1.26.0-0"}, {"fixed": "1.26.2"}]}]}]}`,
	"ID/GO-2026-0003.json": `{"id": "GO-2026-0003", "withdrawn": "2026-01-02T00:00:00Z", "affected": [{"package": {"name": "stdlib", "ecosystem": "Go"},
		"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]}`,
	"ID/GO-2026-0004.json": `{"id": "GO-2026-0004", "affected": [{"package": {"name": "example.org/m", "ecosystem": "npm"},
		"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]}`,
	"README.md": "# not JSON",
}

func vulndbDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range vulndb {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, path, text)
	}
	return dir
}

func TestVulnerabilitiesAreFoundInADirectoryAndInAnArchive(t *testing.T) {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for name, text := range vulndb {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(text))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	zipped := filepath.Join(t.TempDir(), "vulndb.zip")
	write(t, zipped, archive.String())
	parts := Build{Go: "go1.26.1", Modules: []Module{{"example.org/m", "v1.0.0"}}}.parts()
	for _, path := range []string{vulndbDir(t), zipped} {
		a, err := readAdvisories(path, parts)
		if err != nil {
			t.Fatal(err)
		}
		want := "GO-2026-0001 in example.org/m v1.0.0, mended in v1.0.1; GO-2026-0002 in stdlib v1.26.1, mended in v1.26.2"
		if got := strings.Join(a.hits, "; "); got != want || a.read != 4 || time.Since(a.fresh) > time.Hour {
			t.Errorf("%s: %d advisories of %v, hits %q, want %q", path, a.read, a.fresh, got, want)
		}
	}
}

func TestADatabaseThatIsOldOrNoneIsNotTrusted(t *testing.T) {
	dir := t.TempDir()
	old, empty, broken := filepath.Join(dir, "old"), filepath.Join(dir, "empty"), filepath.Join(dir, "broken")
	write(t, old, strings.ReplaceAll(leak, "example.org/m", "example.org/other"))
	if err := os.Chtimes(old, now.Add(-8*day), now.Add(-8*day)); err != nil {
		t.Fatal(err)
	}
	write(t, empty, `{}`)
	write(t, broken, `{"id": `)
	for _, path := range []string{old, empty, broken, dir + "/none", ""} {
		s := installation(t)
		s.Config.Doctor.Vulnerabilities = path
		if got := noVulnerability(context.Background(), s); got.status != Unknown {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

func TestAVersionIsInARange(t *testing.T) {
	events := []advisoryEvent{{Introduced: "1.0.0"}, {Fixed: "1.2.0"}, {Introduced: "2.0.0"}, {Fixed: "2.1.0"}}
	for version, want := range map[string]string{
		"v0.9.0": "", "v1.0.0": "v1.2.0", "v1.1.9": "v1.2.0", "v1.2.0-rc.1": "v1.2.0", "v1.2.0": "", "v1.9.0": "", "v2.0.5": "v2.1.0", "v2.1.0": "", "v3.0.0": "",
		"v1.1.1-0.20260101000000-0123456789ab": "v1.2.0",
	} {
		if inside, fixed := within(events, version); fixed != want || inside != (want != "") {
			t.Errorf("%s: %v, %q, want %q", version, inside, fixed, want)
		}
	}
	if inside, _ := within([]advisoryEvent{{Introduced: "0"}, {Fixed: "soon"}}, "v1.0.0"); !inside {
		t.Error("what cannot be read has mended something")
	}
}

func TestVersionsOfGo(t *testing.T) {
	for text, want := range map[string]string{
		"go1.26": "v1.26.0", "go1.26.1": "v1.26.1", "go1.26rc1": "v1.26.0-rc.1", "go1.26.1 X:jsonv2": "v1.26.1", "devel go1.27-abc": "", "": "",
	} {
		if got := goVersion(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"go1.24.1": "2026-02", "go1.25": "2026-08", "go1.26.7": "2027-02", "devel": "", "go2.1": ""} {
		ends, ok := goEnds(text)
		if got := ends.Format("2006-01"); ok != (want != "") || ok && got != want {
			t.Errorf("%s ends in %s, want %q", text, got, want)
		}
	}
}

func FuzzAdvisory(f *testing.F) {
	for _, text := range vulndb {
		f.Add([]byte(text))
	}
	parts := []Module{{stdlib, "v1.26.1"}, {"example.org/m", "v1.0.0"}}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := parseAdvisory(data)
		if err == nil && a != nil {
			a.hits(parts)
		}
	})
}
