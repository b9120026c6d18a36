package server_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"moorfast/internal/config"
	"moorfast/internal/doctor"
	"moorfast/internal/server"
	"moorfast/internal/server/servertest"
	"moorfast/internal/store"
)

// weak returns the ids of the checks that fail.
func weak(t *testing.T, owner *servertest.Client) []string {
	t.Helper()
	var report struct {
		Checks []struct {
			ID       string `json:"id"`
			Status   string `json:"status"`
			Evidence string `json:"evidence"`
		} `json:"checks"`
		Summary doctor.Summary `json:"summary"`
	}
	body := owner.Must("GET", "/health/security", nil).Body
	if err := json.Unmarshal([]byte(body), &report); err != nil || report.Summary.Total < 50 {
		t.Fatalf("%v: %s", err, body)
	}
	var ids []string
	for _, c := range report.Checks {
		if c.Status == "fail" {
			ids = append(ids, c.ID)
		}
		if c.Status == "unknown" && strings.Contains(c.Evidence, "SQL") {
			t.Errorf("%s: %s", c.ID, c.Evidence)
		}
	}
	return ids
}

func TestTheDoctorSeesWhatIsOpen(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	before := weak(t, app.Owner)
	for _, id := range []string{"AUT-11", "DAT-01", "DAT-03", "DAT-04", "NET-09", "AUT-12"} {
		if slices.Contains(before, id) {
			t.Errorf("%s fails in a new project", id)
		}
	}
	app.Key.Must("POST", "/storage/buckets", servertest.M{"bucketId": "open", "name": "Open", "encryption": false, "permissions": []string{`create("any")`, `read("any")`}})
	app.Key.Must("POST", "/tablesdb", servertest.M{"databaseId": "main", "name": "Main"})
	app.Key.Must("POST", "/tablesdb/main/tables", servertest.M{"tableId": "open", "name": "Open", "permissions": []string{`update("guests")`}})
	after := weak(t, app.Owner)
	for _, id := range []string{"AUT-11", "DAT-01", "DAT-03", "DAT-04"} {
		if !slices.Contains(after, id) {
			t.Errorf("%s does not fail where something is open; %v do", id, after)
		}
	}
	s.Guest().Refused("GET", "/health/security", nil, 401, "general_unauthorized_scope")
	app.Key.Refused("GET", "/health/security", nil, 401, "general_unauthorized_scope")
}

func TestTheDoctorSeesWhatOnlyTheDatabaseKnows(t *testing.T) {
	s := servertest.New(t, "_APP_DOMAIN=api.example.org")
	app := s.Found()
	app.Key.Must("POST", "/users", servertest.M{"userId": "olga", "email": "olga@example.org", "password": "correct horse 1"})
	before := weak(t, app.Owner)
	for _, id := range []string{"KEY-11", "AUT-08", "AUT-09", "AUD-01", "AUD-02", "AUD-04"} {
		if slices.Contains(before, id) {
			t.Errorf("%s fails in a new installation", id)
		}
	}
	change := func(project, sql string, args ...any) {
		t.Helper()
		err := s.DB().Update(t.Context(), project, func(tx store.Tx) error {
			n, err := tx.Exec(t.Context(), sql, args...)
			if n == 0 {
				t.Errorf("%s changed nothing", sql)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	app.Key.Must("POST", "/project/platforms/web", servertest.M{"platformId": "pages", "name": "Pages", "hostname": "*.example.org"})
	app.Key.Must("POST", "/project/mock-phones", servertest.M{"number": "+16175551212", "otp": "123456"})
	change(app.ID, `UPDATE users SET recovery_codes = ?`, `{"data":"eHg=","method":"aes-128-gcm","iv":"00","tag":"00","version":"1"}`)
	if err := s.Audit.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	change(app.ID, `UPDATE audit_records SET resource = 'user/other' WHERE seq = 1`)
	after := weak(t, app.Owner)
	for _, id := range []string{"KEY-11", "AUT-08", "AUT-09", "AUD-02"} {
		if !slices.Contains(after, id) {
			t.Errorf("%s passes; %v fail", id, after)
		}
	}
}

func TestARunningServerTellsTheDoctorWhatItSees(t *testing.T) {
	s := servertest.New(t, "MOORFAST_TRUSTED_PROXIES=none", collected)
	s.Guest("X-Forwarded-For", "192.0.2.1").Must("GET", "/health/version", nil)
	s.Guest().Must("GET", "/health/version", nil)
	live := new(doctor.Live)
	if err := do(t, s.Server, "doctor.live", struct{}{}, live); err != nil {
		t.Fatal(err)
	}
	if live.Ignored != 1 || live.IgnoredBy != "127.0.0.1" || live.Listen == "" || !live.Since.Equal(s.Clock.Now()) || !live.Collected.IsZero() || live.Process.OpenFiles == 0 {
		t.Errorf("%+v", live)
	}
	scrape(t, s.Monitoring())
	if err := do(t, s.Server, "doctor.live", struct{}{}, live); err != nil || !live.Collected.Equal(s.Clock.Now()) {
		t.Errorf("metrics were asked for, and it says %v: %v", live.Collected, err)
	}
}

func TestTheDoctorLooksAtAnAnswerOfTheServer(t *testing.T) {
	s := servertest.New(t)
	listen := strings.TrimSuffix(strings.TrimPrefix(s.URL, "http://"), "/v1")
	a, err := server.Asker(config.Config{Listen: listen, Domain: config.Domain{Name: "localhost"}})(t.Context())
	if err != nil || !a.Secure || a.Header["x-content-type-options"] != "nosniff" || a.Header["strict-transport-security"] == "" {
		t.Errorf("%+v, %v", a, err)
	}
	s.Stop()
	if a, err := server.Asker(config.Config{Listen: listen})(t.Context()); err == nil {
		t.Errorf("a server that has stopped answers %+v", a)
	}
}

// Whoever asks hears whether the lists would keep him out.
func TestTheDoctorKnowsWhoAsks(t *testing.T) {
	s := servertest.New(t, "_APP_CONSOLE_WHITELIST_IPS=127.0.0.0/8")
	owner := s.Found().Owner
	body := owner.Must("GET", "/health/security", nil).Body
	if !strings.Contains(body, `"evidence": "127.0.0.1 is"`) {
		t.Errorf("CON-12 knows of no caller: %s", body)
	}
}

// A default installation with its first owner gets an A on a machine that is fine.
// What the machine of this test is like is not asked here.
func TestADefaultInstallationHasLittleToMend(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data") // which the server makes
	env := servertest.Environment(t)
	s := servertest.Open(t, dir, append(env, "_APP_OPTIONS_ABUSE=enabled")...)
	mine := slices.DeleteFunc(weak(t, s.Found().Owner), func(id string) bool {
		return strings.HasPrefix(id, "HST-") || id == "KEY-14" || id == "NET-13" || id == "SUP-04" || id == "AUT-05" || id == "DAT-06"
	})
	// AUT-07 is for the key of this test, which may do everything.
	want := []string{"KEY-05", "CON-06", "AUT-04", "AUT-07", "DAT-02", "AUD-03"}
	if len(env) > 0 { // PostgreSQL, on whose disk no root key is
		want = want[1:]
	}
	if !slices.Equal(mine, want) {
		t.Errorf("%v fail, want %v", mine, want)
	}
}
