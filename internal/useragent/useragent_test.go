package useragent

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)"
	tests := []struct {
		name, header string
		want         Info
	}{
		{
			"Chrome on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + " Chrome/70.0.3538.77 Safari/537.36",
			Info{"WIN", "Windows", "10", "browser", "CH", "Chrome", "70.0", "Blink", "70.0.3538.77", "desktop", "", ""},
		},
		{
			"Chrome on a Mac", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " + webkit + " Chrome/120.0.0.0 Safari/537.36",
			Info{"MAC", "Mac", "10.15", "browser", "CH", "Chrome", "120.0", "Blink", "120.0.0.0", "desktop", "Apple", ""},
		},
		{
			"Chrome on a phone", "Mozilla/5.0 (Linux; Android 13; Pixel 7) " + webkit + " Chrome/116.0.5845.92 Mobile Safari/537.36",
			Info{"AND", "Android", "13", "browser", "CM", "Chrome Mobile", "116.0", "Blink", "116.0.5845.92", "smartphone", "Google", "Pixel 7"},
		},
		{
			"Chrome that tells no model", "Mozilla/5.0 (Linux; Android 10; K) " + webkit + " Chrome/120.0.0.0 Mobile Safari/537.36",
			Info{"AND", "Android", "10", "browser", "CM", "Chrome Mobile", "120.0", "Blink", "120.0.0.0", "smartphone", "", ""},
		},
		{
			"Chrome in an app", "Mozilla/5.0 (Linux; Android 9; SM-G960F Build/PPR1; wv) " + webkit + " Version/4.0 Chrome/80.0.3987.99 Mobile Safari/537.36",
			Info{"AND", "Android", "9", "browser", "CV", "Chrome Webview", "80.0", "Blink", "80.0.3987.99", "smartphone", "Samsung", "SM-G960F"},
		},
		{
			"Chrome on an iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/114.0.5735.99 Mobile/15E148 Safari/604.1",
			Info{"IOS", "iOS", "16.5", "browser", "CI", "Chrome Mobile iOS", "114.0", "WebKit", "605.1.15", "smartphone", "Apple", "iPhone"},
		},
		{
			"Safari on a Mac", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15",
			Info{"MAC", "Mac", "10.15", "browser", "SF", "Safari", "17.2", "WebKit", "605.1.15", "desktop", "Apple", ""},
		},
		{
			"Safari on an iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1.2 Mobile/15E148 Safari/604.1",
			Info{"IOS", "iOS", "17.1", "browser", "MF", "Mobile Safari", "17.1", "WebKit", "605.1.15", "smartphone", "Apple", "iPhone"},
		},
		{
			"Safari on an iPad", "Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 Mobile/15E148 Safari/604.1",
			Info{"IPA", "iPadOS", "16.5", "browser", "MF", "Mobile Safari", "16.5", "WebKit", "605.1.15", "tablet", "Apple", "iPad"},
		},
		{
			"Firefox on Ubuntu", "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/119.0",
			Info{"UBT", "Ubuntu", "", "browser", "FF", "Firefox", "119.0", "Gecko", "109.0", "desktop", "", ""},
		},
		{
			"Firefox on a phone", "Mozilla/5.0 (Android 13; Mobile; rv:109.0) Gecko/119.0 Firefox/119.0",
			Info{"AND", "Android", "13", "browser", "FM", "Firefox Mobile", "119.0", "Gecko", "109.0", "smartphone", "", ""},
		},
		{
			"Edge on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + " Chrome/119.0.0.0 Safari/537.36 Edg/119.0.2151.72",
			Info{"WIN", "Windows", "10", "browser", "PS", "Microsoft Edge", "119.0", "Blink", "119.0.0.0", "desktop", "", ""},
		},
		{
			"Opera on Linux", "Mozilla/5.0 (X11; Linux x86_64) " + webkit + " Chrome/118.0.0.0 Safari/537.36 OPR/104.0.0.0",
			Info{"LIN", "GNU/Linux", "", "browser", "OP", "Opera", "104.0", "Blink", "118.0.0.0", "desktop", "", ""},
		},
		{
			"Samsung's browser on a tablet", "Mozilla/5.0 (Linux; Android 12; SM-T870) " + webkit + " SamsungBrowser/19.0 Chrome/102.0.5005.125 Safari/537.36",
			Info{"AND", "Android", "12", "browser", "SB", "Samsung Browser", "19.0", "Blink", "102.0.5005.125", "tablet", "Samsung", "SM-T870"},
		},
		{
			"Internet Explorer", "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
			Info{"WIN", "Windows", "7", "browser", "IE", "Internet Explorer", "11.0", "Trident", "7.0", "desktop", "", ""},
		},
		{
			"Chrome OS", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " + webkit + " Chrome/119.0.0.0 Safari/537.36",
			Info{"COS", "Chrome OS", "14541.0", "browser", "CH", "Chrome", "119.0", "Blink", "119.0.0.0", "desktop", "", ""},
		},
		{
			"the CLI", "AppwriteCLI/12.0.1 (linux; x64)",
			Info{"LIN", "GNU/Linux", "", "desktop", "cli", "Appwrite CLI", "12.0.1", "", "", "desktop", "", ""},
		},
		{
			"the SDK for Node", "AppwriteNodeJSSDK/27.1.0 (darwin; arm64)",
			Info{"MAC", "Mac", "", "library", "", "Node Fetch", "27.1", "", "", "desktop", "", ""},
		},
		{"node", "node", Info{ClientType: "library", ClientName: "Node Fetch"}},
		{"curl", "curl/8.5.0", Info{ClientType: "library", ClientName: "curl", ClientVersion: "8.5"}},
		{"Flutter's SDK", "Dart/3.2 (dart:io)", Info{ClientType: "library", ClientName: "Dart", ClientVersion: "3.2"}},
		{"what nobody knows", "Scintillating Monkey", Info{}},
		{"nothing", "", Info{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Parse(tt.header)); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tt.header, diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.3538.77 Safari/537.36")
	f.Add("AppwriteCLI/12.0.1 (linux; x64)")
	f.Add(strings.Repeat("(", 2000))
	f.Fuzz(func(t *testing.T, header string) {
		info := Parse(header)
		for _, s := range []string{info.OSVersion, info.ClientVersion, info.ClientEngineVersion, info.DeviceModel} {
			if len(s) > longest {
				t.Errorf("a field of %d bytes", len(s))
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		Parse("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.3538.77 Safari/537.36")
	}
}
