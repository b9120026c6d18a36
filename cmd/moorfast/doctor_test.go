package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The doctor repairs an installation on the host, and asks first.
func TestTheDoctorRepairs(t *testing.T) {
	running, environ := audited(t)
	data := strings.TrimPrefix(environ[0], "MOORFAST_DATA=")
	running.Stop()
	if err := os.Chmod(data, 0o755); err != nil {
		t.Fatal(err)
	}
	mode := func() fs.FileMode {
		info, err := os.Stat(data)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	if code, _, stderr := command(t, environ, "doctor", "--fix"); code != 2 || !strings.Contains(stderr, "wants --yes") || mode() != 0o755 {
		t.Errorf("without a terminal: %d, mode %o, %s", code, mode(), stderr)
	}
	if _, stdout, stderr := command(t, environ, "doctor", "--fix", "--dry-run"); !strings.Contains(stderr, "mode 700 instead of 755") || !strings.Contains(stdout, "DAT-05") || mode() != 0o755 {
		t.Errorf("a dry run: mode %o, %s%s", mode(), stdout, stderr)
	}
	if _, stdout, stderr := command(t, environ, "doctor", "--fix", "--yes"); strings.Contains(stdout, "DAT-05") || mode() != 0o700 {
		t.Errorf("a repair: mode %o, %s%s", mode(), stdout, stderr)
	}
	want(t, exitOK, environ, "admin", "create", "root@example.org") // opens the log, which takes in what was done without a server
	if _, stdout, _ := command(t, environ, "audit", "search", "--event", "doctor.fix"); !strings.Contains(stdout, "DAT-05") {
		t.Errorf("the audit log has no record of it: %s", stdout)
	}
	scan := filepath.Join(t.TempDir(), "scan")
	text := "#!/bin/sh\nenv | grep -c '^_APP_\\|^MOORFAST_' | sed 's/.*/{\"version\":\"2.1.0\",\"runs\":[{\"results\":[{\"ruleId\":\"settings-&\"}]}]}/'\n"
	if err := os.WriteFile(scan, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	environ = append(environ, "MOORFAST_SCAN_HOOK="+scan, "PATH="+os.Getenv("PATH"))
	if _, stdout, stderr := command(t, environ, "doctor"); !strings.Contains(stdout, "scanner/settings-0") {
		t.Errorf("a scanner sees settings, or was not run: %s%s", stdout, stderr)
	}
	if _, stdout, _ := command(t, environ, "doctor", "--offline"); strings.Contains(stdout, "settings-") {
		t.Error("a scanner was run offline")
	}
}
