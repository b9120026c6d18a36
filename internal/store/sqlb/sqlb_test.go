package sqlb_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "moorfast/internal/store/sqlb"
)

// What the statements mean is in storetest. Here is how they are written.
func TestSQL(t *testing.T) {
	order := []Order{{Column: "a"}, {Column: "id"}}
	mixed := []Order{{Column: "a", Desc: true, Nullable: true}, {Column: "id"}}
	for _, c := range []struct {
		statement        Statement
		sqlite, postgres string // empty is the same as SQLite's
		args             []any
	}{
		{Select{From: "t"}, `SELECT 1 FROM "t"`, ``, nil},
		{
			Select{Columns: []string{"a", "b"}, From: "t", Where: Eq("a", 1), Order: []Order{{Column: "b", Desc: true}}, Limit: 2, Offset: 3},
			`SELECT "a", "b" FROM "t" WHERE "a" = ? ORDER BY "b" DESC LIMIT ? OFFSET ?`, ``,
			[]any{1, 2, 3},
		},
		{Select{From: "t", Offset: 3}, `SELECT 1 FROM "t" LIMIT -1 OFFSET ?`, `SELECT 1 FROM "t" OFFSET ?`, []any{3}},
		{Select{From: "t", Lock: true}, `SELECT 1 FROM "t"`, `SELECT 1 FROM "t" FOR UPDATE`, nil},
		{
			Select{From: "t", Order: []Order{{Column: "a", Nullable: true}, {Column: "b", Nullable: true, Desc: true, Fold: true}}},
			`SELECT 1 FROM "t" ORDER BY "a", "b" COLLATE NOCASE DESC`,
			`SELECT 1 FROM "t" ORDER BY "a" NULLS FIRST, lower("b") DESC NULLS LAST`, nil,
		},
		{Select{From: "t", Where: In("a", 1, 2, 3)}, `SELECT 1 FROM "t" WHERE "a" IN (?, ?, ?, ?)`, ``, []any{1, 2, 3, 3}},
		{Select{From: "t", Where: In("a", 1)}, `SELECT 1 FROM "t" WHERE "a" IN (?)`, ``, []any{1}},
		{Select{From: "t", Where: In[int]("a")}, `SELECT 1 FROM "t" WHERE 1 = 0`, ``, nil},
		{
			Select{From: "t", Where: Fold(Or(Eq("a", "x"), Eq("b", 1), Ne("c", nil)))},
			`SELECT 1 FROM "t" WHERE ("a" COLLATE NOCASE = ? OR "b" = ? OR "c" IS NOT NULL)`,
			`SELECT 1 FROM "t" WHERE (lower("a") = lower(? COLLATE "C") OR "b" = ? OR "c" IS NOT NULL)`,
			[]any{"x", 1},
		},
		{
			Select{From: "t", Where: And(StartsWith("a", `50%_\`), Not(Raw("b > ?", 1)))},
			`SELECT 1 FROM "t" WHERE ("a" LIKE ? ESCAPE '\' AND NOT ((b > ?)))`,
			`SELECT 1 FROM "t" WHERE (lower("a") LIKE lower(? COLLATE "C") ESCAPE '\' AND NOT ((b > ?)))`,
			[]any{`50\%\_\\%`, 1},
		},
		{Select{From: "t", Where: After(order, 1, "x")}, `SELECT 1 FROM "t" WHERE ("a", "id") > (?, ?)`, ``, []any{1, "x"}},
		{Select{From: "t", Where: After(Reverse(order), 1, "x")}, `SELECT 1 FROM "t" WHERE ("a", "id") < (?, ?)`, ``, []any{1, "x"}},
		{
			Select{From: "t", Where: After(mixed, 1, "x")},
			`SELECT 1 FROM "t" WHERE ("a" < ? OR "a" IS NULL OR ("a" = ? AND ("id" > ?)))`, ``,
			[]any{1, 1, "x"},
		},
		{Select{From: "t", Where: After(mixed, nil, "x")}, `SELECT 1 FROM "t" WHERE (1 = 0 OR ("a" IS NULL AND ("id" > ?)))`, ``, []any{"x"}},
		{Count{From: "t", Where: Eq("a", 1)}, `SELECT count(*) FROM "t" WHERE "a" = ?`, ``, []any{1}},
		{Count{From: "t", Cap: 5000}, `SELECT count(*) FROM (SELECT 1 FROM "t" LIMIT ?) AS capped`, ``, []any{5000}},
		{
			Insert{Into: "t", Columns: []string{"a", "b"}, Rows: [][]any{{1, 2}, {3, nil}}, Returning: []string{"a"}},
			`INSERT INTO "t" ("a", "b") VALUES (?, ?), (?, ?) RETURNING "a"`, ``,
			[]any{1, 2, 3, nil},
		},
		{Insert{Into: "t"}, `INSERT INTO "t" DEFAULT VALUES`, ``, nil},
		{
			Insert{Into: "t", Columns: []string{"a", "b"}, Rows: [][]any{{1, 2}}, Conflict: []string{"a"}, Update: []Assign{SetInserted("b"), SetExpr("n", "t.n + ?", 1)}},
			`INSERT INTO "t" ("a", "b") VALUES (?, ?) ON CONFLICT ("a") DO UPDATE SET "b" = excluded."b", "n" = t.n + ?`, ``,
			[]any{1, 2, 1},
		},
		{
			Update{Table: "t", Set: []Assign{Set("a", 1), SetExpr("b", "b + ?", 2)}, Where: Eq("id", "x")},
			`UPDATE "t" SET "a" = ?, "b" = b + ? WHERE "id" = ?`, ``,
			[]any{1, 2, "x"},
		},
		{
			Delete{From: "t", Where: InSelect("id", Select{Columns: []string{"id"}, From: "u", Where: Lt("a", 1), Limit: 9})},
			`DELETE FROM "t" WHERE "id" IN (SELECT "id" FROM "u" WHERE "a" < ? LIMIT ?)`, ``,
			[]any{1, 9},
		},
	} {
		if c.postgres == "" {
			c.postgres = c.sqlite
		}
		for d, want := range map[Dialect]string{SQLite: c.sqlite, Postgres: c.postgres} {
			got, args := c.statement.SQL(d)
			if got != want {
				t.Errorf("%v:\n got %s\nwant %s", d, got, want)
			}
			if diff := cmp.Diff(c.args, args); diff != "" {
				t.Errorf("%v: %s: -want +got\n%s", d, got, diff)
			}
			if marks := strings.Count(got, "?"); marks != len(args) {
				t.Errorf("%v: %s: %d marks, %d arguments", d, got, marks, len(args))
			}
		}
	}
}

func TestOnlyNamesOfOursAreNames(t *testing.T) {
	for _, good := range []string{"a", "seq", "col_1", "1"} {
		if got := SQLite.Name(good); got != `"`+good+`"` {
			t.Errorf("Name(%q) = %s", good, got)
		}
	}
	for _, bad := range []string{"", "A", `a"b`, "a b", "a;", "a.b", "é", "a\x00", "a-b", "a?"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Name(%q) was taken", bad)
				}
			}()
			SQLite.Name(bad)
		}()
	}
}

func TestMistakesInTheProgramPanic(t *testing.T) {
	for name, build := range map[string]func(){
		"a cursor with too few values": func() { After([]Order{{Column: "a"}}) },
		"a row with too few values": func() {
			Insert{Into: "t", Columns: []string{"a", "b"}, Rows: [][]any{{1}}}.SQL(SQLite)
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			build()
		}()
	}
}
