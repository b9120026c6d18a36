package doctor

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// supplyChecks are about where the program comes from. None of them asks the
// internet: what is known outside is in files that the operator keeps fresh.
func supplyChecks() []Check {
	return []Check{
		{
			"SUP-01", hostGroup, Medium, "No newer release is known",
			"A release brings what mends the one before.", isNewest,
		},
		{
			"SUP-02", hostGroup, High, "No module has a vulnerability that is known",
			"What everybody can read of, everybody can try.", noVulnerability,
		},
		{
			"SUP-03", hostGroup, High, "The program is the one that was released",
			"A program that somebody else has made does what he wants.", isReleased,
		},
		{
			"SUP-04", hostGroup, Low, "The program says what it is made of",
			"Without a list of its modules, nobody can tell whether a known hole is in it.", hasModules,
		},
		{
			"SUP-05", hostGroup, Low, "The program was built from a state that is in the repository",
			"Otherwise nobody can build it again, and compare.", builtClean,
		},
		{
			"SUP-06", hostGroup, Medium, "The toolchain of the program is still mended",
			"Holes of the standard library are in every program that was built with it.", toolchainIsMended,
		},
	}
}

// How old a file may be that tells what is known outside.
const (
	freshAdvisories = 7 * 24 * time.Hour
	freshReleases   = 30 * 24 * time.Hour
)

// maxList bounds the files of releases and of checksums.
const maxList = 1 << 20

func isNewest(_ context.Context, s *Subject) outcome {
	path := s.Config.Doctor.Releases
	switch {
	case path == "":
		return unknown("the doctor asks nobody: name a file of the versions that were released in MOORFAST_DOCTOR_RELEASES, one a line")
	case s.System.Build.Version == "":
		return unknown("this program is no release: compare %s with the repository", orUnknown(s.System.Build.Revision))
	}
	newest, changed, err := newestRelease(path)
	switch {
	case err != nil:
		return unknown("%s: %v", path, err)
	case semver.Compare(newest, s.System.Build.Version) > 0:
		return fail("install "+newest, "this is %s, and %s is there", s.System.Build.Version, newest)
	case s.Now.Sub(changed) > freshReleases:
		return unknown("%s is of %s, which is too long ago to tell", path, changed.UTC().Format(time.DateOnly))
	}
	return pass("%s is the newest in %s, of %s", s.System.Build.Version, path, changed.UTC().Format(time.DateOnly))
}

func orUnknown(text string) string {
	if text == "" {
		return "what it was built from"
	}
	return text
}

// newestRelease reads a file of versions, one a line; a line that begins with #
// says something to people.
func newestRelease(path string) (newest string, changed time.Time, err error) {
	changed, err = eachLine(path, func(line string) error {
		if !semver.IsValid(line) {
			return fmt.Errorf("%.40q is no version such as v1.2.3", line)
		}
		// Who runs a release wants none that is still tried out.
		if semver.Prerelease(line) == "" && semver.Compare(line, newest) > 0 {
			newest = line
		}
		return nil
	})
	if err == nil && newest == "" {
		err = errors.New("there is no release in it")
	}
	return newest, changed, err
}

// eachLine calls fn with each line that says something, and tells when the file
// was changed.
func eachLine(path string, fn func(line string) error) (changed time.Time, err error) {
	f, err := os.Open(path)
	if err != nil {
		return changed, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return changed, err
	}
	if info.Size() > maxList {
		return changed, fmt.Errorf("it is longer than %d bytes", maxList)
	}
	lines := bufio.NewScanner(io.LimitReader(f, maxList))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := fn(line); err != nil {
			return changed, err
		}
	}
	return info.ModTime(), lines.Err()
}

func noVulnerability(_ context.Context, s *Subject) outcome {
	path, parts := s.Config.Doctor.Vulnerabilities, s.System.Build.parts()
	switch {
	case path == "":
		return unknown("the doctor asks nobody: name a copy of https://vuln.go.dev/vulndb.zip in MOORFAST_DOCTOR_VULNERABILITIES, and fetch it daily")
	case len(parts) == 0:
		return unknown("the program does not say what it is made of")
	}
	a, err := readAdvisories(path, parts)
	switch {
	case err != nil:
		return unknown("%s: %v", path, err)
	case len(a.hits) > 0:
		return fail("install the newest release; govulncheck -mode=binary tells whether this program reaches what is vulnerable", "%s", vulnerable(a.hits))
	case s.Now.Sub(a.fresh) > freshAdvisories:
		return unknown("%s is of %s, and so older than 7 days", path, a.fresh.UTC().Format(time.DateOnly))
	}
	return pass("none of %d modules is in %d advisories of %s", len(parts), a.read, a.fresh.UTC().Format(time.DateOnly))
}

func isReleased(_ context.Context, s *Subject) outcome {
	list := s.Config.Doctor.Checksums
	switch {
	case list == "":
		return unknown("name the checksums that came with the release, once you have checked their signature, in MOORFAST_DOCTOR_CHECKSUMS")
	case s.System.Build.Path == "":
		return unknown("this system does not say where the program is")
	}
	sum, err := sumOf(s.System.Build.Path)
	if err != nil {
		return unknown("%v", err)
	}
	there := false
	_, err = eachLine(list, func(line string) error {
		hash, _, _ := strings.Cut(line, " ")
		if raw, err := hex.DecodeString(hash); err != nil || len(raw) != sha256.Size {
			return fmt.Errorf("%.20q is no line of sha256sum", line)
		}
		there = there || strings.EqualFold(hash, sum)
		return nil
	})
	switch {
	case err != nil:
		return unknown("%s: %v", list, err)
	case !there:
		return fail("install the release again, and look who could write to "+s.System.Build.Path, "%s has the SHA-256 %s, which is not in %s", s.System.Build.Path, sum, list)
	}
	return pass("its SHA-256 is in %s", list)
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hasModules(_ context.Context, s *Subject) outcome {
	if n := len(s.System.Build.Modules); n > 0 {
		return pass("%d modules; moorfast version --sbom lists them", n)
	}
	return fail("build it with make build", "the list of its modules is not in it")
}

func builtClean(_ context.Context, s *Subject) outcome {
	switch revision := s.System.Build.Revision; {
	case revision == "":
		return unknown("the program does not say from which state it was built")
	case strings.Contains(revision, "dirty"):
		return fail("commit, and build again", "%s", revision)
	default:
		return pass("%s", revision)
	}
}

func toolchainIsMended(_ context.Context, s *Subject) outcome {
	ends, ok := goEnds(s.System.Build.Go)
	switch {
	case !ok:
		return unknown("%s is no release of Go", s.System.Build.Go)
	case s.Now.After(ends):
		return fail("install a release that was built with a newer Go", "%s got its last mends in %s", s.System.Build.Go, ends.Format("January 2006"))
	}
	return pass("%s is mended until %s", s.System.Build.Go, ends.Format("January 2006"))
}
