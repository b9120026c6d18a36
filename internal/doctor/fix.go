package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Repair is something that can be put right without a choice of the operator's,
// and without anything being lost.
type Repair struct {
	Check string // that failed for it
	Path  string // of what it changes
	Words string // what it does: "mode 600 instead of 644"
	do    func() error
}

// Do makes the repair.
func (r Repair) Do() error { return r.do() }

// repairs are the checks whose failures can be repaired. The others need somebody
// who knows what is meant.
var repairs = map[string]func(context.Context, *Subject) ([]Repair, error){
	"KEY-03": closeKeyFiles,
	"DAT-05": closeData,
	"DAT-12": removeOurs,
	"HST-04": closeFiles,
}

// Repairs lists what can be repaired of what failed. It changes nothing.
func (r Report) Repairs(ctx context.Context, s Subject) ([]Repair, error) {
	var list []Repair
	for _, result := range r.Results {
		find := repairs[result.ID]
		if result.Status != Fail || find == nil {
			continue
		}
		found, err := find(ctx, &s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", result.ID, err)
		}
		for _, f := range found {
			f.Check = result.ID
			if !slices.ContainsFunc(list, func(r Repair) bool { return r.Path == f.Path }) { // one check may see what another has seen
				list = append(list, f)
			}
		}
	}
	return list, nil
}

// toMode is the repair of the mode of a file or directory. What has become a link
// by then is left alone.
func toMode(path string, is, want fs.FileMode) Repair {
	return Repair{
		Path: path, Words: fmt.Sprintf("mode %o instead of %o", want, is),
		do: func() error {
			dir, err := os.OpenRoot(filepath.Dir(path))
			if err != nil {
				return err
			}
			defer dir.Close()
			name := filepath.Base(path)
			info, err := dir.Lstat(name)
			if err != nil {
				return err
			}
			if info.Mode()&fs.ModeSymlink != 0 {
				return fmt.Errorf("%s is a link", path)
			}
			return dir.Chmod(name, want)
		},
	}
}

func closeKeyFiles(_ context.Context, s *Subject) (list []Repair, err error) {
	for _, path := range s.keyFiles() {
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if mode, ok := narrowed(info); !ok && info.Mode()&fs.ModeSymlink == 0 {
			list = append(list, toMode(path, info.Mode().Perm(), mode))
		}
	}
	return list, nil
}

func closeData(_ context.Context, s *Subject) ([]Repair, error) {
	info, err := os.Stat(s.Config.Data)
	if err != nil {
		return nil, err
	}
	path, err := filepath.Abs(s.Config.Data)
	if err != nil {
		return nil, err
	}
	return []Repair{toMode(path, info.Mode().Perm(), 0o700)}, nil
}

func closeFiles(ctx context.Context, s *Subject) (list []Repair, err error) {
	paths, _, err := reachable(ctx, s.Config.Data)
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if path, err = filepath.Abs(path); err != nil {
			return nil, err
		}
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, toMode(path, info.Mode().Perm(), info.Mode().Perm()&0o700))
	}
	return list, nil
}

// leftAfter is how old a temporary file of ours is when nobody writes it any more.
const leftAfter = time.Hour

// removeOurs removes the temporary files that the program has left itself; those of
// others may be somebody's only copy.
func removeOurs(_ context.Context, s *Subject) (list []Repair, err error) {
	for _, pattern := range ours {
		found, err := filepath.Glob(filepath.Join(s.Config.Data, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			info, err := os.Lstat(path)
			if err != nil || !info.Mode().IsRegular() || s.Now.Sub(info.ModTime()) < leftAfter {
				continue
			}
			list = append(list, Repair{Path: path, Words: "removed", do: func() error { return os.Remove(path) }})
		}
	}
	return list, nil
}
