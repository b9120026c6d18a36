package doctor

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Formats are the ways in which a report can be written.
var Formats = []string{"text", "json", "sarif", "junit", "appwrite"}

// sarifLevel is the word of SARIF for how bad a finding is.
func (r Result) sarifLevel() string {
	switch {
	case r.Status == Unknown:
		return "none"
	case r.Severity >= High:
		return "error"
	case r.Severity >= Medium:
		return "warning"
	}
	return "note"
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifRule struct {
	ID               string    `json:"id"`
	ShortDescription sarifText `json:"shortDescription"`
	FullDescription  sarifText `json:"fullDescription"`
	Help             sarifText `json:"help"`
	Properties       sarifTags `json:"properties"`
}

type sarifTags struct {
	Tags []string `json:"tags"`
}

type sarifResult struct {
	RuleID  string    `json:"ruleId"`
	Kind    string    `json:"kind"`
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

// WriteSARIF writes what did not pass as a log of SARIF 2.1.0, which code scanning
// and dashboards read.
func (r Report) WriteSARIF(w io.Writer, version string) error {
	rules, results := []sarifRule{}, []sarifResult{}
	for _, result := range r.Results {
		rule := sarifRule{ID: result.ID, ShortDescription: sarifText{result.Title}, FullDescription: sarifText{result.Group + ": " + result.Title}, Help: sarifText{"moorfast doctor --all"}, Properties: sarifTags{append([]string{}, result.References...)}}
		if result.Fix != "" {
			rule.FullDescription, rule.Help = sarifText{result.Why}, sarifText{result.Fix}
		}
		rules = append(rules, rule)
		kind := map[Status]string{Fail: "fail", Unknown: "open"}[result.Status]
		if kind == "" {
			continue
		}
		results = append(results, sarifResult{RuleID: result.ID, Kind: kind, Level: result.sarifLevel(), Message: sarifText{result.Title + ": " + result.Evidence}})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"version": "2.1.0",
		"runs": []any{map[string]any{
			"tool":    map[string]any{"driver": map[string]any{"name": "moorfast doctor", "version": version, "rules": rules}},
			"results": results,
		}},
	})
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Skipped *junitSkipped `xml:"skipped,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

// WriteJUnit writes the report as a suite of JUnit, which build servers read.
func (r Report) WriteJUnit(w io.Writer) error {
	suite := junitSuite{Name: "moorfast doctor", Tests: len(r.Results)}
	for _, result := range r.Results {
		c := junitCase{Name: result.ID + " " + result.Title, Class: result.Group}
		switch result.Status {
		case Fail:
			suite.Failures++
			c.Failure = &junitFailure{result.Evidence, result.Severity.String(), result.Why + "\n" + result.Fix}
		case Unknown:
			suite.Skipped++
			c.Skipped = &junitSkipped{result.Evidence}
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// From returns the report without what is less severe than least.
func (r Report) From(least Severity) Report {
	return Report{slices.DeleteFunc(slices.Clone(r.Results), func(result Result) bool { return result.Severity < least })}
}

// Without returns the report without the failures that another, older one has:
// what is new since then. It is for an operator who has looked at the others.
func (r Report) Without(known []Result) Report {
	seen := map[string]bool{}
	for _, k := range known {
		if k.Status == Fail {
			seen[k.ID] = true
		}
	}
	var left Report
	for _, result := range r.Results {
		if result.Status != Fail || !seen[result.ID] {
			left.Results = append(left.Results, result)
		}
	}
	return left
}

// ReadBaseline reads a report that [Report.WriteJSON] wrote.
func ReadBaseline(data []byte) ([]Result, error) {
	var file struct {
		Checks []struct {
			ID     string `json:"id"`
			Status Status `json:"status"`
		} `json:"checks"`
	}
	err := json.Unmarshal(data, &file)
	if err == nil && len(file.Checks) == 0 {
		err = errors.New("there are no checks in it")
	}
	if err != nil {
		return nil, fmt.Errorf("it is no report of moorfast doctor --format json: %w", err)
	}
	results := make([]Result, len(file.Checks))
	for i, c := range file.Checks {
		results[i] = Result{ID: c.ID, Status: c.Status}
	}
	return results, nil
}
