package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"moorfast/internal/durable"
	"moorfast/internal/upkeep"
	"moorfast/internal/vault"
)

const dataGroup = "Data"

func dataChecks() []Check {
	return []Check{
		{
			"DAT-01", dataGroup, Medium, "Every bucket seals its files",
			"What lies in the store as it was sent is in every copy of it.", none(func(f *Facts) []string { return f.UnsealedBuckets },
				"bucket", "switch the bucket's encryption on; files that are there stay as they are", "all do"),
		},
		{
			"DAT-02", dataGroup, Low, "Files are looked at for viruses",
			"What one user uploads, others open.", filesAreScanned,
		},
		{
			"DAT-03", dataGroup, Medium, "No bucket can be changed by anybody",
			"What guests may upload, robots upload.", none(func(f *Facts) []string { return f.OpenBuckets },
				"bucket", "give create, update and delete to roles of users", "none can"),
		},
		{
			"DAT-04", dataGroup, Low, "Buckets that anybody may read are meant to be public",
			"Links to their files work for whoever has them.", none(func(f *Facts) []string { return f.PublicBuckets },
				"bucket", "give read to roles, or share single files by tokens", "none may be"),
		},
		{
			"DAT-05", dataGroup, Medium, "Only their owner can read the data",
			"Sealed or not, nobody else has a use for it.", dataIsClosed,
		},
		{
			"DAT-06", dataGroup, Medium, "The disk has room",
			"A full disk stops every change.", diskHasRoom,
		},
		{
			"DAT-07", dataGroup, Critical, "The databases are intact",
			"What is damaged is lost with the last backup that is not.", none(func(f *Facts) []string { return f.Damaged },
				"database", "stop the server and restore it from a backup", "they are"),
		},
		{
			"DAT-08", dataGroup, Low, "No log of changes has grown out of bounds",
			"A reader that never ends keeps it from being brought in, and starts get slow.", logsAreShort,
		},
		{
			"DAT-09", dataGroup, Medium, "The data was backed up in the last week, and the backup read",
			"What was not copied is lost with the disk, and so is a copy that nobody can read.", backupIsFresh,
		},
		{
			"DAT-10", dataGroup, High, "Backups are encrypted",
			"Names, addresses and rows are in them, where nobody asks for a password.", backupIsSealed,
		},
		{
			"DAT-11", dataGroup, Low, "A backup was restored in the last half year",
			"Only who has done it knows that it works, and how long it takes.", drillIsFresh,
		},
		{
			"DAT-12", dataGroup, Low, "Nothing temporary was left behind",
			"A file that nobody knows of is one that nobody protects.", nothingIsLeft,
		},
	}
}

var filesAreScanned = facts(func(s *Subject, f *Facts) outcome {
	switch {
	case !s.Config.Storage.Antivirus.Enabled:
		return fail("run clamd, and set _APP_STORAGE_ANTIVIRUS=enabled and its host and port", "no scanner is set up")
	case len(f.UnscannedBuckets) > 0:
		return fail("switch the bucket's antivirus on", "%s", some(f.UnscannedBuckets, "bucket"))
	}
	return pass("they are, by %s", s.Config.Storage.Antivirus.Addr())
})

func dataIsClosed(_ context.Context, s *Subject) outcome {
	info, err := os.Stat(s.Config.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(s.vaultError, vault.ErrNoRing):
		return unknown("there is no data yet")
	case err != nil:
		return unknown("%v", err)
	case info.Mode().Perm()&0o077 != 0:
		return fail("chmod 700 "+s.Config.Data, "%s has mode %o", s.Config.Data, info.Mode().Perm())
	}
	return pass("%s", s.Config.Data)
}

const leastFree = 20 // percent

func diskHasRoom(_ context.Context, s *Subject) outcome {
	free, total, err := s.System.roomOf(s.Config.Data)
	if err != nil {
		return unknown("%v", err)
	}
	if total == 0 {
		return unknown("this system does not say")
	}
	percent := int(free * 100 / total)
	if percent < leastFree {
		return fail("remove or move what is not needed", "%d %% of the disk of %s is free", percent, s.Config.Data)
	}
	return pass("%d %% is free", percent)
}

const longestLog = 256 << 20

var logsAreShort = facts(func(_ *Subject, f *Facts) outcome {
	if f.LogBytes > longestLog {
		return fail("restart the server, which brings them in", "the longest has %d MiB", f.LogBytes>>20)
	}
	return pass("the longest has %d MiB", f.LogBytes>>20)
})

// ours are the temporary files that the program itself makes in its data
// directory, and removes. A stop in between may leave one behind.
var ours = []string{".writable-*", "upkeep.json" + durable.Suffix}

func nothingIsLeft(_ context.Context, s *Subject) outcome {
	var left []string
	for _, pattern := range append([]string{"*.dump", "*.sql", "*.bak", "core", "core.*"}, ours...) {
		found, err := filepath.Glob(filepath.Join(s.Config.Data, pattern))
		if err != nil {
			return unknown("%v", err)
		}
		left = append(left, found...)
	}
	if len(left) > 0 {
		return fail("move to a safe place, or: shred -u "+strings.Join(left, " "), "%s", strings.Join(left, ", "))
	}
	return pass("nothing in %s", s.Config.Data)
}

const (
	backupAge = 7 * 24 * time.Hour
	drillAge  = 183 * 24 * time.Hour
)

// noted returns when something was last done, as the operator has noted.
func (s *Subject) noted(kind upkeep.Kind) (deed upkeep.Deed, why string) {
	if s.upkeepError != nil {
		return deed, s.upkeepError.Error()
	}
	deed = s.upkeep[kind]
	if deed.At.IsZero() {
		return deed, fmt.Sprintf("none was noted; whoever makes them says so: moorfast doctor note %s", kind)
	}
	return deed, ""
}

func backupIsFresh(_ context.Context, s *Subject) outcome {
	last, why := s.noted(upkeep.Backup)
	if why != "" {
		return unknown("%s", why)
	}
	of := last.At.Format(time.DateTime)
	if s.Now.Sub(last.At) > backupAge {
		return fail("make one, and: moorfast doctor note backup", "the last is of %s", of)
	}
	check := s.upkeep[upkeep.Check].At
	if check.IsZero() || last.At.Sub(check) > drillAge {
		return fail("read one as a whole, and: moorfast doctor note check", "the last is of %s, and none was read to see whether it is whole", of)
	}
	return pass("the last is of %s, and one was read on %s", of, check.Format(time.DateOnly))
}

func backupIsSealed(_ context.Context, s *Subject) outcome {
	last, why := s.noted(upkeep.Backup)
	switch {
	case why != "":
		return unknown("%s", why)
	case !last.Encrypted:
		return fail("encrypt it (age, restic, borg), and: moorfast doctor note backup --encrypted", "the last, of %s, is not", last.At.Format(time.DateOnly))
	}
	return pass("the last, of %s, is", last.At.Format(time.DateOnly))
}

func drillIsFresh(_ context.Context, s *Subject) outcome {
	last, why := s.noted(upkeep.Drill)
	switch backup := s.upkeep[upkeep.Backup]; {
	case s.upkeepError != nil, why != "" && backup.At.IsZero():
		return unknown("%s", why)
	case why != "":
		return fail("restore one elsewhere, and: moorfast doctor note drill", "backups are made, and none was ever restored")
	case s.Now.Sub(last.At) > drillAge:
		return fail("restore one elsewhere, and: moorfast doctor note drill", "the last was on %s", last.At.Format(time.DateOnly))
	}
	return pass("on %s", last.At.Format(time.DateOnly))
}
