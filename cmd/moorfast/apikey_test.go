package main

import (
	"strings"
	"testing"

	"moorfast/internal/server/servertest"
)

func TestKeysThatNobodyNeedsAreFound(t *testing.T) {
	dir := t.TempDir()
	s := servertest.Open(t, dir)
	app := s.Found()
	scoped := []string{"users.read"}
	app.Admin.Must("POST", "/project/keys", servertest.M{"keyId": "fine", "name": "Fine", "scopes": scoped, "expire": "2027-01-01T00:00:00.000+00:00"})
	app.Admin.Must("POST", "/project/keys", servertest.M{"keyId": "long", "name": "Long", "scopes": scoped, "expire": "2036-01-01T00:00:00.000+00:00"})
	app.Admin.Must("POST", "/project/keys", servertest.M{"keyId": "ended", "name": "Ended", "scopes": scoped, "expire": "2026-01-02T03:04:05.700+00:00"})
	environ := []string{"MOORFAST_DATA=" + dir}
	for _, c := range []struct {
		args string
		code int
		out  []string
	}{
		{"api-key scan", 1, []string{"app/all ", "endless", "all-scopes", "app/long ", "app/ended ", "need a look"}},
		{"api-key scan --project app --json", 1, []string{`"keys": 4`, `"findings": [`}},
		{"api-key scan --project nothing", 2, nil},
		{"api-key scan --unused 0", 2, nil},
	} {
		code, out, errs := command(t, environ, strings.Fields(c.args)...)
		if code != c.code {
			t.Errorf("%s: code %d, want %d\n%s%s", c.args, code, c.code, out, errs)
		}
		for _, want := range c.out {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in\n%s", c.args, want, out)
			}
		}
		if strings.Contains(out, "standard_") {
			t.Errorf("%s shows a secret:\n%s", c.args, out)
		}
	}
}
