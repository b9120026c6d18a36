package audit_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"moorfast/internal/audit"
	"moorfast/internal/store"
)

// between is a store that does something else before each update.
type between struct {
	store.DB
	do func()
}

func (b between) Update(ctx context.Context, project string, fn func(store.Tx) error) error {
	b.do()
	return b.DB.Update(ctx, project, fn)
}

func TestWhatIsLeftWhileOthersAreTakenStays(t *testing.T) {
	f, path := setup(t), filepath.Join(t.TempDir(), "pending")
	leave := func() {
		if err := audit.Leave(path, record(1)); err != nil {
			t.Fatal(err)
		}
	}
	leave()
	f.db = between{f.db, leave}
	f.start()
	for taken := 1; taken <= 2; taken++ {
		if err := f.log.Take(context.Background(), path); err != nil {
			t.Fatal(err)
		}
	}
	f.db = f.db.(between).DB
	f.start()
	if err := f.log.Take(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	f.log.Committed(store.Platform)
	f.flush()
	if r := f.verify(); r.Records != 3 {
		t.Errorf("of three records that were left, %d are there", r.Records)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
		t.Errorf("what stays is %v, %v", left, err)
	}
}
