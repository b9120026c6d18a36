package useragent

import (
	"strings"

	ua "github.com/mileusna/useragent"
)

// Types of clients.
const (
	browser = "browser"
	library = "library"
	desktop = "desktop"
	mobile  = "mobile app"
)

// program is a client that is no browser, known by how its header begins or by
// a part of it.
type program struct{ mark, typ, code, name string }

var programs = []program{
	{"AppwriteCLI/", desktop, "cli", "Appwrite CLI"},
	{"AppwriteNodeJSSDK/", library, "", "Node Fetch"},
	{"AppwritePythonSDK/", library, "", "Python Requests"},
	{"AppwritePHPSDK/", library, "", "Guzzle (PHP HTTP Client)"},
	{"AppwriteRubySDK/", library, "", "Ruby"},
	{"AppwriteDotNetSDK/", library, "", ".NET HttpClient"},
	{"AppwriteGoSDK/", library, "", "Go-http-client"},
	{"AppwriteRustSDK/", library, "", "reqwest"},
	{"AppwriteKotlinSDK/", library, "", "OkHttp"},
	{"AppwriteSwiftSDK/", library, "", "AsyncHTTPClient"},
	{"AppwriteDartSDK/", library, "", "Dart"},
	{"Dart/", library, "", "Dart"},
	{"node-fetch/", library, "", "Node Fetch"},
	{"undici", library, "", "Undici"},
	{"Deno/", library, "", "Deno"},
	{"Bun/", library, "", "Bun"},
	{"axios/", library, "", "Axios"},
	{"got ", library, "", "got"},
	{"curl/", library, "", "curl"},
	{"Wget/", library, "", "Wget"},
	{"HTTPie/", library, "", "HTTPie"},
	{"PostmanRuntime/", library, "", "Postman Desktop"},
	{"python-requests/", library, "", "Python Requests"},
	{"Python-urllib/", library, "", "Python urllib"},
	{"python-httpx/", library, "", "HTTPX"},
	{"aiohttp/", library, "", "aiohttp"},
	{"GuzzleHttp/", library, "", "Guzzle (PHP HTTP Client)"},
	{"okhttp/", library, "", "OkHttp"},
	{"Go-http-client/", library, "", "Go-http-client"},
	{"Java/", library, "", "Java"},
	{"Java-http-client/", library, "", "Java Http Client"},
	{"Apache-HttpClient/", library, "", "Apache HTTP Client"},
	{"reqwest/", library, "", "reqwest"},
	{"libwww-perl/", library, "", "libwww-perl"},
	{"Instagram ", mobile, "", "Instagram App"},
	{"FBAN/", mobile, "", "Facebook"},
	{"FBAV/", mobile, "", "Facebook"},
	{"WhatsApp/", mobile, "", "WhatsApp"},
}

// setProgram names a client that is no browser, and reports whether it is one.
func (i *Info) setProgram(header string) bool {
	for _, p := range programs {
		at := strings.Index(header, p.mark)
		if at < 0 || at > 0 && p.typ != mobile {
			continue
		}
		i.ClientType, i.ClientCode, i.ClientName = p.typ, p.code, p.name
		i.ClientVersion = after(header, p.mark)
		if p.typ != desktop {
			i.ClientVersion = minor(i.ClientVersion)
		}
		return true
	}
	// Node's own fetch says only "node".
	if header == "node" {
		i.ClientType, i.ClientName = library, "Node Fetch"
		return true
	}
	return false
}

// application is a browser: its mark in the header, name, code, and the same
// on a phone, where those differ.
type application struct {
	mark, name, code     string
	phoneName, phoneCode string
}

