package vault

import (
	"crypto/hpke"
	"fmt"
)

// While the root key is being changed, both keys open the ring, and a process
// may have only one of them. A data key that is made then is wrapped for the
// other by its public key, because giving either root key to the holder of the
// other would make the change worthless: an old key that leaked would lead to
// the new one. The scheme is hybrid, so that a copy of the ring of those days
// does not become readable with a quantum computer (RFC 9180, X-Wing).
var (
	peerKEM  = hpke.MLKEM768X25519()
	peerKDF  = hpke.HKDFSHA256()
	peerAEAD = hpke.AES256GCM()
)

const (
	publicKeySize = 1184 + 32
	publicSize    = nonceSize + publicKeySize + tagSize
	peerWrapSize  = 1088 + 32 + keySize + tagSize
)

// vouch seals the public key of another root key, which nobody who only writes
// the ring can then replace by his own.
func (r *rootKey) vouch(instance string, other *rootKey) ([]byte, error) {
	return r.seal(other.peer.PublicKey().Bytes(), parts("mf1-public", instance, other.fingerprint))
}

// wrapFor seals a data key for the root key of another row.
func (r *rootKey) wrapFor(instance string, other rootRow, row keyRow, key []byte) ([]byte, error) {
	public, err := r.open(other.Public[r.fingerprint], parts("mf1-public", instance, other.Fingerprint))
	if err != nil {
		return nil, fmt.Errorf("%w: the public key of root key %s is not what it was", ErrRing, other.Fingerprint)
	}
	to, err := peerKEM.NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	return hpke.Seal(to, peerKDF, peerAEAD, wrapAAD(other.Fingerprint, instance, row), key)
}

func (r *rootKey) openPeer(wrapped, aad []byte) ([]byte, error) {
	return hpke.Open(r.peer, peerKDF, peerAEAD, aad, wrapped)
}

// wraps wraps a new data key for every root key that opens the ring.
func (r *ring) wraps(root *rootKey, row keyRow, key []byte) (map[string][]byte, error) {
	all := make(map[string][]byte, len(r.Roots))
	for _, to := range r.Roots {
		var err error
		switch {
		case !to.State.opens():
			continue
		case to.Fingerprint == root.fingerprint:
			all[to.Fingerprint], err = root.wrap(r.Instance, row, key)
		default:
			all[to.Fingerprint], err = root.wrapFor(r.Instance, to, row, key)
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}
