// Package sink sends the audit log to where others look at it: a file, the standard
// output, a syslog, an OpenTelemetry collector, or whoever takes a signed webhook.
//
// A sink that fails is asked again with the same records, so what it has taken in
// part may come twice: records are told apart by their log and position.
package sink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"moorfast/internal/audit"
)

// Format is how a record is written, as JSON: that of the log, which nil is, or [OCSF].
type Format func(*audit.Entry) any

func (f Format) of(e *audit.Entry) any {
	if f == nil {
		return e
	}
	return f(e)
}

// lines writes records as lines of JSON.
func lines(list []audit.Entry, f Format) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for i := range list {
		if err := enc.Encode(f.of(&list[i])); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// File adds records to a file, as lines of JSON. It is opened anew each time, so
// that it can be moved away.
type File struct {
	Path   string
	Format Format
}

// Name implements [audit.Sink].
func (f File) Name() string { return "file " + f.Path }

// Send implements [audit.Sink]. What it has taken is on the disk.
func (f File) Send(_ context.Context, list []audit.Entry) error {
	b, err := lines(list, f.Format)
	if err != nil {
		return err
	}
	if f.cut() {
		b = append([]byte("\n"), b...)
	}
	file, err := os.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("audit file: %w", err)
	}
	_, err = file.Write(b)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// cut reports whether the file ends within a line, as a full disk or a loss of power
// leaves it. Of one that can not be read, nobody knows.
func (f File) cut() bool {
	info, err := os.Stat(f.Path)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return false
	}
	defer file.Close()
	last := make([]byte, 1)
	_, err = file.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}
