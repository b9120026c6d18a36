package server

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/vault/vaulttest"
)

// rowTypes finds the structs of the program that have a column of a secret, with
// the names of all their columns, and of those.
func rowTypes(t *testing.T) map[string][2][]string {
	t.Helper()
	found := map[string][2][]string{}
	err := filepath.WalkDir("..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "storetest") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			s, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			var all, secrets []string
			for _, f := range s.Fields.List {
				if f.Tag == nil {
					continue
				}
				text, _ := strconv.Unquote(f.Tag.Value)
				name, _, _ := strings.Cut(reflect.StructTag(text).Get("col"), ",")
				if name == "" {
					continue
				}
				all = append(all, name)
				if sel, ok := f.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Secret" {
					secrets = append(secrets, name)
				}
			}
			if len(secrets) > 0 {
				found[path+" "+spec.Name.Name] = [2][]string{all, secrets}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The walk over sealed values goes by the schema. Every secret of a row type has
// to be in it as a column of text, beside the id that it is bound to.
func TestEverySecretIsInAColumnThatTheWalkReads(t *testing.T) {
	db, err := sqlite.Open(sqlite.Options{Dir: t.TempDir(), Vault: vaulttest.New(t), Migrations: Migrations})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tables := map[string][]string{} // columns of text
	for _, project := range []string{store.Platform, "shop"} {
		err := db.View(t.Context(), project, func(tx store.Tx) error {
			const sql = `SELECT l.name, c.name FROM pragma_table_list AS l, pragma_table_xinfo(l.name) AS c WHERE c.type = 'TEXT' AND NOT l.wr`
			return store.Each(t.Context(), tx, sql, nil, func(rows store.Rows) error {
				name := string(rows.Text(0))
				tables[name] = append(tables[name], string(rows.Text(1)))
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	types := rowTypes(t)
	if len(types) < 8 {
		t.Errorf("found %d row types with secrets", len(types))
	}
	for name, columns := range types {
		ok := false
		for _, texts := range tables {
			ok = ok || slices.Contains(texts, "id") && !slices.ContainsFunc(columns[1], func(c string) bool { return !slices.Contains(texts, c) })
		}
		if !ok {
			t.Errorf("%s: no table has the secrets %v in columns of text, and an id", name, columns[1])
		}
	}
}
