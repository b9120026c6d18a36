package certs

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"
)

// reread is how often the files of a certificate are looked at for a newer one.
const reread = time.Minute

// FileOptions say which files a certificate is in.
type FileOptions struct {
	Cert, Key string // paths; the first has the whole chain, in PEM
	Now       func() time.Time
	Log       *slog.Logger
}

// Files returns the certificate of two files. A newer one takes its place while
// the server runs; one that can not be used does not, and the log says why.
func Files(o FileOptions) (*Certs, error) {
	f := &files{FileOptions: o}
	pair, err := f.read()
	if err != nil {
		return nil, err
	}
	f.pair, f.looked = pair, o.Now()
	return &Certs{get: f.get, shown: alone(f.get)}, nil
}

type files struct {
	FileOptions

	mu     sync.Mutex
	pair   *tls.Certificate
	looked time.Time
	stamp  [2]stamp // of each of the files
}

// stamp is by which a file shows that it was changed: its mode, too, for which it
// may have been refused.
type stamp struct {
	at   time.Time
	mode fs.FileMode
}

func (f *files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.Now()
	if now.Sub(f.looked) < reread {
		return f.pair, nil
	}
	f.looked = now
	if found, err := f.stamps(); err == nil && found == f.stamp {
		return f.pair, nil
	}
	pair, err := f.read()
	if err != nil {
		f.Log.Error("a changed certificate can not be used, the last one stays", "err", err)
		return f.pair, nil
	}
	f.Log.Info("the certificate was changed", "until", pair.Leaf.NotAfter)
	f.pair = pair
	return pair, nil
}

func (f *files) stamps() (found [2]stamp, err error) {
	for i, path := range []string{f.Cert, f.Key} {
		info, err := os.Stat(path)
		if err != nil {
			return found, err
		}
		found[i] = stamp{info.ModTime(), info.Mode()}
	}
	return found, nil
}

func (f *files) read() (*tls.Certificate, error) {
	found, err := f.stamps()
	if err != nil {
		return nil, err
	}
	f.stamp = found
	if err := private(f.Key); err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("read %s with %s: %w", f.Cert, f.Key, err)
	}
	cert, err := leaf(pair, f.Now())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Cert, err)
	}
	return cert, nil
}

// private refuses a key that everybody on the machine can read. A group may:
// that is how a program which renews certificates hands them on.
func private(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return &fs.PathError{Op: "read", Path: path, Err: errors.New("it is not a file")}
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0:
		return fmt.Errorf("%s is a key that everybody on this machine can read: chmod o= %s", path, path)
	}
	return nil
}
