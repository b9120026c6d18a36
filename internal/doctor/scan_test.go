package doctor

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// foreign is what a scanner of images might write.
const foreign = `{"version": "2.1.0", "runs": [{
  "tool": {"driver": {"name": "seer", "rules": [
    {"id": "CVE-1", "shortDescription": {"text": "a hole"}, "helpUri": "https://example.org/1", "properties": {"security-severity": "9.8"}},
    {"id": "CVE-2", "defaultConfiguration": {"level": "note"}, "help": {"text": "update it"}},
    {"id": "CVE-3", "properties": {"security-severity": 5}}
  ]}},
  "results": [
    {"ruleId": "CVE-2", "message": {"text": "old"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "go.mod"}, "region": {"startLine": 3}}}]},
    {"ruleIndex": 0, "ruleId": "CVE-1", "level": "note", "message": {"text": "bad\u001b[31m\nnews"}},
    {"ruleId": "CVE-2", "level": "error", "message": {"text": "older"}},
    {"ruleId": "CVE-3", "message": {"text": "looked at"}, "suppressions": [{"kind": "external"}]},
    {"ruleId": "X", "kind": "pass", "message": {"text": "fine"}},
    {"ruleId": "Y", "level": "none", "message": {"text": "by the way"}},
    {"ruleId": "Z", "message": {"text": "of a rule that nobody describes"}}
  ]}]}`

func TestFindingsOfAScannerAreResults(t *testing.T) {
	got, err := readSARIF([]byte(foreign))
	if err != nil {
		t.Fatal(err)
	}
	want := []Result{
		{ID: "seer/CVE-1", Severity: Critical, Title: "a hole", Evidence: "bad [31m news", Fix: "see what the scanner says of it", References: []string{"https://example.org/1"}},
		{ID: "seer/CVE-2", Severity: Medium, Title: "seer/CVE-2", Evidence: "2 places, the first: go.mod:3: old", Fix: "update it"},
		{ID: "seer/Z", Severity: Medium, Title: "seer/Z", Evidence: "of a rule that nobody describes", Fix: "see what the scanner says of it"},
	}
	want[1].Severity = High // the worse of two levels
	for i := range want {
		want[i].Group, want[i].Status = scanGroup, Fail
	}
	if !slices.EqualFunc(got, want, func(a, b Result) bool {
		return a.ID == b.ID && a.Severity == b.Severity && a.Status == b.Status && a.Title == b.Title && a.Evidence == b.Evidence && a.Fix == b.Fix && slices.Equal(a.References, b.References)
	}) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, bad := range []string{``, `[]`, `{}`, `{"version":"2.0.0","runs":[]}`, `{"version":"2.1.0"}`, `{"version":"2.1.0","runs":{}}`} {
		if found, err := readSARIF([]byte(bad)); err == nil {
			t.Errorf("%s is a report: %+v", bad, found)
		}
	}
}

// What we write of ourselves is read as it was meant.
func TestOurOwnReportIsRead(t *testing.T) {
	var b strings.Builder
	if err := mixed.WriteSARIF(&b, "1"); err != nil {
		t.Fatal(err)
	}
	got, err := readSARIF([]byte(b.String()))
	if err != nil || len(got) != 1 || got[0].ID != "moorfast doctor/KEY-02" || got[0].Severity != High || got[0].Fix != "do this" {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzSARIF(f *testing.F) {
	f.Add([]byte(foreign))
	f.Add([]byte(`{"version":"2.1.0","runs":[{"tool":{"driver":{"rules":[{}]}},"results":[{"ruleIndex":-1},{"ruleIndex":9}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := readSARIF(data)
		if err != nil {
			return
		}
		if len(list) > scanFindings {
			t.Errorf("%d findings", len(list))
		}
		for _, r := range list {
			for _, text := range append([]string{r.ID, r.Title, r.Evidence, r.Fix}, r.References...) {
				if strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) {
					t.Errorf("%q may do something to a terminal", text)
				}
			}
			if severities[r.Severity] == "" || r.Status != Fail {
				t.Errorf("%+v", r)
			}
		}
	})
}

func script(t *testing.T, text string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the scanners of this test are shell scripts")
	}
	path := filepath.Join(t.TempDir(), "scan")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOnlyTheBeginningOfWhatAScannerWritesIsKept(t *testing.T) {
	out := &head{most: 100}
	cmd := exec.Command("head", "-c", "1000000", "/dev/zero")
	cmd.Stdout = out
	if err := cmd.Run(); err != nil || len(out.text) != 100 {
		t.Errorf("%d bytes are kept, %v", len(out.text), err)
	}
}

func TestScannersAreRunAndBounded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "found.sarif")
	if err := os.WriteFile(file, []byte(foreign), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, text, want string
		status           Status
	}{
		{"findings, and a status that says so", `cat "$1"; exit 1`, "bad [31m news", Fail},
		{"nothing", `echo '{"version":"2.1.0","runs":[]}'`, "it found nothing", Pass},
		{"no report", `echo 'no such image' >&2; exit 3`, "exit status 3: no such image", Unknown},
		{"another report", `echo '{}'`, "no SARIF 2.1.0", Unknown},
		{"what it is told", `test "$MARK" = here && test -z "$2" && echo '{"version":"2.1.0","runs":[]}'`, "it found nothing", Pass},
		{"too much", `head -c 17000000 /dev/zero`, "more than 16 MiB", Unknown},
		{"too long", `sleep 60`, "not done within", Unknown},
	} {
		within := time.Minute
		if c.name == "too long" {
			within = 200 * time.Millisecond
		}
		s := Scanner{Argv: []string{script(t, c.text), file}, Environ: []string{"MARK=here", "PATH=" + os.Getenv("PATH")}, Within: within}
		got := s.Run(context.Background())
		if got[0].Status != c.status || !strings.Contains(got[0].Evidence, c.want) {
			t.Errorf("%s: %+v, want %s with %q", c.name, got[0], c.status, c.want)
		}
	}
	gone := Scanner{Argv: []string{"/nowhere/scan"}, Within: time.Second}.Run(context.Background())
	if len(gone) != 1 || gone[0].Status != Unknown {
		t.Errorf("a scanner that is not there: %+v", gone)
	}
	if _, err := json.Marshal(gone); err != nil {
		t.Error(err)
	}
}
