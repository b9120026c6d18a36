package users

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/listing"
	"moorfast/internal/core/teams"
	"moorfast/internal/core/users"
	"moorfast/internal/email"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

type ofUserParams struct {
	UserID  api.ID      `param:"userId"`
	Queries api.Queries `param:"queries" default:"[]"`
	Search  string      `param:"search" max:"256" default:"\"\""`
	Total   bool        `param:"total" default:"true"`
}

func (p ofUserParams) page() listing.Page {
	return listing.Page{Queries: p.Queries, Search: p.Search, NoTotal: !p.Total, Where: sqlb.Eq("user_id", string(p.UserID))}
}

func (s *Service) listMemberships(ctx context.Context, call *api.Call, in ofUserParams) (model.MembershipList, error) {
	u, err := s.Users.Identity(ctx, call.Project.ID, string(in.UserID))
	if err != nil {
		return model.MembershipList{}, err
	}
	if u == nil {
		return model.MembershipList{}, apierr.UserNotFound
	}
	who := teams.Member{
		ID: u.ID, Name: u.Name, Email: u.Email, Phone: u.Phone, MFA: u.MFA, AccessedAt: model.Time(u.AccessedAt.UnixMicro()),
	}
	return api.Read(ctx, call, func(tx store.Tx) (model.MembershipList, error) {
		rows, total, err := listing.Read[teams.Membership](ctx, tx, teams.MembershipList, in.page())
		models := make([]model.Membership, len(rows))
		for i := range rows {
			team, err := s.Teams.Get(ctx, tx, rows[i].TeamID)
			if err != nil {
				return model.MembershipList{}, err
			}
			models[i] = rows[i].Model(team, who)
		}
		return model.MembershipList{Total: total, Memberships: models}, err
	})
}

type targetsParams struct {
	UserID  api.ID      `param:"userId"`
	Queries api.Queries `param:"queries" default:"[]"`
	Total   bool        `param:"total" default:"true"`
}

func (s *Service) listTargets(ctx context.Context, call *api.Call, in targetsParams) (model.TargetList, error) {
	page := ofUserParams{UserID: in.UserID, Queries: in.Queries, Total: in.Total}.page()
	return api.Read(ctx, call, func(tx store.Tx) (model.TargetList, error) {
		if _, err := s.Users.Get(ctx, tx, string(in.UserID)); err != nil {
			return model.TargetList{}, err
		}
		rows, total, err := listing.Read[users.Target](ctx, tx, users.TargetList, page)
		models := make([]model.Target, len(rows))
		for i := range rows {
			models[i] = rows[i].Model()
		}
		return model.TargetList{Total: total, Targets: models}, err
	})
}

type createTargetParams struct {
	TargetID     api.NewID `param:"targetId"`
	UserID       api.ID    `param:"userId"`
	ProviderType string    `param:"providerType" oneof:"email,sms,push" fold:"true"`
	Identifier   string    `param:"identifier" max:"255"`
	ProviderID   api.ID    `param:"providerId" default:"\"\""`
	Name         string    `param:"name" max:"128" default:"\"\""`
}

// fits refuses an identifier that is none of its type.
func fits(typ, identifier string) error {
	switch {
	case typ == users.EmailTarget && !email.Valid(identifier):
		return apierr.InvalidEmail
	case typ == users.SMSTarget && api.Phone(identifier).Check() != nil:
		return apierr.InvalidPhone
	}
	return nil
}

// createTarget adds a target. A provider that is not there is left out, as in
// the contract; so are all of them, until there are providers.
func (s *Service) createTarget(ctx context.Context, call *api.Call, in createTargetParams) (model.Target, error) {
	if err := fits(in.ProviderType, in.Identifier); err != nil {
		return model.Target{}, err
	}
	t := &users.Target{
		ID: string(in.TargetID), UserID: string(in.UserID),
		ProviderType: in.ProviderType, Identifier: in.Identifier, Name: in.Name,
	}
	return api.Write(ctx, call, func(tx store.Tx) (model.Target, error) {
		if _, err := s.Users.Get(ctx, tx, t.UserID); err != nil {
			return model.Target{}, err
		}
		err := s.Users.AddTarget(ctx, tx, t)
		return t.Model(), err
	})
}

type targetParams struct {
	UserID   api.ID `param:"userId"`
	TargetID api.ID `param:"targetId"`
}

func (s *Service) target(ctx context.Context, tx store.Tx, in targetParams) (*users.Target, error) {
	if _, err := s.Users.Get(ctx, tx, string(in.UserID)); err != nil {
		return nil, err
	}
	return s.Users.Target(ctx, tx, string(in.UserID), string(in.TargetID))
}

