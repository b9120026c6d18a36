package blob_test

import (
	"errors"
	"path"
	"strings"
	"testing"

	"moorfast/internal/blob"
)

var keys = []struct {
	key string
	ok  bool
}{
	{"a", true},
	{"project/ab/abcdef0123", true},
	{"...", true},
	{".tmp/x", true},
	{"a-b_c.d/e", true},
	{strings.Repeat("a", 128), true},
	{strings.Repeat("a/", 255) + "a", true},
	{"", false},
	{".", false},
	{"..", false},
	{"a/../b", false},
	{"a/./b", false},
	{"/a", false},
	{"a/", false},
	{"a//b", false},
	{"A", false},
	{`a\b`, false},
	{"a b", false},
	{"a\x00b", false},
	{"a\nb", false},
	{"a:b", false},
	{"~a", false},
	{"é", false},
	{"a\xff", false},
	{strings.Repeat("a", 129), false},
	{strings.Repeat("a/", 256) + "a", false},
}

func TestCheckKey(t *testing.T) {
	for _, c := range keys {
		if err := blob.CheckKey(c.key); (err == nil) != c.ok || err != nil && !errors.Is(err, blob.ErrKey) {
			t.Errorf("CheckKey(%q) is %v, want ok %v", c.key, err, c.ok)
		}
	}
}

func TestCheckPrefix(t *testing.T) {
	for prefix, ok := range map[string]bool{
		"": true, "a": true, "a/": true, "a/b": true, "a/.": true, "a/..": true, ".": true,
		"/": false, "a//": false, "../": false, "a/../": false, "a/../b": false, "A": false, "a\x00": false, strings.Repeat("a/", 300): false,
	} {
		if err := blob.CheckPrefix(prefix); (err == nil) != ok {
			t.Errorf("CheckPrefix(%q) is %v, want ok %v", prefix, err, ok)
		}
	}
}

func FuzzCheckKey(f *testing.F) {
	for _, c := range keys {
		f.Add(c.key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if blob.CheckKey(key) != nil {
			return
		}
		if path.Clean("/"+key) != "/"+key || len(key) > blob.MaxKey || strings.ToLower(key) != key {
			t.Errorf("%q is a key", key)
		}
		for i := range len(key) + 1 {
			if err := blob.CheckPrefix(key[:i]); err != nil {
				t.Errorf("%q begins with %q, which is no prefix: %v", key, key[:i], err)
			}
		}
	})
}
