package datetime_test

import (
	"testing"
	"time"

	"moorfast/internal/datetime"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"2026-11-23T10:30:00.000+00:00":  "2026-11-23T10:30:00.000+00:00",
		"2026-11-23T10:30:00Z":           "2026-11-23T10:30:00.000+00:00",
		"2026-11-23t10:30:00.123456789z": "2026-11-23T10:30:00.123+00:00",
		"2026-11-23T10:30:00.5+05:30":    "2026-11-23T05:00:00.500+00:00",
		"2026-11-23T10:30:00-0800":       "2026-11-23T18:30:00.000+00:00",
		"2026-11-23 10:30:00":            "2026-11-23T10:30:00.000+00:00",
		"2026-11-23 10:30":               "2026-11-23T10:30:00.000+00:00",
		"2026-11-23T10:30+01":            "2026-11-23T09:30:00.000+00:00",
		"2026-11-23":                     "2026-11-23T00:00:00.000+00:00",
		"1000-01-01":                     "1000-01-01T00:00:00.000+00:00",
		"9999-12-31T23:59:59.999Z":       "9999-12-31T23:59:59.999+00:00",
	} {
		got, ok := datetime.Parse(in)
		if !ok || datetime.Format(got) != want {
			t.Errorf("Parse(%q) = %v, %v, want %s", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "today", "2026", "2026-13-01", "2026-02-30", "0999-12-31", "10000-01-01", "T10:00", "2026-11-23T", "2026-11-23T25:00:00Z", "1732357800"} {
		if got, ok := datetime.Parse(in); ok {
			t.Errorf("Parse(%q) = %v, want no", in, got)
		}
	}
}

// FuzzParse: what is accepted comes back as the same moment, and both ways to
// write it agree.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"2026-11-23T10:30:00.000+00:00", "2026-11-23", "2026-11-23 10:30", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		moment, ok := datetime.Parse(s)
		if !ok {
			return
		}
		text := datetime.Format(moment)
		again, ok := datetime.Parse(text)
		if !ok || !again.Equal(moment) {
			t.Fatalf("Parse(%q) = %v, which is written %q and read as %v, %v", s, moment, text, again, ok)
		}
		if got := string(datetime.Append(nil, moment.UnixMilli())); got != text {
			t.Fatalf("Append gives %q, Format gives %q", got, text)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	buf := make([]byte, 0, 64)
	milli := time.Date(2026, 11, 23, 10, 30, 0, 0, time.UTC).UnixMilli()
	for b.Loop() {
		buf = datetime.Append(buf[:0], milli)
	}
}
