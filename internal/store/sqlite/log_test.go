package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// A memoryFile is a file that remembers how it was used.
type memoryFile struct {
	vfs.File
	data   vfsutil.SliceFile
	done   []string
	refuse error
}

func (m *memoryFile) WriteAt(p []byte, off int64) (int, error) {
	if m.refuse != nil {
		return 0, m.refuse
	}
	m.done = append(m.done, fmt.Sprintf("write %d at %d", len(p), off))
	return m.data.WriteAt(p, off)
}
func (m *memoryFile) ReadAt(p []byte, off int64) (int, error) { return m.data.ReadAt(p, off) }
func (m *memoryFile) Truncate(size int64) error               { return m.data.Truncate(size) }
func (m *memoryFile) Size() (int64, error)                    { return m.data.Size() }
func (m *memoryFile) Close() error                            { return nil }
func (m *memoryFile) Sync(vfs.SyncFlag) error {
	m.done = append(m.done, "sync")
	return nil
}

func TestALogIsWrittenTogetherBeforeItIsSynced(t *testing.T) {
	m := new(memoryFile)
	f := &logFile{File: m}
	page := make([]byte, 4096)
	for i := range 3 {
		at := 32 + int64(i)*4120
		for _, piece := range [][]byte{page[:24], page} {
			if _, err := f.WriteAt(piece, at); err != nil {
				t.Fatal(err)
			}
			at += int64(len(piece))
		}
	}
	if len(m.done) != 0 {
		t.Errorf("written before the sync: %v", m.done)
	}
	if err := f.Sync(0); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(m.done), "[write 12360 at 32 sync]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestALogThatCannotBeWrittenSaysSoOnce(t *testing.T) {
	m := &memoryFile{refuse: errors.New("full")}
	f := &logFile{File: m}
	if _, err := f.WriteAt([]byte("lost"), 100); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(0); !errors.Is(err, m.refuse) {
		t.Errorf("sync: %v", err)
	}
	m.refuse = nil
	if _, err := f.WriteAt([]byte("kept"), 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(0); err != nil || string(m.data) != "kept" {
		t.Errorf("the file has %q, %v", m.data, err)
	}
}

// TestALogIsAFile does anything with a log and with a plain file, which must
// show the same at every look.
func TestALogIsAFile(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		f, plain := &logFile{File: new(memoryFile)}, new(vfsutil.SliceFile)
		end := int64(0)
		for range 300 {
			off := end
			if rnd.IntN(4) == 0 {
				off = rnd.Int64N(100_000)
			}
			p := make([]byte, []int{24, 32, 4096, logBuffer, logBuffer + 1}[rnd.IntN(5)])
			for i := range p {
				p[i] = byte(rnd.Uint32())
			}
			switch rnd.IntN(12) {
			case 0:
				got, want := make([]byte, len(p)), make([]byte, len(p))
				n, _ := f.ReadAt(got, off)
				if m, _ := plain.ReadAt(want, off); n != m || !bytes.Equal(got, want) {
					t.Fatalf("seed %d: read %d bytes at %d, want %d", seed, n, off, m)
				}
			case 1:
				if err := errors.Join(f.Truncate(off/2), plain.Truncate(off/2)); err != nil {
					t.Fatal(err)
				}
			case 2:
				got, _ := f.Size()
				if want, _ := plain.Size(); got != want {
					t.Fatalf("seed %d: size %d, want %d", seed, got, want)
				}
			case 3:
				if err := f.Sync(0); err != nil {
					t.Fatal(err)
				}
			default:
				_, err := f.WriteAt(p, off)
				if _, other := plain.WriteAt(p, off); err != nil || other != nil {
					t.Fatal(err, other)
				}
				end = off + int64(len(p))
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if got := []byte(f.File.(*memoryFile).data); !bytes.Equal(got, *plain) {
			t.Fatalf("seed %d: %d bytes, want %d", seed, len(got), len(*plain))
		}
	}
}
