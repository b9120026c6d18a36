package avatars

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

const svgHead = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">`

func TestSanitizeKeepsDrawings(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"shapes": {
			`<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE svg><!-- c -->` + svgHead + `<g fill="#f00"><path d="M0 0h8v8z"/><circle cx="4" cy="4" r="2" style="fill:blue; stroke:url(#a)"/></g></svg>`,
			svgHead + `<g fill="#f00"><path d="M0 0h8v8z"></path><circle cx="4" cy="4" r="2" style="fill:blue; stroke:url(#a)"></circle></g></svg>`,
		},
		"gradients": {
			`<svg><defs><linearGradient id="a"><stop offset="0" stop-color="red"/></linearGradient></defs><rect fill="url(#a)" width="8" height="8"/></svg>`,
			`<svg xmlns="http://www.w3.org/2000/svg"><defs><linearGradient id="a"><stop offset="0" stop-color="red"></stop></linearGradient></defs><rect fill="url(#a)" width="8" height="8"></rect></svg>`,
		},
		"parts that are used": {
			`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" id="root"><path id="p" d="M0 0"/><use xlink:href="#p" id="u"/></svg>`,
			`<svg xmlns="http://www.w3.org/2000/svg"><path id="p" d="M0 0"></path><use href="#p"></use></svg>`,
		},
		"text": {`<svg><text x="1">a &lt; b</text>c</svg>`, `<svg xmlns="http://www.w3.org/2000/svg"><text x="1">a &lt; b</text></svg>`},
	} {
		got, err := sanitize([]byte(tt.in))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s:\ngot  %s %v\nwant %s", name, got, err, tt.want)
		}
	}
}

func TestSanitizeLeavesOutWhatDoesHarm(t *testing.T) {
	for _, body := range []string{
		`<script>alert(1)</script>`, `<script href="https://evil.example/x.js"/>`, `<SCRIPT>alert(1)</SCRIPT>`, `<g><script/></g>`,
		`<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>`, `<svg:script xmlns:svg="http://www.w3.org/2000/svg">alert(1)</svg:script>`,
		`<foreignObject><body xmlns="http://www.w3.org/1999/xhtml" onload="alert(1)"/></foreignObject>`, `<iframe src="javascript:alert(1)"/>`,
		`<path onclick="alert(1)" d=""/>`, `<path ONLOAD="alert(1)"/>`, `<path xlink:onload="alert(1)"/>`, `<g onfocusin="alert(1)" tabindex="1"/>`,
		`<a href="javascript:alert(1)"><path/></a>`, `<a xlink:href="java&#10;script:alert(1)"/>`, `<image href="https://evil.example/t.gif"/>`,
		`<image xlink:href="data:image/svg+xml;base64,PHN2Zz4="/>`, `<use href="https://evil.example/a.svg#x"/>`, `<use href="data:image/svg+xml,x#x"/>`, `<use xlink:href="//evil.example#x"/>`,
		`<path fill="url(https://evil.example/x)"/>`, `<path fill="url(//evil.example)"/>`, `<path fill="URL( 'https://evil.example/#a' )"/>`, `<path fill="url(#a) url(https://evil.example)"/>`,
		`<path fill="u\72l(https://evil.example)"/>`, `<path fill="u/**/rl(https://evil.example)"/>`, `<path style="fill:url(https://evil.example)"/>`, `<path style="background:url(https://evil.example)"/>`,
		`<path style="fill:image-set('https://evil.example')"/>`, `<path style="fill:u\72 l(https://evil.example)"/>`, `<path style="@import 'https://evil.example'"/>`, `<path style="behavior:url(#x)"/>`, `<path style="fill:expression(alert(1))"/>`,
		`<style>@import url(https://evil.example/x.css);</style>`, `<style>path{fill:url(https://evil.example)}</style>`, `<style><![CDATA[@import "https://evil.example"]]></style>`,
		`<animate attributeName="href" values="javascript:alert(1)"/>`, `<set attributeName="onload" to="alert(1)"/>`, `<animateTransform/>`, `<handler>alert(1)</handler>`,
		`<filter><feImage href="https://evil.example"/></filter>`, `<mask id="a b" onload="x"/>`, `<video src="https://evil.example"/>`, `<embed src="https://evil.example"/>`, `<link href="https://evil.example" rel="stylesheet"/>`,
		`<metadata><x onload="alert(1)"/></metadata>`, `<?xml-stylesheet href="https://evil.example"?>`, `<!--><script>alert(1)</script>-->`, `<title><script>alert(1)</script></title>`,
		`<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>`, `<path xml:base="https://evil.example/" d=""/>`, `<path id='"&gt;&lt;script&gt;alert(1)&lt;/script&gt;' d=""/>`, `<path d="&quot;&gt;&lt;script&gt;"/>`,
	} {
		got, err := sanitize([]byte(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">` + body + `</svg>`))
		if err != nil {
			continue // refusing it all is as safe
		}
		harmless(t, got)
		for _, word := range []string{"evil.example", "<script", "onload=", "javascript:"} {
			if strings.Contains(strings.ToLower(string(got)), word) {
				t.Errorf("%s\nbecame %s", body, got)
			}
		}
	}
}

func TestSanitizeRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"nothing": "", "text": "hello", "another document": "<html/>", "another space": `<svg xmlns="http://www.w3.org/1999/xhtml"/>`,
		"an end without a start": "<svg></g></svg>", "a start without an end": "<svg><g>", "two roots": "<svg/><svg/>",
		"an entity":        `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg><text>&x;</text></svg>`,
		"a billion laughs": `<!DOCTYPE svg [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><svg><text>&b;</text></svg>`,
		"another charset":  `<?xml version="1.0" encoding="UTF-7"?><svg/>`, "UTF-16": "\xff\xfe<\x00s\x00v\x00g\x00/\x00>\x00", "a zero": "<svg>\x00</svg>",
		"depth":          strings.Repeat("<svg>", 1) + strings.Repeat("<g>", 100) + strings.Repeat("</g>", 100) + "</svg>",
		"depth, skipped": "<svg>" + strings.Repeat("<x>", 100) + strings.Repeat("</x>", 100) + "</svg>",
		"length":         "<svg>" + strings.Repeat("<g/>", maxElements+1) + "</svg>",
	} {
		if got, err := sanitize([]byte(in)); !errors.Is(err, errSVG) {
			t.Errorf("%s: got %.60s, %v", name, got, err)
		}
	}
}

