package audit

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// F-16: what is hashed is one line of JSON, whatever the texts are, and means what
// a reader of it finds: encoded again it is the same.
func FuzzRecord(f *testing.F) {
	f.Add("team.create", "team/a", "curl/8 \n\x00\u2028", "Ada \xff", int64(1), 3)
	f.Add("", strings.Repeat("é", 300), "\u202e<script>", "\\\"", int64(-1), 0)
	f.Add("\uFFFD", strings.Repeat("x", 511)+"é", "\t", "\x7f", int64(1<<62), -1)
	f.Fuzz(func(t *testing.T, event, resource, agent, name string, at int64, count int) {
		r := Record{At: at, Event: event, Resource: resource, UserAgent: agent, Actor: Actor{Kind: User, Name: name}, Count: count}
		body := r.encode()
		if !utf8.ValidString(body) || strings.ContainsFunc(body, func(c rune) bool { return c < ' ' }) {
			t.Errorf("%q is not one line of text", body)
		}
		var back Record
		if err := json.Unmarshal([]byte(body), &back); err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		for _, s := range []string{back.Event, back.Resource, back.UserAgent, back.Actor.Name} {
			if len(s) > 3*longest || strings.Contains(s, "\x00") {
				t.Errorf("%d bytes are kept: %q", len(s), s)
			}
		}
		if again := back.encode(); again != body && len(body) < longest {
			t.Errorf("encoded again\n got %q\nwant %q", again, body)
		}
		if back.At != at || back.Count != count {
			t.Errorf("%+v is not %+v", back, r)
		}
	})
}
