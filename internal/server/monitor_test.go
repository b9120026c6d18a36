package server_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/certs"
	"moorfast/internal/metrics"
	"moorfast/internal/server"
	"moorfast/internal/server/servertest"
)

func scrape(t *testing.T, h http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

const collected = "MOORFAST_METRICS_LISTEN=127.0.0.1:0"

// What a caller writes makes no new series: there would be no end of them.
func TestNobodyFromOutsideMakesNewSeries(t *testing.T) {
	s := servertest.New(t, collected, "_APP_CONSOLE_WHITELIST_IPS=127.0.0.1")
	app := s.Found()
	series := func() map[string]bool {
		names := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^(moorfast_.*) \S+$`).FindAllStringSubmatch(scrape(t, s.Monitoring()), -1) {
			names[m[1]] = true
		}
		return names
	}
	round := func(from, to int) {
		for i := from; i < to; i++ {
			any := fmt.Sprintf("x%dx", i)
			app.Guest.Do("GET", "/"+any, nil)
			app.Guest.Do("GET", "/users/"+any, nil)
			app.Guest.Do("GET", "/avatars/initials?name="+any, nil)
			app.Key.Do("GET", "/users/"+any, nil)
			app.Key.Do("POST", "/users", servertest.M{"userId": any, "email": any + "@example.org", "password": right})
			app.Guest.With("User-Agent", any, "X-Appwrite-Project", any, "X-SDK-Name", any).Do("GET", "/account", nil)
			app.Guest.With("Origin", "https://"+any+".example.org").Do("GET", "/account", nil)
			app.Guest.With("X-Appwrite-JWT", any).Do("GET", "/account", nil)
			s.Guest("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i)).Do("GET", "/teams", nil)
			app.Guest.With().Do("POST", signIn, login(any+"@example.com", wrong))
			request, err := http.NewRequestWithContext(t.Context(), "M"+strings.ToUpper(any), s.URL+"/account", nil)
			if err != nil {
				t.Fatal(err)
			}
			if a, err := http.DefaultClient.Do(request); err == nil {
				a.Body.Close()
			}
		}
	}
	round(0, 52) // as many wrong passwords as the guard takes from one network
	first := series()
	round(52, 90)
	for name := range series() {
		if !first[name] {
			t.Errorf("%s was not there before", name)
		}
	}
	if len(first) == 0 {
		t.Error("there are none")
	}
}

func TestEveryEndpointThatChecksASecretIsCountedAsASignIn(t *testing.T) {
	table, err := server.Table()
	if err != nil {
		t.Fatal(err)
	}
	for i := range table {
		if table[i].Rules.Proof != api.OfEmail && table[i].Rules.Proof != api.OfUserID {
			continue
		}
		m := metrics.New("1.2.3")
		m.Observe(&table[i], 401, nil, time.Millisecond)
		if !strings.Contains(scrape(t, m.Handler("", nil)), `moorfast_auth_attempts_total{method="`) {
			t.Errorf("%s is not counted", table[i].Name)
		}
	}
}

// monitored is a server that has something to say of everything.
func monitored(t *testing.T) string {
	t.Helper()
	s := servertest.New(t, collected, "MOORFAST_AUDIT_FILE="+filepath.Join(t.TempDir(), "audit"))
	app := s.Found()
	app.Guest.Do("POST", signIn, login("nobody@example.com", wrong))
	local, err := certs.Local(certs.LocalOptions{Dir: t.TempDir(), Names: []string{"api.example.org"}, Now: s.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.CertificateEnds(local)
	if err := s.CheckUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.CheckAudit(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return scrape(t, s.Monitoring())
}

func TestTheGaugesOfTheServerSayWhatIsSo(t *testing.T) {
	body := monitored(t)
	for _, want := range []string{
		`moorfast_cert_expiry_seconds{name="api.example.org"} 7.775`,
		`moorfast_key_age_seconds{purpose="root"} `,
		`moorfast_key_age_seconds{purpose="field"} `,
		`moorfast_key_rotation_progress 1`,
		`moorfast_audit_verify_ok 1`,
		`moorfast_audit_writable 1`,
		`moorfast_audit_lag_records{sink="file"} `,
		`moorfast_doctor_score `,
	} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("there is no %s", want)
		}
	}
}

type dashboard struct {
	Panels []struct {
		ID      int
		Type    string
		Title   string
		GridPos struct{ H, W, X, Y int }
		Targets []struct{ Expr string }
	}
}

func openDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	b, err := os.ReadFile("../../docs/monitoring/dashboard.json")
	if err == nil {
		err = json.Unmarshal(b, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// expressions are those of the alert rules and of the dashboard, by where they are.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{}
	rules, err := os.ReadFile("../../docs/monitoring/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`- alert: (\w+)\n *expr: (.*)\n`).FindAllStringSubmatch(string(rules), -1) {
		list[m[1]] = m[2]
	}
	alerts := len(list)
	for _, p := range openDashboard(t).Panels {
		for i, target := range p.Targets {
			list[fmt.Sprintf("panel %d (%s) %d", p.ID, p.Title, i)] = target.Expr
		}
	}
	if alerts < 20 || len(list) < alerts+20 {
		t.Fatalf("%d alerts, %d expressions", alerts, len(list))
	}
	return list
}

var (
	texts = regexp.MustCompile(`"[^"]*"`)
	named = regexp.MustCompile(`\b(moorfast|process|go)_\w+\b`)
)

func TestRulesAndDashboardAskForWhatThereIs(t *testing.T) {
	there := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+)[{ ]`).FindAllStringSubmatch(monitored(t), -1) {
		there[m[1]] = true
	}
	shown := map[string]bool{}
	for where, expr := range expressions(t) {
		list := named.FindAllString(texts.ReplaceAllString(expr, `""`), -1)
		for _, name := range list {
			shown[name] = true
			if !there[name] {
				t.Errorf("%s asks for %s", where, name)
			}
		}
		if len(list) == 0 && !strings.Contains(expr, "up{") {
			t.Errorf("%s asks for nothing: %s", where, expr)
		}
	}
	for name := range there {
		name = strings.TrimSuffix(strings.TrimSuffix(name, "_sum"), "_count")
		if strings.HasPrefix(name, "moorfast_") && !shown[name] && !shown[name+"_bucket"] {
			t.Errorf("%s is in no panel and no rule", name)
		}
	}
}

func TestNoPanelLiesOnAnother(t *testing.T) {
	taken := map[[2]int]int{}
	for _, p := range openDashboard(t).Panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d shows nothing", p.ID)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != 0 || x >= 24 {
					t.Fatalf("panel %d lies on %d", p.ID, other)
				}
				taken[[2]int{x, y}] = p.ID
			}
		}
	}
}

// TestTheDashboardIsUnderstood runs where MOORFAST_TEST_PROMTOOL names promtool,
// which also looks over what a server says.
func TestTheDashboardIsUnderstood(t *testing.T) {
	promtool := os.Getenv("MOORFAST_TEST_PROMTOOL")
	if promtool == "" {
		t.Skip("MOORFAST_TEST_PROMTOOL is not set; make promtool prints it")
	}
	rules := "groups:\n  - name: dashboard\n    rules:\n"
	n := 0
	for _, expr := range expressions(t) {
		n++
		expr = strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*").Replace(expr)
		rules += fmt.Sprintf("      - record: expression:%d\n        expr: %q\n", n, expr)
	}
	path := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(path, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(promtool, "check", "rules", path).CombinedOutput(); err != nil {
		t.Errorf("the expressions: %v\n%s", err, out)
	}
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = strings.NewReader(monitored(t))
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("the metrics: %v\n%s", err, out)
	}
}
