package server

import (
	"net/http"
	"net/netip"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/clientaddr"
	"moorfast/internal/config"
	"moorfast/internal/httpd"
	"moorfast/internal/project"
	"moorfast/internal/service/console"
)

// consoleProject is the console's own project, which is made of settings.
func consoleProject(c config.Config) *project.Project {
	auths := project.DefaultAuths()
	auths.SessionLimit = 0
	auths.SessionAlerts = c.Console.SessionAlerts
	if c.Console.SessionLifetime > 0 {
		auths.SessionDuration = int(c.Console.SessionLifetime.Seconds())
	}
	if c.Profile == config.Hardened { // P-2
		auths.PasswordStrength.Min, auths.MinWithMFA, auths.PasswordDictionary = 15, 8, true
	}
	auths.Membership = project.Privacy{UserID: true, UserEmail: true, UserPhone: true, UserName: true, UserMFA: true, UserAccessedAt: true}
	disabled := map[string]bool{}
	if !c.Console.Invites {
		disabled[project.Method+"invites"] = true
	}
	return &project.Project{
		ID: project.Console, Name: "moorfast", Auths: auths, Disabled: disabled,
		Platforms: []project.Platform{{Type: project.Web, Name: "Localhost", Hostname: "localhost"}},
		SMTP:      c.SMTP.Host != "",
	}
}

// own are the places that every project allows.
func own(c config.Config) project.Own {
	o := project.Own{Hosts: []string{"localhost"}, Schemes: c.Console.Schemes}
	for _, h := range append([]string{c.Domain.Name, c.Domain.Console, c.Domain.Migration}, c.Console.Hostnames...) {
		if h != "" {
			o.Hosts = append(o.Hosts, h)
		}
	}
	return o
}

// hosts tells which names are ours, or is nil where all are taken (N-9).
func hosts(c config.Config) func(string) bool {
	if !c.Network.KnownHosts {
		return nil
	}
	names := map[string]bool{}
	for _, name := range append(own(c).Hosts, c.Network.TLS.Names...) {
		names[strings.ToLower(name)] = true
	}
	return func(host string) bool { return names[host] }
}

// cookies says how those of the console are set (D.00): for its own site, unless
// the settings have it served from another.
func cookies(c config.Config) httpd.Cookies {
	k := httpd.Cookies{Strict: c.Profile == config.Hardened}
	for _, host := range c.Console.Hostnames {
		if !httpd.SameSite("https://"+host, c.Domain.Name) {
			k.CrossSite = true
		}
	}
	return k
}

// peer returns the rule by which a request tells who sent it (N-1). Of a header
// that was not believed, ignored hears.
func peer(n config.Network, ignored func(by netip.Addr)) func(*http.Request) api.Client {
	rule := n.Rule()
	return func(r *http.Request) api.Client {
		remote, _ := netip.ParseAddrPort(r.RemoteAddr) // the zero address is trusted by nobody
		c := rule.Client(clientaddr.Request{
			Peer: remote.Addr(), TLS: r.TLS != nil, Host: r.Host, Header: r.Header.Values,
		})
		if c.Ignored {
			ignored(c.Addr)
		}
		return api.Client{
			Addr: c.Addr, Secure: c.Proto == "https", Host: c.Host,
			Outside: r.Context().Value(outside{}) != nil, UserAgent: r.UserAgent(), SDK: r.Header.Get("X-SDK-Name"), Origin: r.Header.Get("Origin"),
			Setup: r.Header.Get("X-Moorfast-Setup-Token"),
		}
	}
}

// variables are what the console is told of the installation.
func variables(c config.Config) console.Variables {
	addrs := func(list []netip.Addr) string {
		if len(list) == 0 {
			return ""
		}
		return list[0].String()
	}
	caa := ""
	if c.Domain.CAA != "" {
		caa = `0 issue "` + c.Domain.CAA + `"`
	}
	return console.Variables{
		DomainTargetCNAME: c.Domain.CNAME, DomainTargetA: addrs(c.Domain.A), DomainTargetAAAA: addrs(c.Domain.AAAA), DomainTargetCAA: caa,
		BuildTimeout: int64(c.Compute.BuildTimeout.Seconds()), StorageLimit: c.Storage.Limit, ComputeSizeLimit: c.Compute.SizeLimit,
		UsageStats: enabled(c.UsageStats), VCSEnabled: len(c.VCS.Providers()) > 0, VCSProviders: none(c.VCS.Providers()), VCSCreation: []string{}, VCSPublic: []string{},
		DomainEnabled:    c.Domain.CNAME != "" || len(c.Domain.A) > 0 || len(c.Domain.AAAA) > 0,
		AssistantEnabled: false, // not built; a key for it is named at start
		DomainSites:      strings.Join(c.Domain.Sites, ","), DomainFunctions: strings.Join(c.Domain.Functions, ","),
		ForceHTTPS: enabled(c.Network.ForceHTTPS), Nameservers: c.Domain.Nameservers,
		DBAdapter:     "mariadb", // what the console shows columns for: both of our engines have them all
		Relationships: true, Spatials: true, Operators: true, FulltextWildcard: true, AttributeResizing: true, Schemas: true, MaxIndexLength: 768, IntegerIDs: true,
	}
}

// domains are the names of the installation itself.
func domains(c config.Config) console.Domains {
	return console.Domains{Hosts: own(c).Hosts, Sites: c.Domain.Sites, Functions: c.Domain.Functions}
}

func enabled(on bool) string {
	if on {
		return "enabled"
	}
	return "disabled"
}

func none(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
