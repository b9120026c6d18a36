package avatars

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// icon is a link of a page to an icon.
type icon struct {
	address string // absolute
	svg     bool
	size    int // the larger side, in pixels; 0 is not known
}

const (
	maxIcons  = 32
	maxTokens = 20_000 // of a page, within which its head is over
	maxSide   = 4096   // that a page may claim of an icon
)

// icons finds the icons that a page links to, which is at an address. Links to
// anything but http and https are not among them.
func icons(page []byte, at string) []icon {
	base, err := url.Parse(at)
	if err != nil {
		return nil
	}
	var list []icon
	tokens := html.NewTokenizer(bytes.NewReader(page))
	tokens.SetMaxBuf(1 << 20)
	for range maxTokens {
		kind := tokens.Next()
		if kind == html.ErrorToken { // the end, or more than anybody writes
			return list
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		name, more := tokens.TagName()
		switch atom.Lookup(name) {
		case atom.Body:
			return list
		case atom.Base:
			if b, err := base.Parse(attributes(tokens, more)["href"]); err == nil && webAddress(b) {
				base = b
			}
		case atom.Link:
			if i, ok := iconOf(attributes(tokens, more), base); ok && len(list) < maxIcons {
				list = append(list, i)
			}
		}
	}
	return list
}

func webAddress(u *url.URL) bool { return (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" }

// attributes returns those of the tag at hand that matter here.
func attributes(tokens *html.Tokenizer, more bool) map[string]string {
	list := map[string]string{}
	for more {
		var key, value []byte
		key, value, more = tokens.TagAttr()
		switch k := string(key); k {
		case "rel", "href", "sizes", "type":
			if _, ok := list[k]; !ok {
				list[k] = string(value)
			}
		}
	}
	return list
}

func iconOf(link map[string]string, base *url.URL) (icon, bool) {
	rel := false
	for word := range strings.FieldsSeq(strings.ToLower(link["rel"])) {
		rel = rel || word == "icon"
	}
	href := strings.TrimSpace(link["href"])
	if !rel || href == "" {
		return icon{}, false
	}
	u, err := base.Parse(href)
	if err != nil || !webAddress(u) || u.User != nil {
		return icon{}, false
	}
	i := icon{address: u.String()}
	i.svg = strings.HasPrefix(strings.ToLower(link["type"]), svgType) || strings.HasSuffix(strings.ToLower(u.Path), ".svg")
	for size := range strings.FieldsSeq(strings.ToLower(link["sizes"])) {
		w, h, _ := strings.Cut(size, "x")
		width, errW := strconv.Atoi(w)
		height, errH := strconv.Atoi(h)
		if errW == nil && errH == nil && 0 < width && width <= maxSide && 0 < height && height <= maxSide {
			i.size = max(i.size, width, height)
		}
	}
	return i, true
}

// best chooses an icon: one that has no size before all, and then the largest.
func best(list []icon) (icon, bool) {
	if len(list) == 0 {
		return icon{}, false
	}
	choice := list[0]
	for _, i := range list[1:] {
		if i.svg && !choice.svg || i.svg == choice.svg && i.size > choice.size {
			choice = i
		}
	}
	return choice, true
}
