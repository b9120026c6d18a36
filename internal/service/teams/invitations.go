package teams

import (
	"context"
	"errors"
	"net/url"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/access"
	"moorfast/internal/core/teams"
	"moorfast/internal/core/users"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/token"
)

// inviteLife is how long an invitation to the console can be accepted (C-7).
const inviteLife = 72 * time.Hour

type inviteParams struct {
	TeamID api.ID            `param:"teamId"`
	Email  api.OptionalEmail `param:"email" default:"\"\""`
	UserID optionalID        `param:"userId" default:"\"\""`
	Phone  api.OptionalPhone `param:"phone" default:"\"\""`
	Roles  []api.Role        `param:"roles" max:"100"`
	URL    string            `param:"url" min:"0" max:"2048" default:"\"\"" doc:"Page that the link in the invitation leads to."`
	Name   string            `param:"name" min:"0" max:"128" default:"\"\"" doc:"Name of a user who is new."`
}

// optionalID is an [api.ID] that may be empty.
type optionalID string

// Check allows ids, and nothing.
func (s optionalID) Check() error {
	if s == "" {
		return nil
	}
	return api.ID(s).Check()
}

// invitation is the answer to an invitation: the membership, and where no mail
// can be sent, the link for the owner to hand over himself (C-7).
type invitation struct {
	model.Membership
	InviteURL string `json:"inviteUrl,omitempty"`
}

// createMembership adds a member to a team. What a server adds is a member at
// once; what an owner adds is an invitation that its receiver has to accept.
func (s *Service) createMembership(ctx context.Context, call *api.Call, in inviteParams) (invitation, error) {
	if err := s.mayInvite(call, in); err != nil {
		return invitation{}, err
	}
	server := call.Actor.Server()
	var (
		p      place
		r      *users.User
		secret string
	)
	_, err := api.Write(ctx, call, func(tx store.Tx) (_ api.None, err error) {
		// Who may not invite, learns and changes nothing (C-7).
		p.team, err = s.team(ctx, tx, call, string(in.TeamID))
		if err != nil {
			return api.None{}, err
		}
		if !owner(call, p.team.ID) {
			return api.None{}, apierr.UserUnauthorized.Detail("User is not allowed to send invitations for this team")
		}
		if r, err = s.invitee(ctx, tx, call, in); err != nil {
			return api.None{}, err
		}
		p.m, secret, err = s.invite(ctx, tx, call, p.team, r, texts(in.Roles), server)
		return api.None{}, err
	})
	if err != nil {
		return invitation{}, err
	}
	m, err := s.model(ctx, call, p.team, p.m)
	if err != nil || server {
		return invitation{Membership: m}, err
	}
	address := link(in.URL, p, secret)
	if s.Mailer == nil {
		return invitation{m, address}, nil
	}
	err = s.Mailer.Invite(ctx, call.Project, Invitation{
		Email: r.EmailText(), Phone: r.PhoneText(), Name: r.Name, Team: p.team.Name, Locale: call.Locale, Link: address,
	})
	return invitation{Membership: m}, err
}

// mayInvite checks what needs no store.
func (s *Service) mayInvite(call *api.Call, in inviteParams) error {
	client := !call.Actor.Server()
	switch {
	case in.URL == "" && client:
		return apierr.ArgumentInvalid.Detail("URL is required")
	case in.URL != "" && (call.Client.TrustedURL == nil || !call.Client.TrustedURL(in.URL)):
		return api.Invalid("url", api.Reject("Invalid URI. Register your new client (%s) as a new Web platform on your project console dashboard", hostname(in.URL)))
	case in.Email == "" && in.UserID == "" && in.Phone == "":
		return apierr.ArgumentInvalid.Detail("At least one of userId, email, or phone is required")
	case client && s.Mailer == nil && !call.Project.IsConsole():
		return apierr.SMTPDisabled
	}
	return nil
}

func hostname(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
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
	case in.UserID != "" && in.Email != "" && r.EmailText() != string(in.Email):
		return nil, apierr.UserAlreadyExists.Detail("Given userId and email doesn't match")
	case by != "phone" && in.Phone != "" && r.PhoneText() != string(in.Phone):
		return nil, apierr.UserAlreadyExists.Detail("Given %s and phone doesn't match", by)
	}
	if call.Project.IsConsole() {
		return r, s.Console.Invite(r.EmailText())
	}
	return r, nil
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

