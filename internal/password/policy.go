package password

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// The length that every password must have, in bytes.
const (
	MinLength = 8
	MaxLength = 256
)

// Strength is what a project asks of new passwords beyond their length.
type Strength struct {
	Min       int  `json:"min"` // below MinLength means MinLength
	Uppercase bool `json:"uppercase"`
	Lowercase bool `json:"lowercase"`
	Number    bool `json:"number"`
	Symbol    bool `json:"symbols"`
}

// Check refuses a weak password. The error completes the sentence
// "Invalid `password` param: …", in the contract's words.
func (s Strength) Check(plain string) error {
	least := max(s.Min, MinLength)
	ok := len(plain) >= least && len(plain) <= MaxLength
	words := fmt.Sprintf("Password must be between %d and %d characters long", least, MaxLength)
	for _, rule := range []struct {
		on    bool
		has   func(rune) bool
		words string
	}{
		{s.Uppercase, unicode.IsUpper, "an uppercase letter"},
		{s.Lowercase, unicode.IsLower, "a lowercase letter"},
		{s.Number, unicode.IsDigit, "a number"},
		{s.Symbol, isSymbol, "a symbol"},
	} {
		if rule.on {
			ok = ok && strings.ContainsFunc(plain, rule.has)
			words += ", include " + rule.words
		}
	}
	if !ok {
		return errors.New(words + ".")
	}
	return nil
}

func isSymbol(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// CheckLength refuses a password of a length that none may have; it is all that
// is asked of a password which is to be verified.
func CheckLength(plain string) error { return Strength{}.Check(plain) }

// CheckCommon refuses a password that everybody tries first. Only the exact
// spelling counts, as the contract has it; so do the words of the error.
func CheckCommon(plain string) error {
	if common()[plain] {
		return errors.New("Password must be between 8 and 265 characters long, and should not be one of the commonly used password.")
	}
	return nil
}

// Person is what is known of a user that a password must not contain.
type Person struct{ ID, Email, Name, Phone string }

// Within reports whether plain contains something of the person, in any case.
func (p Person) Within(plain string) bool {
	plain = strings.ToLower(plain)
	local, _, _ := strings.Cut(p.Email, "@")
	for _, s := range []string{p.ID, p.Email, local, p.Name, strings.TrimPrefix(p.Phone, "+")} {
		if s != "" && strings.Contains(plain, strings.ToLower(s)) {
			return true
		}
	}
	return false
}
