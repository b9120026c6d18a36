package server_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"moorfast/internal/doctor"
	"moorfast/internal/server/servertest"
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
