package doctor

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWhatCanBeRepairedIsRepaired(t *testing.T) {
	s := installation(t)
	data := s.Config.Data
	chmod(t, data, 0o755)
	open, left, foreign, young := filepath.Join(data, "open"), filepath.Join(data, "upkeep.json.new"), filepath.Join(data, "users.sql"), filepath.Join(data, ".writable-2")
	for _, path := range []string{open, left, foreign, young} {
		touch(t, path)
	}
	chmod(t, open, 0o646)
	chmod(t, s.Config.Key.Path(), 0o640)
	for path, age := range map[string]time.Duration{left: 2 * leftAfter, foreign: 2 * leftAfter, young: leftAfter / 2} {
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	report := Run(context.Background(), *s)
	list, err := report.Repairs(context.Background(), *s)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if err := r.Do(); err != nil {
			t.Errorf("%s %s: %v", r.Check, r.Path, err)
		}
	}
	for path, want := range map[string]fs.FileMode{data: 0o700, open: 0o600, s.Config.Key.Path(): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %o", path, info.Mode().Perm(), err, want)
		}
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("a temporary file of ours is still there")
	}
	for _, path := range []string{foreign, young} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("a file that may be in use, or somebody's: %v", err)
		}
	}
	for _, r := range Run(context.Background(), *s).Results {
		if _, ok := repairs[r.ID]; ok && r.Status != Pass && r.ID != "DAT-12" {
			t.Errorf("%s is %s afterwards: %s", r.ID, r.Status, r.Evidence)
		}
	}
}

// A repair looks again at what it changes.
func TestARepairFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	target, path := filepath.Join(dir, "target"), filepath.Join(dir, "file")
	touch(t, target)
	chmod(t, target, 0o644)
	r := toMode(path, 0o644, 0o600)
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	if err := r.Do(); err == nil || !strings.Contains(err.Error(), "is a link") {
		t.Errorf("got %v", err)
	}
	if info, err := os.Stat(target); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the target has changed: %v, %v", info.Mode(), err)
	}
}
