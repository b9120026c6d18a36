package rawjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"moorfast/internal/rawjson"
)

func TestMembers(t *testing.T) {
	var got []string
	err := rawjson.Members([]byte(` { "a" : 1 , "b\u00e9\n" : [1, {"x": null}] ,"" :"t" } `), func(name, value []byte) error {
		got = append(got, string(name)+"="+string(value))
		return nil
	})
	want := "a=1|bé\n=[1, {\"x\": null}]|=\"t\""
	if err != nil || strings.Join(got, "|") != want {
		t.Errorf("Members: got %q, %v, want %q", got, err, want)
	}
}

func TestElementsStopsAtTheFirstError(t *testing.T) {
	stop, n := errors.New("stop"), 0
	err := rawjson.Elements([]byte(`[1,2,3]`), func([]byte) error {
		n++
		if n == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || n != 2 {
		t.Errorf("Elements: got %v after %d, want %v after 2", err, n, stop)
	}
}

func TestDepth(t *testing.T) {
	nest := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	if _, err := rawjson.Value(nest(rawjson.MaxDepth)); err != nil {
		t.Errorf("depth %d: %v", rawjson.MaxDepth, err)
	}
	if _, err := rawjson.Value(nest(rawjson.MaxDepth + 1)); !errors.Is(err, rawjson.ErrDepth) {
		t.Errorf("depth %d: got %v, want %v", rawjson.MaxDepth+1, err, rawjson.ErrDepth)
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		raw   string
		i     int64
		isInt bool
		f     float64
		isNum bool
	}{
		{"1", 1, true, 1, true},
		{"-9223372036854775808", math.MinInt64, true, math.MinInt64, true},
		{"9223372036854775808", 0, false, 9223372036854775808, true},
		{"1.0", 0, false, 1, true},
		{"1e2", 0, false, 100, true},
		{"1e999", 0, false, 0, false},
		{`"1"`, 0, false, 0, false},
	} {
		i, isInt := rawjson.Int([]byte(c.raw))
		f, isNum := rawjson.Float([]byte(c.raw))
		if isInt != c.isInt || isNum != c.isNum || isInt && i != c.i || isNum && f != c.f {
			t.Errorf("%s: got %d %v %g %v", c.raw, i, isInt, f, isNum)
		}
	}
}

var seeds = []string{
	`null`, `true`, ` [1 , -2.5e+3,"x"] `, `{"a":{"b":[{}]}}`, `"\ud83d\ude00 \ud800 \u00e9\\"`, `"é\/"`,
	`{"a":1,}`, `[1,]`, `01`, `-`, `1.`, `"\x"`, `{"a" 1}`, `[`, `"`, `tru`, "\"\x01\"", "\"\xff\"", `{"a":1}{`, ``,
	`"twenty-four letters long"`, `"twenty-four letters long\"\n and longer still"`, "\"twenty-four letters long\n\"", `"twenty-four letters long`, `"twenty-four letters long\`,
}

// FuzzValue compares this package with encoding/json: the same texts are JSON,
// strings mean the same, and what is appended is read back.
func FuzzValue(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		raw, err := rawjson.Value(text)
		if errors.Is(err, rawjson.ErrDepth) {
			return
		}
		if got, want := err == nil, json.Valid(text); got != want {
			t.Fatalf("Value(%q): valid %v, encoding/json says %v", text, got, want)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(raw, bytes.TrimSpace(raw)) {
			t.Fatalf("Value(%q) = %q has space around it", text, raw)
		}
		switch rawjson.KindOf(raw) {
		case rawjson.Invalid:
			t.Fatalf("KindOf(%q) is invalid", raw)
		case rawjson.String:
			checkText(t, raw)
		case rawjson.Object:
			checkMembers(t, raw)
		case rawjson.Array:
			n := 0
			var all []json.RawMessage
			if err := rawjson.Elements(raw, func([]byte) error { n++; return nil }); err != nil {
				t.Fatalf("Elements(%q): %v", raw, err)
			}
			if err := json.Unmarshal(raw, &all); err != nil || n != len(all) {
				t.Fatalf("Elements(%q): %d, want %d (%v)", raw, n, len(all), err)
			}
		}
	})
}

func checkText(t *testing.T, raw []byte) {
	t.Helper()
	var want string
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	got, ok := rawjson.Text(raw)
	if !ok || got != want {
		t.Fatalf("Text(%q) = %q, want %q", raw, got, want)
	}
	again, ok := rawjson.Text(rawjson.AppendString(nil, got))
	if !ok || again != got {
		t.Fatalf("AppendString(%q) reads back as %q", got, again)
	}
}

func checkMembers(t *testing.T, raw []byte) {
	t.Helper()
	var want map[string]json.RawMessage
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	err := rawjson.Members(raw, func(name, value []byte) error {
		got[string(name)] = string(value)
		return nil
	})
	if err != nil || len(got) != len(want) {
		t.Fatalf("Members(%q) = %v, %v", raw, got, err)
	}
	for name, value := range want {
		if got[name] != string(value) {
			t.Fatalf("Members(%q)[%q] = %q, want %q", raw, name, got[name], value)
		}
	}
}

func BenchmarkAppendString(b *testing.B) {
	s := []byte(strings.Repeat("a moderately long text ", 10))
	buf := make([]byte, 0, 512)
	for b.Loop() {
		buf = rawjson.AppendString(buf[:0], s)
	}
}

// BenchmarkValue scans a row whose longest text is as long as its name says.
func BenchmarkValue(b *testing.B) {
	for name, n := range map[string]int{"0": 0, "100": 100, "1000": 1000} {
		b.Run(name, func(b *testing.B) {
			text := []byte(`{"title":"Blade Runner","year":1982,"tags":["a","b"],"body":"` + strings.Repeat("words ", n/6) + `"}`)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := rawjson.Value(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
