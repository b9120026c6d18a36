// Package codec runs the picture codecs that have no Go form: libwebp, libavif
// and libheif, compiled to WebAssembly.
//
// Decoders of these formats have a history of memory errors, and what they read
// comes from strangers. Here each call gets a machine of its own: memory that
// starts empty and ends at a bound, no files, no clock, no environment, no
// output, and an end when the context ends. What goes wrong inside of it is an
// error outside of it, and leaves nothing behind for the next picture.
//
// Nothing is ever loaded from the libraries of the host.
package codec

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// ErrFailed says that a codec refused what it was given, or broke over it.
var ErrFailed = errors.New("codec: the codec refused")

const (
	page = 1 << 16
	// The most that any machine may have, whatever its picture: addresses are of
	// 32 bits, and codecs are not to be trusted near the end of them.
	maxMemory = 2 << 30
	// What a codec needs beside what grows with the picture.
	baseMemory = 24 << 20
)

// module is a codec that is compiled when it is first needed, which takes some
// tenths of a second, and then stays.
type module struct {
	name     string
	packed   []byte // gzip
	once     sync.Once
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	err      error
}

func (m *module) compile() error {
	m.once.Do(func() {
		if m.err = m.doCompile(); m.err != nil {
			m.err = fmt.Errorf("codec: compile %s: %w", m.name, m.err)
		}
	})
	return m.err
}

func (m *module) doCompile() error {
	unpack, err := gzip.NewReader(bytes.NewReader(m.packed))
	if err != nil {
		return err
	}
	code, err := io.ReadAll(unpack)
	if err != nil {
		return err
	}
	// The first caller's context is not the module's: it stays for all others.
	ctx := context.Background()
	// Looking at the context in each loop makes codecs three to six times slower.
	// Without it, nothing could end a loop that a file made endless, and since the
	// garbage collector waits for all that runs, each call would hold up the
	// whole program for as long as it takes.
	m.runtime = wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithCloseOnContextDone(true).
		WithMemoryLimitPages(maxMemory/page))
	if _, err = wasi_snapshot_preview1.Instantiate(ctx, m.runtime); err != nil {
		return err
	}
	m.compiled, err = m.runtime.CompileModule(ctx, code)
	return err
}

// machine is one running codec. Its methods remember the first failure, so that
// a sequence of them is checked once.
type machine struct {
	ctx context.Context // for a machine lives for one call
	mod api.Module
	err error
}

// run makes a machine, which may have so much memory beside the base.
func (m *module) run(ctx context.Context, more int64, use func(*machine) error) (err error) {
	if err := m.compile(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	bound := min(baseMemory+more, maxMemory)
	inner := experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory {
		return &memory{bound: uint64(bound)}
	}))
	mod, err := m.runtime.InstantiateModule(inner, m.compiled, wazero.NewModuleConfig().
		WithName(""). // so that there may be many at a time
		WithStartFunctions("_initialize"))
	if err != nil {
		return m.failed(ctx, err)
	}
	defer mod.Close(context.Background()) // which frees its memory
	if err := use(&machine{ctx: inner, mod: mod}); err != nil {
		return m.failed(ctx, err)
	}
	return nil
}

// failed tells the end of the context, which the caller wants to know, from
// whatever else there may be.
func (m *module) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, ErrFailed) {
		return fmt.Errorf("%s: %w", m.name, err)
	}
	return fmt.Errorf("%s: %w: %w", m.name, ErrFailed, err)
}

// memory is the memory of a machine. It refuses to grow beyond its bound, which
// the codec sees as an allocation that failed.
type memory struct {
	bytes []byte
	bound uint64
}

// Reallocate implements [experimental.LinearMemory].
func (m *memory) Reallocate(size uint64) []byte {
	if size > m.bound {
		return nil
	}
	if size > uint64(cap(m.bytes)) {
		grown := make([]byte, size, min(m.bound, size+size/2))
		copy(grown, m.bytes)
		m.bytes = grown
	}
	m.bytes = m.bytes[:size]
	return m.bytes
}

// Free implements [experimental.LinearMemory].
func (m *memory) Free() { m.bytes = nil }

// call calls a function of the codec. Addresses and sizes have 32 bits there.
func (m *machine) call(name string, args ...uint64) uint32 {
	if m.err != nil {
		return 0
	}
	out, err := m.mod.ExportedFunction(name).Call(m.ctx, args...)
	if err != nil {
		m.err = err
		return 0
	}
	return uint32(out[0])
}

// alloc takes size bytes in the machine, zeroed. All are freed with it.
func (m *machine) alloc(size int64) uint64 {
	if m.err != nil {
		return 0
	}
	if size <= 0 || size > math.MaxInt32 {
		m.err = fmt.Errorf("%w: %d bytes at once", ErrFailed, size)
		return 0
	}
	at := m.call("malloc", uint64(size))
	if m.err == nil && at == 0 {
		m.err = fmt.Errorf("%w: no memory for %d bytes", ErrFailed, size)
	}
	return uint64(at)
}

// put brings data into the machine.
func (m *machine) put(data []byte) uint64 {
	at := m.alloc(int64(len(data)))
	if m.err == nil && !m.mod.Memory().Write(uint32(at), data) {
		m.err = fmt.Errorf("%w: address out of range", ErrFailed)
	}
	return at
}

// view returns bytes of the machine, which are good until the next call.
func (m *machine) view(at uint64, size int64) []byte {
	if m.err != nil {
		return nil
	}
	if size < 0 || size > math.MaxInt32 {
		m.err = fmt.Errorf("%w: %d bytes at once", ErrFailed, size)
		return nil
	}
	data, ok := m.mod.Memory().Read(uint32(at), uint32(size))
	if !ok {
		m.err = fmt.Errorf("%w: address out of range", ErrFailed)
		return nil
	}
	return data
}

// words returns n numbers of 32 bits.
func (m *machine) words(at uint64, n int) []uint32 {
	data := m.view(at, int64(n)*4)
	list := make([]uint32, n)
	if m.err == nil {
		for i := range list {
			list[i] = binary.LittleEndian.Uint32(data[4*i:])
		}
	}
	return list
}
