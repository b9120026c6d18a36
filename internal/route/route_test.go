package route_test

import (
	"testing"

	"moorfast/internal/route"
)

var patterns = []string{
	"/v1/teams",
	"/v1/teams/{teamId}",
	"/v1/functions/templates/{templateId}",
	"/v1/functions/{functionId}",
	"/v1/functions/{functionId}/deployments",
	"/v1/tables/{tableId}/columns/string/{key}",
	"/v1/tables/{tableId}/columns/{key}/relationship",
}

func tree(t testing.TB) *route.Tree[string] {
	t.Helper()
	tree := new(route.Tree[string])
	for _, p := range patterns {
		if err := tree.Add("GET", p, p); err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

func TestFind(t *testing.T) {
	tree := tree(t)
	for _, test := range []struct{ path, want, params string }{
		{"/v1/teams", "/v1/teams", ""},
		{"/v1/teams/", "/v1/teams", ""},
		{"/v1/teams/red", "/v1/teams/{teamId}", "teamId=red "},
		{"/v1/functions/templates/a", "/v1/functions/templates/{templateId}", "templateId=a "},
		{"/v1/functions/a/deployments", "/v1/functions/{functionId}/deployments", "functionId=a "},
		{"/v1/functions/templates", "/v1/functions/{functionId}", "functionId=templates "},
		{"/v1/tables/t/columns/string/relationship", "/v1/tables/{tableId}/columns/string/{key}", "tableId=t key=relationship "},
		{"/v1/tables/t/columns/a/relationship", "/v1/tables/{tableId}/columns/{key}/relationship", "tableId=t key=a "},
		{"/v1/teams/a%2Fb", "/v1/teams/{teamId}", "teamId=a/b "},
		{"/v1/teams/%zz", "", ""},
		{"/v1//teams", "", ""},
		{"/v1/nothing", "", ""},
		{"/", "", ""},
		{"", "", ""},
	} {
		got, found, _ := tree.Find("GET", test.path, nil)
		params := ""
		for _, p := range found {
			params += p.Name + "=" + p.Value + " "
		}
		if got != test.want || params != test.params {
			t.Errorf("Find(%s) = %q with %q, want %q with %q", test.path, got, params, test.want, test.params)
		}
	}
	if _, _, ok := tree.Find("POST", "/v1/teams", nil); ok {
		t.Error("found a route of another method")
	}
}

func TestAPatternIsTakenOnce(t *testing.T) {
	tree := tree(t)
	if err := tree.Add("GET", "/v1/teams/{id}", "other"); err == nil {
		t.Error("a second value was filed under the same pattern")
	}
}

func FuzzFind(f *testing.F) {
	for _, p := range append(patterns, "/v1/teams/a%2Fb", "//", "%", "/v1/teams/%00") {
		f.Add(p)
	}
	tree := tree(f)
	f.Fuzz(func(t *testing.T, path string) {
		_, found, ok := tree.Find("GET", path, nil)
		if !ok && found != nil {
			t.Errorf("Find(%q) found nothing, but params %v", path, found)
		}
		for _, p := range found {
			if p.Name == "" || p.Value == "" {
				t.Errorf("Find(%q) filled a hole with %+v", path, p)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	tree := tree(b)
	params := make([]route.Param, 0, 8)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := tree.Find("GET", "/v1/tables/movies/columns/title/relationship", params); !ok {
			b.Fatal("not found")
		}
	}
}
