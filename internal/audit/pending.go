package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"moorfast/internal/store"
)

// pendingMost bounds the file of records that wait for a server, in bytes.
const pendingMost = 1 << 20

// ErrPending says that more waits for a server than is kept.
var ErrPending = errors.New("audit: too many records wait for a server to start")

// Leave adds a record to the file at path, for the next server to take into the
// log. It is for what only reads, or comes before there is a database, and so
// must not open one. Until it is taken, the record is as safe as the file.
func Leave(path string, r Record) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("audit: leave a record: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("audit: leave a record: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.Size() >= pendingMost {
		err = ErrPending
	}
	if err == nil {
		_, err = f.WriteString(r.encode() + "\n")
	}
	return errors.Join(err, f.Close())
}

// Take records what [Leave] has left at path, in one transaction of the
// platform, and removes the file. Cut off in between, it does so again: a record
// may then be there twice, and none is lost. A line that is no record becomes one
// that says so.
func (l *Log) Take(ctx context.Context, path string) error {
	if l == nil {
		return nil
	}
	taken := path + ".taken" // what is left meanwhile is in another file
	if err := l.take(ctx, taken); err != nil {
		return err
	}
	err := os.Rename(path, taken)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("audit: take what was left: %w", err)
	}
	return l.take(ctx, taken)
}

func (l *Log) take(ctx context.Context, path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("audit: take what was left: %w", err)
	}
	var list []Record
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, pendingMost+1<<16)
	for lines.Scan() {
		var r Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			r = Record{At: l.now().UnixMicro(), Event: "audit.pending", Outcome: "not_readable", Actor: Actor{Kind: System}}
		}
		r.Project = store.Platform
		list = append(list, r)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("audit: take what was left: %w", err)
	}
	if err := l.noteAll(ctx, store.Platform, list); err != nil {
		return err
	}
	return os.Remove(path)
}
