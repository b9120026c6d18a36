package compat

import (
	"encoding/json"
	"testing"

	"moorfast/internal/api"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]version{
		"1.8.0": 10800, "1.9.5": 10905, "1.4": 10400, "1.5.0-RC1": 10500, "2.3.0": 20300,
		"": newest, "x": newest, "1.x": newest, "1.1000.0": newest,
	} {
		if got := parse(text); got != want {
			t.Errorf("parse(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestWarning(t *testing.T) {
	for format, want := range map[string]bool{"": false, "1.8.0": false, "1.9.6": false, "2.3.0": true} {
		if got := Warning(format) != ""; got != want {
			t.Errorf("Warning(%q) is there: %v", format, got)
		}
	}
}

type project struct{}

func (project) Legacy() []map[string]any { return []map[string]any{{"authLimit": 3}} }

func TestDowngrade(t *testing.T) {
	for _, test := range []struct{ name, format, model, body, want string }{
		{"the newest stays", "1.9.6", "row", `{"$sequence":"7"}`, `{"$sequence":"7"}`},
		{"a newer one stays", "2.3.0", "row", `{"$sequence":"7"}`, `{"$sequence":"7"}`},
		{
			"a row of 1.8", "1.8.0", "row", `{"$id":"a","$sequence":"7","r":{"$sequence":"8"},"n":12345678901234567}`,
			`{"$id":"a","$sequence":7,"n":12345678901234567,"r":{"$sequence":8}}`,
		},
		{"rows of 1.8", "1.8.0", "rowList", `{"total":1,"rows":[{"$sequence":"7"}]}`, `{"rows":[{"$sequence":7}],"total":1}`},
		{"a webhook of 1.8", "1.8.0", "webhook", `{"tls":true,"authUsername":"u","secret":"s"}`, `{"httpUser":"u","security":true,"signatureKey":"s"}`},
		{
			"a project of 1.9.4", "1.9.4", "project", `{"services":[{"$id":"teams","enabled":false},{"$id":"tablesdb","enabled":true},{"$id":"graphql","enabled":true}],"authMethods":[{"$id":"jwt","enabled":true}],"protocols":[]}`,
			`{"authJWT":true,"authLimit":3,"serviceStatusForGraphql":true,"serviceStatusForTablesdb":true,"serviceStatusForTeams":false}`,
		},
		{"a session of 1.4", "1.4.0", "session", `{"$id":"a","factors":[],"secret":""}`, `{"$id":"a"}`},
		{"another model", "1.4.0", "locale", `{"ip":"::1"}`, `{"ip":"::1"}`},
	} {
		var out any
		if test.model == "project" {
			out = project{}
		}
		got, err := Downgrade(test.format, test.model, out, []byte(test.body))
		if err != nil || string(got) != test.want {
			t.Errorf("%s\ngot  %s, %v\nwant %s", test.name, got, err, test.want)
		}
	}
}

func TestUpgrade(t *testing.T) {
	for _, test := range []struct{ name, format, method, body, want string }{
		{"the newest stays", "1.9.6", "webhooks.create", `{"security":true}`, `{"security":true}`},
		{"a webhook of 1.8", "1.8.0", "webhooks.create", `{"security":true,"httpUser":"u"}`, `{"authUsername":"u","tls":true,"webhookId":"unique()"}`},
		{"what was sent under both names", "1.8.0", "webhooks.update", `{"security":true,"tls":false}`, `{"tls":false}`},
		{"a platform of 1.8 without a host", "1.8.0", "project.updateWebPlatform", `{"key":"a.b","hostname":"","store":"x"}`, `{"key":"a.b"}`},
		{"a limit of none", "1.9.0", "project.updateUserLimitPolicy", `{"limit":0}`, `{"total":null}`},
		{"queries of 1.4", "1.4.0", "users.list", `{"queries":["limit(5)"]}`, `{"queries":["{\"method\":\"limit\",\"values\":[5]}"]}`},
		{"of every list", "1.4.0", "storage.listFiles", `{"queries":["offset(1)"]}`, `{"queries":["{\"method\":\"offset\",\"values\":[1]}"]}`},
		{
			"what 1.8 had words of its own for", "1.8.0", "project.listPlatforms",
			`{"queries":["{\"method\":\"createdAfter\",\"values\":[\"2026\"]}"]}`,
			`{"queries":["{\"method\":\"greaterThan\",\"attribute\":\"$createdAt\",\"values\":[\"2026\"]}"]}`,
		},
		{"and of none that is newer", "1.5.0", "storage.listFiles", `{"queries":["offset(1)"]}`, `{"queries":["offset(1)"]}`},
		{"documents of 1.7 show what they are related to", "1.7.0", "databases.listDocuments", `{}`, `{"queries":["{\"method\":\"select\",\"values\":[\"*\",\"*.*\"]}"]}`},
		{
			"so do those of which everything is selected", "1.7.0", "databases.getDocument", `{"queries":["{\"method\":\"select\",\"values\":[\"*\"]}","{\"method\":\"limit\",\"values\":[1]}"]}`,
			`{"queries":["{\"method\":\"limit\",\"values\":[1]}","{\"method\":\"select\",\"values\":[\"*\",\"*.*\"]}"]}`,
		},
		{
			"and not those of which some is", "1.7.0", "databases.getDocument", `{"queries":["{\"method\":\"select\",\"values\":[\"name\"]}"]}`,
			`{"queries":["{\"method\":\"select\",\"values\":[\"name\"]}"]}`,
		},
		{"1.8 has to select", "1.8.0", "databases.listDocuments", `{}`, `{}`},
	} {
		fields, err := api.SplitJSON([]byte(test.body))
		if err != nil {
			t.Fatal(err)
		}
		v := &api.Values{Fields: fields}
		if err := Upgrade(test.format, &api.Endpoint{Spec: api.Spec{Name: test.method}}, v); err != nil {
			t.Fatal(err)
		}
		joined := map[string]json.RawMessage{}
		for _, f := range v.Fields {
			joined[f.Name] = f.Raw
		}
		if got, _ := json.Marshal(joined); string(got) != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.name, got, test.want)
		}
	}
}
