package server_test

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"moorfast/internal/secevent"
	"moorfast/internal/server/servertest"
)

// K-9: a server goes on without the service that keeps its root key, with the keys
// that it has, and tells of it once.
func TestAServerOutlivesTheServiceOfItsRootKey(t *testing.T) {
	var status atomic.Int64
	var key atomic.Value
	key.Store(strings.Repeat("5f1e", 16)[:63] + "7")
	status.Store(200)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
		fmt.Fprintf(w, `{"data":{"plaintext":%q}}`, base64.StdEncoding.EncodeToString([]byte(key.Load().(string))))
	}))
	defer service.Close()
	sealed := filepath.Join(t.TempDir(), "root.transit")
	if err := os.WriteFile(sealed, []byte("vault:v1:AAAA"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := servertest.New(t, "MOORFAST_KEY=vault-transit:transit/moorfast,"+sealed, "VAULT_ADDR="+service.URL, "VAULT_TOKEN=t")
	p := s.Found()
	compare := fill(t, p)
	l, err := s.Events.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	down := false
	for _, c := range []struct {
		what   string
		status int64
		key    string
		down   bool
		event  secevent.Kind
	}{
		{"it answers", 200, "", false, ""},
		{"it refuses", 403, "", true, secevent.KeySourceDown},
		{"it still does", 403, "", true, ""},
		{"it is back", 200, "", false, secevent.KeySourceBack},
		{"it has another key", 200, strings.Repeat("a8b7", 15) + "1234", true, secevent.KeySourceDown},
	} {
		status.Store(c.status)
		if c.key != "" {
			key.Store(c.key)
		}
		var log strings.Builder
		down = s.AskSource(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), down)
		var kinds []string
		list, _ := l.Take()
		for _, e := range list {
			if strings.HasPrefix(string(e.Kind), "key.source") {
				kinds = append(kinds, string(e.Kind))
			}
		}
		if down != c.down || strings.Join(kinds, " ") != string(c.event) {
			t.Errorf("%s: down %v, told %q", c.what, down, kinds)
		}
		if strings.Contains(log.String(), key.Load().(string)) {
			t.Errorf("the key is in the log: %s", &log)
		}
		p.Key.Must("POST", "/tablesdb/main/tables/notes/rows", servertest.M{"rowId": "unique()", "data": servertest.M{"secretfalse": canary}})
	}
	compare(t, p)
}
