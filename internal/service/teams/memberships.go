package teams

import (
	"context"
	"errors"
	"slices"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/listing"
	"moorfast/internal/core/teams"
	"moorfast/internal/identity"
	"moorfast/internal/model"
	"moorfast/internal/project"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// everything is the sight of those from whom nothing is hidden.
var everything = project.Privacy{UserID: true, UserEmail: true, UserPhone: true, UserName: true, UserMFA: true, UserAccessedAt: true}

// sight is what the caller sees of members: all of them as a server, and
// otherwise what the project lets members see of each other.
func sight(call *api.Call) project.Privacy {
	if call.Actor.Server() {
		return everything
	}
	return call.Project.Auths.Membership
}

// through is what of a user can be seen.
func through(see project.Privacy, u *identity.User) (m teams.Member) {
	if u == nil {
		return m
	}
	if see.UserID {
		m.ID = u.ID
	}
	if see.UserName {
		m.Name = u.Name
	}
	if see.UserEmail {
		m.Email = u.Email
	}
	if see.UserPhone {
		m.Phone = u.Phone
	}
	if see.UserAccessedAt {
		m.AccessedAt = model.Time(u.AccessedAt.UnixMicro())
	}
	m.MFA = see.UserMFA && u.MFA
	return m
}

// model returns a membership as it is seen. Ask it after a transaction: it
// knows users as of the last commit.
func (s *Service) model(ctx context.Context, call *api.Call, p place, see project.Privacy) (model.Membership, error) {
	u, err := s.Users.Identity(ctx, call.Project.ID, p.m.UserID)
	return p.m.Model(p.team, through(see, u)), err
}

// place is a membership and its team.
type place struct {
	team *teams.Team
	m    *teams.Membership
}

type listMembershipsParams struct {
	TeamID  api.ID      `param:"teamId"`
	Queries api.Queries `param:"queries" default:"[]"`
	Search  string      `param:"search" max:"256" default:"\"\""`
	Total   bool        `param:"total" default:"true"`
}

func (s *Service) listMemberships(ctx context.Context, call *api.Call, in listMembershipsParams) (model.MembershipList, error) {
	var (
		team  *teams.Team
		total int
	)
	rows, err := api.Read(ctx, call, func(tx store.Tx) (rows []teams.Membership, err error) {
		if team, err = s.team(ctx, tx, call, string(in.TeamID)); err != nil {
			return nil, err
		}
		rows, total, err = listing.Read[teams.Membership](ctx, tx, teams.MembershipList, listing.Page{
			Queries: in.Queries, Search: in.Search, NoTotal: !in.Total, Where: sqlb.Eq("team_id", team.ID),
		})
		return rows, err
	})
	if err != nil {
		return model.MembershipList{}, err
	}
	models := make([]model.Membership, len(rows))
	for i := range rows {
		if models[i], err = s.model(ctx, call, place{team, &rows[i]}, sight(call)); err != nil {
			return model.MembershipList{}, err
		}
	}
	return model.MembershipList{Total: total, Memberships: models}, nil
}

type membershipParams struct {
	TeamID       api.ID `param:"teamId"`
	MembershipID api.ID `param:"membershipId"`
}

func (s *Service) getMembership(ctx context.Context, call *api.Call, in membershipParams) (model.Membership, error) {
	found, err := api.Read(ctx, call, func(tx store.Tx) (p place, err error) {
		if p.team, err = s.team(ctx, tx, call, string(in.TeamID)); err != nil {
			return p, err
		}
		p.m, err = s.membership(ctx, tx, p.team, string(in.MembershipID))
		return p, err
	})
	if err != nil {
		return model.Membership{}, err
	}
	return s.model(ctx, call, found, sight(call))
}

// membership finds a membership of a team.
func (s *Service) membership(ctx context.Context, tx store.Tx, team *teams.Team, id string) (*teams.Membership, error) {
	m, err := s.Teams.Membership(ctx, tx, id)
	if err == nil && m.TeamID != team.ID {
		return nil, apierr.MembershipNotFound
	}
	return m, err
}

type rolesParams struct {
	TeamID       api.ID     `param:"teamId"`
	MembershipID api.ID     `param:"membershipId"`
	Roles        []api.Role `param:"roles" max:"100"`
}

func (s *Service) updateMembership(ctx context.Context, call *api.Call, in rolesParams) (model.Membership, error) {
	roles := once(texts(in.Roles))
	changed, err := api.Write(ctx, call, func(tx store.Tx) (p place, err error) {
		if p.team, err = s.team(ctx, tx, call, string(in.TeamID)); err != nil {
			return p, err
		}
		if p.m, err = s.membership(ctx, tx, p.team, string(in.MembershipID)); err != nil {
			return p, err
		}
		if err := s.own(ctx, tx, call, p.team.ID, noRoles); err != nil {
			return p, err
		}
		if !slices.Contains(roles, teams.RoleOwner) {
			if err := s.keepOwner(ctx, tx, call, p.m, apierr.MembershipDowngradeProhibited); err != nil {
				return p, err
			}
		}
		p.m.Roles = roles
		return p, s.Teams.Change(ctx, tx, p.m, false)
	})
	if err != nil {
		return model.Membership{}, err
	}
	see := sight(call)
	see.UserID = true // as the contract has it for changes
	return s.model(ctx, call, changed, see)
}

// keepOwner refuses to leave an organization of the console without an owner.
func (s *Service) keepOwner(ctx context.Context, tx store.Tx, call *api.Call, m *teams.Membership, refusal error) error {
	if !call.Project.IsConsole() {
		return nil
	}
	last, err := s.Teams.LastOwner(ctx, tx, m)
	if err == nil && last {
		return refusal
	}
	return err
}

// deleteMembership ends a membership. It takes an owner, or the member himself,
// who may also refuse an invitation this way.
func (s *Service) deleteMembership(ctx context.Context, call *api.Call, in membershipParams) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		m, err := s.Teams.Membership(ctx, tx, string(in.MembershipID))
		found := err == nil
		if err != nil && !errors.Is(err, apierr.MembershipNotFound) {
			return api.None{}, err
		}
		his := found && m.UserID == call.Actor.UserID()
		if !his {
			if _, err := s.team(ctx, tx, call, string(in.TeamID)); err != nil {
				return api.None{}, err
			}
		}
		switch {
		case !found:
			return api.None{}, apierr.TeamInviteNotFound
		case m.TeamID != string(in.TeamID):
			return api.None{}, apierr.TeamMembershipMismatch
		}
		if !his {
			if err := s.own(ctx, tx, call, m.TeamID, notOwner); err != nil {
				return api.None{}, err
			}
		}
		if err := s.keepOwner(ctx, tx, call, m, apierr.MembershipDeletionProhibited); err != nil {
			return api.None{}, err
		}
		return api.None{}, s.Teams.Remove(ctx, tx, m)
	})
}
