package vault

// memory is the one place where unwrapped keys lie: pages outside the garbage
// collector's reach, which neither copies them nor leaves them behind, locked
// against swapping where the system allows it and left out of core dumps. The
// key schedules that crypto/aes computes from them are on the heap, which is why
// [Protect] exists as well.
type memory struct {
	free  [][]byte
	pages [][]byte
}

// pageKeys is how many keys are allocated at a time: a memory page, mostly.
const pageKeys = 4096 / keySize

// hold keeps a copy of key, and zeroes the one it was given.
func (m *memory) hold(key []byte) []byte {
	if len(m.free) == 0 {
		page := lockedPage(pageKeys * keySize)
		m.pages = append(m.pages, page)
		for i := range pageKeys {
			m.free = append(m.free, page[i*keySize:(i+1)*keySize:(i+1)*keySize])
		}
	}
	last := len(m.free) - 1
	slot := m.free[last]
	m.free = m.free[:last]
	copy(slot, key)
	clear(key)
	return slot
}

// release zeroes a key, whose slot is used again.
func (m *memory) release(slot []byte) {
	clear(slot)
	m.free = append(m.free, slot)
}

// wipe zeroes everything. The pages stay mapped: a reader that is late finds
// zeroes, not a fault.
func (m *memory) wipe() {
	for _, page := range m.pages {
		clear(page)
	}
	m.free = nil
}

// Protection is what [Protect] achieved.
type Protection struct {
	NoCore      bool  // the process leaves no core dump
	NoTrace     bool  // other processes of the same user can not read its memory
	LockedBytes int64 // how much memory the system lets it lock; -1 is no limit
}
