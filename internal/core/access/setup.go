package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"time"

	"moorfast/internal/apierr"
	"moorfast/internal/token"
)

// SetupLife is for how long a setup token can be shown.
const SetupLife = 30 * time.Minute

// setup is the token that the first account of the console has to show (C-8):
// whoever reads what the server says at its start is the operator, and not who
// happens to come first.
type setup struct {
	mu     sync.Mutex
	armed  bool     // there was no account at the start
	hash   [32]byte // of the token
	until  time.Time
	holder string // the account that is being made with it; "" is none
	done   bool   // there is an account: nothing is asked for any more
}

// AwaitSetup makes a token, which replaces the last one, and returns it. From
// now on the first account has to show it.
func (p *Policy) AwaitSetup(now time.Time) string {
	text := token.NewSecret()[:64] // 256 bits, for somebody who copies it from a log
	s := &p.setup
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed, s.hash, s.until, s.holder, s.done = true, sha256.Sum256([]byte(text)), now.Add(SetupLife), "", false
	return text
}

var noSetup = apierr.UserUnauthorized.Detail("The first account of this console needs the setup token that the server printed at its start.")

// admits says whether somebody may make an account, as far as the token goes.
func (s *setup) admits(who Person) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ask(who)
}

func (s *setup) ask(who Person) error {
	if !s.armed || who.Invited || s.done && who.Setup == "" {
		return nil
	}
	shown := sha256.Sum256([]byte(who.Setup))
	if subtle.ConstantTimeCompare(shown[:], s.hash[:]) != 1 || s.done || !who.At.Before(s.until) {
		return noSetup
	}
	return nil
}

// Take uses the setup token, where there is one, for an account that is being
// made: it is good for one at a time. The same account may take it again.
// [Policy.Made] ends it.
func (p *Policy) Take(who Person, account string) error {
	s := &p.setup
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ask(who); err != nil || !s.armed || who.Invited || s.done {
		return err
	}
	if s.holder != "" && s.holder != account {
		return noSetup
	}
	s.holder = account
	return nil
}

// Made says how it went with an account that has taken the token: one that was
// committed is the first, and one that was not leaves the token as it was.
func (p *Policy) Made(account string, committed bool) {
	s := &p.setup
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.armed && s.holder == account {
		s.holder, s.done = "", committed
	}
}
