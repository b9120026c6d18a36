package project

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Kinds of platforms.
const (
	Web     = "web"
	Apple   = "apple"
	Android = "android"
	Windows = "windows"
	Linux   = "linux"
)

// Platform is a client of the project, known by where it runs.
type Platform struct {
	ID, Name string
	Type     string // of the contract, also an older one such as "flutter-ios"
	Hostname string // of a web platform; may be "*" or start with "*."
	Key      string // the identifier of a native app
}

// Kind returns what a platform's type means today.
func Kind(typ string) string {
	switch typ {
	case Web, "flutter-web", "unity":
		return Web
	case Android, "flutter-android", "react-native-android":
		return Android
	case Windows, "flutter-windows":
		return Windows
	case Linux, "flutter-linux":
		return Linux
	}
	if typ == Apple || strings.HasPrefix(typ, "apple-") || strings.HasSuffix(typ, "-ios") || strings.HasSuffix(typ, "-macos") {
		return Apple
	}
	return typ
}

// nativeSchemes are the schemes that apps of a kind come from.
var nativeSchemes = map[string][]string{
	Apple:   {"appwrite-ios", "appwrite-macos", "appwrite-watchos", "appwrite-tvos"},
	Android: {"appwrite-android"},
	Windows: {"appwrite-windows"},
	Linux:   {"appwrite-linux"},
}

// hostSchemes are the schemes whose host decides, and the platform that each
// is called in messages.
var hostSchemes = map[string]string{
	"http":                 "Web",
	"https":                "Web",
	"chrome-extension":     "Web (Chrome Extension)",
	"moz-extension":        "Web (Firefox Extension)",
	"safari-web-extension": "Web (Safari Extension)",
	"ms-browser-extension": "Web (Edge Extension)",
	"tauri":                "Web (Tauri)",
}

var schemeNames = map[string]string{
	"appwrite-ios": "iOS", "appwrite-macos": "macOS", "appwrite-watchos": "watchOS", "appwrite-tvos": "tvOS",
	"appwrite-android": "Android", "appwrite-windows": "Windows", "appwrite-linux": "Linux",
}

// Own are the places that every project allows, because the operator named them.
type Own struct {
	Hosts   []string // may begin with "*."
	Schemes []string
}

func (o Own) scheme(name string) bool {
	return slices.ContainsFunc(o.Schemes, func(s string) bool { return strings.EqualFold(s, name) })
}

// AllowsOrigin reports whether a browser or an app at origin may use the
// project. The second result is the message for one that may not.
func (p *Project) AllowsOrigin(origin string, own Own) (bool, string) {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" {
		return false, "Invalid Origin."
	}
	scheme, host := strings.ToLower(u.Scheme), Host(u.Host)
	if name, ok := hostSchemes[scheme]; ok {
		if p.allowsHost(host, own.Hosts) {
			return true, ""
		}
		return false, "Invalid Origin. Register your new client (" + host + ") as a new " + name + " platform on your project console dashboard"
	}
	if scheme == "exp" || scheme == "appwrite-callback-"+p.ID || own.scheme(scheme) {
		return true, ""
	}
	for _, platform := range p.Platforms {
		if platform.Type == "scheme" && platform.Key == scheme || slices.Contains(nativeSchemes[Kind(platform.Type)], scheme) && matches(platform.Key, host) {
			return true, ""
		}
	}
	if name, ok := schemeNames[scheme]; ok {
		return false, "Invalid Origin. Register your new client (" + host + ") as a new " + name + " platform on your project console dashboard"
	}
	return false, "Invalid Scheme. The scheme used (" + scheme + ") in the Origin (" + origin + ") is not supported. If you are using a custom scheme, please change it to `appwrite-callback-<PROJECT_ID>`"
}

func (p *Project) allowsHost(host string, hosts []string) bool {
	if isLoopback(host) {
		host = "localhost"
	}
	for _, h := range hosts {
		if matches(h, host) {
			return true
		}
	}
	for _, platform := range p.Platforms {
		if matches(platform.Hostname, host) || matches(platform.Key, host) {
			return true
		}
	}
	return false
}

// AllowsRedirect reports whether a user may be sent to address.
func (p *Project) AllowsRedirect(address string, own Own) (bool, string) {
	ok, message := p.AllowsOrigin(address, own)
	return ok, strings.Replace(message, "Invalid Origin", "Invalid URI", 1)
}

// matches tells whether a host is the one a pattern names: the same, or below
// "*.example.com", or any where the pattern is "*".
func matches(pattern, host string) bool {
	if pattern == "" || host == "" {
		return false
	}
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return suffix == "" || strings.HasPrefix(suffix, ".") && len(host) > len(suffix) && strings.HasSuffix(host, strings.ToLower(suffix))
	}
	return strings.EqualFold(pattern, host)
}

// Host returns the name in "name:port", in lower case.
func Host(hostport string) string {
	u := url.URL{Host: hostport}
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// isLoopback reports whether a host is this machine by its usual numbers.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}
