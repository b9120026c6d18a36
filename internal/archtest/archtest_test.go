// Package archtest holds the repository to its floors.
package archtest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "moorfast/"

// floors lists the packages from the ground up. A package imports only from
// floors below its own. "name/..." is a family, whose members may import down
// but never each other.
var floors = [][]string{
	// Words: what everything is described with. No I/O.
	{
		"internal/apierr", "internal/id", "internal/opt", "internal/clock", "internal/identity", "internal/project",
		"internal/rawjson", "internal/datetime", "internal/email", "internal/password", "internal/token", "internal/useragent",
		"internal/route", "internal/clientaddr", "internal/failpoint", "internal/shamir",
	},
	{"internal/perm", "internal/spatial", "internal/guard"},
	{"internal/query"},
	{"internal/schema"},
	// Resources: a port each, and its engines.
	{"internal/durable"},
	{"internal/durable/durabletest"},
	{"internal/vault", "internal/store/sqlb", "internal/cache", "internal/blob", "internal/antivirus", "internal/fetch", "internal/geo", "internal/image/codec"},
	{"internal/vault/vaulttest", "internal/geo/geotest", "internal/seal", "internal/seal/appwrite1", "internal/image", "internal/rootkey"},
	{"internal/diskcache"},
	{"internal/store"},
	{"internal/store/migrate"},
	{"internal/store/sqlite", "internal/store/postgres", "internal/store/storetest", "internal/blob/disk", "internal/blob/s3", "internal/blob/blobtest"},
	{"internal/store/postgres/postgrestest"},
	// The kit: how endpoints are declared and carried.
	{"internal/audit"},
	{"internal/audit/sink", "internal/secevent"},
	{"internal/api", "internal/limit"},
	{"internal/model"},
	// The domain: what more than one service needs.
	{"internal/core/access", "internal/core/listing"},
	{"internal/core/teams"},
	{"internal/core/users"},
	{"internal/core/projects", "internal/core/documents", "internal/core/files", "internal/core/keyring", "internal/core/peers"},
	// Services: one per service of the API.
	{"internal/service/..."},
	// The gateway: the same steps for every transport.
	{"internal/gateway", "internal/compat"},
	// Transports, and the program.
	{"internal/httpd", "internal/openapi", "internal/metrics", "internal/otlp", "internal/certs", "internal/wire"},
	{"internal/config"},
	{"internal/upkeep"},
	{"internal/doctor", "internal/adminsock"},
	{"internal/server"},
	{"internal/server/..."},
	{"cmd/moorfast"},
	{"test/..."},
}

// only names the packages that may import what is dangerous to have everywhere.
var only = map[string][]string{
	"net/http":                         {"internal/certs", "internal/fetch", "internal/geo", "internal/httpd", "internal/metrics", "internal/adminsock", "internal/rootkey", "internal/server", "internal/server/servertest", "internal/wire", "cmd/moorfast", "test/"},
	"database/sql":                     {},
	"math/rand":                        {"test/"},
	"math/rand/v2":                     {"test/", "internal/store/postgres", "internal/blob/blobtest"}, // for the jitter of retries, and for contents
	"unsafe":                           {},
	"github.com/ncruces/go-sqlite3":    {"internal/store/sqlite"},
	"github.com/jackc/pgx/v5":          {"internal/store/postgres", "internal/store/postgres/postgrestest"},
	"github.com/golang-jwt/jwt/v5":     {"internal/token"},
	"github.com/spf13/cobra":           {"cmd/moorfast"},
	"github.com/pelletier/go-toml/v2":  {"internal/config"},
	"filippo.io/age":                   {"internal/seal", "internal/rootkey"},
	"github.com/minio/minio-go/v7":     {"internal/blob/s3"},
	"github.com/aws/aws-sdk-go-v2":     {"internal/rootkey"},
	"golang.org/x/oauth2":              {"internal/rootkey"},
	"github.com/tetratelabs/wazero":    {"internal/image/codec"},
	"github.com/caddyserver/certmagic": {"internal/certs"},
	"go.uber.org/zap":                  {"internal/certs"},

	"github.com/peterstace/simplefeatures": {"internal/spatial"},
}

type pkg struct {
	ImportPath, Dir string
	Imports         []string
	GoFiles         []string
}

func packages(t *testing.T) (list []pkg) {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "../../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		t.Fatal("no packages were found")
	}
	return list
}

func floor(name string) int {
	for i, names := range floors {
		for _, n := range names {
			family, ok := strings.CutSuffix(n, "...")
			if name == n || ok && strings.HasPrefix(name, family) {
				return i
			}
		}
	}
	return -1
}

func TestFloors(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		seen[name] = true
		here := floor(name)
		if here < 0 {
			t.Errorf("%s is on no floor: add it to the list", name)
		}
		for _, i := range p.Imports {
			if dep, ours := strings.CutPrefix(i, module); ours && floor(dep) >= here {
				t.Errorf("%s (floor %d) imports %s (floor %d)", name, here, dep, floor(dep))
			}
		}
	}
	for _, names := range floors {
		for _, n := range names {
			if !strings.HasSuffix(n, "...") && !seen[n] {
				t.Errorf("the list names %s, which is not there", n)
			}
		}
	}
}

func TestDangerousImportsStayInTheirRooms(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, i := range p.Imports {
			rooms, guarded := only[i]
			if !guarded {
				continue
			}
			if !slices.ContainsFunc(rooms, func(r string) bool { return name == r || strings.HasSuffix(r, "/") && strings.HasPrefix(name, r) }) {
				t.Errorf("%s imports %s, which is for %v", name, i, rooms)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		documented := false
		for _, f := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || file.Doc != nil
		}
		if !documented {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

// TestTheClockIsGiven finds calls of time.Now outside of the clock and of what
// measures durations. Everyone else is given the time.
func TestTheClockIsGiven(t *testing.T) {
	allowed := []string{"internal/clock", "internal/httpd", "internal/server", "cmd/moorfast", "test/", "internal/store/sqlite", "internal/store/postgres"}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(name, a) }) {
			continue
		}
		for _, f := range p.GoFiles {
			set := token.NewFileSet()
			src, err := os.ReadFile(filepath.Join(p.Dir, f))
			if err != nil {
				t.Fatal(err)
			}
			file, err := parser.ParseFile(set, f, src, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Now" {
					if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" {
						t.Errorf("%s/%s calls time.Now", name, set.Position(s.Pos()))
					}
				}
				return true
			})
		}
	}
}

// TestEveryDependencyHasItsReason holds docs/dependencies.md to go.mod.
func TestEveryDependencyHasItsReason(t *testing.T) {
	reasons, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{if not (or .Main .Indirect)}}{{.Path}}{{end}}", "all").Output()
	if err != nil {
		t.Fatal(err)
	}
	paths := strings.Fields(string(out))
	if len(paths) < 10 {
		t.Fatalf("only %d modules were found", len(paths))
	}
	for _, path := range paths {
		if !strings.Contains(string(reasons), "| `"+path+"` |") {
			t.Errorf("docs/dependencies.md does not say why %s is here", path)
		}
	}
}
