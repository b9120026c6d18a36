package teams

import (
	"context"
	"errors"
	"slices"

	"moorfast/internal/apierr"
	"moorfast/internal/identity"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/token"
	"moorfast/internal/vault"
)

// Membership is a user's place in a team, or an invitation to it, as it is
// stored.
type Membership struct {
	Seq       int64        `col:"seq"`
	ID        string       `col:"id"`
	CreatedAt int64        `col:"created_at"`
	UpdatedAt int64        `col:"updated_at"`
	TeamID    string       `col:"team_id"`
	UserID    string       `col:"user_id"`
	Roles     []string     `col:"roles"`
	Invited   int64        `col:"invited"`
	Joined    *int64       `col:"joined"`
	Confirm   bool         `col:"confirm"`
	Secret    vault.Secret `col:"secret"`     // of the invitation: its sum
	SentTo    string       `col:"sent_to"`    // the address or number that the secret went to, or "" where the inviter has it
	ExpiresAt int64        `col:"expires_at"` // of the invitation; 0 for never
}

// Join makes the membership one that is confirmed.
func (m *Membership) Join(now int64) { m.Confirm, m.Joined = true, &now }

// Invite gives the membership a secret that accepts it, in place of the one
// that it had, and returns it. Whoever has the secret and is not sentTo has
// proved nothing about himself.
func (m *Membership) Invite(sentTo string, now, expires int64) (secret string) {
	secret = token.NewSecret()
	m.Secret, m.SentTo, m.Invited, m.ExpiresAt = vault.Hide(token.Sum(secret)), sentTo, now, expires
	return secret
}

// Model returns the membership as answers show it, with what may be shown of
// its user.
func (m *Membership) Model(team *Team, u Member) model.Membership {
	joined := ""
	if m.Joined != nil {
		joined = model.Time(*m.Joined)
	}
	return model.Membership{
		ID: m.ID, CreatedAt: model.Time(m.CreatedAt), UpdatedAt: model.Time(m.UpdatedAt),
		UserID: u.ID, UserName: u.Name, UserEmail: u.Email, UserPhone: u.Phone, MFA: u.MFA, UserAccessedAt: u.AccessedAt,
		TeamID: m.TeamID, TeamName: team.Name,
		Invited: model.Time(m.Invited), Joined: joined, Confirm: m.Confirm, Roles: m.Roles,
	}
}

// Member is what a membership shows of its user. What may not be seen is zero.
type Member struct {
	ID, Name, Email, Phone string
	MFA                    bool
	AccessedAt             string
}

// Membership returns a membership, or [apierr.MembershipNotFound].
func (t *Teams) Membership(ctx context.Context, tx store.Tx, id string) (*Membership, error) {
	m, err := store.Get[Membership](ctx, tx, membershipsTable, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, apierr.MembershipNotFound
	}
	return &m, err
}

// MembershipOf returns the membership of a user in a team, or
// [apierr.MembershipNotFound].
func (t *Teams) MembershipOf(ctx context.Context, tx store.Tx, teamID, userID string) (*Membership, error) {
	m, err := store.Find[Membership](ctx, tx, membershipsTable, sqlb.And(sqlb.Eq("team_id", teamID), sqlb.Eq("user_id", userID)))
	if errors.Is(err, store.ErrNotFound) {
		return nil, apierr.MembershipNotFound
	}
	return &m, err
}

// Add adds a membership, and where it is confirmed one to the team's total.
func (t *Teams) Add(ctx context.Context, tx store.Tx, m *Membership) error {
	if err := store.Insert(ctx, tx, membershipsTable, m); err != nil {
		if errors.Is(err, store.ErrConflict) {
			return apierr.MembershipAlreadyConfirmed.Because(err)
		}
		return err
	}
	t.users.Changed(tx, m.UserID)
	if !m.Confirm {
		return nil
	}
	return count(ctx, tx, m.TeamID, 1)
}

// Change writes all of a membership. joins says that it was not confirmed
// before, and is now.
func (t *Teams) Change(ctx context.Context, tx store.Tx, m *Membership, joins bool) error {
	m.UpdatedAt = t.micros()
	if err := store.Update(ctx, tx, membershipsTable, m); err != nil {
		return err
	}
	t.users.Changed(tx, m.UserID)
	if !joins {
		return nil
	}
	return count(ctx, tx, m.TeamID, 1)
}

// Remove removes a membership.
func (t *Teams) Remove(ctx context.Context, tx store.Tx, m *Membership) error {
	if err := store.Delete(ctx, tx, membershipsTable, m.ID); err != nil {
		return err
	}
	t.users.Changed(tx, m.UserID)
	if !m.Confirm {
		return nil
	}
	return count(ctx, tx, m.TeamID, -1)
}

// LastOwner reports whether a membership is that of the only owner of its team.
func (t *Teams) LastOwner(ctx context.Context, tx store.Tx, m *Membership) (bool, error) {
	if !m.Confirm || !slices.Contains(m.Roles, RoleOwner) {
		return false, nil
	}
	others, err := store.List[Membership](ctx, tx, sqlb.Select{
		Columns: []string{"id", "roles"}, From: membershipsTable, Lock: true,
		Where: sqlb.And(sqlb.Eq("team_id", m.TeamID), sqlb.Eq("confirm", true), sqlb.Ne("id", m.ID)),
	})
	for i := range others {
		if slices.Contains(others[i].Roles, RoleOwner) {
			return false, err
		}
	}
	return true, err
}

// Memberships answers what users ask about their teams. It needs nothing but
// the transaction that it is handed.
type Memberships struct{}

// MembershipsOf returns the confirmed memberships of a user, the first one
// first.
func (Memberships) MembershipsOf(ctx context.Context, tx store.Tx, userID string) ([]identity.Membership, error) {
	list, err := store.List[Membership](ctx, tx, sqlb.Select{
		Columns: []string{"id", "team_id", "roles"}, From: membershipsTable,
		Where: sqlb.And(sqlb.Eq("user_id", userID), sqlb.Eq("confirm", true)), Order: []sqlb.Order{{Column: "seq"}},
	})
	if err != nil {
		return nil, err
	}
	memberships := make([]identity.Membership, len(list))
	for i, m := range list {
		memberships[i] = identity.Membership{ID: m.ID, TeamID: m.TeamID, Roles: m.Roles}
	}
	return memberships, nil
}

// Leave removes a user from all teams.
func (Memberships) Leave(ctx context.Context, tx store.Tx, userID string) error {
	confirmed := sqlb.And(sqlb.Eq("user_id", userID), sqlb.Eq("confirm", true))
	_, err := store.Exec(ctx, tx, sqlb.Update{
		Table: teamsTable, Set: []sqlb.Assign{sqlb.SetExpr("total", "total - 1")},
		Where: sqlb.InSelect("id", sqlb.Select{Columns: []string{"team_id"}, From: membershipsTable, Where: confirmed}),
	})
	if err != nil {
		return err
	}
	_, err = store.DeleteWhere(ctx, tx, membershipsTable, sqlb.Eq("user_id", userID))
	return err
}
