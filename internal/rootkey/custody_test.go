package rootkey

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"moorfast/internal/shamir"
	"moorfast/internal/vault"
	"moorfast/internal/vault/vaulttest"
)

func passphrase(t *testing.T, text string) Opener {
	t.Helper()
	o, err := WithPassphrase(vault.Hide(text))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func backup(t *testing.T) *Backup {
	t.Helper()
	storage, source := new(vaulttest.Storage), vaulttest.Key()
	vaulttest.Open(t, storage, source)
	b, err := MakeBackup(t.Context(), storage, source, time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func written(t *testing.T, b *Backup, lock Lock) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := b.Write(&out, lock); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(out.Bytes(), []byte(b.Key)) {
		t.Fatal("the key is in it")
	}
	return out.Bytes()
}

// Any of the holders of an identity opens a backup, and nobody else.
func TestABackupOpensForEachOfItsRecipients(t *testing.T) {
	b := backup(t)
	one, _ := age.GenerateHybridIdentity()
	two, _ := age.GenerateHybridIdentity()
	old, _ := age.GenerateX25519Identity()
	lock, err := ForRecipients([]string{one.Recipient().String(), two.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	text := written(t, b, lock)
	for id, opens := range map[string]bool{one.String(): true, "# of two\n" + two.String(): true, old.String(): false} {
		o, err := WithIdentities(strings.NewReader(id))
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadBackup(bytes.NewReader(text), o)
		if opens && (err != nil || got.Key != b.Key) || !opens && !errors.Is(err, ErrBackup) {
			t.Errorf("%.20s: %v", id, err)
		}
	}
	if _, err := ReadBackup(bytes.NewReader(text), passphrase(t, "a passphrase")); !errors.Is(err, ErrBackup) {
		t.Errorf("with a passphrase: %v", err)
	}
	for _, bad := range [][]string{nil, {""}, {"age1"}, {one.String()}, {"ssh-ed25519 AAAA"}, {one.Recipient().String(), "x"}} {
		if _, err := ForRecipients(bad); err == nil {
			t.Errorf("%q are recipients", bad)
		}
	}
	if _, err := WithIdentities(strings.NewReader("AGE-SECRET-KEY-1BROKEN")); err == nil || strings.Contains(err.Error(), "BROKEN") {
		t.Errorf("a broken identity: %v", err)
	}
}

// K-10: three of five shares open a backup, and two do not.
func TestThreeOfFiveSharesOpenABackup(t *testing.T) {
	b := backup(t)
	lock, shares, err := ForShares(3, 5)
	if err != nil {
		t.Fatal(err)
	}
	text := written(t, b, lock)
	_, others, err := ForShares(3, 5)
	if err != nil {
		t.Fatal(err)
	}
	file := "# of the board\n\n" + shares[4].Text() + "\n" + shares[0].Text() + "\n"
	list, err := ReadShares(strings.NewReader(file))
	if err != nil || len(list) != 2 {
		t.Fatalf("read: %v, %v", list, err)
	}
	for _, c := range []struct {
		name string
		list []shamir.Share
		want error
	}{
		{"two", list, shamir.ErrTooFew},
		{"three", append(slices.Clone(list), shares[2]), nil},
		{"five", shares, nil},
		{"one twice", append(slices.Clone(list), list[0]), shamir.ErrRepeated},
		{"one of another backup", append(slices.Clone(list), others[2]), shamir.ErrMixed},
		{"all of another backup", others, ErrBackup},
	} {
		o, err := WithShares(c.list)
		var got *Backup
		if err == nil {
			got, err = ReadBackup(bytes.NewReader(text), o)
		}
		if !errors.Is(err, c.want) || err == nil && got.Key != b.Key {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for name, bad := range map[string]string{"nothing": "# only this", "a damaged one": file + strings.Replace(shares[1].Text(), "-", "-A", 1)} {
		if list, err := ReadShares(strings.NewReader(bad)); err == nil || list != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
