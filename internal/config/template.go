package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// FilePath is where the settings file of a data directory is looked for.
func (c Config) FilePath() string { return filepath.Join(c.Data, fileName) }

// template returns a settings file in which the profile is chosen, with the TLS
// that hardened needs, and every other setting is there with what it means, commented
// out at its default.
func template(profile string) []byte {
	var b bytes.Buffer
	b.WriteString("# Settings of moorfast. Flags and the environment win over this file.\n" +
		"# A line that begins with # does nothing: it shows a setting at its default.\n" +
		"# moorfast config show --origin tells what is in effect, moorfast config check what is wrong.\n")
	for _, row := range new(Config).settings() {
		if row.key == "data" {
			continue // the file lies in it
		}
		b.WriteString("\n")
		doc := row.doc
		if row.later != "" {
			doc += " (does nothing yet: " + row.later + ")"
		}
		for _, line := range wrap(doc, 100) {
			fmt.Fprintf(&b, "# %s\n", line)
		}
		fmt.Fprintf(&b, "# In the environment: %s\n", strings.Join(append([]string{row.env()}, row.app...), ", "))
		switch {
		case row.key == "profile":
			fmt.Fprintf(&b, "profile = %q\n", profile)
		case row.key == "tls" && profile == Hardened: // which serves nothing without
			b.WriteString("# Comment it out where a proxy on this machine speaks TLS.\ntls = \"local\"\n")
		case row.kind.secret:
			fmt.Fprintf(&b, "# %s_file = \"\"\n", row.key)
		default:
			fmt.Fprintf(&b, "# %s = %s\n", row.key, row.toml())
		}
	}
	return b.Bytes()
}

// toml is the default of a setting, as the settings file has it.
func (s setting) toml() string {
	if _, err := strconv.ParseInt(s.start, 10, 64); err == nil {
		return s.start
	}
	if s.start == "true" || s.start == "false" {
		return s.start
	}
	return strconv.Quote(s.start)
}

// wrap breaks a text into lines of at most width bytes, between words.
func wrap(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// WriteTemplate makes a settings file that its owner alone can read. One that is
// there is left alone; the error is then [fs.ErrExist].
func WriteTemplate(path, profile string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(template(profile))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(path)
	}
	return err
}
