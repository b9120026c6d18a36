package doctor

import (
	"context"
	"fmt"
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
