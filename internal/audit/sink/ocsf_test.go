package sink_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"moorfast/internal/audit"
	"moorfast/internal/audit/sink"
)

// required are the attributes that the classes demand, and their profile-free
// recommendations that a reader of logs goes by.
var required = map[float64][]string{
	3002: {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid", "user", "service", "status_id", "actor", "src_endpoint"},
	6003: {"activity_id", "actor", "api", "category_uid", "class_uid", "metadata", "severity_id", "src_endpoint", "time", "type_uid", "status_id"},
}

func TestRecordsAreOfTheirClassOfOCSF(t *testing.T) {
	who := audit.Actor{Kind: audit.User, ID: "ada", Email: "ada@example.org"}
	for _, c := range []struct {
		name     string
		record   audit.Record
		class    float64
		activity float64
		status   float64
		has      string
	}{
		{"a logon", audit.Record{Event: "session.create", Resource: "user/ada", Actor: who, Address: "192.0.2.1", UserAgent: "curl/8"}, 3002, 1, 1, `"user":{"email_addr":"ada@example.org","type":"user","type_id":1,"uid":"ada"}`},
		{"one that is refused", audit.Record{Event: "session.create", Outcome: "user_invalid_credentials", Actor: audit.Actor{Kind: audit.Guest}, Address: "192.0.2.1", Count: 7}, 3002, 1, 2, `"status_code":"user_invalid_credentials"`},
		{"a logoff", audit.Record{Event: "session.delete", Actor: who}, 3002, 2, 1, `"svc_name":"moorfast"`},
		{"a change", audit.Record{Event: "row.upsert", Endpoint: "tablesDB.upsertRow", Resource: "database/a/table/b/row/c", Actor: who, Address: "192.0.2.1"}, 6003, 3, 1, `"resources":[{"type":"database","uid":"database/a/table/b/row/c"}]`},
		{"by a key", audit.Record{Event: "team.delete", Resource: "team/a", Actor: audit.Actor{Kind: audit.Key, ID: "k1"}}, 6003, 4, 1, `"credential_uid":"k1"`},
		{"a read that is refused", audit.Record{Endpoint: "users.list", Outcome: "general_unauthorized_scope", Actor: audit.Actor{Kind: audit.Guest}}, 6003, 2, 2, `"operation":"users.list"`},
		{"a start", audit.Record{Event: "server.start", Actor: audit.Actor{Kind: audit.System}}, 6003, 99, 1, `"activity_name":"server.start"`},
		{"of somebody else's account", audit.Record{Event: "user.update", Actor: audit.Actor{Kind: audit.User, ID: "ada", Impersonator: "olga"}}, 6003, 3, 1, `"impersonator":"olga"`},
	} {
		c.record.At, c.record.Project = 1_800_000_000_123_456, "shop"
		b, err := json.Marshal(sink.OCSF(&audit.Entry{Log: "shop", Position: 4, Seq: 5, Hash: "00ff", Record: c.record}))
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		for _, name := range required[c.class] {
			if got[name] == nil {
				t.Errorf("%s: there is no %s in %s", c.name, name, b)
			}
		}
		if got["class_uid"] != c.class || got["activity_id"] != c.activity || got["status_id"] != c.status || got["type_uid"] != c.class*100+c.activity ||
			got["time"] != 1_800_000_000_123. || got["category_uid"] != float64(int(c.class)/1000) || !strings.Contains(string(b), c.has) {
			t.Errorf("%s: %s", c.name, b)
		}
		if n := got["count"].(float64); n != float64(max(c.record.Count, 1)) {
			t.Errorf("%s counts for %v", c.name, n)
		}
	}
}

func TestTheStandardOutputGetsLinesInItsFormat(t *testing.T) {
	for format, want := range map[string]string{"json": `"log":"shop"`, "ocsf": `"log_name":"shop"`} {
		var f sink.Format
		if format == "ocsf" {
			f = sink.OCSF
		}
		var b bytes.Buffer
		if err := sink.NewStdout(&b, f).Send(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "\n"); n != 2 || strings.Count(b.String(), want) != 2 {
			t.Errorf("%s: %s", format, &b)
		}
	}
}

// A pipe that nobody reads holds up nobody, and gets nothing in the middle of a line.
func TestAStandardOutputThatNobodyReadsIsWaitedForByNobody(t *testing.T) {
	r, w := io.Pipe()
	s := sink.NewStdout(w, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s.Send(ctx, entries) == nil {
		t.Error("what nobody reads was sent")
	}
	if s.Send(t.Context(), entries) == nil {
		t.Error("it was sent into what was being written")
	}
	got := make(chan string)
	go func() {
		b, err := io.ReadAll(r)
		if err != nil {
			t.Error(err)
		}
		got <- string(b)
	}()
	for s.Send(t.Context(), entries[:1]) != nil { // until the one before has come to its end
	}
	w.Close()
	if list := strings.Split(strings.TrimSpace(<-got), "\n"); len(list) != 3 {
		t.Errorf("%q was read", list)
	}
}
