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

	"moorfast/internal/core/access"
)

const consoleGroup = "Console"

// listsParse is the one check that runs on settings with mistakes.
const listsParse = "CON-03"

func consoleChecks() []Check {
	return []Check{
		{
			"CON-01", consoleGroup, High, "The first account of the console was made",
			"Until then whoever comes first owns the installation.", rootIsClaimed,
		},
		{
			"CON-02", consoleGroup, High, "Not just anybody can sign up",
			"Every account may make projects, and use what they cost.", signUpIsClosed,
		},
		{
			listsParse, consoleGroup, High, "Every entry of the console's lists can be read",
			"An entry that is not understood lets in nobody, or keeps out nobody.", listsAreRead,
		},
		{
			"CON-04", consoleGroup, Medium, "The lists let somebody in",
			"Lists that deny what they allow lock everybody out.", somebodyGetsIn,
		},
		{
			"CON-05", consoleGroup, Medium, "The lists hold for every request",
			"Otherwise a session goes on from an address, or for a person, that the lists keep out.", listsReachAll,
		},
		{
			"CON-06", consoleGroup, Medium, "Every owner shows a second factor",
			"A password that was guessed or found is then not enough.", none(func(f *Facts) []string { return f.OwnersWithoutMFA },
				"owner", "set up an authenticator at the account page of each", "all do"),
		},
		{
			"CON-07", consoleGroup, Low, "Every owner was here in the last 90 days",
			"An account that nobody uses is one that nobody misses when it is taken.", none(func(f *Facts) []string { return f.StaleOwners },
				"owner", "remove them from their organizations", "all were"),
		},
		{
			"CON-08", consoleGroup, Low, "No invitation to the console has waited for long",
			"An invitation is a key in a mailbox.", invitesAreFresh,
		},
		{
			"CON-09", consoleGroup, Medium, "Every entry of the lists does something",
			"An entry for everybody is no list, and one that is denied elsewhere is a mistake.", entriesMatter,
		},
		{
			"CON-10", consoleGroup, High, "Nobody can make the first account by being first",
			"Between the start and your sign-up, whoever finds the address may be faster.", setupIsGuarded,
		},
		{
			"CON-11", consoleGroup, Low, "The console is not offered to the whole internet",
			"What nobody can reach, nobody tries.", consoleIsAside,
		},
		{
			"CON-12", consoleGroup, Medium, "Who asks is let in by the lists",
			"A list that forgets its owner locks him out with the next session.", callerGetsIn,
		},
	}
}

func rootIsClaimed(ctx context.Context, s *Subject) outcome {
	if s.Data == nil {
		return unknown("the database was not asked")
	}
	claimed, err := s.Data.RootClaimed(ctx)
	switch {
	case err != nil:
		return unknown("%v", err)
	case !claimed:
		return fail("open the console and sign up, now", "the console has no account yet")
	}
	return pass("it was")
}

func signUpIsClosed(_ context.Context, s *Subject) outcome {
	if s.Config.Console.Access.Open() {
		return fail("_APP_CONSOLE_WHITELIST_ROOT=enabled, or a list of e-mail or network addresses", "anyone may sign up, from anywhere")
	}
	return pass("%s", access.New(s.Config.Console.Access).Explain())
}

func listsAreRead(_ context.Context, s *Subject) outcome {
	var wrong []string
	for _, m := range s.Mistakes {
		if m.Key == "console.whitelist_emails" || m.Key == "console.whitelist_ips" {
			wrong = append(wrong, m.Where+": "+m.What)
		}
	}
	if len(wrong) > 0 {
		return fail("correct or remove the entry", "%s", strings.Join(wrong, ", "))
	}
	return pass("they can")
}

func somebodyGetsIn(_ context.Context, s *Subject) outcome {
	explained := access.New(s.Config.Console.Access).Explain()
	if s.Config.Console.Access.Shut() {
		return fail("remove the entries with a ! that name what others allow", "%s", explained)
	}
	return pass("%s", explained)
}

func listsReachAll(_ context.Context, s *Subject) outcome {
	a := s.Config.Console.Access
	if a.Emails.Empty() && a.Addrs.Empty() {
		return pass("there are none")
	}
	if a.Enforce != access.EnforceAll {
		return fail("MOORFAST_CONSOLE_ENFORCE=all", "they reach %v", a.Enforce)
	}
	return pass("they reach %v", a.Enforce)
}

// An invitation works for 72 hours.
const inviteAge = 72 * time.Hour

func invitesAreFresh(ctx context.Context, s *Subject) outcome {
	if s.Data == nil {
		return unknown("the database was not asked")
	}
	n, err := s.Data.StaleInvites(ctx, s.Now.Add(-inviteAge))
	switch {
	case err != nil:
		return unknown("%v", err)
	case n > 0:
		return fail("withdraw them on the members page of each organisation", "%d have waited for over 72 hours", n)
	}
	return pass("none")
}

func entriesMatter(_ context.Context, s *Subject) outcome {
	nobody, everybody := s.Config.Console.Access.Useless()
	var wrong []string
	if len(everybody) > 0 {
		wrong = append(wrong, strings.Join(everybody, ", ")+" is everybody")
	}
	if len(nobody) > 0 {
		wrong = append(wrong, fmt.Sprintf("%d allowed entries are denied by others", len(nobody)))
	}
	if len(wrong) > 0 {
		return fail("correct or remove the entries", "%s", strings.Join(wrong, "; "))
	}
	return pass("they do")
}

func setupIsGuarded(ctx context.Context, s *Subject) outcome {
	if s.Data == nil {
		return unknown("the database was not asked")
	}
	claimed, err := s.Data.RootClaimed(ctx)
	switch {
	case err != nil:
		return unknown("%v", err)
	case claimed:
		return pass("the first account was made")
	case s.Config.Console.Access.Setup:
		return pass("it needs the token that is printed at the start")
	}
	return fail("moorfast admin create, or MOORFAST_SETUP_TOKEN=required", "the first account needs no token")
}

// consoleIsAside looks at both ways in: the API's own, which the console has no
// listener besides, and that of the host's commands.
func consoleIsAside(_ context.Context, s *Subject) outcome {
	socket := filepath.Join(s.Config.Data, "run", "admin.sock")
	for _, path := range []string{filepath.Dir(socket), socket} {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return unknown("%v", err)
		case info.Mode().Perm()&0o077 != 0:
			return fail("chmod go-rwx "+path, "%s, by which commands of the host come, has mode %o", path, info.Mode().Perm())
		}
	}
	a := s.Config.Console.Access
	switch {
	case s.Config.Admin.Listen != "":
		return pass("it answers at %s alone", s.Config.Admin.Listen)
	case s.desk():
		return pass("only this machine reaches %s", s.Config.Listen)
	case a.Addrs.Empty():
		return fail("_APP_CONSOLE_WHITELIST_IPS with the networks that owners come from, or MOORFAST_ADMIN_LISTEN", "it answers wherever the API does, to every address")
	}
	return pass("it is for %v", a.Addrs)
}

func callerGetsIn(_ context.Context, s *Subject) outcome {
	list := s.Config.Console.Access.Addrs
	switch {
	case list.Empty():
		return pass("there is no list of addresses")
	case !s.Caller.IsValid():
		return unknown("who asks has no address: ask over SSH, or at /v1/health/security")
	case !list.Allows(s.Caller):
		return fail("_APP_CONSOLE_WHITELIST_IPS with "+s.Caller.String(), "%v asks, and %v is for others", s.Caller, list)
	}
	return pass("%v is", s.Caller)
}
