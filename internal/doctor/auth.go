package doctor

import (
	"context"
	"fmt"
	"time"
)

const authGroup = "Sign-in"

func authChecks() []Check {
	return []Check{
		{
			"AUT-01", authGroup, High, "Calls are limited by rate",
			"Without limits, passwords and codes are guessed as fast as the server answers.", callsAreLimited,
		},
		{
			"AUT-02", authGroup, Critical, "Who guesses passwords is slowed down",
			"Every account whose password is on a list of common ones is lost within the hour.", guessesAreSlow,
		},
		{
			"AUT-03", authGroup, Low, "Sessions at the console end",
			"A session that was stolen works for as long as it lives.", sessionsEnd,
		},
		{
			"AUT-04", authGroup, Low, "Projects ask for more than eight characters",
			"Passwords of eight characters that many people use are guessed first.", none(func(f *Facts) []string { return f.WeakPolicies },
				"project", "switch the dictionary on, or ask for longer passwords, in the project's policies", "all do"),
		},
		{
			"AUT-05", authGroup, Low, "A guess at a password costs enough, and not too much",
			"Who has the hashes guesses as fast as one is made; who signs in waits for as long.", hashesCost,
		},
		{
			"AUT-06", authGroup, Low, "No password is kept in a weaker form than ours",
			"Hashes that were imported are made anew at the next sign-in; whose owners never come stay weak.", foreignHashes,
		},
		{
			"AUT-07", authGroup, Medium, "API keys are used, end, and may do what they need",
			"A key that nobody remembers opens its project to whoever finds it.", keysAreKept,
		},
		{
			"AUT-08", authGroup, Medium, "Nothing that is for developing is left on",
			"A code that never changes, and a key that was published, let in whoever knows them.", nothingIsMocked,
		},
		{
			"AUT-09", authGroup, Low, "Who has signed in is sent to hosts that are named",
			"Of a pattern of hosts, one that somebody else gets hold of receives sessions.", none(func(f *Facts) []string { return f.Patterns },
				"platform", "name the hosts of the app, instead of *.example.org", "all are named"),
		},
		{
			"AUT-10", authGroup, Medium, "Mail leaves encrypted",
			"Links to sign in and to recover an account are in it.", mailIsEncrypted,
		},
		{
			"AUT-11", authGroup, Medium, "No table can be changed by anybody",
			"What guests may write, robots write.", none(func(f *Facts) []string { return f.OpenTables },
				"table", "give create, update and delete to roles of users", "none can"),
		},
		{
			"AUT-12", authGroup, Low, "Webhooks ask for a certificate",
			"Whoever stands between reads what they carry, and answers for the receiver.", none(func(f *Facts) []string { return f.PlainWebhooks },
				"webhook", "switch TLS on for it", "all do"),
		},
	}
}

func callsAreLimited(_ context.Context, s *Subject) outcome {
	if !s.Config.Abuse {
		return fail("_APP_OPTIONS_ABUSE=enabled", "the limits are switched off, but for guesses at secrets")
	}
	return pass("they are")
}

// The bounds of what a password hash is to take (P-1). Fifty milliseconds are the
// aim; a quick machine at the least cost is still near to it.
const (
	quickHash = 20 * time.Millisecond
	aimHash   = 50 * time.Millisecond
	slowHash  = 250 * time.Millisecond
)

func hashesCost(_ context.Context, s *Subject) outcome {
	if s.System.HashTime <= 0 {
		return unknown("it was not measured")
	}
	passes := max(2, s.Config.PasswordPasses)
	took := s.System.HashTime * time.Duration(passes) / 2
	better := func(aim time.Duration) int64 {
		return min(50, max(2, int64((2*aim+s.System.HashTime-1)/s.System.HashTime)))
	}
	switch {
	case took < quickHash && passes < 50:
		return fail(fmt.Sprintf("MOORFAST_PASSWORD_PASSES=%d", better(aimHash)), "it takes %v here", took.Round(time.Millisecond))
	case took > slowHash && passes > 2:
		return fail(fmt.Sprintf("MOORFAST_PASSWORD_PASSES=%d", better(aimHash)), "it takes %v here", took.Round(time.Millisecond))
	}
	return pass("%v here", took.Round(time.Millisecond))
}

func guessesAreSlow(_ context.Context, s *Subject) outcome {
	if s.Config.Unguarded {
		return fail("unset MOORFAST_DANGEROUS_NO_BRUTE_FORCE", "it is switched off")
	}
	return pass("by account, and by network")
}

// longSession is Appwrite's lifetime of a session, which nobody remembers the
// beginning of.
const longSession = 365 * 24 * time.Hour

func sessionsEnd(_ context.Context, s *Subject) outcome {
	life, idle := s.Config.Console.SessionLifetime, s.Config.Console.SessionIdle
	if (life == 0 || life >= longSession) && idle == 0 {
		return fail("MOORFAST_CONSOLE_SESSION_IDLE=720h", "they live for a year, used or not")
	}
	if idle > 0 {
		return pass("after %v without a request", idle)
	}
	return pass("after %v", life)
}

var foreignHashes = facts(func(_ *Subject, f *Facts) outcome {
	if f.ForeignHash > 0 {
		return fail("ask their owners to sign in, or reset the passwords of those who do not", "%d users have an imported hash", f.ForeignHash)
	}
	return pass("all are Argon2id")
})

var keysAreKept = facts(func(_ *Subject, f *Facts) outcome {
	switch {
	case len(f.KeysUnused) > 0:
		return fail("delete them", "not used for 90 days: %s", some(f.KeysUnused, "key"))
	case len(f.KeysWide) > 0:
		return fail("give them the scopes that they use", "of every scope: %s", some(f.KeysWide, "key"))
	}
	if len(f.KeysForever) > 0 {
		return fail("give them an end, and make new ones before it", "without an end: %s", some(f.KeysForever, "key"))
	}
	return pass("they do")
})

func nothingIsMocked(_ context.Context, s *Subject) outcome {
	if s.Config.InsecureDev {
		return fail("remove MOORFAST_INSECURE_DEV", "a published example key is accepted")
	}
	return facts(func(s *Subject, f *Facts) outcome {
		if len(f.Mocked) > 0 && !s.desk() {
			return fail("remove the numbers in the project's settings", "phone numbers whose code is always the same: %s", some(f.Mocked, "project"))
		}
		return pass("no number has a code of its own, and dev keys there are none")
	})(nil, s)
}

func mailIsEncrypted(_ context.Context, s *Subject) outcome {
	m := s.Config.SMTP
	switch {
	case m.Host == "":
		return pass("no mail is sent")
	case m.Secure == "":
		return fail("_APP_SMTP_SECURE=tls", "mail goes to %s in the clear", m.Host)
	}
	return pass("by %s", m.Secure)
}
