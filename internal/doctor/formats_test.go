package doctor

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
)

var mixed = Report{Results: []Result{
	{"KEY-01", "Keys", Critical, Pass, "It is good", "x", "", "", nil},
	{"KEY-02", "Keys", High, Fail, "It is strong", "it is <not>", "because", "do this", nil},
	{"CON-01", "Console", Low, Unknown, "It is closed", "nobody knows", "", "", nil},
}}

func TestSARIFNamesWhatDidNotPass(t *testing.T) {
	var b strings.Builder
	if err := mixed.WriteSARIF(&b, "1"); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct{ Rules []sarifRule }
			}
			Results []sarifResult
		}
	}
	if err := json.Unmarshal([]byte(b.String()), &log); err != nil || log.Version != "2.1.0" || len(log.Runs) != 1 {
		t.Fatalf("%v: %s", err, b.String())
	}
	run := log.Runs[0]
	if len(run.Tool.Driver.Rules) != 3 || len(run.Results) != 2 || run.Results[0].Level != "error" || run.Results[0].Kind != "fail" || run.Results[1].Kind != "open" || run.Results[1].Level != "none" {
		t.Errorf("got %s", b.String())
	}
}

func TestJUnitCountsFailuresAndWhatIsUnknown(t *testing.T) {
	var b strings.Builder
	if err := mixed.WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	var suite junitSuite
	if err := xml.Unmarshal([]byte(b.String()), &suite); err != nil {
		t.Fatal(err)
	}
	if suite.Tests != 3 || suite.Failures != 1 || suite.Skipped != 1 || suite.Cases[1].Failure.Message != "it is <not>" {
		t.Errorf("got %s", b.String())
	}
}

func TestABaselineLeavesWhatIsNew(t *testing.T) {
	var b strings.Builder
	if err := mixed.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	known, err := ReadBaseline([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if left := mixed.Without(known); left.Fails(Low) || len(left.Results) != 2 {
		t.Errorf("left: %+v", left)
	}
	if _, err := ReadBaseline([]byte(`{}`)); err == nil || !strings.HasSuffix(err.Error(), "no checks in it") {
		t.Errorf("a file that is no report: %v", err)
	}
}
