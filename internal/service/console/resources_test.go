package console_test

import (
	"testing"

	"moorfast/internal/server/servertest"
)

func TestDomainsThatAProjectCouldHave(t *testing.T) {
	s := servertest.New(t, "_APP_DOMAIN=api.example.org", "_APP_DOMAIN_SITES=sites.example.org", "_APP_DOMAIN_FUNCTIONS=functions.example.org")
	app := s.Found()
	const path = "/console/resources?type=rules&value="
	for value, want := range map[string]string{
		"shop.example.com":               "",
		"Shop.sites.example.org":         "",
		"shop.functions.example.org":     "",
		"api.example.org":                "This domain name is not allowed. Please use a different domain.",
		"API.example.org":                "This domain name is not allowed. Please use a different domain.",
		"localhost":                      "This domain name is not allowed. Please use a different domain.",
		"sites.example.org":              "This domain name is not allowed. Please use a different domain.",
		"a.b.sites.example.org":          "This domain name is not allowed. Please use a different domain.",
		"commit-1.sites.example.org":     "This domain name is not allowed. Please use a different domain.",
		"branch-main.sites.example.org":  "This domain name is not allowed. Please use a different domain.",
		"a.b.functions.example.org":      "This domain name is not allowed. Please use a different domain.",
		"http://shop.example.com":        "Domain may not start with http:// or https://.",
		"shop%20example":                 "Invalid `value` param: Value must be a valid domain",
		"*.example.com":                  "Invalid `value` param: Value must be a valid domain",
		"":                               "Invalid `value` param: Value must be a valid string and at least 1 chars and no longer than 256 chars",
		"shop.example.com&type=accounts": "Invalid `type` param: Value must be one of (rules)", // the last of two counts
	} {
		got := app.Owner.Do("GET", path+value, nil)
		if status := map[bool]int{true: 204, false: 400}[want == ""]; got.Status != status || got.Text("message") != want {
			t.Errorf("%q: got %d %s, want %s", value, got.Status, got.Body, want)
		}
	}
	s.Guest().Refused("GET", path+"shop.example.com", nil, 401, "general_unauthorized_scope")
	app.Admin.Refused("GET", path+"shop.example.com", nil, 401, "general_access_forbidden")
}
