package teams

import (
	"context"
	"errors"
	"net/url"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/teams"
	"moorfast/internal/core/users"
	"moorfast/internal/model"
	"moorfast/internal/store"
)

// inviteLife is how long an invitation to the console can be accepted (C-7).
const inviteLife = 72 * time.Hour

type inviteParams struct {
	TeamID api.ID     `param:"teamId"`
	Email  api.Email  `param:"email" default:"\"\""`
	UserID api.ID     `param:"userId" default:"\"\""`
	Phone  api.Phone  `param:"phone" default:"\"\""`
	Roles  []api.Role `param:"roles" max:"100"`
	URL    string     `param:"url" min:"0" max:"2048" default:"\"\"" doc:"Page that the link in the invitation leads to."`
	Name   string     `param:"name" max:"128" default:"\"\"" doc:"Name of a user who is new."`
}

// invitation is the answer to an invitation: the membership, and a field that
// the contract does not have.
type invitation struct {
	model.Membership

	// InviteLink accepts the invitation, once. It is for the console's owners to
	// hand over where no mail can be sent, and is shown this once (C-7).
	InviteLink string `json:"inviteLink,omitempty"`
}

// createMembership adds a member to a team. What a server adds is a member at
// once; what an owner adds is an invitation that the invited person accepts.
func (s *Service) createMembership(ctx context.Context, call *api.Call, in inviteParams) (invitation, error) {
	if err := s.sendable(call, in); err != nil {
		return invitation{}, err
	}
	var (
		p      place
		r      *users.User
		secret string
	)
	_, err := api.Write(ctx, call, func(tx store.Tx) (none api.None, err error) {
		// Whoever may not invite changes nothing, and learns of nobody (C-7).
		if p.team, err = s.owned(ctx, tx, call, string(in.TeamID), noInviter); err != nil {
			return none, err
		}
		if r, err = s.invitee(ctx, tx, call, in); err != nil {
			return none, err
		}
		p.m, secret, err = s.invite(ctx, tx, call, p.team, r, once(texts(in.Roles)))
		return none, err
	})
	if err != nil {
		return invitation{}, err
	}
	see := sight(call)
	see.UserID = true
	see.UserEmail = see.UserEmail || in.Email != ""
	see.UserPhone = see.UserPhone || in.Phone != ""
	see.UserName = see.UserName || in.Name == r.Name // hiding from somebody what he has sent hides nothing
	shown, err := s.model(ctx, call, p, see)
	if err != nil || secret == "" {
		return invitation{Membership: shown}, err
	}
	link := p.link(in.URL, secret)
	if s.Mailer == nil {
		return invitation{shown, link}, nil
	}
	letter := Invitation{Name: r.Name, Team: p.team.Name, Locale: call.Locale, Link: link}
	if letter.Email = r.EmailText(); letter.Email == "" {
		letter.Phone = r.PhoneText()
	}
	return invitation{Membership: shown}, s.Mailer.Invite(ctx, call.Project, letter)
}

// sendable checks what needs no store: whom the invitation is for, and how it
// would reach him.
func (s *Service) sendable(call *api.Call, in inviteParams) error {
	client := !call.Actor.Server()
	if err := call.CheckURL("url", in.URL); err != nil {
		return err
	}
	switch {
	case client && in.URL == "":
		return apierr.ArgumentInvalid.Detail("URL is required")
	case in.Email == "" && in.UserID == "" && in.Phone == "":
		return apierr.ArgumentInvalid.Detail("At least one of userId, email, or phone is required")
	case client && s.Mailer == nil && !call.Project.IsConsole():
		return apierr.SMTPDisabled
	}
	return nil
}

// invitee finds whom an invitation is for, or makes him.
func (s *Service) invitee(ctx context.Context, tx store.Tx, call *api.Call, in inviteParams) (*users.User, error) {
	r, err := s.known(ctx, tx, in)
	if errors.Is(err, apierr.UserNotFound) && in.UserID == "" {
		return s.newcomer(ctx, tx, call, in)
	}
	if err != nil {
		return nil, err
	}
	by := "email"
	if in.UserID != "" {
		by = "userId"
	}
	switch {
	case in.Email != "" && r.EmailText() != string(in.Email):
		return nil, apierr.UserAlreadyExists.Detail("Given %s and email doesn't match", by)
	case in.Phone != "" && r.PhoneText() != string(in.Phone):
		return nil, apierr.UserAlreadyExists.Detail("Given %s and phone doesn't match", by)
	}
	return r, s.reachable(call, r)
}

