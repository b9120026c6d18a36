package documents_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"moorfast/internal/core/documents"
	"moorfast/internal/query"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// patients is a table with a sealed column, and some rows.
func patients(b *bench, rows ...string) documents.Ref {
	b.Helper()
	ref := b.table(documents.NewTable{
		Permissions: permissions(`read("any")`),
		Columns: []schema.Column{
			column("ssn:string", func(c *schema.Column) { c.Encrypt = true }),
			column("note:text", func(c *schema.Column) { c.Encrypt = true }),
			column("ward:integer"),
		},
	})
	for i, data := range rows {
		if _, err := b.create(ref, server, fmt.Sprint("r", i), data, nil); err != nil {
			b.Fatal(err)
		}
	}
	return ref
}

func (b *bench) index(ref documents.Ref, ix schema.Index) (added documents.Index, err error) {
	b.Helper()
	_, err = b.change(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
		added, err = b.catalog.CreateIndex(ctx, tx, t, ix, b.now.UnixMicro())
		return nil, err
	})
	return added, err
}

func (b *bench) dropIndex(ref documents.Ref, key string) {
	b.Helper()
	if _, err := b.change(ref, func(ctx context.Context, tx store.Tx, t *documents.Table) ([]byte, error) {
		return nil, b.catalog.DeleteIndex(ctx, tx, t, key, b.now.UnixMicro())
	}); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) wantRows(ref documents.Ref, want string, queries ...string) {
	b.Helper()
	if p, err := b.list(ref, server, queries...); err != nil || p.ids() != want {
		b.Errorf("%v: got %s, %v, want %s", queries, p.ids(), err, want)
	}
}

var ssnIndex = schema.Index{Key: "ssn", Type: schema.KeyIndex, Columns: []string{"ssn"}}

func TestASealedColumnIsNoPartOfAnIndexUntilThatIsAllowed(t *testing.T) {
	b := newBench(t)
	ref := patients(b)
	_, err := b.index(ref, ssnIndex)
	var e *schema.Error
	if !errors.As(err, &e) || e.Kind != schema.BadIndex {
		t.Errorf("got %v", err)
	}
	b.catalog.AllowBlindIndexes(true)
	if _, err := b.index(ref, schema.Index{Key: "words", Type: schema.FulltextIndex, Columns: []string{"note"}}); !errors.As(err, &e) || e.Kind != schema.BadIndex {
		t.Errorf("an index of words: %v", err)
	}
}

func TestABlindIndexAnswersEqualAndNothingElse(t *testing.T) {
	b := newBench(t)
	b.catalog.AllowBlindIndexes(true)
	var rows []string
	for i := range 1203 { // more than are hashed together
		rows = append(rows, fmt.Sprintf(`{"ssn":"Number-%d","ward":%d}`, i%600, i%7))
	}
	ref := patients(b, append(rows, `{"ward":1}`)...)
	if ix, err := b.index(ref, ssnIndex); err != nil || ix.Status != documents.Available {
		t.Fatalf("%+v, %v", ix, err)
	}
	b.wantRows(ref, "r7 r607", q("equal", "ssn", "number-7"))
	b.wantRows(ref, "r2 r599 r602 r1199 r1202", q("equal", "ssn", "Number-599", "Number-2", "nobody"))
	b.wantRows(ref, "r0 r2", q("equal", "ssn", "Number-2", "Number-0"), q("lessThan", "$sequence", "600"))
	b.wantRows(ref, "r1", q("notEqual", "ssn", "Number-0"), q("limit", "", 1))
	b.wantRows(ref, "r3", `{"method":"or","values":[`+q("equal", "ssn", "NUMBER-3")+`,`+q("equal", "ward", 99)+`]}`, q("limit", "", 1))
	if p, err := b.list(ref, server, q("notEqual", "ssn", "Number-0"), q("limit", "", 1)); err != nil || p.Total != 1200 {
		t.Errorf("notEqual counts %d, %v: a row without a value is no other", p.Total, err)
	}

	refused := "Invalid query: Cannot query encrypted attribute: ssn"
	for _, query := range []string{
		q("lessThan", "ssn", "a"), q("startsWith", "ssn", "a"), q("contains", "ssn", "a"), q("between", "ssn", "a", "b"), q("isNull", "ssn"),
		q("regex", "ssn", "a"), q("exists", "", "ssn"), q("orderAsc", "ssn"), q("search", "ssn", "a"),
	} {
		if _, err := b.list(ref, server, query); err == nil || err.Error() != refused {
			t.Errorf("%s: got %v", query, err)
		}
	}
	var wrong *query.Error
	if _, err := b.list(ref, server, q("equal", "ssn", 7)); !errors.As(err, &wrong) || wrong.Message != `Invalid query: Query value is invalid for attribute "ssn"` {
		t.Errorf("a number: %v", err)
	}
	b.dropIndex(ref, "ssn")
	if _, err := b.list(ref, server, q("equal", "ssn", "a")); err == nil || err.Error() != refused {
		t.Errorf("without the index: %v", err)
	}
}

