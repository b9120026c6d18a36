package id_test

import (
	"strings"
	"testing"
	"time"

	"moorfast/internal/id"
)

func TestNew(t *testing.T) {
	now := time.UnixMicro(1_700_000_000_000_042)
	a, b := id.New(now), id.New(now)
	if len(a) != 20 || !id.Valid(a) || !id.ValidProject(a) {
		t.Errorf("%q is not an id of 20 digits", a)
	}
	if a == b {
		t.Errorf("two ids of one moment are both %q", a)
	}
	if a[:13] != b[:13] {
		t.Errorf("ids of one moment start with %q and %q", a[:13], b[:13])
	}
}

func TestValid(t *testing.T) {
	for _, test := range []struct {
		id             string
		valid, project bool
	}{
		{"a", true, true},
		{"my-app", true, true},
		{"A.b-c_9", true, false},
		{strings.Repeat("a", 36), true, true},
		{strings.Repeat("a", 37), false, false},
		{"", false, false},
		{"_a", false, false},
		{"-a", false, false},
		{".a", false, false},
		{"a b", false, false},
		{"a/b", false, false},
		{"unique()", false, false},
		{"é", false, false},
	} {
		if got := id.Valid(test.id); got != test.valid {
			t.Errorf("Valid(%q) = %v", test.id, got)
		}
		if got := id.ValidProject(test.id); got != test.project {
			t.Errorf("ValidProject(%q) = %v", test.id, got)
		}
	}
}
