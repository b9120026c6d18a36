package project

import (
	"context"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/listing"
	"moorfast/internal/core/projects"
	"moorfast/internal/model"
	"moorfast/internal/opt"
	"moorfast/internal/project"
)

// policies are the policies in the order in which they are listed, and how
// each shows itself.
var policies = []struct {
	id   string
	show func(id string, a project.Auths) policy
}{
	{"password-dictionary", func(id string, a project.Auths) policy { return enabledPolicy{id, a.PasswordDictionary} }},
	{"password-history", func(id string, a project.Auths) policy { return totalPolicy{id, a.PasswordHistory} }},
	{"password-strength", func(id string, a project.Auths) policy { return strengthPolicy{id, a.PasswordStrength} }},
	{"password-personal-data", func(id string, a project.Auths) policy { return enabledPolicy{id, a.PersonalDataCheck} }},
	{"session-alert", func(id string, a project.Auths) policy { return enabledPolicy{id, a.SessionAlerts} }},
	{"session-duration", func(id string, a project.Auths) policy { return durationPolicy{id, a.SessionDuration} }},
	{"session-invalidation", func(id string, a project.Auths) policy { return enabledPolicy{id, a.InvalidateSessions} }},
	{"session-limit", func(id string, a project.Auths) policy { return totalPolicy{id, a.SessionLimit} }},
	{"user-limit", func(id string, a project.Auths) policy { return totalPolicy{id, a.UserLimit} }},
	{"membership-privacy", func(id string, a project.Auths) policy { return privacyPolicy{id, a.Membership} }},
	{"mfa-factors", func(id string, a project.Auths) policy { return factorsPolicy{id, a.MFAFactors} }},
}

// policy is a model whose fields depend on its id.
type policy any

type (
	enabledPolicy struct {
		ID      string `json:"$id"`
		Enabled bool   `json:"enabled"`
	}
	totalPolicy struct {
		ID    string `json:"$id"`
		Total int    `json:"total"`
	}
	durationPolicy struct {
		ID       string `json:"$id"`
		Duration int    `json:"duration"`
	}
	strengthPolicy struct {
		ID string `json:"$id"`
		project.PasswordStrength
	}
	privacyPolicy struct {
		ID string `json:"$id"`
		project.Privacy
	}
	factorsPolicy struct {
		ID string `json:"$id"`
		project.MFAFactors
	}
)

func (s *Service) policies() []api.Endpoint {
	list := []api.Endpoint{
		api.New(api.Spec{
			Name: "project.listPolicies", Method: "GET", Path: "/v1/project/policies", Model: "policyList",
			Summary: "List the policies of the project.",
			Auth:    adminsAndKeys, Scopes: policiesRead, Rules: rules,
		}, s.listPolicies),
		api.New(api.Spec{
			Name: "project.getPolicy", Method: "GET", Path: "/v1/project/policies/{policyId}", Model: "policy",
			Summary: "Get a policy.",
			Auth:    adminsAndKeys, Scopes: policiesRead, Rules: rules,
		}, s.getPolicy),
		api.New(policySpec("updateMembershipPrivacyPolicy", "membership-privacy", "memberships-privacy",
			"Say which fields of a membership other members see."), s.updatePrivacy),
		api.New(policySpec("updateMFAFactorsPolicy", "mfa-factors", "", "Say which factors may be used."), s.updateFactors),
		api.New(policySpec("updatePasswordHistoryPolicy", "password-history", "password-history",
			"Say how many old passwords may not be used again."), s.updateHistory),
		api.New(policySpec("updatePasswordStrengthPolicy", "password-strength", "", "Say what a password must have."), s.updateStrength),
		api.New(policySpec("updateSessionDurationPolicy", "session-duration", "duration", "Say how long a session lasts."), s.updateDuration),
		api.New(policySpec("updateSessionLimitPolicy", "session-limit", "max-sessions", "Say how many sessions a user may have."), s.updateSessionLimit),
		api.New(policySpec("updateUserLimitPolicy", "user-limit", "limit", "Say how many users may sign up."), s.updateUserLimit),
	}
	for _, p := range []struct {
		method, id, older, summary string
		set                        func(*project.Auths, bool)
	}{
		{"updatePasswordDictionaryPolicy", "password-dictionary", "password-dictionary", "Refuse passwords that are commonly used.", func(a *project.Auths, on bool) { a.PasswordDictionary = on }},
		{"updatePasswordPersonalDataPolicy", "password-personal-data", "personal-data", "Refuse passwords that contain personal data.", func(a *project.Auths, on bool) { a.PersonalDataCheck = on }},
		{"updateSessionAlertPolicy", "session-alert", "session-alerts", "Tell users of new sessions by e-mail.", func(a *project.Auths, on bool) { a.SessionAlerts = on }},
		{"updateSessionInvalidationPolicy", "session-invalidation", "session-invalidation", "End other sessions when a password changes.", func(a *project.Auths, on bool) { a.InvalidateSessions = on }},
	} {
		list = append(list, api.New(policySpec(p.method, p.id, p.older, p.summary),
			func(ctx context.Context, call *api.Call, in enabledParams) (model.Project, error) {
				return s.changeAuths(ctx, call, func(a *project.Auths) { p.set(a, in.Enabled) })
			}))
	}
	return list
}

