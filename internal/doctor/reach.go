package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// lookedAt bounds how many files a check looks at: what is wrong with the first
// ones is wrong with the others.
const lookedAt = 100_000

// others are the rights of whoever is not the owner.
const (
	othersRead  = fs.FileMode(0o044)
	othersWrite = fs.FileMode(0o022)
	othersPass  = fs.FileMode(0o011) // through a directory
)

// reachable lists the files and directories below dir that a user who is not
// their owner can read or change. Below a directory that lets nobody through,
// nothing is.
func reachable(ctx context.Context, dir string) (list []string, seen int, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // it went meanwhile
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case seen >= lookedAt:
			return fs.SkipAll
		case d.Type()&(fs.ModeSymlink|fs.ModeSocket) != 0: // a link has no rights of its own, and a socket has its directory's
			return nil
		}
		seen++
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		mode := info.Mode().Perm()
		if mode&othersWrite != 0 || !d.IsDir() && mode&othersRead != 0 {
			list = append(list, path)
		}
		if d.IsDir() && mode&othersPass == 0 {
			return fs.SkipDir
		}
		return nil
	})
	return list, seen, err
}

func nothingIsReachable(ctx context.Context, s *Subject) outcome {
	if _, err := os.Stat(s.Config.Data); errors.Is(err, fs.ErrNotExist) {
		return unknown("there is no data yet")
	}
	list, seen, err := reachable(ctx, s.Config.Data)
	switch {
	case err != nil:
		return unknown("%v", err)
	case len(list) > 0:
		return fail(fmt.Sprintf("moorfast doctor --fix, or: chmod -R go-rwx %s", s.Config.Data), "%s", some(list, "file"))
	case seen == 1:
		return pass("%s lets nobody through", s.Config.Data)
	}
	return pass("%d files, none of which is another's to read or write", seen)
}