func TestABlindIndexFollowsItsRows(t *testing.T) {
	b := newBench(t)
	b.catalog.AllowBlindIndexes(true)
	ref := patients(b)
	if _, err := b.index(ref, schema.Index{Key: "both", Type: schema.KeyIndex, Columns: []string{"ward", "ssn"}}); err != nil {
		t.Fatal(err)
	}
	for id, data := range map[string]string{"a": `{"ssn":"one","ward":1}`, "b": `{"ssn":null}`} {
		if row, err := b.create(ref, server, id, data, nil); err != nil || id == "a" && row["ssn"] != "one" {
			t.Fatalf("%v, %v", row, err)
		}
	}
	b.wantRows(ref, "a", q("equal", "ssn", "one"))
	if row, err := b.update(ref, server, "a", `{"ssn":"two"}`, nil); err != nil || row["ssn"] != "two" {
		t.Fatalf("%v, %v", row, err)
	}
	b.wantRows(ref, "", q("equal", "ssn", "one"))
	b.wantRows(ref, "a", q("equal", "ssn", "two"), q("equal", "ward", 1))
	if _, err := b.update(ref, server, "a", `{"ssn":"{\"method\":\"stringConcat\",\"values\":[\"!\"]}"}`, nil); err != nil {
		t.Fatal(err)
	}
	b.wantRows(ref, "a", q("equal", "ssn", "two!"))
	if _, err := b.update(ref, server, "a", `{"ssn":null}`, nil); err != nil {
		t.Fatal(err)
	}
	b.wantRows(ref, "", q("equal", "ssn", "two!"))
	b.wantRows(ref, "", q("notEqual", "ssn", "two!"))
}

func TestAUniqueBlindIndexRefusesWhatIsThere(t *testing.T) {
	b := newBench(t)
	b.catalog.AllowBlindIndexes(true)
	ref := patients(b, `{"ssn":"one","note":"x"}`, `{"ssn":"two","note":"X"}`, `{}`)
	unique := ssnIndex
	unique.Type = schema.UniqueIndex
	if ix, err := b.index(ref, unique); err != nil || ix.Status != documents.Available {
		t.Fatalf("%+v, %v", ix, err)
	}
	_, err := b.create(ref, server, "new", `{"ssn":"ONE"}`, nil)
	wantKind(t, err, documents.RowNotUnique)
	if _, err := b.create(ref, server, "new", `{}`, nil); err != nil {
		t.Errorf("a second row without a value: %v", err)
	}
	ix, err := b.index(ref, schema.Index{Key: "note", Type: schema.UniqueIndex, Columns: []string{"note"}})
	if err != nil || ix.Status != documents.Failed {
		t.Fatalf("%+v, %v", ix, err)
	}
	if _, err := b.list(ref, server, q("equal", "note", "x")); err == nil {
		t.Error("an index that failed is asked")
	}
	if _, err := b.create(ref, server, "other", `{"note":"x"}`, nil); err != nil {
		t.Errorf("after an index that failed: %v", err)
	}
}

func TestHashesOfABlindIndexTellNothingElse(t *testing.T) {
	b := newBench(t)
	b.catalog.AllowBlindIndexes(true)
	ref := patients(b, `{"ssn":"one","note":"one"}`, `{"ssn":"one"}`, `{"ssn":"two"}`)
	for _, key := range []string{"ssn", "note"} {
		if _, err := b.index(ref, schema.Index{Key: key, Type: schema.KeyIndex, Columns: []string{key}}); err != nil {
			t.Fatal(err)
		}
	}
	var hashes []string
	b.view(func(ctx context.Context, tx store.Tx) error {
		return store.Each(ctx, tx, `SELECT c1h, c2h, c1 FROM rows_1 ORDER BY _seq`, nil, func(rows store.Rows) error {
			hashes = append(hashes, string(rows.Text(0)), string(rows.Text(1)))
			if len(rows.Text(0)) != 32 || !strings.HasPrefix(string(rows.Text(2)), "mf1.") {
				t.Errorf("a row has %s, %s", rows.Text(0), rows.Text(2))
			}
			return nil
		})
	})
	if hashes[0] != hashes[2] || hashes[0] == hashes[4] || hashes[0] == hashes[1] {
		t.Errorf("equal texts of a column have one hash, and others have not: %v", hashes)
	}
	b.dropIndex(ref, "ssn")
	b.view(func(ctx context.Context, tx store.Tx) error {
		list, err := b.catalog.Table(ctx, tx, ref)
		if err != nil {
			return err
		}
		raw, err := json.Marshal(list.Indexes)
		if strings.Contains(string(raw), "ssn") {
			t.Errorf("indexes: %s", raw)
		}
		return err
	})
	if err := b.try(func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Query(ctx, `SELECT c1h FROM rows_1`)
		return err
	}); err == nil {
		t.Error("hashes stay where no index needs them")
	}
}

func TestTwoIndexesShareHashes(t *testing.T) {
	b := newBench(t)
	b.catalog.AllowBlindIndexes(true)
	ref := patients(b, `{"ssn":"one","ward":1}`)
	for _, ix := range []schema.Index{ssnIndex, {Key: "both", Type: schema.UniqueIndex, Columns: []string{"ssn", "ward"}}} {
		if _, err := b.index(ref, ix); err != nil {
			t.Fatal(err)
		}
	}
	b.dropIndex(ref, "ssn")
	b.wantRows(ref, "r0", q("equal", "ssn", "one"))
	_, err := b.create(ref, server, "r1", `{"ssn":"one","ward":1}`, nil)
	wantKind(t, err, documents.RowNotUnique)
	b.dropIndex(ref, "both")
	if _, err := b.create(ref, server, "r1", `{"ssn":"one","ward":1}`, nil); err != nil {
		t.Error(err)
	}
}