var (
	policiesRead  = []string{"policies.read", "project.policies.read"}
	policiesWrite = []string{"policies.write", "project.policies.write"}
)

// policySpec is the spec of an endpoint that changes a policy. older is the end
// of its path in older versions, if it had one.
func policySpec(method, id, older, summary string) api.Spec {
	spec := api.Spec{
		Name: "project." + method, Method: "PATCH", Path: "/v1/project/policies/" + id, Model: "project", Summary: summary,
		Auth: adminsAndKeys, Scopes: policiesWrite, Rules: rules,
		Event: "projects.[projectId].policies.[policy].update",
		Audit: api.Audit{Event: "projects.[projectId].policies.[policy].update", Resource: "project/{projectId}"},
	}
	if older != "" {
		spec.Aliases = []string{"/v1/projects/{projectId}/auth/" + older}
	}
	if id == "password-strength" {
		spec.Model = "policyPasswordStrength"
	}
	return spec
}

func (s *Service) changeAuths(ctx context.Context, call *api.Call, fn func(*project.Auths)) (model.Project, error) {
	row, err := s.change(ctx, call, func(r *projects.Row) { fn(&r.Auths) })
	return row.Model(), err
}

type policyList struct {
	Total    int      `json:"total"`
	Policies []policy `json:"policies"`
}

func (s *Service) listPolicies(_ context.Context, call *api.Call, in listParams) (policyList, error) {
	plan, err := listing.Window(in.Queries)
	if err != nil {
		return policyList{}, err
	}
	all := make([]policy, len(policies))
	for i, p := range policies {
		all[i] = p.show(p.id, call.Project.Auths)
	}
	list := policyList{Policies: page(all, plan)}
	if in.Total {
		list.Total = len(all)
	}
	return list, nil
}

type policyParams struct {
	PolicyID policyID `param:"policyId"`
}

type policyID string

// Check allows the ids of the policies.
func (id policyID) Check() error {
	ids := make([]string, len(policies))
	for i, p := range policies {
		if p.id == string(id) {
			return nil
		}
		ids[i] = p.id
	}
	return api.Reject("Value must be one of (%s)", strings.Join(ids, ", "))
}

func (s *Service) getPolicy(_ context.Context, call *api.Call, in policyParams) (policy, error) {
	for _, p := range policies {
		if p.id == string(in.PolicyID) {
			return p.show(p.id, call.Project.Auths), nil
		}
	}
	return nil, in.PolicyID.Check()
}

type enabledParams struct {
	Enabled bool `param:"enabled"`
}

type privacyParams struct {
	UserID         opt.Value[bool] `param:"userId" null:"false"`
	UserEmail      opt.Value[bool] `param:"userEmail" null:"false"`
	UserPhone      opt.Value[bool] `param:"userPhone" null:"false"`
	UserName       opt.Value[bool] `param:"userName" null:"false"`
	UserMFA        opt.Value[bool] `param:"userMFA" null:"false"`
	UserAccessedAt opt.Value[bool] `param:"userAccessedAt" null:"false"`
}

