package upkeep_test

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"
	"time"

	"moorfast/internal/upkeep"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestTheLastDeedOfEachKindIsKept(t *testing.T) {
	data := t.TempDir()
	if r, err := upkeep.Read(data); err != nil || len(r) != 0 {
		t.Fatalf("before anything was noted: %v, %v", r, err)
	}
	for _, n := range []struct {
		kind upkeep.Kind
		deed upkeep.Deed
	}{
		{upkeep.Backup, upkeep.Deed{At: noon, Encrypted: true}},
		{upkeep.Drill, upkeep.Deed{At: noon.Add(time.Hour)}},
		{upkeep.Backup, upkeep.Deed{At: noon.Add(-time.Hour)}}, // an older one, noted late
		{upkeep.Drill, upkeep.Deed{At: noon.Add(2*time.Hour + time.Millisecond)}},
	} {
		if err := upkeep.Note(data, n.kind, n.deed); err != nil {
			t.Fatal(err)
		}
	}
	got, err := upkeep.Read(data)
	want := upkeep.Record{upkeep.Backup: {At: noon, Encrypted: true}, upkeep.Drill: {At: noon.Add(2 * time.Hour)}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	files, err := os.ReadDir(data)
	if err != nil || len(files) != 1 {
		t.Errorf("the directory has %v, %v", files, err)
	}
	if info, err := os.Stat(upkeep.Path(data)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestARecordThatIsNoneIsRefused(t *testing.T) {
	data := t.TempDir()
	for _, text := range []string{``, `null`, `[]`, `{"backup": {}}`, `{"party": {"at": "2026-01-02T12:00:00Z"}}`, `{} {}`, `{"backup": {"at": "2026-01-02T12:00:00Z", "by": "x"}}`} {
		if err := os.WriteFile(upkeep.Path(data), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := upkeep.Read(data); err == nil {
			t.Errorf("%q was taken for %v", text, r)
		}
		if err := upkeep.Note(data, upkeep.Backup, upkeep.Deed{At: noon}); err == nil {
			t.Errorf("%q was written over", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"backup": {"at": "2026-01-02T12:00:00Z", "encrypted": true}, "keys": {"at": "2026-01-02T12:00:00Z"}}`))
	f.Add([]byte(`{"drill": null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := upkeep.Parse(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(r)
		if err != nil {
			return // a year that JSON has no words for
		}
		if same, err := upkeep.Parse(again); err != nil || len(same) != len(r) {
			t.Errorf("%s became %s: %v", text, again, err)
		}
	})
}
