package documents_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"moorfast/internal/core/documents"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// TestARowIsAnsweredAsItIsReadLater is about columns of every kind: a new row is
// answered from what the store was given, without asking it.
func TestARowIsAnsweredAsItIsReadLater(t *testing.T) {
	b := newBench(t)
	encrypted := func(c *schema.Column) { c.Encrypt = true }
	ref := b.table(documents.NewTable{Columns: []schema.Column{
		column("s:string"), column("secret:string", encrypted), column("secrets:string", array, encrypted),
		column("n:integer"), column("x:float"), column("xs:float", array), column("ok:boolean"), column("oks:boolean", array),
		column("at:datetime"), column("ats:datetime", array), column("here:point"), column("way:line"), column("area:polygon"),
	}})
	for i, data := range []string{
		`{}`,
		`{"s":"","secret":"","secrets":[],"n":0,"x":0,"xs":[],"ok":false,"oks":[],"ats":[]}`,
		`{"s":"é\"\\\n","secret":"hidden","secrets":["a","b"],"n":-9223372036854775808,"x":1,"xs":[1,2.5,1e300],"ok":true,"oks":[true,false],
			"at":"2026-01-01T01:00:00+01:00","ats":["1999-12-31"],"here":[1.5,-2],"way":[[0,0],[1,1]],"area":[[[0,0],[0,3],[3,3],[0,0]]]}`,
		`{"x":-0.0,"n":9007199254740993}`,
		`{"x":123456789.123456789}`,
	} {
		id := fmt.Sprint("r", i)
		made, err := b.create(ref, server, id, data, rowPermissions(`read("any")`, `delete("user:u")`))
		if err != nil {
			t.Errorf("%s: %v", data, err)
			continue
		}
		if read, err := b.get(ref, server, id); err != nil || !reflect.DeepEqual(made, read) {
			t.Errorf("%s:\n made %v\n read %v, %v", data, made, read, err)
		}
	}
}

func TestRowsThatAreMadeTogetherAreCounted(t *testing.T) {
	b := newBench(t)
	ref := b.table(documents.NewTable{RowSecurity: true, Columns: []schema.Column{column("n:integer")}})
	many := func(ids ...string) error {
		_, err := b.change(ref, func(ctx context.Context, tx store.Tx, table *documents.Table) ([]byte, error) {
			var rows []documents.Row
			for i, id := range ids {
				rows = append(rows, documents.Row{ID: id, Data: []byte(`{}`), Permissions: rowPermissions(fmt.Sprintf(`read("user:u%d")`, i%2))})
			}
			return table.CreateMany(ctx, tx, b.by(server), rows)
		})
		return err
	}
	total := func(user0, user1 int) {
		t.Helper()
		for id, want := range map[string]int{"u0": user0, "u1": user1} {
			if p, err := b.list(ref, user(id), q("limit", "", 1)); err != nil || p.Total != want {
				t.Errorf("%s sees %d, %v, want %d", id, p.Total, err, want)
			}
		}
	}
	if err := many("a", "b", "c"); err != nil {
		t.Fatal(err)
	}
	total(2, 1)
	if err := many("d", "a"); err == nil {
		t.Error("a row was made twice")
	}
	total(2, 1)
	for _, id := range []string{"a", "b"} {
		if err := b.delete(ref, server, id); err != nil {
			t.Fatal(err)
		}
	}
	total(1, 0)
}
