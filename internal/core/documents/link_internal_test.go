package documents

import (
	"testing"

	"moorfast/internal/id"
	"moorfast/internal/rawjson"
	"moorfast/internal/schema"
)

func FuzzTargets(f *testing.F) {
	for _, s := range []string{`"a"`, `null`, `{"$id":"a"}`, `["a",{"$id":"a"},{}]`, `[null]`, `[[]]`, `{"$id":null}`, `{"$id":"unique()"}`, `[1]`, `{"$id":"a","$id":"b"}`} {
		f.Add(s)
	}
	one := field{column: &schema.Column{Key: "to"}, link: &link{Relation: schema.Relation{Type: schema.ManyToOne, Side: schema.Parent}}}
	many := field{column: &schema.Column{Key: "to"}, link: &link{Relation: schema.Relation{Type: schema.ManyToMany, Side: schema.Parent}}}
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := rawjson.Value([]byte(text))
		if err != nil {
			return
		}
		for _, field := range []field{one, many} {
			targets, err := field.targets(raw)
			if err != nil && !isKind(err, RelationInvalid) {
				t.Fatal(err)
			}
			if err != nil {
				continue
			}
			seen := map[string]bool{}
			for _, to := range targets {
				if to.id == "" && to.data == nil || to.id != "" && (!id.Valid(to.id) || seen[to.id]) {
					t.Fatalf("%s names %+v", text, targets)
				}
				seen[to.id] = to.id != ""
			}
			if len(targets) > 1 && !field.link.Many() {
				t.Fatalf("%s names %d rows for one", text, len(targets))
			}
		}
	})
}
