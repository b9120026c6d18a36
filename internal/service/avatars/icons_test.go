package avatars

import (
	"net/url"
	"strings"
	"testing"
)

func TestIcons(t *testing.T) {
	const at = "https://example.org/a/b?c"
	for name, tt := range map[string]struct{ page, want string }{
		"none":             {"<html><link rel=stylesheet href=a.css>", ""},
		"relative":         {`<link rel="icon" href="i.png">`, "https://example.org/a/i.png"},
		"shortcut":         {`<LINK REL="Shortcut Icon" HREF="/i.ico"/>`, "https://example.org/i.ico"},
		"other host":       {`<link rel=icon href="//cdn.example.net/i.png">`, "https://cdn.example.net/i.png"},
		"largest":          {`<link rel=icon sizes=16x16 href=16><link rel=icon sizes="32x32 64X64" href=64><link rel=icon sizes=48x48 href=48>`, "https://example.org/a/64"},
		"SVG by type":      {`<link rel=icon sizes=512x512 href=b.png><link rel=icon type="image/svg+xml" href=v>`, "https://example.org/a/v"},
		"SVG by name":      {`<link rel=icon href=b.png><link rel=icon href=V.SVG?1><link rel=icon sizes=99x99 href=c.png>`, "https://example.org/a/V.SVG?1"},
		"sizes of a liar":  {`<link rel=icon sizes=9999999x1 href=a><link rel=icon sizes=-5x-5 href=b><link rel=icon sizes=16x16 href=c>`, "https://example.org/a/c"},
		"base":             {`<base href="/x/"><link rel=icon href=i>`, "https://example.org/x/i"},
		"a script":         {`<base href="javascript:1"><link rel=icon href="javascript:alert(1)"><link rel=icon href="data:image/png,x"><link rel=icon href="file:///etc/passwd"><link rel=icon href="">`, ""},
		"credentials":      {`<link rel=icon href="https://a:b@example.org/">`, ""},
		"mask icon":        {`<link rel="mask-icon" href=m.svg><link rel="apple-touch-icon" href=t.png>`, ""},
		"after the head":   {`<body><link rel=icon href=i>`, ""},
		"in a comment":     {`<!-- <link rel=icon href=i> --><script>"<link rel=icon href=i>"</script>`, ""},
		"no HTML whatever": {"\x00\xff<<<>>>", ""},
	} {
		choice, _ := best(icons([]byte(tt.page), at))
		if choice.address != tt.want {
			t.Errorf("%s: got %q, want %q", name, choice.address, tt.want)
		}
	}
	if n := len(icons([]byte(strings.Repeat("<link rel=icon href=i>", 1000)), at)); n != maxIcons {
		t.Errorf("of 1000 icons, %d are looked at", n)
	}
}

func FuzzIcons(f *testing.F) {
	f.Add(`<base href="/x/"><link rel="icon" sizes="16x16" href="i.png"><link rel=icon href=//b>`, "https://example.org/")
	f.Add(`<link rel='shortcut icon' href='javascript:1'>`, "http://[::1]/")
	f.Fuzz(func(t *testing.T, page, at string) {
		list := icons([]byte(page), at)
		if len(list) > maxIcons {
			t.Errorf("%d icons", len(list))
		}
		for _, i := range list {
			u, err := url.Parse(i.address)
			if err != nil || !webAddress(u) || u.User != nil || i.size < 0 || i.size > maxSide {
				t.Errorf("%+v: %v", i, err)
			}
		}
	})
}
