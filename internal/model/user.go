package model

import "moorfast/internal/api"

// Account is a user as he sees himself.
type Account struct {
	ID                 string       `json:"$id"`
	CreatedAt          string       `json:"$createdAt"`
	UpdatedAt          string       `json:"$updatedAt"`
	Name               string       `json:"name"`
	Registration       string       `json:"registration"`
	Status             bool         `json:"status"`
	Labels             []string     `json:"labels"`
	PasswordUpdate     string       `json:"passwordUpdate"`
	Email              string       `json:"email"`
	Phone              string       `json:"phone"`
	EmailVerification  bool         `json:"emailVerification"`
	EmailCanonical     *string      `json:"emailCanonical"`
	EmailIsFree        *bool        `json:"emailIsFree"`
	EmailIsDisposable  *bool        `json:"emailIsDisposable"`
	EmailIsCorporate   *bool        `json:"emailIsCorporate"`
	EmailIsCanonical   *bool        `json:"emailIsCanonical"`
	PhoneVerification  bool         `json:"phoneVerification"`
	MFA                bool         `json:"mfa"`
	Prefs              api.Document `json:"prefs"`
	Targets            []Target     `json:"targets"`
	AccessedAt         string       `json:"accessedAt"`
	Impersonator       bool         `json:"impersonator"`
	ImpersonatorUserID *string      `json:"impersonatorUserId"`
}

// User is a user as servers and admins see him.
type User struct {
	ID                 string       `json:"$id"`
	CreatedAt          string       `json:"$createdAt"`
	UpdatedAt          string       `json:"$updatedAt"`
	Name               string       `json:"name"`
	Password           *string      `json:"password"` // hashed
	Hash               string       `json:"hash"`
	HashOptions        any          `json:"hashOptions"`
	Registration       string       `json:"registration"`
	Status             bool         `json:"status"`
	Labels             []string     `json:"labels"`
	PasswordUpdate     string       `json:"passwordUpdate"`
	Email              string       `json:"email"`
	Phone              string       `json:"phone"`
	EmailVerification  bool         `json:"emailVerification"`
	EmailCanonical     *string      `json:"emailCanonical"`
	EmailIsFree        *bool        `json:"emailIsFree"`
	EmailIsDisposable  *bool        `json:"emailIsDisposable"`
	EmailIsCorporate   *bool        `json:"emailIsCorporate"`
	EmailIsCanonical   *bool        `json:"emailIsCanonical"`
	PhoneVerification  bool         `json:"phoneVerification"`
	MFA                bool         `json:"mfa"`
	Prefs              api.Document `json:"prefs"`
	Targets            []Target     `json:"targets"`
	AccessedAt         string       `json:"accessedAt"`
	Impersonator       bool         `json:"impersonator"`
	ImpersonatorUserID *string      `json:"impersonatorUserId"`
}

// UserList is a page of users.
type UserList struct {
	Total int    `json:"total"`
	Users []User `json:"users"`
}

// Target is where messages reach a user.
type Target struct {
	ID           string  `json:"$id"`
	CreatedAt    string  `json:"$createdAt"`
	UpdatedAt    string  `json:"$updatedAt"`
	Name         string  `json:"name"`
	UserID       string  `json:"userId"`
	ProviderID   *string `json:"providerId"`
	ProviderType string  `json:"providerType"`
	Identifier   string  `json:"identifier"`
	Expired      bool    `json:"expired"`
}

// TargetList is a page of targets.
type TargetList struct {
	Total   int      `json:"total"`
	Targets []Target `json:"targets"`
}

// Identity is a user's account at an OAuth2 provider.
type Identity struct {
	ID                        string `json:"$id"`
	CreatedAt                 string `json:"$createdAt"`
	UpdatedAt                 string `json:"$updatedAt"`
	UserID                    string `json:"userId"`
	Provider                  string `json:"provider"`
	ProviderUID               string `json:"providerUid"`
	ProviderEmail             string `json:"providerEmail"`
	ProviderAccessToken       string `json:"providerAccessToken"`
	ProviderAccessTokenExpiry string `json:"providerAccessTokenExpiry"`
	ProviderRefreshToken      string `json:"providerRefreshToken"`
}

// IdentityList is a page of identities.
type IdentityList struct {
	Total      int        `json:"total"`
	Identities []Identity `json:"identities"`
}
