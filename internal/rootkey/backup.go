package rootkey

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"moorfast/internal/vault"
)

const backupFormat = "moorfast-key-backup/1"

// Backup is what opens everything that an installation has sealed: its keyring
// and its root key. It is only ever written encrypted.
type Backup struct {
	Format  string    `json:"format"`
	Made    time.Time `json:"made"`
	Source  string    `json:"source"` // where the root key was
	Key     string    `json:"key"`
	Keyring []byte    `json:"keyring"`
}

// maxBackup bounds a backup in memory.
const maxBackup = 512 << 20

// ErrBackup says that a file does not open with what was given, or is no backup.
var ErrBackup = errors.New("it does not open with what was given, or it is no backup of keys")

// MakeBackup reads the keyring and the root key, and checks that one opens the
// other, and every key in it.
func MakeBackup(ctx context.Context, ring vault.Storage, key vault.Source, now time.Time) (*Backup, error) {
	data, _, err := ring.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load keyring: %w", err)
	}
	if data == nil {
		return nil, vault.ErrNoRing
	}
	text, err := key.Text()
	if err != nil {
		return nil, err
	}
	b := &Backup{Format: backupFormat, Made: now.UTC().Truncate(time.Second), Source: key.String(), Key: text.Reveal(), Keyring: data}
	_, err = b.Check(ctx)
	return b, err
}

// Check opens the keyring with the key, and every key in it, and describes them.
func (b *Backup) Check(ctx context.Context) (vault.Status, error) {
	v, err := vault.Open(ctx, vault.Options{
		Storage: held(b.Keyring), Source: vault.KeyText("backup", vault.Hide(b.Key)), AllowKnown: true,
		Now: func() time.Time { return b.Made },
	})
	if err != nil {
		return vault.Status{}, err
	}
	defer v.Close()
	damaged, err := v.Damaged()
	if err == nil && len(damaged) > 0 {
		err = fmt.Errorf("%w: %d data keys do not unwrap, the first is %s", vault.ErrRing, len(damaged), damaged[0])
	}
	return v.Status(), err
}

// Write encrypts the backup: an armored file of age, which its own program can
// open, too.
func (b *Backup) Write(out io.Writer, lock Lock) error {
	text := armor.NewWriter(out)
	sealed, err := age.Encrypt(text, lock.to...)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(sealed).Encode(b), sealed.Close(), text.Close())
}

// ReadBackup opens a backup.
func ReadBackup(in io.Reader, opener Opener) (*Backup, error) {
	text, err := decrypt(io.LimitReader(in, maxBackup*3/2), maxBackup, opener.with...)
	if err != nil {
		return nil, ErrBackup
	}
	defer clear(text)
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	b := new(Backup)
	if err := dec.Decode(b); err != nil || b.Format != backupFormat {
		return nil, ErrBackup
	}
	return b, nil
}

// Restore puts the keyring back where none is.
func (b *Backup) Restore(ctx context.Context, ring vault.Storage) error {
	if _, err := b.Check(ctx); err != nil {
		return err
	}
	now, _, err := ring.Load(ctx)
	switch {
	case err != nil:
		return err
	case bytes.Equal(now, b.Keyring):
		return nil
	case now != nil:
		return errors.New("there is another keyring, which may have keys that this backup has not: move it away first")
	}
	return ring.Save(ctx, b.Keyring, 0)
}

// held is a keyring that is only read.
type held []byte

// Load implements [vault.Storage].
func (h held) Load(context.Context) ([]byte, int64, error) { return h, 1, nil }

// Save implements [vault.Storage], and never does.
func (held) Save(context.Context, []byte, int64) error { return vault.ErrChanged }
