package failpoint_test

import (
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A program that is released can not be told to die.
func TestFailpointsAreInNoReleasedProgram(t *testing.T) {
	released := build.Default
	released.BuildTags = nil
	p, err := released.ImportDir(".", 0)
	if err != nil || !slices.Equal(p.GoFiles, []string{"failpoint.go", "off.go"}) {
		t.Errorf("a release has %v of this package (%v)", p.GoFiles, err)
	}
	reads := 0
	for _, dir := range []string{"..", "../../cmd"} {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if strings.Contains(string(text), `"MOORFAST_FAILPOINT"`) {
				reads++
				if filepath.Base(path) != "on.go" {
					t.Errorf("%s reads the variable", path)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	if reads != 1 {
		t.Errorf("%d files read the variable", reads)
	}
}
