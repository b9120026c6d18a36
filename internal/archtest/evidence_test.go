package archtest

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// namesTests finds "internal/x TestY" and "test/sdk/x.mjs: title" in a text.
var namesTests = regexp.MustCompile("`?([a-z0-9/_.]+)`? ((?:Test|Fuzz)[A-Z][A-Za-z0-9_]*)")

// TestTheEvidenceExists looks for each test and file that docs/asvs.csv names.
func TestTheEvidenceExists(t *testing.T) {
	f, err := os.Open("../../docs/asvs.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 200 || rows[0][6] != "evidence" {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	shown, open := 0, 0
	for _, row := range rows[1:] {
		id, applicable, why, evidence := row[0], row[3], row[4], row[6]
		switch {
		case applicable == "no":
			if why == "" || evidence != "" {
				t.Errorf("%s does not apply: why %q, evidence %q", id, why, evidence)
			}
			continue
		case evidence == "open":
			open++
			continue
		}
		shown++
		for one := range strings.SplitSeq(evidence, "; ") {
			if err := exists(one); err != "" {
				t.Errorf("%s: %q: %s", id, one, err)
			}
		}
	}
	if shown == 0 {
		t.Error("nothing is shown")
	}
	t.Logf("%d requirements are shown by something, %d are open", shown, open)
}

// TestTheThreatModelNamesTestsThatExist does the same for its table.
func TestTheThreatModelNamesTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("../../docs/threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, m := range namesTests.FindAllStringSubmatch(string(text), -1) {
		found++
		if err := exists(m[1] + " " + m[2]); err != "" {
			t.Errorf("%s %s: %s", m[1], m[2], err)
		}
	}
	for _, m := range regexp.MustCompile("`(test/sdk/[a-z.]+mjs): ([^`]+)`").FindAllStringSubmatch(string(text), -1) {
		found++
		if err := exists(m[1] + ": " + m[2]); err != "" {
			t.Errorf("%s: %s: %s", m[1], m[2], err)
		}
	}
	if found < 20 {
		t.Errorf("the threat model names %d tests", found)
	}
}

// exists says what is wrong with the name of a test or a file.
func exists(name string) string {
	if file, title, ok := strings.Cut(name, ": "); ok {
		text, err := os.ReadFile(filepath.Join("../..", file))
		if err != nil || !strings.Contains(string(text), "test('"+title) && !strings.Contains(string(text), "test(`"+title) {
			return "there is no such test"
		}
		return ""
	}
	dir, test, ok := strings.Cut(name, " ")
	if !ok {
		if _, err := os.Stat(filepath.Join("../..", name)); err != nil {
			return "there is no such file"
		}
		return ""
	}
	files, err := filepath.Glob(filepath.Join("../..", dir, "*_test.go"))
	if err != nil {
		return err.Error()
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(text), "\nfunc "+test+"(") {
			return ""
		}
	}
	return "there is no such test"
}
