// Package upkeep is the operator's own record of care for an installation: when
// it was last backed up, when that backup was checked, when one was last restored
// as a drill, and when the keys were exported. The doctor judges by it; what
// nobody has noted is not known.
package upkeep

import (
	"bytes"
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

	"moorfast/internal/durable"
)

// Kind is what was done.
type Kind string

// The kinds.
const (
	Backup Kind = "backup" // of the data
	Check  Kind = "check"  // of the last backup: it was read, whole
	Drill  Kind = "drill"  // a backup was restored elsewhere, and worked
	Keys   Kind = "keys"   // the root key and the keyring were exported
)

// Kinds are the names of all of them.
func Kinds() []string { return []string{string(Backup), string(Check), string(Drill), string(Keys)} }

// ParseKind reads a kind.
func ParseKind(text string) (Kind, error) {
	if !slices.Contains(Kinds(), text) {
		return "", fmt.Errorf("%.20q is not one of %s", text, strings.Join(Kinds(), ", "))
	}
	return Kind(text), nil
}

// Deed is the last time that something was done.
type Deed struct {
	At        time.Time `json:"at"`
	Encrypted bool      `json:"encrypted"`
}

// Record has the last deed of each kind.
type Record map[Kind]Deed

// maxRecord bounds the file.
const maxRecord = 64 << 10

// Path is where the record of a data directory is.
func Path(data string) string { return filepath.Join(data, "upkeep.json") }

// Read returns the record of a data directory. It is empty where nothing was noted.
func Read(data string) (Record, error) {
	f, err := os.Open(Path(data))
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRecord+1))
	if err != nil {
		return nil, err
	}
	r, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Path(data), err)
	}
	return r, nil
}

// Parse reads a record.
func Parse(text []byte) (Record, error) {
	if len(text) > maxRecord {
		return nil, fmt.Errorf("it is longer than %d bytes", maxRecord)
	}
	var r Record
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return nil, fmt.Errorf("it is no record of upkeep: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the record of upkeep")
	}
	if r == nil {
		return nil, errors.New("it is no record of upkeep")
	}
	for k, d := range r {
		if _, err := ParseKind(string(k)); err != nil {
			return nil, err
		}
		if d.At.IsZero() {
			return nil, fmt.Errorf("%s does not say when", k)
		}
	}
	return r, nil
}

// Note writes down that something was done. Of two deeds of a kind, the newer stays.
func Note(data string, kind Kind, deed Deed) error {
	unlock, err := durable.Lock(data)
	if err != nil {
		return err
	}
	defer unlock()
	r, err := Read(data)
	if err != nil {
		return err
	}
	if !deed.At.After(r[kind].At) {
		return nil
	}
	deed.At = deed.At.UTC().Truncate(time.Second)
	r[kind] = deed
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return durable.Replace(Path(data), append(text, '\n'), nil)
}
