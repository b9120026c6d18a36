package access

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestTheSetupTokenIsForOneAccount(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := New(Settings{Setup: true})
	who := func(token string, after time.Duration) Person {
		return Person{Email: "olga@example.org", Setup: token, At: now.Add(after)}
	}
	if err := p.SignUp(who("", 0)); err != nil {
		t.Errorf("there is nothing to set up: %v", err)
	}
	old := p.AwaitSetup(now)
	text := p.AwaitSetup(now)
	for name, c := range map[string]Person{
		"none": who("", 0), "the last one": who(old, 0), "another": who(text+"x", 0), "cut": who(text[1:], 0), "late": who(text, SetupLife),
	} {
		if p.SignUp(c) == nil {
			t.Errorf("%s: an account may be made", name)
		}
	}
	if err := p.SignUp(who(text, SetupLife-1)); err != nil {
		t.Error(err)
	}
	if err := p.SignUp(Person{Invited: true}); err != nil {
		t.Errorf("who is invited: %v", err)
	}
	if p.Take(who("", 0), "a") == nil || p.Take(who("x", 0), "a") == nil {
		t.Error("an account is made without it")
	}
	for range 2 { // as a transaction does that is run again
		if err := p.Take(who(text, 0), "a"); err != nil {
			t.Errorf("the account that a transaction makes twice is refused: %v", err)
		}
	}
	if p.Take(who(text, 0), "b") == nil || p.Take(who("", 0), "b") == nil || p.SignUp(who("", 0)) == nil {
		t.Error("a second account is made while the first is not there yet")
	}
	p.Made("b", false)
	p.Made("b", true)
	if p.Take(who(text, 0), "b") == nil {
		t.Error("somebody else gave the token back")
	}
	p.Made("a", false)
	if p.SignUp(who(text, 0)) != nil || p.Take(who(text, 0), "c") != nil {
		t.Error("the token of an account that was not made is lost")
	}
	p.Made("c", true)
	if p.SignUp(who(text, 0)) == nil || p.Take(who(text, 0), "d") == nil {
		t.Error("the token was used twice")
	}
	if p.SignUp(who("", 0)) != nil || p.Take(who("", 0), "d") != nil {
		t.Error("the token is asked for after the first account")
	}
}

func TestTheSetupTokenIsTakenOnce(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for range 200 {
		p := New(Settings{Setup: true})
		who := Person{Setup: p.AwaitSetup(now), At: now}
		var taken atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if p.SignUp(who) == nil && p.Take(who, string(rune('a'+i))) == nil {
					taken.Add(1)
				}
			})
		}
		all.Wait()
		if taken.Load() != 1 {
			t.Fatalf("it was taken %d times", taken.Load())
		}
	}
}

func TestFactorsThatAreNeeded(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		mfa       MFA
		proof     Proof
		enrolling bool
		ok        bool
	}{
		{MFAOff, Proof{Owner: true}, false, true},
		{MFAOwners, Proof{}, false, true},
		{MFAOwners, Proof{Owner: true, Age: day}, false, false},
		{MFAOwners, Proof{Owner: true}, true, true},
		{MFAOwners, Proof{Owner: true, MFA: true}, false, false},
		{MFAOwners, Proof{Owner: true, MFA: true}, true, false},
		{MFAOwners, Proof{Owner: true, MFA: true, Shown: true}, false, true},
		{MFAOwners, Proof{Owner: true, Shown: true, Age: day}, false, false},
		{MFAAll, Proof{Age: day}, false, false},
		{MFAAll, Proof{}, true, true},
		{MFAAll, Proof{Age: time.Hour - 1}, false, true},
		{MFAAll, Proof{Age: time.Hour}, false, false},
		{MFAAll, Proof{Age: time.Minute, MFA: true}, false, false},
		{MFAAll, Proof{MFA: true, Shown: true}, false, true},
	} {
		if err := New(Settings{MFA: c.mfa, MFAGrace: time.Hour}).Factors(c.proof, c.enrolling); (err == nil) != c.ok {
			t.Errorf("%v, %+v, enrolling %v: %v", c.mfa, c.proof, c.enrolling, err)
		}
	}
}
