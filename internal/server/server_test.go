package server_test

import (
	"strings"
	"testing"

	"moorfast/internal/server"
	"moorfast/internal/server/servertest"
)

func TestTheTableCompiles(t *testing.T) {
	table, err := server.Table()
	if err != nil {
		t.Fatal(err)
	}
	if len(table) < 50 {
		t.Errorf("the table has %d endpoints", len(table))
	}
}

func TestUnknownPathsAndProjects(t *testing.T) {
	s := servertest.New(t)
	guest := s.Guest()
	guest.Refused("GET", "/nothing", nil, 404, "general_route_not_found")
	guest.Refused("PATCH", "/locale", nil, 404, "general_route_not_found")
	guest.With("X-Appwrite-Project", "nothing").Refused("GET", "/nothing", nil, 404, "project_not_found")
	guest.With("X-Appwrite-Project", "nothing").Refused("GET", "/locale", nil, 404, "project_not_found")
	guest.With("X-Appwrite-Mode", "admin").Refused("GET", "/locale", nil, 400, "general_bad_request")
	if a := guest.Do("GET", "!/nothing", nil); a.Status != 404 || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		t.Errorf("outside of /v1: %d %s", a.Status, a.Header.Get("Content-Type"))
	}
}

func TestHeaders(t *testing.T) {
	s := servertest.New(t)
	a := s.Guest("Origin", "http://localhost:3000").Must("GET", "/locale/continents", nil)
	for name, want := range map[string]string{
		"Server":                           "Appwrite",
		"X-Content-Type-Options":           "nosniff",
		"Content-Type":                     "application/json; charset=UTF-8",
		"Access-Control-Allow-Origin":      "http://localhost:3000",
		"Access-Control-Allow-Credentials": "true",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if a := s.Guest("Origin", "https://evil.test").Refused("GET", "/locale", nil, 403, "general_unknown_origin"); a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("an unknown origin is echoed")
	}
	if a := s.Guest("Origin", "https://evil.test").Do("OPTIONS", "/locale", nil); a.Status != 204 || a.Header.Get("Access-Control-Allow-Methods") == "" {
		t.Errorf("preflight: %d %v", a.Status, a.Header)
	}
	if a := s.Guest().Do("HEAD", "/locale", nil); a.Status != 200 || a.Body != "" || a.Header.Get("Content-Length") == "0" {
		t.Errorf("HEAD: %d %q %v", a.Status, a.Body, a.Header)
	}
	if a := s.Guest("Accept-Encoding", "br, gzip").Do("GET", "/locale/countries", nil); a.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("a long answer is not compressed: %v", a.Header)
	}
	if a := s.Guest("X-Appwrite-Response-Format", "2.3.0").Must("GET", "/locale", nil); a.Header.Get("X-Appwrite-Warning") == "" {
		t.Error("a newer SDK is not warned")
	}
}
