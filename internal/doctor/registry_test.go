package doctor

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

const page = "../../docs/self-hosting/doctor.md"

// The groups of security.md D.8, and how many checks each has.
var groups = map[string]int{
	"KEY": 14, "CON": 12, "NET": 14, "AUT": 12, "DAT": 12, "AUD": 8, "HST": 6, "SUP": 6, "CMP": 4,
}

func TestTheRegistryHasEveryCheckOfThePage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| ([A-Z]{3}-\d\d) \| (\w+) \| (.+) \|$`).FindAllStringSubmatch(string(text), -1)
	told := map[string]string{}
	for _, row := range rows {
		told[row[1]] = row[2] + ": " + row[3]
	}
	security, count := 0, map[string]int{}
	for _, c := range checks() {
		if is := c.Severity.String() + ": " + c.Title; told[c.ID] != is {
			t.Errorf("%s says of %s %q, and the registry %q", page, c.ID, told[c.ID], is)
		}
		delete(told, c.ID)
		count[c.ID[:3]]++
		if c.Security() {
			security++
		}
		if len(references[c.ID]) == 0 {
			t.Errorf("%s refers to nothing", c.ID)
		}
	}
	for id := range told {
		t.Errorf("%s has %s, which is no check", page, id)
	}
	for group, n := range groups {
		for i := range n {
			if id := fmt.Sprintf("%s-%02d", group, i+1); count[group] != n || !strings.Contains(string(text), "| "+id+" |") {
				t.Errorf("%s: %d checks, want %d up to %s", group, count[group], n, id)
			}
		}
	}
	if want := fmt.Sprintf("%d checks, of which %d are about security", len(checks()), security); !strings.Contains(string(text), want) || len(references) != len(checks()) {
		t.Errorf("%s does not say %q; there are %d references", page, want, len(references))
	}
	if len(checks()) != 88 || security != 78 {
		t.Errorf("%d checks, %d about security", len(checks()), security)
	}
}
