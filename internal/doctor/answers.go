package doctor

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Answer is how the running server answered a request that anybody may send.
type Answer struct {
	Header map[string]string // by names in lower case
	Secure bool              // the server took the request for one that came by HTTPS
}

// probe asks the server, for a check that looks at its answer.
func (s *Subject) probe(ctx context.Context) (Answer, outcome, bool) {
	if s.Ask == nil {
		return Answer{}, unknown("no server was asked"), false
	}
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	a, err := s.Ask(ctx)
	if err != nil {
		return a, unknown("no server answers at %s: %v", s.Config.Listen, err), false
	}
	return a, outcome{}, true
}

// leastHSTS is what Appwrite says.
const leastHSTS = 126 * 24 * time.Hour

func httpsIsRemembered(ctx context.Context, s *Subject) outcome {
	if s.desk() && !s.Config.Network.TLS.On() {
		return pass("only this machine reaches %s", s.Config.Listen)
	}
	a, why, ok := s.probe(ctx)
	if !ok {
		return why
	}
	if !a.Secure {
		return fail("what NET-01 says; behind a proxy on another machine, name that in MOORFAST_TRUSTED_PROXIES",
			"the server takes no request for one by HTTPS, and so asks for none")
	}
	text := a.Header["strict-transport-security"]
	if life := maxAge(text); life < leastHSTS {
		return fail("see which program answers at "+s.Config.Listen+": this one says 126 days", "Strict-Transport-Security is %q", text)
	}
	return pass("Strict-Transport-Security: %s", text)
}

// maxAge reads that of a header; 0 is none.
func maxAge(text string) time.Duration {
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if !strings.EqualFold(name, "max-age") {
			continue
		}
		n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32)
		if err != nil || n < 0 {
			return 0
		}
		return time.Duration(n) * time.Second
	}
	return 0
}

// headers are what every answer has to carry; "" is any value.
var headers = []struct{ name, value string }{
	{"x-content-type-options", "nosniff"},
	{"referrer-policy", ""},
	{"permissions-policy", ""},
	{"cross-origin-resource-policy", ""},
}

func headersAreThere(ctx context.Context, s *Subject) outcome {
	a, why, ok := s.probe(ctx)
	if !ok {
		return why
	}
	fix := "see which program answers at " + s.Config.Listen + ": this one sends them, and tells nobody its version"
	for _, h := range headers {
		switch got, there := a.Header[h.name]; {
		case !there:
			return fail(fix, "%s is missing", h.name)
		case h.value != "" && got != h.value:
			return fail(fix, "%s is %.60q", h.name, got)
		}
	}
	if by, there := a.Header["x-powered-by"]; there {
		return fail(fix, "x-powered-by says %.60q", by)
	}
	if server := a.Header["server"]; strings.ContainsAny(server, "0123456789") {
		return fail(fix, "server says %.60q, with a version", server)
	}
	return pass("%d headers are as they have to be", len(headers))
}
