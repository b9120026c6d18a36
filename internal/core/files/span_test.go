package files_test

import (
	"fmt"
	"testing"

	"moorfast/internal/core/files"
)

func TestParseSpan(t *testing.T) {
	for _, test := range []struct {
		header        string
		number, parts int64 // 0 is refused
	}{
		{"bytes 0-5242879/10000000", 1, 2},
		{"bytes 5242880-9999999/10000000", 2, 2},
		{"bytes 5242880-10000000/10000000", 2, 2}, // an end that is the size
		{"Bytes 0-0/1", 1, 1},
		{"bytes 0-5242879/5242880", 1, 1},
		{"bytes 0-5242880/10000000", 0, 0},
		{"bytes 1-5242879/10000000", 0, 0},
		{"bytes 5242880-9999998/10000000", 0, 0},
		{"bytes 5242880-10000001/10000000", 0, 0},
		{"bytes 10485760-10485760/10000000", 0, 0},
		{"bytes 0-0/0", 0, 0},
		{"bytes 0--1/5", 0, 0},
		{"bytes */10", 0, 0},
		{"bytes 0-4/*", 0, 0},
		{"items 0-4/5", 0, 0},
		{"bytes 0-4/99999999999999999999", 0, 0},
		{"", 0, 0},
	} {
		span, err := files.ParseSpan(test.header)
		if (err == nil) != (test.parts > 0) || err == nil && (span.Number() != test.number || span.Parts() != test.parts) {
			t.Errorf("%q: %+v, %v; want part %d of %d", test.header, span, err, test.number, test.parts)
		}
	}
}

// Whatever is taken is a part that its own header names again.
func FuzzParseSpan(f *testing.F) {
	for _, seed := range []string{"bytes 0-5242879/10000000", "bytes 5242880-9999999/10000000", "bytes 0-0/1", "bytes 5242880-10000000/10000000", "bytes 0-4/9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		s, err := files.ParseSpan(header)
		if err != nil {
			return
		}
		if s.Start < 0 || s.Size <= 0 || s.Size > files.PartSize || s.Start+s.Size > s.Total || s.Number() > s.Parts() || s.Number() < s.Parts() && s.Size != files.PartSize {
			t.Fatalf("%q: %+v", header, s)
		}
		again, err := files.ParseSpan(fmt.Sprintf("bytes %d-%d/%d", s.Start, s.Start+s.Size-1, s.Total))
		if err != nil || again != s {
			t.Fatalf("%q: %+v, and again %+v, %v", header, s, again, err)
		}
	})
}