func (s *Service) known(ctx context.Context, tx store.Tx, in inviteParams) (*users.User, error) {
	switch {
	case in.UserID != "":
		return s.Users.Get(ctx, tx, string(in.UserID))
	case in.Email != "":
		return s.Users.ByEmail(ctx, tx, string(in.Email))
	}
	return s.Users.ByPhone(ctx, tx, string(in.Phone))
}

// reachable tells the inviter that an invitation to the console could never be
// used, where that is so.
func (s *Service) reachable(call *api.Call, r *users.User) error {
	if !call.Project.IsConsole() {
		return nil
	}
	return s.Console.Invite(r.EmailText())
}

// newcomer makes a user for somebody who is invited. He has no password until
// he sets one. The console's limit of one account does not hold for him.
func (s *Service) newcomer(ctx context.Context, tx store.Tx, call *api.Call, in inviteParams) (*users.User, error) {
	r := users.NewUser(call.NewID(), call.Micros())
	r.SetEmail(string(in.Email))
	r.SetPhone(string(in.Phone))
	r.Invited = true
	r.Name = in.Name
	if r.Name == "" {
		r.Name = r.EmailText()
	}
	if err := s.reachable(call, r); err != nil {
		return nil, err
	}
	if limit := call.Project.Auths.UserLimit; limit > 0 && !call.Project.IsConsole() && !call.Actor.Server() {
		n, err := s.Users.Count(ctx, tx, limit)
		if err != nil {
			return nil, err
		}
		if n >= limit {
			return nil, apierr.UserCountExceeded.Detail("Project registration is restricted. Contact your administrator for more information.")
		}
	}
	return r, s.Users.Insert(ctx, tx, r)
}

// invite adds a membership, or renews an invitation that was not accepted. What
// a server adds is confirmed, and has no secret.
func (s *Service) invite(ctx context.Context, tx store.Tx, call *api.Call, team *teams.Team, r *users.User, roles []string) (m *teams.Membership, secret string, err error) {
	m, err = s.Teams.MembershipOf(ctx, tx, team.ID, r.ID)
	fresh := errors.Is(err, apierr.MembershipNotFound)
	switch {
	case fresh:
		m = newMembership(call, team.ID, r.ID, roles)
	case err != nil:
		return nil, "", err
	case m.Confirm:
		return nil, "", apierr.MembershipAlreadyConfirmed
	}
	m.Roles = roles
	joins := call.Actor.Server()
	if joins {
		m.Join(call.Micros())
	} else {
		secret = m.Invite(s.sendTo(r), call.Micros(), expiry(call))
	}
	if fresh {
		return m, secret, s.Teams.Add(ctx, tx, m)
	}
	return m, secret, s.Teams.Change(ctx, tx, m, joins)
}

// sendTo is where an invitation goes, or "" where the inviter hands it over.
func (s *Service) sendTo(r *users.User) string {
	switch {
	case s.Mailer == nil:
		return ""
	case r.Email != nil:
		return r.EmailText()
	}
	return r.PhoneText()
}

func expiry(call *api.Call) int64 {
	if !call.Project.IsConsole() {
		return 0
	}
	return call.Now().Add(inviteLife).UnixMicro()
}

// link is where an invitation is accepted: the inviter's page, with what it
// needs for that.
func (p place) link(page, secret string) string {
	u, err := url.Parse(page)
	if err != nil {
		return page
	}
	q := u.Query()
	for name, value := range map[string]string{
		"membershipId": p.m.ID, "userId": p.m.UserID, "secret": secret, "teamId": p.team.ID, "teamName": p.team.Name,
	} {
		q.Set(name, value)
	}
	u.RawQuery = q.Encode()
	return u.String()
}