// newcomer makes a user for somebody who is invited. The console's limit of one
// account does not hold for him, but its lists do.
func (s *Service) newcomer(ctx context.Context, tx store.Tx, call *api.Call, in inviteParams) (*users.User, error) {
	r := users.NewUser(call.NewID(), call.Micros())
	r.SetEmail(string(in.Email))
	r.SetPhone(string(in.Phone))
	r.Invited = true
	r.Name = in.Name
	if r.Name == "" {
		r.Name = r.EmailText()
	}
	if call.Project.IsConsole() {
		if err := s.Console.Invite(r.EmailText()); err != nil {
			return nil, err
		}
	} else if limit := call.Project.Auths.UserLimit; limit > 0 {
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

// invite adds a membership, or renews an invitation that was not accepted.
func (s *Service) invite(ctx context.Context, tx store.Tx, call *api.Call, team *teams.Team, r *users.User, roles []string, join bool) (*teams.Membership, string, error) {
	m, err := s.Teams.MembershipOf(ctx, tx, team.ID, r.ID)
	fresh := errors.Is(err, apierr.MembershipNotFound)
	switch {
	case fresh:
		m = newMembership(call, team.ID, r.ID, roles)
	case err != nil:
		return nil, "", err
	case m.Confirm:
		return nil, "", apierr.MembershipAlreadyConfirmed
	default:
		m.Roles = once(roles)
	}
	expires := int64(0)
	if call.Project.IsConsole() {
		expires = call.Now().Add(inviteLife).UnixMicro()
	}
	secret := m.Invite(call.Micros(), expires)
	if join {
		m.Join(call.Micros())
	}
	if fresh {
		return m, secret, s.Teams.Add(ctx, tx, m)
	}
	return m, secret, s.Teams.Change(ctx, tx, m, join)
}

// link is where an invitation is accepted.
func link(page string, p place, secret string) string {
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

type acceptParams struct {
	TeamID       api.ID `param:"teamId"`
	MembershipID api.ID `param:"membershipId"`
	UserID       api.ID `param:"userId"`
	Secret       string `param:"secret" max:"256"`
}

// updateMembershipStatus accepts an invitation. Its secret came by mail, which
// proves the address, and signs in who is not.
func (s *Service) updateMembershipStatus(ctx context.Context, call *api.Call, in acceptParams) (model.Membership, error) {
	session, cookie := newSession(call, string(in.UserID))
	joined, err := api.Write(ctx, call, func(tx store.Tx) (p place, err error) {
		if p.m, err = s.invited(ctx, tx, call, in); err != nil {
			return p, err
		}
		if p.team, err = s.Teams.Get(ctx, tx, p.m.TeamID); err != nil {
			return p, err
		}
		r, err := s.Users.Get(ctx, tx, p.m.UserID)
		if err != nil {
			return p, err
		}
		if err := s.welcome(call, r); err != nil {
			return p, err
		}
		r.EmailVerified = r.Email != nil
		if err := s.Users.Update(ctx, tx, r, "email_verification"); err != nil {
			return p, err
		}
		p.m.Join(call.Micros())
		if err := s.Teams.Change(ctx, tx, p.m, true); err != nil {
			return p, err
		}
		if call.Actor.User != nil {
			return p, nil
		}
		session.ProviderUID = r.EmailText()
		return p, s.Users.Open(ctx, tx, session, call.Project.Auths.SessionLimit)
	})
	if err == nil && call.Actor.User == nil {
		call.SetSession(cookie, time.UnixMicro(session.ExpiresAt))
	}
	return s.show(ctx, call, joined, err)
}

// invited finds the invitation that a secret accepts.
func (s *Service) invited(ctx context.Context, tx store.Tx, call *api.Call, in acceptParams) (*teams.Membership, error) {
	m, err := s.Teams.Membership(ctx, tx, string(in.MembershipID))
	if err != nil {
		return nil, err
	}
	switch {
	case m.TeamID != string(in.TeamID):
		return nil, apierr.TeamMembershipMismatch
	case !token.Matches(in.Secret, m.Secret.Reveal()):
		return nil, apierr.TeamInvalidSecret
	case m.UserID != string(in.UserID) || call.Actor.User != nil && call.Actor.User.ID != m.UserID:
		email := ""
		if call.Actor.User != nil {
			email = call.Actor.User.Email
		}
		return nil, apierr.TeamInviteMismatch.Detail("Invite does not belong to current user (%s)", email)
	case m.Confirm:
		return nil, apierr.MembershipAlreadyConfirmed
	case m.ExpiresAt > 0 && m.ExpiresAt < call.Micros():
		return nil, apierr.TeamInvalidSecret.Detail("The invitation has expired. Ask for another.")
	}
	return m, nil
}

func (s *Service) welcome(call *api.Call, r *users.User) error {
	if !r.Active {
		return apierr.UserBlocked
	}
	if call.Project.IsConsole() {
		return s.Console.SignIn(access.Person{Email: r.EmailText(), Addr: call.Client.Addr, Invited: r.Invited})
	}
	return nil
}

func newSession(call *api.Call, userID string) (*users.Session, string) {
	expires := call.Now().Add(time.Duration(call.Project.Auths.SessionDuration) * time.Second)
	session, secret := users.NewSession(call.NewID(), userID, call.Micros(), expires.UnixMicro())
	session.Provider, session.Factors = users.ByEmail, []string{users.FactorEmail}
	session.From(call.Client.Addr.String(), call.Client.UserAgent)
	return session, token.Cookie{UserID: userID, Secret: secret}.Encode()
}
