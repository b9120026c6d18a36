package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"moorfast/internal/vault"
)

// Sources are where settings come from. A flag wins over the environment, and
// that over the settings file.
type Sources struct {
	Flags   map[string]string // given on the command line, by key of the setting
	Environ []string          // "NAME=value"
	File    string            // the settings file; "" is moorfast.toml in the data directory, if there
}

// Process returns the sources of this process.
func Process(flags map[string]string, file string) Sources {
	return Sources{Flags: flags, Environ: os.Environ(), File: file}
}

// NoColor reports whether the user wants no colours (no-color.org).
func (s Sources) NoColor() bool { return s.environ()["NO_COLOR"] != "" }

// Caller is the address of who is signed in to this machine from elsewhere, as
// SSH tells it; it is not valid where nobody is.
func (s Sources) Caller() netip.Addr {
	client, _, _ := strings.Cut(s.environ()["SSH_CONNECTION"], " ")
	addr, err := netip.ParseAddr(client)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

func (s Sources) environ() map[string]string {
	env := make(map[string]string, len(s.Environ))
	for _, pair := range s.Environ {
		if name, value, ok := strings.Cut(pair, "="); ok {
			env[name] = value
		}
	}
	return env
}

// Load reads and checks all settings, and changes nothing. The error is an
// [*Error] with every mistake; the Config is then only good for [Config.Describe].
func Load(s Sources) (Config, error) {
	var c Config
	l := &loader{config: &c, flags: s.Flags, env: s.environ(), rows: c.settings()}
	c.env = func(name string) (string, bool) { text, ok := l.env[name]; return text, ok }
	l.readFile(s.File)
	for _, row := range l.rows {
		l.key = row.key
		l.load(row)
	}
	l.key = ""
	l.unknown()
	l.finish()
	if len(l.mistakes) > 0 {
		return c, &Error{l.mistakes}
	}
	return c, nil
}

type loader struct {
	config   *Config
	rows     []setting
	flags    map[string]string
	env      map[string]string
	file     map[string]any
	path     string // of the file, if there is one
	mode     fs.FileMode
	key      string // of the setting at hand
	mistakes []Mistake
}

// given is the text of a setting, and where it was found.
type given struct{ text, from string }

func (l *loader) wrong(where, remedy, format string, args ...any) {
	l.mistakes = append(l.mistakes, Mistake{l.key, where, fmt.Sprintf(format, args...), remedy})
}

// readFile finds and reads the settings file. The data directory it may lie in
// is that of the flag, the environment, or the default.
func (l *loader) readFile(path string) {
	where := "--config"
	if path == "" {
		path, where = l.env["MOORFAST_CONFIG"], "MOORFAST_CONFIG"
	}
	named := path != ""
	if !named {
		data := l.rows[0] // the table begins with it
		dir := data.start
		if v, ok := l.given(data); ok && v.text != "" {
			dir = v.text
		}
		path = filepath.Join(dir, fileName)
		where = path
	}
	file, mode, err := readFile(path)
	switch {
	case !named && errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		l.wrong(where, "", "can not be read: %v", err)
		return
	}
	l.file, l.path, l.mode = file, path, mode
	if _, ok := file["data"]; ok && !named {
		l.wrong(l.at("data"), "name the file with --config, or the directory with --data",
			"the file was found in the data directory, so it can not say where that is")
	}
}

// load gives one setting its text.
func (l *loader) load(row setting) {
	value, ok := l.given(row)
	if !ok {
		value = given{row.start, "default"}
	}
	if ok && row.later != "" {
		l.config.unused = append(l.config.unused, Unused{value.from, row.later})
	}
	shown := value.text
	// A source that is none is often the key itself.
	if shown != "" && (row.kind.secret || row.source && keySource(shown) != nil) {
		shown = "[secret]"
	}
	l.config.values = append(l.config.values, Value{row.key, shown, value.from, row.doc, vault.Hide(value.text)})
	if !ok && row.start == "" && !row.kind.secret {
		return // the zero value of the field
	}
	if err := row.kind.read(value.text); err != nil {
		// Errors that were joined are mistakes of their own.
		for what := range strings.SplitSeq(err.Error(), "\n") {
			l.wrong(value.from, "", "%s", what)
		}
	}
}

// given finds the text of a setting, where the highest of its sources has one.
func (l *loader) given(row setting) (given, bool) {
	if text, ok := l.flags[row.key]; ok {
		return given{text, "--" + strings.ReplaceAll(row.key, "_", "-")}, true
	}
	own, isOwn := l.variable(row.env(), row)
	app, isApp := l.appwrite(row)
	switch {
	case isOwn && isApp && own.text != app.text:
		l.wrong(own.from+" and "+app.from, "remove one of them", "they mean the same and differ")
		return own, true
	case isOwn:
		return own, true
	case isApp:
		return app, true
	}
	return l.inFile(row)
}

// variable reads an environment variable, or the file that NAME_FILE names if
// it is a secret. An empty one is not set.
func (l *loader) variable(name string, row setting) (given, bool) {
	text := l.env[name]
	if !row.kind.secret {
		return given{text, name}, text != ""
	}
	path := l.env[name+"_FILE"]
	if path == "" {
		return given{text, name}, text != ""
	}
	if text != "" {
		l.wrong(name+" and "+name+"_FILE", "remove one of them", "both are set")
	}
	text, err := readSecret(path)
	if err != nil {
		l.wrong(name+"_FILE", "", "can not be read: %v", err)
	}
	return given{text, name + "_FILE"}, true
}

// appwrite reads a setting by Appwrite's names for it. There, an empty variable
// and "0" are not set.
func (l *loader) appwrite(row setting) (given, bool) {
	for _, name := range row.app {
		if row.source {
			if v, ok := l.keyVariable(name); ok {
				return v, true
			}
			continue
		}
		if v, ok := l.variable(name, row); ok && v.text != "0" {
			return v, true
		}
	}
	return given{}, false
}

func (l *loader) inFile(row setting) (given, bool) {
	if row.kind.secret {
		if path, ok := l.file[row.key+"_file"].(string); ok {
			text, err := readSecret(path)
			if err != nil {
				l.wrong(l.at(row.key+"_file"), "", "can not be read: %v", err)
			}
			return given{text, l.at(row.key + "_file")}, true
		}
	}
	value, ok := l.file[row.key]
	if !ok {
		return given{}, false
	}
	if row.kind.secret && l.mode.Perm()&0o077 != 0 {
		l.wrong(l.at(row.key), "chmod 600 "+l.path+", or name a file with "+row.key+"_file",
			"it is a secret in a file that others can read")
	}
	text, err := fileText(value, row.kind)
	if err != nil {
		l.wrong(l.at(row.key), "", "%v", err)
	}
	return given{text, l.at(row.key)}, err == nil
}

// at names a key of the settings file.
func (l *loader) at(key string) string { return l.path + ": " + key }

// unknown reports names that are no setting: of ours as mistakes, and of
// Appwrite's as notices, because a file for it may say more than we know.
func (l *loader) unknown() {
	var keys, own, app []string
	for _, row := range l.rows {
		keys, own, app = append(keys, row.key), append(own, row.env()), append(app, row.app...)
		if row.kind.secret {
			keys, own = append(keys, row.key+"_file"), append(own, row.env()+"_FILE")
		}
		if row.kind.secret || row.source {
			for _, name := range row.app {
				app = append(app, name+"_FILE")
			}
		}
	}
	own = append(own, "MOORFAST_CONFIG")
	unused := unusedNames()
	for _, key := range slices.Sorted(maps.Keys(l.file)) {
		if !slices.Contains(keys, key) {
			l.wrong(l.at(key), meant(key, keys), "there is no such setting")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.env)) {
		_, isUnused := unused[name]
		switch {
		case strings.HasPrefix(name, "MOORFAST_") && !slices.Contains(own, name):
			l.wrong(name, meant(name, own), "there is no such setting")
		case isUnused && l.env[name] != "":
			l.config.unused = append(l.config.unused, Unused{name, unused[name]})
		case strings.HasPrefix(name, "_APP_") && !isUnused && !slices.Contains(app, name):
			notice := name + ": not a setting of Appwrite's that moorfast knows"
			if hint := meant(name, slices.Concat(app, slices.Collect(maps.Keys(unused)))); hint != "" {
				notice += "; " + hint
			}
			l.config.Notices = append(l.config.Notices, notice)
		}
	}
	switch n := len(l.config.unused); n {
	case 0:
	case 1:
		l.config.Notices = append(l.config.Notices, "1 setting does nothing in this version: see moorfast config check")
	default:
		l.config.Notices = append(l.config.Notices, fmt.Sprintf("%d settings do nothing in this version: see moorfast config check", n))
	}
}
