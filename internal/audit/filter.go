package audit

import "hash/fnv"

// filter is a Bloom filter of the actors and resources of a block. It tells in
// which blocks there is nothing to be found; about one in a hundred it names for
// nothing.
type filter []byte

const (
	filterBits   = 10 // for each text
	filterHashes = 5
)

func newFilter(texts int) filter { return make(filter, (texts*filterBits+7)/8) }

// bits calls fn with the bits of a text until it says no.
func (f filter) bits(text string, fn func(n uint64) bool) bool {
	if len(f) == 0 {
		return true
	}
	h := fnv.New64a()
	h.Write([]byte(text))
	sum := h.Sum64()
	step := sum>>33 | 1
	for i := range uint64(filterHashes) {
		if !fn((sum + i*step) % uint64(8*len(f))) {
			return false
		}
	}
	return true
}

func (f filter) add(text string) {
	f.bits(text, func(n uint64) bool { f[n/8] |= 1 << (n % 8); return true })
}

// has reports whether a text may be in the block.
func (f filter) has(text string) bool {
	return f.bits(text, func(n uint64) bool { return f[n/8]&(1<<(n%8)) != 0 })
}
