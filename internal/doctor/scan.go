package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// scanGroup is the group of what scanners find.
const scanGroup = "Scanner"

// The bounds of a scanner and of its report.
const (
	scanOutput   = 16 << 20    // bytes of SARIF
	scanSaid     = 256         // bytes of what else it says that the report repeats
	scanWait     = time.Second // for what a program that was ended has started
	scanFindings = 200         // rules that the report takes
	scanText     = 300         // chars of a text of a scanner
)

// Scanner is a program that looks at the installation for the doctor.
type Scanner struct {
	Argv    []string // started without a shell
	Environ []string
	Within  time.Duration
}

// Run runs the scanner, and returns a result for each rule that it found broken,
// one that passes if there are none, and one that is unknown if it could not be
// read. A scanner may exit with any status, as long as it writes a report of SARIF
// 2.1.0 to its output.
func (s Scanner) Run(ctx context.Context) []Result {
	ctx, cancel := context.WithTimeout(ctx, s.Within)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.Argv[0], s.Argv[1:]...) //nolint:gosec // the operator names the program
	out, said := &head{most: scanOutput + 1}, &head{most: scanSaid}
	cmd.Stdout, cmd.Stderr, cmd.Env, cmd.WaitDelay = out, said, s.Environ, scanWait
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return s.failed(fmt.Sprintf("it was not done within %v", s.Within))
	case len(out.text) > scanOutput:
		return s.failed(fmt.Sprintf("it wrote more than %d MiB", scanOutput>>20))
	case err != nil && !errors.As(err, &exit):
		return s.failed(err.Error())
	}
	found, bad := readSARIF(out.text)
	switch {
	case bad != nil && exit != nil:
		return s.failed(fmt.Sprintf("%v: %s", exit, clean(string(said.text))))
	case bad != nil:
		return s.failed(bad.Error())
	case len(found) == 0:
		return []Result{s.result(Low, Pass, "it found nothing")}
	}
	return found
}

func (s Scanner) failed(why string) []Result { return []Result{s.result(Medium, Unknown, why)} }

func (s Scanner) result(severity Severity, status Status, evidence string) Result {
	return Result{
		ID: "SCAN", Group: scanGroup, Severity: severity, Status: status,
		Title: "The scanner finds nothing", Evidence: s.Argv[0] + ": " + evidence,
	}
}

// head keeps the beginning of what is written to it. It is no [bytes.Buffer],
// which reads a pipe to its end by itself.
type head struct {
	text []byte
	most int
}

func (h *head) Write(p []byte) (int, error) {
	h.text = append(h.text, p[:min(len(p), h.most-len(h.text))]...)
	return len(p), nil
}

// foreignLog is what is read of a report of SARIF.
type foreignLog struct {
	Version string `json:"version"`
	Runs    []struct {
		Tool struct {
			Driver struct {
				Name  string        `json:"name"`
				Rules []foreignRule `json:"rules"`
			} `json:"driver"`
		} `json:"tool"`
		Results []foreignResult `json:"results"`
	} `json:"runs"`
}

type foreignRule struct {
	ID               string      `json:"id"`
	ShortDescription foreignText `json:"shortDescription"`
	Help             foreignText `json:"help"`
	HelpURI          string      `json:"helpUri"`
	Default          struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
	Properties struct {
		Score any `json:"security-severity"` // CVSS, as a text or a number
	} `json:"properties"`
}

type foreignText struct {
	Text string `json:"text"`
}

type foreignResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    *int              `json:"ruleIndex"`
	Kind         string            `json:"kind"`
	Level        string            `json:"level"`
	Message      foreignText       `json:"message"`
	Suppressions []json.RawMessage `json:"suppressions"`
	Locations    []struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region struct {
				Line int `json:"startLine"`
			} `json:"region"`
		} `json:"physicalLocation"`
	} `json:"locations"`
}

