package metrics

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"moorfast/internal/apierr"
)

const (
	alerts      = "../../docs/monitoring/alerts.yml"
	alertsTests = "../../docs/monitoring/alerts_test.yml"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestTheAlertRulesDoWhatTheySay runs where MOORFAST_TEST_PROMTOOL names promtool.
func TestTheAlertRulesDoWhatTheySay(t *testing.T) {
	promtool := os.Getenv("MOORFAST_TEST_PROMTOOL")
	if promtool == "" {
		t.Skip("MOORFAST_TEST_PROMTOOL is not set; make promtool prints it")
	}
	for _, args := range [][]string{{"check", "rules", "--lint-fatal", alerts}, {"test", "rules", alertsTests}} {
		if out, err := exec.Command(promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

var (
	rule   = regexp.MustCompile(`(?m)^ *- alert: (\w+)$`)
	silent = regexp.MustCompile(`(?m)^ *- \{ alertname: (\w+), eval_time: \w+ \}$`)
	speaks = regexp.MustCompile(`(?m)^ *- alertname: (\w+)\n.*\n *exp_alerts:\n *- exp_labels:`)
)

func TestEachAlertRuleIsTriedSilentAndSpeaking(t *testing.T) {
	rules, tests := rule.FindAllStringSubmatch(read(t, alerts), -1), read(t, alertsTests)
	if len(rules) < 20 {
		t.Fatalf("there are %d rules", len(rules))
	}
	tried := func(how *regexp.Regexp) map[string]bool {
		names := map[string]bool{}
		for _, m := range how.FindAllStringSubmatch(tests, -1) {
			names[m[1]] = true
		}
		return names
	}
	quiet, loud := tried(silent), tried(speaks)
	for _, m := range rules {
		if !quiet[m[1]] || !loud[m[1]] {
			t.Errorf("%s: tried silent: %v, speaking: %v", m[1], quiet[m[1]], loud[m[1]])
		}
	}
}

// What counts up from nothing is no increase: a first virus would go unnoticed.
func TestWhatAlertsWatchIsThereBeforeItHappens(t *testing.T) {
	_, body := collect(t, New("1.2.3"), "", "")
	types := regexp.MustCompile(`moorfast_errors_total\{type=~?"([^"]+)"`).FindAllStringSubmatch(read(t, alerts), -1)
	if len(types) == 0 {
		t.Fatal("no rule watches errors")
	}
	for _, m := range types {
		for name := range strings.SplitSeq(m[1], "|") {
			if !strings.Contains(body, `moorfast_errors_total{type="`+name+`"} 0`) {
				t.Errorf("%s is not there from the start", name)
			}
		}
	}
	for _, rule := range []string{"address", "email", "root"} {
		if !strings.Contains(body, `moorfast_console_denied_total{rule="`+rule+`"} 0`) {
			t.Errorf("the rule %s is not there from the start", rule)
		}
	}
}

func TestMetricsAreNamedAsPrometheusWantsThem(t *testing.T) {
	m := New("1.2.3")
	m.Observe(nil, 404, apierr.RouteNotFound, 0)
	m.Examined(86, map[string]int{"high": 1})
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(families) == 0 {
		t.Fatal(len(families), err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
