package guard

import (
	"encoding/json"
	"testing"
	"time"
)

// pass brings what one node saw to another, as it travels.
func pass(t *testing.T, from, to *Guard, now time.Time) {
	t.Helper()
	text, err := json.Marshal(from.Told())
	if err != nil {
		t.Fatal(err)
	}
	var list []Outcome
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	for _, o := range list {
		to.Learn(o, now)
	}
}

func TestWhoGuessesAtOneNodeIsSlowedDownAtAnother(t *testing.T) {
	var heard []Alarm
	one, two := New(nil), New(func(a Alarm) { heard = append(heard, a) })
	one.Share()
	a := from("walter", "198.51.100.1")
	for range 11 {
		try(one, a, Failed, start)
	}
	if !try(two, a, Undecided, start) {
		t.Fatal("refused before it was told")
	}
	pass(t, one, two, start)
	if try(two, a, Failed, start) {
		t.Error("ten failures at another node do not count")
	}
	if len(heard) > 0 {
		t.Errorf("alarms of another node are told twice: %+v", heard)
	}
	if len(one.Told()) > 0 {
		t.Error("what was told is told again")
	}
}

func TestAKnownNetworkIsKnownAtEveryNode(t *testing.T) {
	one, two := New(nil), New(nil)
	one.Share()
	home := from("walter", "192.0.2.1")
	try(one, home, Succeeded, start)
	pass(t, one, two, start)
	for i := range 200 { // from everywhere else
		try(two, from("walter", "198.51.100."+string(rune('0'+i%10))), Failed, start)
	}
	if !try(two, home, Failed, start) {
		t.Error("the owner is shut out where he has not signed in before")
	}
}

func TestWithoutOtherNodesNothingIsRemembered(t *testing.T) {
	g := New(nil)
	try(g, from("walter", "198.51.100.1"), Failed, start)
	if n := len(g.Told()); n > 0 {
		t.Errorf("%d outcomes wait for nobody", n)
	}
}
