package project_test

import (
	"strings"
	"testing"

	"moorfast/internal/project"
)

func TestAllowsOrigin(t *testing.T) {
	p := &project.Project{ID: "shop", Platforms: []project.Platform{
		{Type: "web", Hostname: "shop.test"},
		{Type: "web", Hostname: "*.wild.test"},
		{Type: "flutter-ios", Key: "com.shop.app"},
		{Type: "android", Key: "com.shop.android"},
	}}
	own := project.Own{Hosts: []string{"localhost", "api.test"}, Schemes: []string{"Shop-Admin", "https"}}
	for _, test := range []struct {
		origin string
		want   bool
	}{
		{"https://shop.test", true},
		{"http://shop.test:3000", true},
		{"https://SHOP.test", true},
		{"https://a.shop.test", false},
		{"https://a.wild.test", true},
		{"https://wild.test", false},
		{"https://evilwild.test", false},
		{"http://localhost:5173", true},
		{"http://127.0.0.1:5173", true},
		{"http://[::1]:5173", true},
		{"https://api.test", true},
		{"https://evil.test", false},
		{"https://shop.test.evil.test", false},
		{"https://shop.test@evil.test", false},
		{"appwrite-ios://com.shop.app", true},
		{"appwrite-ios://com.evil.app", false},
		{"appwrite-android://com.shop.android", true},
		{"appwrite-android://com.shop.app", false},
		{"appwrite-callback-shop://", true},
		{"appwrite-callback-other://", false},
		{"chrome-extension://shop.test", true},
		{"shop-admin://anything", true},
		{"shop-admins://anything", false},
		{"null", false},
		{"", false},
		{"://", false},
	} {
		got, message := p.AllowsOrigin(test.origin, own)
		if got != test.want || got == (message != "") {
			t.Errorf("AllowsOrigin(%q) = %v %q, want %v", test.origin, got, message, test.want)
		}
	}
	if _, m := p.AllowsOrigin("https://evil.test", project.Own{}); !strings.Contains(m, "(evil.test) as a new Web platform") {
		t.Errorf("the message %q does not say what to register", m)
	}
}

func FuzzAllowsOrigin(f *testing.F) {
	for _, s := range []string{"https://shop.test", "null", "https://a@b", "http://[::1]:1", "x:y"} {
		f.Add(s)
	}
	p := &project.Project{ID: "shop", Platforms: []project.Platform{{Type: "web", Hostname: "shop.test"}}}
	f.Fuzz(func(t *testing.T, origin string) {
		if ok, _ := p.AllowsOrigin(origin, project.Own{}); ok && !strings.Contains(strings.ToLower(origin), "shop") && !strings.HasPrefix(strings.ToLower(origin), "exp:") {
			t.Errorf("%q was allowed", origin)
		}
	})
}
