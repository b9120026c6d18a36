package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"moorfast/internal/durable"
	"moorfast/internal/failpoint"
)

// Source is where a root key comes from. It prints as "file:PATH" or
// "env:NAME" and never as the key.
type Source struct {
	kind, name string
	text       Secret // of the kinds that hold it
	generate   bool
	other      func() ([]byte, error) // of a kind that another package reads
	remote     bool                   // another machine answers
}

// KeyFile is a source that reads the key from a file, without the line break
// at its end.
func KeyFile(path string) Source { return Source{kind: "file", name: path} }

// KeyFileOrNew is a [KeyFile] that is made, with 256 random bits in hexadecimal,
// at the first start of an instance, and at no other time.
func KeyFileOrNew(path string) Source { return Source{kind: "file", name: path, generate: true} }

// KeyText is a source that was read already, from the environment variable name.
func KeyText(name string, text Secret) Source { return Source{kind: "env", name: name, text: text} }

// KeyFrom is a source of another kind. What read returns is the text of the key,
// as [TrimKey] leaves it; the error is [ErrSourceDown] where trying again later
// may help, and fs.ErrNotExist where there is no key.
func KeyFrom(kind, name string, read func() ([]byte, error)) Source {
	return Source{kind: kind, name: name, other: read}
}

// KeyService is a [KeyFrom] that a service on another machine answers for.
func KeyService(kind, name string, read func() ([]byte, error)) Source {
	return Source{kind: kind, name: name, other: read, remote: true}
}

// ErrSourceDown says that the place of the root key did not answer.
var ErrSourceDown = errors.New("vault: the source of the root key does not answer")

func (s Source) String() string { return s.kind + ":" + s.name }

// Kind returns what the source is written with before its colon.
func (s Source) Kind() string { return s.kind }

// Remote reports whether a service on another machine answers for the key, which
// may be down.
func (s Source) Remote() bool { return s.remote }

// Path returns the file of a file source, and "" of any other.
func (s Source) Path() string {
	if s.kind == "file" {
		return s.name
	}
	return ""
}

// Text returns the key itself. It is for handing it to another process of the
// same owner, and for backups.
func (s Source) Text() (Secret, error) {
	text, err := s.read()
	if err != nil {
		return Secret{}, missing(s, err, "")
	}
	defer clear(text)
	return Hide(string(text)), nil
}

// MaxKeyText bounds the text of a key, which is a line; what is longer is the
// wrong file.
const MaxKeyText = 4 << 10

// read returns the text of the key; the error is fs.ErrNotExist if there is
// none.
func (s Source) read() ([]byte, error) {
	if s.kind == "env" {
		if !s.text.Set() {
			return nil, fs.ErrNotExist
		}
		return []byte(s.text.Reveal()), nil
	}
	if s.other != nil {
		return s.other()
	}
	return ReadKey(s.name)
}

// ReadKey reads the text of a key from a file.
func ReadKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxKeyText+1))
	if err != nil {
		return nil, err
	}
	return TrimKey(text)
}

// TrimKey takes the line break from the end of a key's text, and refuses what is
// too long for one.
func TrimKey(text []byte) ([]byte, error) {
	if len(text) > MaxKeyText {
		return nil, errors.New("longer than a key, 4096 bytes")
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r")), nil
}

// create makes the key file with a new key, on disk before it returns. A file
// that is there by then is left alone: another process was faster.
func (s Source) create() error {
	dir := filepath.Dir(s.name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	unlock, err := durable.Lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Lstat(s.name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key := make([]byte, keySize)
	rand.Read(key)
	text := append(hex.AppendEncode(nil, key), '\n')
	defer clear(key)
	defer clear(text)
	if err := durable.Replace(s.name, text, func() { failpoint.Hit(failpoint.SinkWritten) }); err != nil {
		return err
	}
	failpoint.Hit(failpoint.SinkSynced)
	return nil
}
