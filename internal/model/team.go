package model

import "moorfast/internal/api"

// Team is a group of users.
type Team struct {
	ID        string       `json:"$id"`
	CreatedAt string       `json:"$createdAt"`
	UpdatedAt string       `json:"$updatedAt"`
	Name      string       `json:"name"`
	Total     int64        `json:"total"`
	Prefs     api.Document `json:"prefs"`
}

// TeamList is a page of teams.
type TeamList struct {
	Total int    `json:"total"`
	Teams []Team `json:"teams"`
}

// Membership is a user's place in a team, or an invitation to it.
type Membership struct {
	ID             string   `json:"$id"`
	CreatedAt      string   `json:"$createdAt"`
	UpdatedAt      string   `json:"$updatedAt"`
	UserID         string   `json:"userId"`
	UserName       string   `json:"userName"`
	UserEmail      string   `json:"userEmail"`
	UserPhone      string   `json:"userPhone"`
	TeamID         string   `json:"teamId"`
	TeamName       string   `json:"teamName"`
	Invited        string   `json:"invited"`
	Joined         string   `json:"joined"`
	Confirm        bool     `json:"confirm"`
	MFA            bool     `json:"mfa"`
	UserAccessedAt string   `json:"userAccessedAt"`
	Roles          []string `json:"roles"`
}

// MembershipList is a page of memberships.
type MembershipList struct {
	Total       int          `json:"total"`
	Memberships []Membership `json:"memberships"`
}