// A part that is used does not use another, so that drawing takes no more than
// a multiple of what was sent.
func TestUsesDoNotNest(t *testing.T) {
	got, err := sanitize([]byte(`<svg id="all"><g id="a"><path/></g><g id="b"><use href="#a"/><g><use href="#a"/></g></g><use id="c" href="#b"/><use href="#c"/></svg>`))
	if err != nil || bytes.Count(got, []byte("<use")) != 2 || bytes.Contains(got, []byte(`id="c"`)) || bytes.Contains(got, []byte("all")) {
		t.Errorf("got %s, %v", got, err)
	}
}

// harmless reads what was written as a browser would, and holds it to the lists.
func harmless(t *testing.T, svg []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", svg, err)
		}
		switch token := token.(type) {
		case xml.ProcInst, xml.Directive, xml.Comment:
			t.Fatalf("%s: there is a %T", svg, token)
		case xml.StartElement:
			if !svgElements[token.Name.Local] || token.Name.Space != svgSpace {
				t.Fatalf("%s: there is an element %v", svg, token.Name)
			}
			for _, a := range token.Attr {
				value := strings.ToLower(a.Value)
				switch key := a.Name.Local; {
				case a.Name.Space != "" || strings.HasPrefix(strings.ToLower(key), "on"):
					t.Fatalf("%s: there is an attribute %v", svg, a.Name)
				case key == "href" && !strings.HasPrefix(value, "#"), key != "href" && key != "id" && key != "style" && key != "xmlns" && !svgAttributes[key]:
					t.Fatalf("%s: there is %v", svg, a)
				case strings.Contains(value, "url") && (strings.Count(value, "url") != strings.Count(value, "#")):
					t.Fatalf("%s: there is %v", svg, a)
				}
			}
		}
	}
}

func FuzzSanitize(f *testing.F) {
	f.Add([]byte(svgHead + `<g id="a"><use href="#b"/><path style="fill:url(#a)" onload="x"/></g><script>1</script></svg>`))
	f.Add([]byte(`<svg xmlns:x="http://www.w3.org/1999/xlink"><use x:href="#a"/><text>&lt;</text><foreignObject><p/></foreignObject></svg>`))
	f.Add([]byte(`<!DOCTYPE svg [<!ENTITY a "b">]><svg fill="url( '#a' ) none"><style>@import</style></svg>`))
	f.Fuzz(func(t *testing.T, in []byte) {
		once, err := sanitize(in)
		if err != nil {
			return
		}
		harmless(t, once)
		twice, err := sanitize(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%q\nbecame     %s\nand became %s, %v", in, once, twice, err)
		}
	})
}
