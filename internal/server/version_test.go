package server

import (
	"os"
	"strings"
	"testing"
)

// What the program says of itself on the command line and in its metrics is one.
func TestTheMakefileSaysWhichVersionThisIs(t *testing.T) {
	text, err := os.ReadFile("../../Makefile")
	if err != nil || !strings.Contains(string(text), "-X moorfast/internal/server.described=") {
		t.Errorf("it sets no version: %v", err)
	}
	if Version() != "devel" {
		t.Skip("Go has stamped the test: " + Version())
	}
	described = "v1.2.3-4-gabc"
	defer func() { described = "" }()
	if Version() != described {
		t.Errorf("the version is %s", Version())
	}
}
