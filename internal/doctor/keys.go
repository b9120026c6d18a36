package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"moorfast/internal/clock"
	"moorfast/internal/upkeep"
	"moorfast/internal/vault"
)

const keysGroup = "Keys"

func keyChecks() []Check {
	return []Check{
		{
			"KEY-01", keysGroup, Critical, "The root key is not a published example or a pattern",
			"Whoever knows the key opens every secret and signs every token.", keyIsOwn,
		},
		{
			"KEY-02", keysGroup, Critical, "The root key is strong enough not to be guessed",
			"A copy of the database lets a passphrase be guessed without anybody noticing.", keyIsStrong,
		},
		{
			"KEY-03", keysGroup, High, "Only their owner can read and replace the key files",
			"Another user of this machine could take the key, or put theirs in its place.", keyFilesAreClosed,
		},
		{
			"KEY-04", keysGroup, Medium, "The root key is not in the environment",
			"Environments are inherited by child processes, and shown by container tools and crash reports.", keyIsNotInEnvironment,
		},
		{
			"KEY-05", keysGroup, Low, "The root key is not on the disk of the data alone",
			"One lost disk takes both, and one stolen disk gives both away.", keyIsElsewhere,
		},
		{
			"KEY-06", keysGroup, Critical, "The root key opens the keyring, and all keys in it",
			"With another key the server does not start, and a key that is damaged opens nothing.", ringOpens,
		},
		{
			"KEY-07", keysGroup, Medium, "No key is close to a year old",
			"The longer a key is used, the more is lost with it (NIST SP 800-57).", keysAreYoung,
		},
		{
			"KEY-08", keysGroup, Medium, "No change of the root key is left half done",
			"Until it is finished the old key opens everything too.", rotationIsDone,
		},
		{
			"KEY-09", keysGroup, High, "No retired or temporary key file is left",
			"A file nobody looks after still opens what its key opened.", noKeyFileIsLeft,
		},
		{
			"KEY-10", keysGroup, Low, "Every key belongs to a project there is",
			"Keys of deleted projects are what their deletion should have destroyed.", noKeyIsOrphaned,
		},
		{
			"KEY-11", keysGroup, High, "Nothing is left that Appwrite has sealed",
			"Its keys are cut to 16 bytes (AES-128), and its seal holds in another row, too.", none(func(f *Facts) []string { return f.Legacy },
				"column", "moorfast import appwrite, which seals it anew", "no column has any"),
		},
		{
			"KEY-12", keysGroup, Critical, "A sample of sealed fields opens",
			"What does not open was changed in the database, or is lost.", sampleOpens,
		},
		{
			"KEY-13", keysGroup, High, "The place of the root key answers",
			"A server that cannot ask for its key does not start again.", sourceAnswers,
		},
		{
			"KEY-14", keysGroup, Low, "Memory with keys reaches no disk",
			"A core dump or a swapped page keeps keys after the process has ended.", memoryStays,
		},
	}
}

func keyIsOwn(_ context.Context, s *Subject) outcome {
	a, err := s.Config.Key.Assess()
	switch {
	case err != nil:
		return unknown("%v: %v", s.Config.Key, err)
	case a.Example:
		return fail(newKey, "%v is a published example", s.Config.Key)
	case a.Pattern:
		return fail(newKey, "%v is a pattern", s.Config.Key)
	}
	return pass("%v", s.Config.Key)
}

// newKey is said of a key that has to go.
const newKey = "moorfast key rotate --to file:PATH, where a new key is made"

// A passphrase of less than this can be guessed, stretched or not.
const leastBits = 64

func keyIsStrong(_ context.Context, s *Subject) outcome {
	a, err := s.Config.Key.Assess()
	switch {
	case err != nil:
		return unknown("%v: %v", s.Config.Key, err)
	case a.Short:
		return fail(newKey, "%v is shorter than 16 bytes", s.Config.Key)
	case a.Bits < leastBits:
		return fail(newKey, "%v has %.0f bits at most", s.Config.Key, a.Bits)
	case a.Passphrase:
		return pass("%v is a passphrase of %.0f bits at most, stretched with Argon2id", s.Config.Key, a.Bits)
	}
	return pass("%v has 32 bytes", s.Config.Key)
}

func keyFilesAreClosed(_ context.Context, s *Subject) outcome {
	var wrong, fixes []string
	for _, path := range s.keyFiles() {
		problem, fix, err := exposed(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return unknown("%v", err)
		}
		if problem != "" {
			wrong, fixes = append(wrong, path+" "+problem), append(fixes, fix)
		}
	}
	if len(wrong) > 0 {
		return fail(strings.Join(fixes, " && "), "%s", strings.Join(wrong, ", "))
	}
	if files := s.keyFiles(); len(files) > 0 {
		return pass("%s", strings.Join(files, ", "))
	}
	return pass("there are none")
}

