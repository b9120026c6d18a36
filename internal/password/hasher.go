package password

import (
	"context"
	"errors"
	"runtime"
	"sync"
)

// ErrBusy says that too many passwords are waiting to be hashed. The caller may
// come back; queueing it would only make everybody wait longer.
var ErrBusy = errors.New("password: too many hashes are waiting")

// Hasher hashes and verifies passwords, a few at a time. It bounds the memory
// and the processor time that logins can take, whatever arrives. It is safe for
// concurrent use.
type Hasher struct {
	cost    Cost
	admit   chan struct{} // one token for each that runs or waits
	running chan struct{} // one for each that runs
	unknown func() Hash
}

// NewHasher returns a Hasher for new hashes of this cost. It runs one hash for
// each processor and lets queue others wait.
func NewHasher(c Cost, queue int) *Hasher {
	workers := runtime.GOMAXPROCS(0)
	return &Hasher{
		cost:    c,
		admit:   make(chan struct{}, workers+queue),
		running: make(chan struct{}, workers),
		unknown: sync.OnceValue(func() Hash { return newArgon2("nobody's password", c) }),
	}
}

// Cost returns what new hashes cost.
func (h *Hasher) Cost() Cost { return h.cost }

// Hash hashes a new password.
func (h *Hasher) Hash(ctx context.Context, plain string) (hash Hash, err error) {
	err = h.run(ctx, func() { hash = newArgon2(plain, h.cost) })
	return hash, err
}

// Verify reports whether plain is the password behind hash. A hash that cannot
// be verified matches nothing; the error is about the queue and ctx only.
func (h *Hasher) Verify(ctx context.Context, plain string, hash Hash) (ok bool, err error) {
	if hash.IsZero() {
		return false, h.VerifyNobody(ctx, plain)
	}
	err = h.run(ctx, func() { ok, _ = verify(plain, hash) })
	return ok, err
}

// VerifyNobody takes as long as verifying a password of our own making, for the
// user who does not exist or has no password: the answer must not come sooner.
func (h *Hasher) VerifyNobody(ctx context.Context, plain string) error {
	return h.run(ctx, func() { _, _ = verify(plain, h.unknown()) })
}

// Upgrade verifies plain against hash, and where it matches and the hash is
// outdated returns a new one. The zero Hash means that the old one stays.
func (h *Hasher) Upgrade(ctx context.Context, plain string, hash Hash) (ok bool, next Hash, err error) {
	ok, err = h.Verify(ctx, plain, hash)
	if err != nil || hash.IsZero() || !hash.Outdated(h.cost) {
		return ok, Hash{}, err
	}
	if !ok {
		// A cheap hash that was imported answers in no time, which would tell that
		// there is such a user.
		return false, Hash{}, h.VerifyNobody(ctx, plain)
	}
	next, err = h.Hash(ctx, plain)
	return ok, next, err
}

// Reused reports whether plain is one of the earlier passwords.
func (h *Hasher) Reused(ctx context.Context, plain string, earlier []Hash) (bool, error) {
	for _, hash := range earlier {
		if ok, err := h.Verify(ctx, plain, hash); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// run runs fn when it is its turn.
func (h *Hasher) run(ctx context.Context, fn func()) error {
	select {
	case h.admit <- struct{}{}:
		defer func() { <-h.admit }()
	default:
		return ErrBusy
	}
	select {
	case h.running <- struct{}{}:
		defer func() { <-h.running }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return err // both were ready: do not work for a caller who left
	}
	fn()
	return nil
}
