package config

import (
	"errors"
	"path/filepath"
	"strings"
	"time"
)

// Doctor is what the operator gives the doctor to look things up in, which asks
// nobody itself, and who else is to look.
type Doctor struct {
	Vulnerabilities string // database in the form of OSV: a directory, .zip or file
	Releases        string // file of versions
	Checksums       string // file of sha256sum

	ScanHook    string        // program and its arguments; "" is none
	ScanTimeout time.Duration // that it may take
}

// Scanner is the program of [Doctor.ScanHook] and its arguments. Nothing in them
// is expanded.
func (d Doctor) Scanner() []string { return strings.Fields(d.ScanHook) }

// doctorRows is the settings of the doctor.
func doctorRows(d *Doctor) []setting {
	return []setting{
		{
			key: "doctor.vulnerabilities", doc: "a database of vulnerabilities for moorfast doctor, which fetches none: a copy of https://vuln.go.dev/vulndb.zip, or files of OSV in a directory",
			kind: text(&d.Vulnerabilities, optional(absolute)),
		},
		{
			key: "doctor.releases", doc: "a file of the versions that were released, one a line, for moorfast doctor to compare this one with",
			kind: text(&d.Releases, optional(absolute)),
		},
		{
			key: "doctor.checksums", doc: "the file of checksums (sha256sum) that came with the release, for moorfast doctor to find this program in",
			kind: text(&d.Checksums, optional(absolute)),
		},
		{
			key: "scan_hook", doc: "a scanner that moorfast doctor runs, whose findings join its report: an absolute path and arguments, without a shell; it writes SARIF 2.1.0 to its output",
			kind: text(&d.ScanHook, optional(command)),
		},
		{
			key: "scan_timeout", start: "5m", doc: "the longest it may take",
			kind: duration(&d.ScanTimeout, time.Second),
		},
	}
}

func command(s string) error {
	if argv := strings.Fields(s); len(argv) == 0 || !filepath.IsAbs(argv[0]) {
		return errors.New("it is not an absolute path with arguments after it")
	}
	return nil
}
