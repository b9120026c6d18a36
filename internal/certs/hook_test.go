package certs

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

func TestAHookIsToldTheNameAndTheValue(t *testing.T) {
	c := acme.Challenge{Identifier: acme.Identifier{Value: "app.test"}, KeyAuthorization: "$(reboot)"}
	records, program := recorder(t)
	h := hook{[]string{program}}
	if err := h.Present(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(records, "_acme-challenge.app.test"))
	if err != nil || string(text) != c.DNS01KeyAuthorization() {
		t.Errorf("the record says %q: %v", text, err)
	}
	if err := h.CleanUp(t.Context(), c); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(records); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAHookThatFailsSaysWhy(t *testing.T) {
	_, program := recorder(t)
	err := hook{[]string{program, "other"}}.Present(t.Context(), acme.Challenge{})
	if err == nil || !strings.Contains(err.Error(), "exit status 2: no such verb") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := (hook{[]string{"/bin/sleep", "60"}}).run(ctx, "present", acme.Challenge{}); err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

func TestTheEndOfWhatAHookSaysIsKept(t *testing.T) {
	var said tail
	for range 1000 {
		said.Write([]byte(strings.Repeat("x", 300)))
	}
	said.Write([]byte("the end\n"))
	if text := said.String(); len(text) > hookOutput || !strings.HasSuffix(text, "xthe end") {
		t.Errorf("%d bytes: %q", len(text), text)
	}
}
