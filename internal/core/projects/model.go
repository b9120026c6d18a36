package projects

import (
	"moorfast/internal/model"
	"moorfast/internal/project"
)

// A switch has the id that clients use, and the name by which
// [project.Project] knows it.
type switchName struct{ ID, Name string }

// AuthMethods, Services and Protocols are the switches of a project, in the
// contract's order.
var (
	AuthMethods = []switchName{
		{"email-password", "emailPassword"},
		{"magic-url", "usersAuthMagicURL"},
		{"email-otp", "emailOtp"},
		{"anonymous", "anonymous"},
		{"invites", "invites"},
		{"jwt", "JWT"},
		{"phone", "phone"},
	}
	Services = same("account", "avatars", "databases", "tablesdb", "locale", "health", "project", "storage", "teams",
		"users", "vcs", "sites", "functions", "proxy", "graphql", "migrations", "messaging", "advisor")
	Protocols = same("rest", "graphql", "websocket")
)

func same(names ...string) []switchName {
	list := make([]switchName, len(names))
	for i, n := range names {
		list[i] = switchName{n, n}
	}
	return list
}

// Model returns the project as answers show it.
func (r Row) Model() model.Project {
	labels := r.Labels
	if labels == nil {
		labels = []string{}
	}
	p := r.project(nil)
	return model.Project{
		ID: r.ID, CreatedAt: model.Time(r.CreatedAt), UpdatedAt: model.Time(r.UpdatedAt),
		Name: r.Name, TeamID: r.TeamID, Region: r.Region,
		DevKeys: []struct{}{}, PingCount: r.PingCount, PingedAt: model.Time(r.PingedAt),
		Labels: labels, Status: "active", Onboarding: []struct{}{},
		AuthMethods:       switches(p, project.Method, AuthMethods),
		Services:          switches(p, project.Service, Services),
		Protocols:         switches(p, project.Protocol, Protocols),
		Blocks:            []struct{}{},
		ConsoleAccessedAt: model.Time(r.AccessedAt),
	}.WithLegacy(r.legacy())
}

func switches(p *project.Project, kind string, names []switchName) []model.Switch {
	list := make([]model.Switch, len(names))
	for i, n := range names {
		list[i] = model.Switch{ID: n.ID, Enabled: p.Enabled(kind, n.Name)}
	}
	return list
}

// legacy is what formats before 1.9.5 show of a project's settings, which have
// endpoints of their own today.
func (r Row) legacy() map[string]any {
	a := r.Auths
	mocks := make([]map[string]any, len(a.MockNumbers))
	for i, m := range a.MockNumbers {
		mocks[i] = map[string]any{"phone": m.Phone, "otp": m.OTP}
	}
	none := []any{}
	return map[string]any{
		"description": "", "logo": "", "url": "", "legalName": "", "legalCountry": "", "legalState": "",
		"legalCity": "", "legalAddress": "", "legalTaxId": "",
		"oAuthProviders": none, "platforms": none, "webhooks": none, "keys": none,
		"authLimit": a.UserLimit, "authDuration": a.SessionDuration, "authSessionsLimit": a.SessionLimit,
		"authPasswordHistory": a.PasswordHistory, "authPasswordDictionary": a.PasswordDictionary,
		"authPersonalDataCheck": a.PersonalDataCheck, "authSessionAlerts": a.SessionAlerts,
		"authInvalidateSessions": a.InvalidateSessions, "authMockNumbers": mocks,
		"authDisposableEmails": false, "authCanonicalEmails": false, "authFreeEmails": false, "authCorporateEmails": false,
		"authMembershipsUserName": a.Membership.UserName, "authMembershipsUserEmail": a.Membership.UserEmail,
		"authMembershipsMfa": a.Membership.UserMFA, "authMembershipsUserId": a.Membership.UserID,
		"authMembershipsUserPhone": a.Membership.UserPhone, "authMembershipsUserAccessedAt": a.Membership.UserAccessedAt,
	}
}
