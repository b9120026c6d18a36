package doctor

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// An advisory is a known vulnerability in the form of OSV (ossf.github.io/osv-schema),
// as far as it tells which modules of Go it is in.
type advisory struct {
	ID        string          `json:"id"`
	Withdrawn json.RawMessage `json:"withdrawn"`
	Affected  []struct {
		Package struct {
			Name      string `json:"name"`
			Ecosystem string `json:"ecosystem"`
		} `json:"package"`
		Ranges []struct {
			Type   string          `json:"type"`
			Events []advisoryEvent `json:"events"`
		} `json:"ranges"`
	} `json:"affected"`
}

// An advisoryEvent begins or ends the versions that are affected.
type advisoryEvent struct {
	Introduced string `json:"introduced"`
	Fixed      string `json:"fixed"`
}

// Bounds of what is read. The database of Go has some 3,000 entries of a few
// kilobytes.
const (
	maxAdvisory   = 4 << 20
	maxAdvisories = 100_000
)

// parseAdvisory reads one. What is JSON and no advisory, such as an index, is nil.
func parseAdvisory(data []byte) (*advisory, error) {
	var a advisory
	if err := json.Unmarshal(data, &a); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) && kind.Field == "" { // a list, as indexes are
			return nil, nil
		}
		return nil, err
	}
	if a.ID == "" || len(a.Affected) == 0 {
		return nil, nil
	}
	return &a, nil
}

// hits names the modules of parts that an advisory is about, with the version
// that mends it, if there is one.
func (a *advisory) hits(parts []Module) (list []string) {
	if len(a.Withdrawn) > 0 && string(a.Withdrawn) != "null" {
		return nil
	}
	for _, one := range a.Affected {
		if one.Package.Ecosystem != "Go" {
			continue
		}
		for _, m := range parts {
			if m.Path != one.Package.Name {
				continue
			}
			for _, r := range one.Ranges {
				if r.Type != "SEMVER" {
					continue
				}
				if inside, fixed := within(r.Events, m.Version); inside {
					text := fmt.Sprintf("%s in %s %s", a.ID, m.Path, m.Version)
					if fixed != "" {
						text += ", mended in " + fixed
					}
					list = append(list, text)
					break
				}
			}
		}
	}
	return list
}

// within reports whether a version is in a range of events, and which version
// ends it.
func within(events []advisoryEvent, version string) (inside bool, fixed string) {
	for _, e := range events {
		switch at := "v" + e.Introduced + e.Fixed; {
		case e.Fixed != "" && !semver.IsValid(at): // which mends nothing that is known
		case e.Introduced == "0", e.Introduced != "" && semver.Compare(version, at) >= 0:
			inside = true
		case e.Fixed != "" && semver.Compare(version, at) >= 0:
			inside = false
		case e.Fixed != "" && inside:
			return true, at
		}
	}
	return inside, ""
}

// advisories is what a database says of a program.
type advisories struct {
	read  int
	fresh time.Time // when the newest file of it came
	hits  []string
}

// readAdvisories looks the parts up in a database: a directory or an archive
// (.zip) of files of OSV, or one such file.
func readAdvisories(path string, parts []Module) (a advisories, err error) {
	take := func(name string, size int64, changed time.Time, open func() (io.ReadCloser, error)) error {
		if changed.After(a.fresh) {
			a.fresh = changed
		}
		if filepath.Ext(name) != ".json" {
			return nil
		}
		if size > maxAdvisory && filepath.Base(filepath.Dir(name)) == "index" {
			return nil
		}
		found, err := readAdvisory(open)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if found == nil {
			return nil
		}
		if a.read++; a.read > maxAdvisories {
			return fmt.Errorf("it has more than %d advisories", maxAdvisories)
		}
		a.hits = append(a.hits, found.hits(parts)...)
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return a, err
	}
	a.fresh = info.ModTime()
	switch {
	case info.IsDir():
		err = eachFile(path, take)
	case filepath.Ext(path) == ".zip":
		err = eachZipped(path, take)
	default:
		err = take(path+".json", info.Size(), info.ModTime(), func() (io.ReadCloser, error) { return os.Open(path) })
	}
	if err == nil && a.read == 0 {
		err = errors.New("there is no advisory in it")
	}
	slices.Sort(a.hits)
	return a, err
}

func readAdvisory(open func() (io.ReadCloser, error)) (*advisory, error) {
	f, err := open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxAdvisory+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxAdvisory {
		return nil, fmt.Errorf("it is longer than %d bytes", maxAdvisory)
	}
	return parseAdvisory(data)
}

// taker takes a file of a database.
type taker func(name string, size int64, changed time.Time, open func() (io.ReadCloser, error)) error

func eachFile(dir string, take taker) error {
	root, err := os.OpenRoot(dir) // no link leads out of it
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return take(path, info.Size(), info.ModTime(), func() (io.ReadCloser, error) { return root.Open(path) })
	})
}

func eachZipped(path string, take taker) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		// What an archive says of times is when its files were made, and not
		// when it came: its own time tells that.
		if err := take(f.Name, int64(min(f.UncompressedSize64, maxAdvisory+1)), time.Time{}, f.Open); err != nil {
			return err
		}
	}
	return nil
}

// vulnerable is what a database says of a program, as evidence.
func vulnerable(hits []string) string {
	shown := strings.Join(hits[:min(len(hits), 3)], "; ")
	if len(hits) > 3 {
		shown += fmt.Sprintf("; and %d more", len(hits)-3)
	}
	return shown
}
