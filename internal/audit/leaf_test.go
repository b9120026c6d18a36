package audit

import (
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func TestALeafIsHashedAsTheStandardHasIt(t *testing.T) {
	h := Hash{1, 2, 3}
	if got, want := leafHash("shop", 7, h), tlog.RecordHash(leafData(nil, "shop", 7, h)); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestATileHasTheRootOfItsHashes(t *testing.T) {
	var data []byte
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) (list []tlog.Hash, _ error) {
		for _, i := range indexes {
			list = append(list, stored[i])
		}
		return list, nil
	})
	for n := range int64(tileWidth) {
		leaf := leafHash("shop", n+1, Hash{byte(n)})
		data = append(data, leaf[:]...)
		hashes, err := tlog.StoredHashesForRecordHash(n, leaf, read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
	}
	want, err := tlog.TreeHash(tileWidth, read)
	if got := rootOf(data); err != nil || got != want {
		t.Errorf("got %v, want %v %v", got, want, err)
	}
}
