package useragent

import (
	"strings"

	ua "github.com/mileusna/useragent"
)

// system is one operating system: a mark in the header, the name and the code.
type system struct{ mark, name, code string }

// systems are those that the parser does not tell apart, or not by the
// contract's names. The first mark that is found counts.
var systems = []system{
	{"HarmonyOS", "HarmonyOS", "HAR"},
	{"OpenHarmony", "HarmonyOS", "HAR"},
	{"KAIOS", "KaiOS", "KOS"},
	{"Tizen", "Tizen", "TIZ"},
	{"Web0S", "webOS", "WOS"},
	{"Windows Phone", "Windows Phone", "WPH"},
	{"Fuchsia", "Fuchsia", "FUC"},
	{"PlayStation", "PlayStation", "PS3"},
	{"Xbox", "Xbox", "XBX"},
	{"Ubuntu", "Ubuntu", "UBT"},
	{"Fedora", "Fedora", "FED"},
	{"Debian", "Debian", "DEB"},
	{"Red Hat", "Red Hat", "RHT"},
	{"CentOS", "CentOS", "CES"},
	{"SUSE", "SUSE", "SSE"},
	{"FreeBSD", "FreeBSD", "BSD"},
	{"OpenBSD", "OpenBSD", "OBS"},
	{"NetBSD", "NetBSD", "NBS"},
}

// byParser are the systems that the parser names.
var byParser = map[string]system{
	ua.Windows:    {name: "Windows", code: "WIN"},
	ua.MacOS:      {name: "Mac", code: "MAC"},
	ua.IOS:        {name: "iOS", code: "IOS"},
	ua.Android:    {name: "Android", code: "AND"},
	ua.Linux:      {name: "GNU/Linux", code: "LIN"},
	ua.ChromeOS:   {name: "Chrome OS", code: "COS"},
	ua.BlackBerry: {name: "BlackBerry OS", code: "BLB"},
}

// windows are the versions of Windows NT by the names they are sold under.
var windows = map[string]string{
	"5.0": "2000", "5.1": "XP", "5.2": "Server 2003", "6.0": "Vista",
	"6.1": "7", "6.2": "8", "6.3": "8.1", "10.0": "10",
}

func (i *Info) setOS(header string, p ua.UserAgent) {
	for _, s := range systems {
		if strings.Contains(header, s.mark) {
			i.OSName, i.OSCode = s.name, s.code
			i.OSVersion = minor(after(header, s.mark+" "))
			if i.OSVersion == "" {
				i.OSVersion = minor(after(header, s.mark+"/"))
			}
			return
		}
	}
	if s, ok := byParser[p.OS]; ok {
		i.OSName, i.OSCode, i.OSVersion = s.name, s.code, minor(p.OSVersion)
	}
	switch {
	case p.OS == ua.IOS && strings.Contains(header, "iPad"):
		i.OSName, i.OSCode = "iPadOS", "IPA"
	case p.OS == ua.Windows:
		i.OSVersion = windows[p.OSVersion]
	case p.OS == ua.Linux:
		i.OSVersion = "" // the parser has the machine there
	case p.OS == ua.ChromeOS:
		i.OSVersion = chromeOS(header)
	case i.OSCode == "":
		i.setScriptOS(header)
	}
}

// chromeOS returns the version in "(X11; CrOS x86_64 14541.0.0)".
func chromeOS(header string) string {
	_, rest, _ := strings.Cut(header, "CrOS ")
	inside, _, _ := strings.Cut(rest, ")")
	_, version, _ := strings.Cut(inside, " ")
	return minor(version)
}

// setScriptOS finds the system in the headers of programs, which name it in
// their own ways: "node.js/22.1 (linux; x64)", "darwin", "win32".
func (i *Info) setScriptOS(header string) {
	lower := strings.ToLower(header)
	for _, s := range []system{
		{"android", "Android", "AND"},
		{"iphone", "iOS", "IOS"},
		{"ios", "iOS", "IOS"},
		{"darwin", "Mac", "MAC"},
		{"macos", "Mac", "MAC"},
		{"windows", "Windows", "WIN"},
		{"win32", "Windows", "WIN"},
		{"linux", "GNU/Linux", "LIN"},
	} {
		if hasWord(lower, s.mark) {
			i.OSName, i.OSCode = s.name, s.code
			return
		}
	}
}

// hasWord reports whether word stands in text between other than letters.
func hasWord(text, word string) bool {
	letter := func(b byte) bool { return 'a' <= b && b <= 'z' }
	for at := 0; ; {
		n := strings.Index(text[at:], word)
		if n < 0 {
			return false
		}
		start, end := at+n, at+n+len(word)
		if (start == 0 || !letter(text[start-1])) && (end == len(text) || !letter(text[end])) {
			return true
		}
		at = end
	}
}
