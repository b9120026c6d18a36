package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Result is a check and how it ended.
type Result struct {
	ID       string   `json:"id"`
	Group    string   `json:"group"`
	Severity Severity `json:"severity"`
	Status   Status   `json:"status"`
	Title    string   `json:"title"`
	Evidence string   `json:"evidence"`
	Why      string   `json:"why,omitempty"` // of what failed
	Fix      string   `json:"fix,omitempty"`

	// References are where others ask for it; see [references].
	References []string `json:"references,omitempty"`
}

// word is how a result is named to people: what fails below high is a warning.
func (r Result) word() string {
	if r.Status == Fail && r.Severity < High {
		return "WARN"
	}
	return strings.ToUpper(string(r.Status))
}

// Report is what all checks found.
type Report struct{ Results []Result }

func (r *Report) add(c Check, o outcome) {
	result := Result{
		ID: c.ID, Group: c.Group, Severity: c.Severity, Status: o.status,
		Title: c.Title, Evidence: o.evidence, Fix: o.fix, References: references[c.ID],
	}
	if o.status == Fail {
		result.Why = c.Why
	}
	r.Results = append(r.Results, result)
}

// Summary is a report in numbers.
type Summary struct {
	Failed   int    `json:"failed"`   // high and critical
	Warnings int    `json:"warnings"` // medium and low
	Unknown  int    `json:"unknown"`
	Total    int    `json:"total"`
	Score    int    `json:"score"` // 100, without the severities of what failed; at least 0
	Grade    string `json:"grade"` // A needs 90 and nothing failed
}

// Summary counts.
func (r Report) Summary() Summary {
	s := Summary{Total: len(r.Results), Score: 100}
	for _, result := range r.Results {
		switch result.word() {
		case "FAIL":
			s.Failed++
		case "WARN":
			s.Warnings++
		case "UNKNOWN":
			s.Unknown++
		}
		if result.Status == Fail {
			s.Score = max(0, s.Score-int(result.Severity))
		}
	}
	switch {
	case s.Score >= 90 && s.Failed == 0:
		s.Grade = "A"
	case s.Score >= 80:
		s.Grade = "B"
	case s.Score >= 70:
		s.Grade = "C"
	case s.Score >= 60:
		s.Grade = "D"
	default:
		s.Grade = "F"
	}
	return s
}

// Fails reports whether anything failed that is as severe as least.
func (r Report) Fails(least Severity) bool {
	for _, result := range r.Results {
		if result.Status == Fail && result.Severity >= least {
			return true
		}
	}
	return false
}

// String is the one line that sums up.
func (s Summary) String() string {
	var parts []string
	count := func(n int, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	count(s.Failed, "failed", "failed")
	count(s.Warnings, "warning", "warnings")
	count(s.Unknown, "unknown", "unknown")
	found := fmt.Sprintf("all %d checks pass", s.Total)
	if len(parts) > 0 {
		found = fmt.Sprintf("%s of %d", strings.Join(parts, ", "), s.Total)
	}
	return fmt.Sprintf("%s · score %d/100 (%s)", found, s.Score, s.Grade)
}

// TextOptions is how a report is written for people.
type TextOptions struct {
	All    bool // also what passes
	Colour bool
}

// WriteText writes what did not pass, by group, and the summary.
func (r Report) WriteText(w io.Writer, o TextOptions) error {
	var b strings.Builder
	group := ""
	for _, result := range r.Results {
		if result.Status == Pass && !o.All {
			continue
		}
		if result.Group != group {
			group = result.Group
			fmt.Fprintf(&b, "%s\n", group)
		}
		word := fmt.Sprintf("%-7s", result.word())
		if o.Colour {
			word = colour(result.word()) + word + "\x1b[0m"
		}
		fmt.Fprintf(&b, "  %s %s  %s\n", word, result.ID, result.Title)
		line := func(name, text string) {
			if text != "" {
				fmt.Fprintf(&b, "                  %-5s %s\n", name, text)
			}
		}
		line("found", result.Evidence)
		line("why", result.Why)
		line("fix", result.Fix)
		if result.Status == Fail {
			line("see", strings.Join(result.References, ", "))
		}
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintln(&b, r.Summary())
	_, err := io.WriteString(w, b.String())
	return err
}

func colour(word string) string {
	switch word {
	case "FAIL":
		return "\x1b[31m"
	case "WARN":
		return "\x1b[33m"
	case "PASS":
		return "\x1b[32m"
	}
	return "\x1b[36m"
}

// WriteJSON writes the report as one document.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Checks  []Result `json:"checks"`
		Summary Summary  `json:"summary"`
	}{r.Results, r.Summary()})
}