// readSARIF reads what somebody else's program has found, a result for each rule
// that is broken, the most severe ones first, and at most 200. What a rule is worth
// is said by its CVSS score (property "security-severity") or else by the level of
// the finding. What its author has suppressed, and what is no failure, is left out.
func readSARIF(data []byte) ([]Result, error) {
	var log foreignLog
	if err := json.Unmarshal(data, &log); err != nil {
		return nil, fmt.Errorf("it wrote no SARIF: %w", err)
	}
	if log.Version != "2.1.0" || log.Runs == nil {
		return nil, fmt.Errorf("it wrote no SARIF 2.1.0, but version %.20q", log.Version)
	}
	var list []Result
	at, places := map[string]int{}, map[string]int{}
	for _, run := range log.Runs {
		tool := cmp.Or(clean(run.Tool.Driver.Name), "scanner")
		for _, found := range run.Results {
			rule := found.rule(run.Tool.Driver.Rules)
			severity, counts := found.severity(rule)
			if !counts {
				continue
			}
			id := tool + "/" + cmp.Or(clean(rule.ID), "finding")
			places[id]++
			i, known := at[id]
			if !known {
				i = len(list)
				at[id], list = i, append(list, found.result(id, rule))
			}
			list[i].Severity = max(list[i].Severity, severity)
		}
	}
	for i, r := range list {
		if n := places[r.ID]; n > 1 {
			list[i].Evidence = fmt.Sprintf("%d places, the first: %s", n, r.Evidence)
		}
	}
	slices.SortStableFunc(list, func(a, b Result) int { return cmp.Compare(b.Severity, a.Severity) })
	return list[:min(len(list), scanFindings)], nil
}

// rule returns the rule of a finding, or one of which only the id is known.
func (f foreignResult) rule(rules []foreignRule) foreignRule {
	if i := f.RuleIndex; i != nil && *i >= 0 && *i < len(rules) {
		return rules[*i]
	}
	for _, r := range rules {
		if r.ID == f.RuleID {
			return r
		}
	}
	return foreignRule{ID: f.RuleID}
}

// severity is how bad a finding is, and whether it is one that counts.
func (f foreignResult) severity(rule foreignRule) (Severity, bool) {
	if len(f.Suppressions) > 0 || f.Kind != "" && f.Kind != "fail" {
		return 0, false
	}
	if score, err := strconv.ParseFloat(fmt.Sprint(rule.Properties.Score), 64); err == nil {
		return ofScore(score), score > 0
	}
	switch cmp.Or(f.Level, rule.Default.Level, "warning") {
	case "error":
		return High, true
	case "note":
		return Low, true
	case "none":
		return 0, false
	}
	return Medium, true
}

// ofScore is the severity of a score of CVSS, by its own bounds.
func ofScore(score float64) Severity {
	switch {
	case score >= 9:
		return Critical
	case score >= 7:
		return High
	case score >= 4:
		return Medium
	}
	return Low
}

func (f foreignResult) result(id string, rule foreignRule) Result {
	text := clean(f.Message.Text)
	if len(f.Locations) > 0 {
		if where := f.Locations[0].Physical; where.Artifact.URI != "" {
			text = fmt.Sprintf("%s:%d: %s", clean(where.Artifact.URI), where.Region.Line, text)
		}
	}
	r := Result{
		ID: id, Group: scanGroup, Status: Fail, Title: cmp.Or(clean(rule.ShortDescription.Text), id),
		Evidence: text, Fix: cmp.Or(clean(rule.Help.Text), "see what the scanner says of it"),
	}
	if uri := clean(rule.HelpURI); uri != "" {
		r.References = []string{uri}
	}
	return r
}

// clean makes a text of somebody else one line that does nothing to a terminal.
func clean(text string) string {
	text = strings.ToValidUTF8(text, "")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if runes := []rune(text); len(runes) > scanText {
		return string(runes[:scanText]) + "…"
	}
	return text
}
