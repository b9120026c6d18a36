package doctor

import (
	"context"
	"net"
	"net/netip"
	"strings"

	"moorfast/internal/config"
)

const networkGroup = "Network"

func networkChecks() []Check {
	return []Check{
		{
			"NET-01", networkGroup, Critical, "What leaves this machine is encrypted",
			"Passwords, sessions and keys travel with every request.", trafficIsEncrypted,
		},
		{
			"NET-02", networkGroup, High, "Certificates hold for two weeks at least",
			"When one runs out, no client connects; what renews it has failed for a while by then.", certificatesHold,
		},
		{
			"NET-03", networkGroup, High, "No outdated protocol of encryption is spoken",
			"TLS before 1.2, and suites without forward secrecy, are read by who keeps what was said.", protocolsAreModern,
		},
		{
			"NET-04", networkGroup, Medium, "Browsers are told to come by HTTPS only",
			"The first request of each visit could go in the clear, and be answered by somebody else.", httpsIsRemembered,
		},
		{
			"NET-05", networkGroup, High, "Few machines may say who a client is",
			"Whoever is believed in a forwarding header can be any address, one of the console's list too.", proxiesAreFew,
		},
		{
			"NET-06", networkGroup, Medium, "No proxy speaks for clients without being trusted",
			"All its clients look like one then: limits hit everybody, and lists let in everybody or nobody.", proxiesAreKnown,
		},
		{
			"NET-07", networkGroup, Medium, "Only names of this installation are answered",
			"A name that leads here from outside lets its owner's pages call us, and mails link to it.", hostsAreKnown,
		},
		{
			"NET-08", networkGroup, Low, "Nothing private may be fetched",
			"A URL that a user gives could then reach what only this machine can.", nothingPrivateIsFetched,
		},
		{
			"NET-09", networkGroup, Medium, "No project takes pages of every host for its own",
			"Any page that a signed-in user opens could then act for them.", none(func(f *Facts) []string { return f.AnyPlatform },
				"project", "name the hosts of the app as platforms", "none does"),
		},
		{
			"NET-10", networkGroup, Medium, "Answers carry the headers that keep browsers careful",
			"Another program at our address, or a change of ours, may leave them out.", headersAreThere,
		},
		{
			"NET-11", networkGroup, Low, "The server listens where it has to, and not everywhere",
			"An interface that nobody thinks of is one that nobody guards.", listensNarrowly,
		},
		{
			"NET-12", networkGroup, Medium, "Figures of the server are not open to others",
			"They tell when nobody watches, and a token that travels in the clear is everybody's.", metricsAreAside,
		},
		{
			"NET-13", networkGroup, Low, "The clock is right",
			"Codes, tokens and certificates end by it, and records are read by it.", clockIsRight,
		},
		{
			"NET-14", networkGroup, Low, "The domain leads here, and says who may certify it",
			"Links and cookies are made for it, and any authority may be talked into a certificate.", domainIsKept,
		},
	}
}

// loopback reports whether only this machine reaches the server.
func (s *Subject) loopback() bool {
	host, _, err := net.SplitHostPort(s.Config.Listen)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// desk reports whether the installation is for this machine alone: nobody else
// reaches it, and no name leads to it by way of a proxy.
func (s *Subject) desk() bool { return s.loopback() && !config.Public(s.Config.Domain.Name) }

func trafficIsEncrypted(_ context.Context, s *Subject) outcome {
	switch {
	case s.loopback():
		return pass("only this machine reaches %s", s.Config.Listen)
	case s.Config.Network.TLS.On():
		return pass("%s is TLS, with certificates from: %s", s.Config.Listen, s.Config.Network.TLS.Mode)
	case s.Config.Network.ForceHTTPS:
		return pass("plain HTTP is refused")
	}
	return fail("set MOORFAST_TLS=auto, file or local; or put a proxy that speaks TLS in front, name it in MOORFAST_TRUSTED_PROXIES, and set _APP_OPTIONS_FORCE_HTTPS=enabled",
		"%s takes plain HTTP from other machines", s.Config.Listen)
}

func proxiesAreFew(_ context.Context, s *Subject) outcome {
	var wide []string
	for _, p := range s.Config.Network.TrustedProxies {
		if p.Addr().Is4() && p.Bits() < 16 && !p.Addr().IsLoopback() || p.Addr().Is6() && p.Bits() < 48 {
			wide = append(wide, p.String())
		}
	}
	if len(wide) > 0 {
		return fail("name the addresses of the proxies in MOORFAST_TRUSTED_PROXIES", "%s are believed", strings.Join(wide, ", "))
	}
	var names []string
	for _, p := range s.Config.Network.TrustedProxies {
		names = append(names, p.String())
	}
	return pass("%s", strings.Join(names, ", "))
}

func nothingPrivateIsFetched(_ context.Context, s *Subject) outcome {
	var names []string
	for _, p := range s.Config.Network.OutboundAllow {
		names = append(names, p.String())
	}
	if len(names) > 0 {
		return fail("remove from MOORFAST_OUTBOUND_ALLOW what is not needed any more", "%s may be fetched", strings.Join(names, ", "))
	}
	return pass("only the public internet is reached")
}

func listensNarrowly(_ context.Context, s *Subject) outcome {
	host, _, err := net.SplitHostPort(s.Config.Listen)
	if err != nil {
		return unknown("%v", err)
	}
	if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
		return fail("--listen with the address of the interface that clients come by", "%s is every interface", s.Config.Listen)
	}
	return pass("%s", s.Config.Listen)
}