// applications are the browsers, those first that carry the marks of others.
var applications = []application{
	{"EdgiOS/", "Microsoft Edge", "PS", "", ""},
	{"EdgA/", "Microsoft Edge", "PS", "", ""},
	{"Edg/", "Microsoft Edge", "PS", "", ""},
	{"Edge/", "Microsoft Edge", "PS", "", ""},
	{"OPR/", "Opera", "OP", "Opera Mobile", "OM"},
	{"OPT/", "Opera Touch", "OT", "", ""},
	{"OPiOS/", "Opera Mini iOS", "OS", "", ""},
	{"Opera Mini/", "Opera Mini", "OI", "", ""},
	{"Opera/", "Opera", "OP", "", ""},
	{"SamsungBrowser/", "Samsung Browser", "SB", "", ""},
	{"YaBrowser/", "Yandex Browser", "YA", "", ""},
	{"Vivaldi/", "Vivaldi", "VI", "", ""},
	{"Brave/", "Brave", "BR", "", ""},
	{"HuaweiBrowser/", "Huawei Browser Mobile", "HU", "", ""},
	{"MiuiBrowser/", "MIUI Browser", "MU", "", ""},
	{"UCBrowser/", "UC Browser", "UC", "", ""},
	{"DuckDuckGo/", "DuckDuckGo Privacy Browser", "DD", "", ""},
	{"HeadlessChrome/", "Headless Chrome", "HC", "", ""},
	{"CriOS/", "Chrome Mobile iOS", "CI", "", ""},
	{"FxiOS/", "Firefox Mobile iOS", "FI", "", ""},
	{"Firefox/", "Firefox", "FF", "Firefox Mobile", "FM"},
	{"Chromium/", "Chromium", "CR", "", ""},
	{"Chrome/", "Chrome", "CH", "Chrome Mobile", "CM"},
	{"MSIE ", "Internet Explorer", "IE", "", ""},
	{"Trident/", "Internet Explorer", "IE", "", ""},
}

func (i *Info) setBrowser(header string, p ua.UserAgent) {
	for _, a := range applications {
		if !strings.Contains(header, a.mark) {
			continue
		}
		i.ClientType, i.ClientName, i.ClientCode = browser, a.name, a.code
		if a.phoneName != "" && (p.Mobile || p.Tablet) {
			i.ClientName, i.ClientCode = a.phoneName, a.phoneCode
		}
		i.ClientVersion = minor(after(header, a.mark))
		switch {
		case a.mark == "Trident/":
			i.ClientVersion = minor(after(header, "rv:"))
		case i.ClientCode == "CM" && strings.Contains(header, "; wv)"):
			i.ClientName, i.ClientCode = "Chrome Webview", "CV"
		}
		i.setEngine(header)
		return
	}
	// What is left with a version of its own is Safari, or Android's old browser.
	if !strings.Contains(header, "Safari/") {
		return
	}
	i.ClientType, i.ClientVersion = browser, minor(after(header, "Version/"))
	switch {
	case i.OSCode == "AND":
		i.ClientName, i.ClientCode = "Android Browser", "AN"
	case strings.Contains(header, "Mobile/"):
		i.ClientName, i.ClientCode = "Mobile Safari", "MF"
	default:
		i.ClientName, i.ClientCode = "Safari", "SF"
	}
	i.setEngine(header)
}

func (i *Info) setEngine(header string) {
	switch {
	case i.ClientCode == "IE":
		i.ClientEngine, i.ClientEngineVersion = "Trident", after(header, "Trident/")
	case strings.Contains(header, " Edge/"):
		i.ClientEngine, i.ClientEngineVersion = "Edge", after(header, "Edge/")
	case strings.Contains(header, "Presto/"):
		i.ClientEngine, i.ClientEngineVersion = "Presto", after(header, "Presto/")
	case strings.Contains(header, "Chrome/") || strings.Contains(header, "Chromium/"):
		i.ClientEngine, i.ClientEngineVersion = "Blink", after(header, "Chrome/")
	case strings.Contains(header, "AppleWebKit/"):
		i.ClientEngine, i.ClientEngineVersion = "WebKit", after(header, "AppleWebKit/")
	case strings.Contains(header, "Gecko/"):
		i.ClientEngine, i.ClientEngineVersion = "Gecko", after(header, "rv:")
	}
}