func (s *Service) getTarget(ctx context.Context, call *api.Call, in targetParams) (model.Target, error) {
	return api.Read(ctx, call, func(tx store.Tx) (model.Target, error) {
		t, err := s.target(ctx, tx, in)
		if err != nil {
			return model.Target{}, err
		}
		return t.Model(), nil
	})
}

type updateTargetParams struct {
	UserID     api.ID `param:"userId"`
	TargetID   api.ID `param:"targetId"`
	Identifier string `param:"identifier" max:"255" default:"\"\""`
	ProviderID api.ID `param:"providerId" default:"\"\""`
	Name       string `param:"name" max:"128" default:"\"\""`
}

func (s *Service) updateTarget(ctx context.Context, call *api.Call, in updateTargetParams) (model.Target, error) {
	return api.Write(ctx, call, func(tx store.Tx) (model.Target, error) {
		t, err := s.target(ctx, tx, targetParams{in.UserID, in.TargetID})
		if err != nil {
			return model.Target{}, err
		}
		if in.Identifier != "" {
			if err := fits(t.ProviderType, in.Identifier); err != nil {
				return model.Target{}, err
			}
			t.Identifier, t.Expired = in.Identifier, false
		}
		if in.ProviderID != "" {
			return model.Target{}, apierr.ProviderNotFound
		}
		if in.Name != "" {
			t.Name = in.Name
		}
		err = s.Users.UpdateTarget(ctx, tx, t, "identifier", "expired", "name")
		return t.Model(), err
	})
}

func (s *Service) deleteTarget(ctx context.Context, call *api.Call, in targetParams) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		t, err := s.target(ctx, tx, in)
		if err != nil {
			return api.None{}, err
		}
		return api.None{}, s.Users.DeleteTarget(ctx, tx, t)
	})
}

func (s *Service) listIdentities(ctx context.Context, call *api.Call, in listParams) (model.IdentityList, error) {
	return api.Read(ctx, call, func(tx store.Tx) (model.IdentityList, error) {
		return users.Identities(ctx, tx, in.page())
	})
}

type identityParams struct {
	IdentityID api.ID `param:"identityId"`
}

func (s *Service) deleteIdentity(ctx context.Context, call *api.Call, in identityParams) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		return api.None{}, s.Users.DeleteIdentity(ctx, tx, "", string(in.IdentityID))
	})
}

func (s *Service) belongings() []api.Endpoint {
	const target = user + "/targets/{targetId}"
	audit := func(event string) api.Audit { return api.Audit{Event: event, Resource: "target/{targetId}"} }
	return []api.Endpoint{
		api.New(spec(api.Spec{
			Name: "users.listMemberships", Method: "GET", Path: user + "/memberships", Model: "membershipList",
			Summary: "List the memberships of a user.",
		}), s.listMemberships),
		api.New(spec(api.Spec{
			Name: "users.listTargets", Method: "GET", Path: user + "/targets", Model: "targetList",
			Summary: "List the targets of a user.",
		}), s.listTargets),
		api.New(spec(api.Spec{
			Name: "users.createTarget", Method: "POST", Path: user + "/targets", Status: 201, Model: "target",
			Summary: "Add a target of a user.",
			Event:   "users.[userId].targets.[targetId].create", Audit: audit("target.create"),
		}), s.createTarget),
		api.New(spec(api.Spec{
			Name: "users.getTarget", Method: "GET", Path: target, Model: "target",
			Summary: "Get a target of a user.",
		}), s.getTarget),
		api.New(spec(api.Spec{
			Name: "users.updateTarget", Method: "PATCH", Path: target, Model: "target",
			Summary: "Change a target of a user.",
			Event:   "users.[userId].targets.[targetId].update", Audit: audit("target.update"),
		}), s.updateTarget),
		api.New(spec(api.Spec{
			Name: "users.deleteTarget", Method: "DELETE", Path: target,
			Summary: "Delete a target of a user.",
			Event:   "users.[userId].targets.[targetId].delete", Audit: audit("target.delete"),
		}), s.deleteTarget),
		api.New(spec(api.Spec{
			Name: "users.listIdentities", Method: "GET", Path: "/v1/users/identities", Model: "identityList",
			Summary: "List users' accounts at OAuth2 providers.",
		}), s.listIdentities),
		api.New(spec(api.Spec{
			Name: "users.deleteIdentity", Method: "DELETE", Path: "/v1/users/identities/{identityId}",
			Summary: "Forget an account at an OAuth2 provider.",
			Event:   "users.[userId].identities.[identityId].delete",
			Audit:   api.Audit{Event: "identity.delete", Resource: "identity/{identityId}"},
		}), s.deleteIdentity),
	}
}
