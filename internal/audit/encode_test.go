package audit

import (
	"encoding/json"
	"strings"
	"testing"
)

// cleaned is the record as it is read again.
func cleaned(r Record) Record {
	for _, s := range []*string{
		&r.Project, &r.Event, &r.Resource, &r.Endpoint, &r.Outcome, &r.Address, &r.UserAgent, &r.SDK,
		&r.Actor.Kind, &r.Actor.ID, &r.Actor.Name, &r.Actor.Email, &r.Actor.Impersonator,
	} {
		*s = clean(*s)
	}
	return r
}

func FuzzARecordIsReadAsItWasWrittenAndIsOneHarmlessLine(f *testing.F) {
	f.Add("app", "team.create", "ada", "curl/8", 0)
	f.Add("a\"\\", "\r\n\x1b[2J", "\u2028\u009b\x7f", strings.Repeat("é", 300), 3)
	f.Add("\x00", "\xff\xfe", "\U0001F600", strings.Repeat("x", 511)+"\U0001F600", -1)
	f.Fuzz(func(t *testing.T, project, event, id, agent string, count int) {
		r := Record{At: 1, Project: project, Event: event, Resource: id, Actor: Actor{Kind: User, ID: id, Name: agent}, UserAgent: agent, Count: count}
		text := r.encode()
		for _, c := range text {
			if c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 {
				t.Fatalf("%q has %q in it", text, c)
			}
		}
		var got Record
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if want := cleaned(r); got != want {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
		if len(got.UserAgent) > longest {
			t.Errorf("a text of %d bytes", len(got.UserAgent))
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	r := Record{
		At: 1_800_000_000_000_000, Project: "app", Event: "row.create", Resource: "database/main/table/movies", Endpoint: "tablesDB.createRow",
		Actor: Actor{Kind: User, ID: "ada", Name: "Ada", Email: "ada@example.org"}, Address: "192.0.2.1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = r.encode()
	}
}
