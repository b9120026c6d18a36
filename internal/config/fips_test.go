package config_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestAProgramThatMayOnlyDoFIPSIsRefused asks this test program again, as the
// mode is chosen when a process starts.
func TestAProgramThatMayOnlyDoFIPSIsRefused(t *testing.T) {
	if os.Getenv("GODEBUG") == "fips140=only" {
		load(t)
		return
	}
	child := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	child.Env = append(os.Environ(), "GODEBUG=fips140=only")
	if out, err := child.CombinedOutput(); err == nil || !strings.Contains(string(out), "GODEBUG: fips140=only forbids") {
		t.Errorf("settings are taken where sealing is forbidden: %v\n%s", err, out)
	}
	child = exec.Command(os.Args[0], "-test.run", "^TestPostgres$")
	child.Env = append(os.Environ(), "GODEBUG=fips140=on")
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("settings are refused on the module: %v\n%s", err, out)
	}
}
