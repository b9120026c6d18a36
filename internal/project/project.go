// Package project is a tenant as far as serving a request in it goes: its
// settings, and which origins are its own.
package project

import "time"

// Console is the id of the project that the console itself is. Its data is the
// platform's.
const Console = "console"

// Project is one tenant. It is shared between requests, and never changed.
type Project struct {
	ID     string
	Name   string
	TeamID string // the organization that owns it; "" for the console

	Auths      Auths
	Disabled   map[string]bool // services, protocols and methods that are switched off: "service:teams"
	Platforms  []Platform
	SMTP       bool // e-mail can be sent
	AccessedAt time.Time
}

// IsConsole reports whether p is the console's own project.
func (p *Project) IsConsole() bool { return p.ID == Console }

// Kinds of switches in Disabled.
const (
	Service  = "service:"
	Protocol = "protocol:"
	Method   = "method:"
)

// Enabled reports whether a switch, such as Service+"teams", is on. All are,
// until they are switched off.
func (p *Project) Enabled(kind, name string) bool { return !p.Disabled[kind+name] }

// Auths is how users of the project may sign up and in. It is stored as JSON.
type Auths struct {
	UserLimit          int              `json:"limit"`       // 0 is none
	SessionLimit       int              `json:"maxSessions"` // 0 is none
	SessionDuration    int              `json:"duration"`    // seconds
	SessionAlerts      bool             `json:"sessionAlerts"`
	InvalidateSessions bool             `json:"invalidateSessions"` // on a change of password
	PasswordHistory    int              `json:"passwordHistory"`
	PasswordDictionary bool             `json:"passwordDictionary"`
	PersonalDataCheck  bool             `json:"personalDataCheck"`
	PasswordStrength   PasswordStrength `json:"passwordStrength"`
	MinWithMFA         int              `json:"-"` // chars of a password beside a second factor, which is then kept; 0 is as without
	MFAFactors         MFAFactors       `json:"mfaFactors"`
	Membership         Privacy          `json:"memberships"`
	MockNumbers        []MockNumber     `json:"mockNumbers"`
}

// PasswordStrength is what a password must have.
type PasswordStrength struct {
	Min       int  `json:"min"`
	Uppercase bool `json:"uppercase"`
	Lowercase bool `json:"lowercase"`
	Number    bool `json:"number"`
	Symbols   bool `json:"symbols"`
}

// MFAFactors are the factors that may be used.
type MFAFactors struct {
	TOTP   bool `json:"totp"`
	Email  bool `json:"email"`
	Phone  bool `json:"phone"`
	Custom bool `json:"custom"`
}

// Privacy says which fields of a membership other members see.
type Privacy struct {
	UserID         bool `json:"userId"`
	UserEmail      bool `json:"userEmail"`
	UserPhone      bool `json:"userPhone"`
	UserName       bool `json:"userName"`
	UserMFA        bool `json:"userMFA"`
	UserAccessedAt bool `json:"userAccessedAt"`
}

// MockNumber is a phone number whose code is fixed, for tests.
type MockNumber struct {
	Phone     string `json:"phone"`
	OTP       string `json:"otp"`
	CreatedAt int64  `json:"createdAt"` // microseconds
	UpdatedAt int64  `json:"updatedAt"`
}

// DefaultAuths are the settings of a new project, as the contract has them.
func DefaultAuths() Auths {
	return Auths{
		SessionLimit:       10,
		SessionDuration:    31536000,
		InvalidateSessions: true,
		PasswordStrength:   PasswordStrength{Min: 8},
		MFAFactors:         MFAFactors{TOTP: true, Email: true, Phone: true},
		MockNumbers:        []MockNumber{},
	}
}
