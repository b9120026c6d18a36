package server_test

import (
	"fmt"
	"testing"
	"time"

	"moorfast/internal/server/servertest"
)

func calling(s *servertest.Server, project, addr string) *servertest.Client {
	return s.Guest("X-Appwrite-Project", project, "X-Forwarded-For", addr)
}

func login(email, password string) servertest.M {
	return servertest.M{"email": email, "password": password}
}

const right, wrong = "correct horse 1", "battery staple 1"

const (
	signIn  = "/account/sessions/email"
	tooMany = "general_rate_limit_exceeded"
)

func TestGuessesAreSlowedDownWithTheLimitsOfTheAPIOff(t *testing.T) {
	s := servertest.New(t) // _APP_OPTIONS_ABUSE=disabled
	p := s.Found()
	p.Guest.Must("POST", "/account", servertest.M{"userId": "walter", "email": "walter@gmail.com", "password": right})
	spellings := []string{"walter@gmail.com", "Walter@gmail.com", "w.alter@gmail.com", "walter+1@gmail.com", "walter@googlemail.com"}
	for i := range 10 {
		calling(s, p.ID, fmt.Sprintf("198.51.100.%d", i)).Refused("POST", signIn, login(spellings[i%5], wrong), 401, "user_invalid_credentials")
	}
	a := calling(s, p.ID, "198.51.100.77").Refused("POST", signIn, login("walter@gmail.com", right), 429, tooMany)
	if a.Header.Get("Retry-After") != "30" {
		t.Errorf("Retry-After = %q", a.Header.Get("Retry-After"))
	}
	s.Clock.Advance(31 * time.Second)
	calling(s, p.ID, "198.51.100.77").Must("POST", signIn, login("walter@gmail.com", right))
}

func TestSprayingFromOneAddressStopsAtAHundred(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	asked := 0
	for i := range 300 {
		if calling(s, p.ID, "203.0.113.9").Do("POST", signIn, login(fmt.Sprintf("user%d@example.com", i), wrong)).Status == 401 {
			asked++
		}
	}
	if asked < 10 || asked > 100 {
		t.Errorf("%d guesses came through", asked)
	}
}

func TestTheOwnerSignsInWhileHisAccountIsAttacked(t *testing.T) {
	for _, env := range []string{"_APP_OPTIONS_ABUSE=enabled", "_APP_OPTIONS_ABUSE=disabled"} {
		dir := t.TempDir()
		store := append(servertest.Environment(t), env)
		s := servertest.Open(t, dir, store...)
		p := s.Found()
		const home = "192.0.2.10"
		p.Guest.Must("POST", "/account", servertest.M{"userId": "walter", "email": "walter@example.com", "password": right})
		calling(s, p.ID, home).Must("POST", signIn, login("walter@example.com", right))
		attack := func(s *servertest.Server) {
			t.Helper()
			for i := range 15 {
				calling(s, p.ID, fmt.Sprintf("198.51.100.%d", i)).Do("POST", signIn, login("walter@example.com", wrong))
			}
			calling(s, p.ID, "203.0.113.1").Refused("POST", signIn, login("walter@example.com", right), 429, tooMany)
			calling(s, p.ID, home).Must("POST", signIn, login("walter@example.com", right))
		}
		attack(s)
		s.Stop()
		attack(servertest.Open(t, dir, store...)) // and after a start, by his session
	}
}

func TestRightPasswordsAreNeverSlowedDown(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	p.Guest.Must("POST", "/account", servertest.M{"userId": "walter", "email": "walter@example.com", "password": right})
	for range 60 {
		calling(s, p.ID, "192.0.2.1").Must("POST", signIn, login("walter@example.com", right))
	}
}

func TestCodesAndTokensAreGuessedAsSlowly(t *testing.T) {
	s := servertest.New(t)
	p := s.Found()
	p.Guest.Must("POST", "/account", servertest.M{"userId": "walter", "email": "walter@example.com", "password": right})
	limited := 0
	for i := range 12 {
		a := calling(s, p.ID, fmt.Sprintf("198.51.100.%d", i)).Do("POST", "/account/sessions/token", servertest.M{"userId": "walter", "secret": "nothing"})
		if a.Status == 429 {
			limited++
		}
	}
	if limited != 2 {
		t.Errorf("%d of 12 were refused", limited)
	}
}

func TestTheProtectionCanBeSwitchedOffByItsName(t *testing.T) {
	s := servertest.New(t, "MOORFAST_DANGEROUS_NO_BRUTE_FORCE=1")
	p := s.Found()
	for range 15 {
		p.Guest.Refused("POST", signIn, login("walter@example.com", wrong), 401, "user_invalid_credentials")
	}
}