// keyFiles are the files of the root key and of the ring, and their directories.
func (s *Subject) keyFiles() []string {
	var paths []string
	if path := s.Config.Key.Path(); path != "" {
		paths = append(paths, filepath.Dir(path), path)
	}
	if ring, ok := s.Ring.(*vault.RingFile); ok {
		if dir := filepath.Dir(ring.Path()); !slices.Contains(paths, dir) {
			paths = append(paths, dir)
		}
		paths = append(paths, ring.Path())
	}
	return paths
}

func keyIsNotInEnvironment(_ context.Context, s *Subject) outcome {
	if s.Config.Key.Kind() == "env" {
		return fail("write it to a file of mode 600 and name that with _APP_OPENSSL_KEY_V1_FILE", "%v", s.Config.Key)
	}
	return pass("%v", s.Config.Key)
}

func keyIsElsewhere(_ context.Context, s *Subject) outcome {
	path := s.Config.Key.Path()
	if path == "" || s.Config.Postgres() {
		return pass("%v is not in %s", s.Config.Key, s.Config.Data)
	}
	same, err := sameDisk(path, s.Config.Data)
	switch {
	case err != nil:
		return unknown("%v", err)
	case !same:
		return pass("%s is not on the disk of %s", path, s.Config.Data)
	}
	if kept := s.upkeep[upkeep.Keys]; !kept.At.IsZero() {
		return pass("%s is on the disk of %s, and was exported on %s", path, s.Config.Data, kept.At.Format(time.DateOnly))
	}
	return fail("moorfast key export --out FILE, and the file to where the data is not", "%s is on the disk of %s, and was never exported", path, s.Config.Data)
}

// answersWithin is how long whoever is asked may take: the place of the root key, a
// name server, the server itself.
const answersWithin = 2 * time.Second

// AskSource reads the root key once, for all who need it, and does not wait for a
// place that does not answer. [Run] does it, unless its caller has.
func (s *Subject) AskSource() {
	if s.asked {
		return
	}
	s.asked = true
	type answer struct {
		text vault.Secret
		err  error
	}
	source, answers := s.Config.Key, make(chan answer, 1)
	began := clock.System{}.Now()
	go func() {
		text, err := source.Text()
		answers <- answer{text, err}
	}()
	var a answer
	select {
	case a = <-answers:
	case <-time.After(answersWithin):
		a.err = fmt.Errorf("%w within %v", vault.ErrSourceDown, answersWithin)
	}
	s.sourceTook, s.sourceError = clock.System{}.Now().Sub(began), a.err
	if kind := source.Kind(); kind != "file" && kind != "env" { // which are here
		s.Config.Key = vault.KeyFrom(kind, strings.TrimPrefix(source.String(), kind+":"), func() ([]byte, error) {
			return []byte(a.text.Reveal()), a.err
		})
	}
}

func sourceAnswers(_ context.Context, s *Subject) outcome {
	var key *vault.KeyError
	switch {
	case errors.Is(s.vaultError, vault.ErrNoRing) && errors.Is(s.sourceError, vault.ErrMissingKey):
		return unknown("there is no key yet: the first start makes one")
	case errors.As(s.sourceError, &key):
		return fail(key.Remedy, "%v: %v", s.Config.Key, s.sourceError)
	case s.sourceError != nil:
		return fail("look at what keeps the key, and at the way there", "%v: %v", s.Config.Key, s.sourceError)
	}
	return pass("%v, within %v", s.Config.Key, s.sourceTook.Round(time.Millisecond))
}

func ringOpens(_ context.Context, s *Subject) outcome {
	switch {
	case s.Ring == nil:
		return unknown("the keyring can not be reached")
	case errors.Is(s.vaultError, vault.ErrNoRing):
		return unknown("there is no keyring yet: nothing was sealed")
	case s.vaultError != nil:
		fix := "restore the keyring from a backup"
		var key *vault.KeyError
		if errors.As(s.vaultError, &key) {
			fix = key.Remedy
		}
		return fail(fix, "%v", s.vaultError)
	}
	damaged, err := s.vault.Damaged()
	switch {
	case err != nil:
		return unknown("%v", err)
	case len(damaged) > 0:
		return fail("restore the keyring from a backup", "%d keys do not unwrap, the first is %s", len(damaged), damaged[0])
	}
	return pass("%s opens it", s.vault.Fingerprint())
}

// status returns what the ring says of itself, or why it does not.
func (s *Subject) status(ctx context.Context) (vault.Status, string) {
	if s.Ring == nil {
		return vault.Status{}, "the keyring can not be reached"
	}
	status, err := vault.Inspect(ctx, s.Ring)
	if errors.Is(err, vault.ErrNoRing) {
		return status, "there is no keyring yet"
	}
	if err != nil {
		return status, err.Error()
	}
	return status, ""
}

