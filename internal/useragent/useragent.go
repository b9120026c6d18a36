// Package useragent tells what a session shows of the program that opened it:
// operating system, client and device, in the vocabulary that the contract has
// from Matomo's device detector.
package useragent

import (
	"strings"

	ua "github.com/mileusna/useragent"
)

// Info is what a User-Agent header says. What it does not say is "".
type Info struct {
	OSCode, OSName, OSVersion            string
	ClientType, ClientCode               string
	ClientName, ClientVersion            string
	ClientEngine, ClientEngineVersion    string
	DeviceName, DeviceBrand, DeviceModel string
}

// longest is how much of a header is read; the rest is anybody's.
const longest = 1024

// Parse reads a User-Agent header. It never fails: a header that it does not
// know says nothing.
func Parse(header string) Info {
	if len(header) > longest {
		header = header[:longest]
	}
	parsed := ua.Parse(header)
	var info Info
	info.setOS(header, parsed)
	if !info.setProgram(header) {
		info.setBrowser(header, parsed)
	}
	info.setDevice(header, parsed)
	return info
}

// minor cuts a version to its first two parts: "120.0.6099.71" is "120.0".
func minor(version string) string {
	major, rest, ok := strings.Cut(version, ".")
	if !ok {
		return version
	}
	second, _, _ := strings.Cut(rest, ".")
	return major + "." + second
}

// after returns the version that stands behind mark, as in "AppleWebKit/537.36 (".
func after(header, mark string) string {
	_, rest, ok := strings.Cut(header, mark)
	if !ok {
		return ""
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(rest)
	}
	return strings.Trim(rest[:end], ".")
}