func (s *Service) updatePrivacy(ctx context.Context, call *api.Call, in privacyParams) (model.Project, error) {
	return s.changeAuths(ctx, call, func(a *project.Auths) {
		m := &a.Membership
		*m = project.Privacy{
			UserID: in.UserID.Or(m.UserID), UserEmail: in.UserEmail.Or(m.UserEmail), UserPhone: in.UserPhone.Or(m.UserPhone),
			UserName: in.UserName.Or(m.UserName), UserMFA: in.UserMFA.Or(m.UserMFA), UserAccessedAt: in.UserAccessedAt.Or(m.UserAccessedAt),
		}
	})
}

type factorsParams struct {
	TOTP   opt.Value[bool] `param:"totp" null:"false"`
	Email  opt.Value[bool] `param:"email" null:"false"`
	Phone  opt.Value[bool] `param:"phone" null:"false"`
	Custom opt.Value[bool] `param:"custom" null:"false"`
}

func (s *Service) updateFactors(ctx context.Context, call *api.Call, in factorsParams) (model.Project, error) {
	return s.changeAuths(ctx, call, func(a *project.Auths) {
		f := &a.MFAFactors
		*f = project.MFAFactors{TOTP: in.TOTP.Or(f.TOTP), Email: in.Email.Or(f.Email), Phone: in.Phone.Or(f.Phone), Custom: in.Custom.Or(f.Custom)}
	})
}

type historyParams struct {
	Total opt.Value[int] `param:"total" min:"1" max:"20"`
}

func (s *Service) updateHistory(ctx context.Context, call *api.Call, in historyParams) (model.Project, error) {
	if err := given("total", in.Total.Present); err != nil {
		return model.Project{}, err
	}
	return s.changeAuths(ctx, call, func(a *project.Auths) { a.PasswordHistory = in.Total.Or(0) })
}

type strengthParams struct {
	Min       opt.Value[int]  `param:"min" min:"8" max:"256" null:"false"`
	Uppercase opt.Value[bool] `param:"uppercase" null:"false"`
	Lowercase opt.Value[bool] `param:"lowercase" null:"false"`
	Number    opt.Value[bool] `param:"number" null:"false"`
	Symbols   opt.Value[bool] `param:"symbols" null:"false"`
}

func (s *Service) updateStrength(ctx context.Context, call *api.Call, in strengthParams) (policy, error) {
	row, err := s.change(ctx, call, func(r *projects.Row) {
		p := &r.Auths.PasswordStrength
		*p = project.PasswordStrength{
			Min: in.Min.Or(p.Min), Uppercase: in.Uppercase.Or(p.Uppercase), Lowercase: in.Lowercase.Or(p.Lowercase),
			Number: in.Number.Or(p.Number), Symbols: in.Symbols.Or(p.Symbols),
		}
	})
	return strengthPolicy{"password-strength", row.Auths.PasswordStrength}, err
}

type durationParams struct {
	Duration int `param:"duration" min:"60" max:"31536000" doc:"Seconds."`
}

func (s *Service) updateDuration(ctx context.Context, call *api.Call, in durationParams) (model.Project, error) {
	return s.changeAuths(ctx, call, func(a *project.Auths) { a.SessionDuration = in.Duration })
}

type sessionLimitParams struct {
	Total int `param:"total" min:"1" max:"100"`
}

func (s *Service) updateSessionLimit(ctx context.Context, call *api.Call, in sessionLimitParams) (model.Project, error) {
	return s.changeAuths(ctx, call, func(a *project.Auths) { a.SessionLimit = in.Total })
}

type userLimitParams struct {
	Total opt.Value[int] `param:"total" min:"0" max:"10000"`
}

func (s *Service) updateUserLimit(ctx context.Context, call *api.Call, in userLimitParams) (model.Project, error) {
	if err := given("total", in.Total.Present); err != nil {
		return model.Project{}, err
	}
	return s.changeAuths(ctx, call, func(a *project.Auths) { a.UserLimit = in.Total.Or(0) })
}

// given refuses a parameter that was left out, but may be null.
func given(name string, present bool) error {
	if present {
		return nil
	}
	return apierr.ArgumentInvalid.Detail("Param %q is not optional.", name)
}
