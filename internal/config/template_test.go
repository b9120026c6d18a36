package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheTemplateHasEverySettingAtItsDefault(t *testing.T) {
	path := filepath.Join(t.TempDir(), fileName)
	if err := WriteTemplate(path, Hardened); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := WriteTemplate(path, Standard); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that was there: %v", err)
	}
	c, err := Load(Sources{File: path})
	if err != nil || c.Profile != Hardened || c.Network.TLS.Mode != TLSLocal || (&loader{config: &c}).from("listen") != "default" {
		t.Fatalf("%v, profile %s", err, c.Profile)
	}

	// With the marks taken away, all that has a default has it from the file.
	var open []string
	for line := range strings.Lines(string(template(Standard))) {
		if len(line) > 103 && !strings.HasPrefix(line, "# In the environment: ") {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
		rest, marked := strings.CutPrefix(line, "# ")
		key, value, found := strings.Cut(rest, " = ")
		if marked && found && !strings.Contains(key, " ") && value != "\"\"\n" {
			line = rest
		}
		open = append(open, line)
	}
	if err := os.WriteFile(path, []byte(strings.Join(open, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := Load(Sources{File: path})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Load(Sources{File: filepath.Join(t.TempDir(), "none")})
	var wrong *Error
	if err != nil && !errors.As(err, &wrong) {
		t.Fatal(err)
	}
	for i, v := range all.Describe() {
		if want := plain.Describe()[i]; v.Text != want.Text && want.From == "default" {
			t.Errorf("%s is %q, and %q by default", v.Key, v.Text, want.Text)
		}
	}
	from := (&loader{config: &all}).from
	for _, row := range new(Config).settings() {
		if row.key != "data" && strings.Count(string(template(Standard)), "# In the environment: "+row.env()+"\n")+
			strings.Count(string(template(Standard)), "# In the environment: "+row.env()+",") != 1 {
			t.Errorf("%s is not there once", row.key)
		}
		if row.start != "" && row.key != "data" && !strings.HasPrefix(from(row.key), path) {
			t.Errorf("%s is from %s", row.key, from(row.key))
		}
	}
}
