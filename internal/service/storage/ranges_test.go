package storage

import "testing"

// FuzzRanges holds that what is served lies in the file, and is no more than the
// file and a window.
func FuzzRanges(f *testing.F) {
	for _, seed := range []string{"bytes=0-9", "bytes=5-", "bytes=-5", "bytes=0-9,20-29", "bytes=0-,-1", "bytes=", "items=0-1", "bytes=9-0,1-2"} {
		f.Add(seed, int64(100))
	}
	f.Add("bytes=0-99999999999999999999", int64(1<<40))
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 || size > 1<<50 {
			return
		}
		spans, err := parseRanges(header, size, viewWindow)
		if err != nil {
			return
		}
		total := int64(0)
		for _, s := range spans {
			if s.from < 0 || s.to > size || s.from >= s.to {
				t.Fatalf("%q of %d bytes: %v", header, size, spans)
			}
			total += s.size()
		}
		if len(spans) == 0 || len(spans) > maxRanges || total > size+maxSpan {
			t.Fatalf("%q of %d bytes: %d spans with %d bytes", header, size, len(spans), total)
		}
	})
}