// keyAge is from when a key is told of: four fifths of the year that it may be used
// for, so that there is time (K-16).
const keyAge = 365 * 24 * time.Hour * 4 / 5

func keysAreYoung(ctx context.Context, s *Subject) outcome {
	status, problem := s.status(ctx)
	if problem != "" {
		return unknown("%s", problem)
	}
	root := status.Active()
	old := 0
	for _, k := range status.Keys {
		if k.State == vault.Active && s.Now.Sub(k.Created) > keyAge {
			old++
		}
	}
	days := int(s.Now.Sub(root.Created).Hours() / 24)
	if old > 0 || s.Now.Sub(root.Created) > keyAge {
		return fail("moorfast key rotate --data-keys, and for the root key moorfast key rotate --to file:PATH",
			"the root key is %d days old, and %d data keys are older than %d days", days, old, int(keyAge.Hours()/24))
	}
	return pass("the root key is %d days old", days)
}

func rotationIsDone(ctx context.Context, s *Subject) outcome {
	status, problem := s.status(ctx)
	if problem != "" {
		return unknown("%s", problem)
	}
	for _, root := range status.Roots {
		switch root.State {
		case vault.Pending:
			return fail("moorfast key rotate --to the same source again, or moorfast key finalize to give it up", "root key %s is pending", root.Fingerprint)
		case vault.Retiring:
			return fail("name the new key in the settings, start every server anew, and then: moorfast key finalize", "root key %s is retiring", root.Fingerprint)
		case vault.Active, vault.Destroyed:
		}
	}
	for _, key := range status.Keys {
		if key.State == vault.Retiring {
			return fail("moorfast key rotate --data-keys", "data key %s is retiring", key.ID)
		}
	}
	return pass("root key %s is the only one", status.Active().Fingerprint)
}

func noKeyFileIsLeft(_ context.Context, s *Subject) outcome {
	path := s.Config.Key.Path()
	if path == "" {
		path = s.Config.RingPath() // where a key made here would have been
	}
	var left []string
	for _, suffix := range []string{".retired", ".new", "~", ".bak", ".old", ".swp"} {
		found, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"+suffix))
		if err != nil {
			return unknown("%v", err)
		}
		left = append(left, found...)
	}
	left = slices.DeleteFunc(left, func(f string) bool { return strings.HasSuffix(f, "keyring.json.new") })
	if len(left) > 0 {
		return fail("move to a safe place, or: shred -u "+strings.Join(left, " "), "%s", strings.Join(left, ", "))
	}
	return pass("none in %s", filepath.Dir(path))
}

func noKeyIsOrphaned(ctx context.Context, s *Subject) outcome {
	status, problem := s.status(ctx)
	if problem != "" {
		return unknown("%s", problem)
	}
	if s.Data == nil {
		return unknown("the database was not asked")
	}
	projects, err := s.Data.Projects(ctx)
	if err != nil {
		return unknown("%v", err)
	}
	var orphans []string
	for _, k := range status.Keys {
		project, ok := strings.CutPrefix(k.Scope, "project:")
		if ok && k.State != vault.Destroyed && !slices.Contains(projects, project) && !slices.Contains(orphans, project) {
			orphans = append(orphans, project)
		}
	}
	if len(orphans) > 0 {
		return fail("delete the projects again", "%d projects that are gone have keys, the first is %s", len(orphans), orphans[0])
	}
	return pass("%d keys of %d projects", len(status.Keys), len(projects))
}

func sampleOpens(ctx context.Context, s *Subject) outcome {
	if s.Data == nil || s.vault == nil {
		return unknown("the database was not asked")
	}
	tried, refused, err := s.Data.Sample(ctx)
	switch {
	case err != nil:
		return unknown("%v", err)
	case refused > 0:
		return fail("restore the rows from a backup", "%d of %d fields do not open", refused, tried)
	}
	return pass("%d fields open", tried)
}

func memoryStays(_ context.Context, s *Subject) outcome {
	sys := s.System
	var wrong []string
	if sys.Error != nil {
		return unknown("%v", sys.Error)
	}
	if !sys.Protection.NoCore {
		wrong = append(wrong, "core dumps can not be switched off")
	}
	if !sys.Protection.NoTrace {
		wrong = append(wrong, "other processes of the user can read the memory")
	}
	if sys.Protection.LockedBytes == 0 {
		wrong = append(wrong, "no memory may be locked")
	}
	if len(sys.Swap) > 0 {
		wrong = append(wrong, fmt.Sprintf("swap is on (%s)", strings.Join(sys.Swap, ", ")))
	}
	if len(wrong) > 0 {
		return fail("swapoff -a or encrypted swap; ulimit -l 1024; a kernel and container that allow prctl(PR_SET_DUMPABLE)",
			"%s", strings.Join(wrong, ", "))
	}
	return pass("no swap, no core dumps, keys are locked")
}
