package access

import (
	"fmt"
	"strings"
	"time"

	"moorfast/internal/apierr"
)

// MFA says who has to show a second factor at the console (C-13).
type MFA int

// The answers. Each includes the ones before it.
const (
	MFAOff MFA = iota // who has switched it on, and nobody else
	MFAOwners
	MFAAll
)

var mfaNames = [...]string{"off", "owners", "all"}

func (m MFA) String() string { return mfaNames[m] }

// ParseMFA reads "off", "owners" or "all".
func ParseMFA(s string) (MFA, error) {
	for i, name := range mfaNames {
		if s == name {
			return MFA(i), nil
		}
	}
	return 0, fmt.Errorf("it is one of %s", strings.Join(mfaNames[:], ", "))
}

// Proof is what somebody who is signed in at the console has shown.
type Proof struct {
	Owner bool // of any organization
	MFA   bool // the account has a second factor
	Shown bool // and this session has shown it

	Age time.Duration // of the account
}

// Factors says whether that is enough. It holds for sessions and for tokens that
// were made from them alike. Where enrolling is true, the request is one by which
// an account gets its second factor; those are open until it has one, and everything
// is while the account is younger than the settings give it.
func (p *Policy) Factors(proof Proof, enrolling bool) error {
	needed := p.settings.MFA == MFAAll || p.settings.MFA == MFAOwners && proof.Owner
	if !needed || proof.MFA && proof.Shown || !proof.MFA && (enrolling || proof.Age < p.settings.MFAGrace) {
		return nil
	}
	return apierr.UserMoreFactorsRequired
}
